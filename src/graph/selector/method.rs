//! Methods of selection: what a criterion's name and value match
//! (<https://docs.getdbt.com/reference/node-selection/methods>).

use super::glob::{self, Pattern};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::graph::state::Check;
use crate::manifest::{Manifest, Node, NodeKind, Resource, ResourceType};
use crate::suggest;
use serde_json::Value as Json;
use std::cmp::Ordering;

/// A method and what it looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// A name: the last part of the fully qualified name, or its first parts.
    Fqn(String),
    /// A tag.
    Tag(String),
    /// A group.
    Group(String),
    /// An access level of models.
    Access(String),
    /// A source table: package, source, table; unnamed ones match all.
    Source([String; 3]),
    /// An exposure: package and name.
    Exposure([String; 2]),
    /// A file or folder.
    Path(String),
    /// A file's name, with or without its ending.
    File(String),
    /// A package; `this` is the root project.
    Package(String),
    /// A resource by type, package and name: metrics, semantic models, saved queries and
    /// unit tests.
    Named {
        /// dbt's name of the type.
        kind: &'static str,
        /// Package and name.
        name: [String; 2],
    },
    /// A config's value.
    Config {
        /// The path of keys to the value.
        keys: Vec<String>,
        /// The value: a text on the command line, anything in selectors.yml.
        value: Json,
    },
    /// The name of a generic test.
    TestName(String),
    /// A kind of test.
    TestType(TestType),
    /// A type of resources, by dbt's name.
    ResourceType(String),
    /// Versioned models.
    Version(VersionType),
    /// A comparison with an earlier state.
    State(Check),
    /// A status in the earlier run_results.json.
    Result(String),
    /// `fresher`: sources with newer rows than in the earlier sources.json.
    SourceStatus(String),
}

/// The kinds of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestType {
    /// From a property file.
    Generic,
    /// With a file of its own.
    Singular,
    /// Both.
    Data,
    /// Unit tests.
    Unit,
}

/// How a model's version relates to the latest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionType {
    /// The latest version.
    Latest,
    /// A later one.
    Prerelease,
    /// An earlier one.
    Old,
    /// Not versioned.
    None,
}

/// The methods of dbt.
const NAMES: &[&str] = &[
    "fqn",
    "tag",
    "group",
    "access",
    "source",
    "path",
    "file",
    "package",
    "config",
    "test_name",
    "test_type",
    "resource_type",
    "state",
    "exposure",
    "metric",
    "result",
    "source_status",
    "version",
    "semantic_model",
    "saved_query",
    "unit_test",
];

impl Method {
    /// The method of a name and a value.
    ///
    /// # Errors
    /// `SelectorInvalid` for an unknown method or a value it cannot have.
    pub(super) fn parse(name: &str, value: &str) -> Result<Self> {
        let mut parts = name.split('.');
        let (name, arguments) = (parts.next().unwrap_or_default(), parts);
        let value = value.to_owned();
        Ok(match name {
            "fqn" => Self::Fqn(value),
            "tag" => Self::Tag(value),
            "group" => Self::Group(value),
            "access" => Self::Access(value),
            "path" => Self::Path(path(value)?),
            "file" => Self::File(value),
            "package" => Self::Package(value),
            "config" => {
                Self::Config { keys: arguments.map(str::to_owned).collect(), value: value.into() }
            }
            "test_name" => Self::TestName(value),
            "test_type" => Self::TestType(test_type(&value)?),
            "resource_type" => Self::ResourceType(resource_type(value)?),
            "version" => Self::Version(version_type(&value)?),
            "state" => Self::State(Check::parse(&value)?),
            "result" => Self::Result(value),
            "source_status" => Self::SourceStatus(value),
            "source" => Self::Source(qualified(&value).ok_or_else(|| {
                invalid(format!(
                    "Invalid source selector value \"{value}\". Sources must be of the form \
                     `${{source_name}}`, `${{source_name}}.${{target_name}}`, or \
                     `${{package_name}}.${{source_name}}.${{target_name}}"
                ))
            })?),
            "exposure" => Self::Exposure(named("exposure", "Exposures", &value)?),
            "metric" => Self::Named { kind: "metric", name: named("metric", "Metrics", &value)? },
            "semantic_model" => Self::Named {
                kind: "semantic_model",
                name: named("semantic_model", "Semantic models", &value)?,
            },
            "saved_query" => Self::Named {
                kind: "saved_query",
                name: named("saved_query", "Saved queries", &value)?,
            },
            "unit_test" => {
                Self::Named { kind: "unit_test", name: named("unit_test", "Unit tests", &value)? }
            }
            other => return Err(unknown(other)),
        })
    }

    /// The name of the method that a value's form means.
    pub(super) fn implied_name(value: &str) -> &'static str {
        let lower = value.to_lowercase();
        if value.contains('/') {
            "path"
        } else if [".sql", ".py", ".csv"].iter().any(|ending| lower.ends_with(ending)) {
            "file"
        } else {
            "fqn"
        }
    }

    /// A test for resources.
    pub(super) fn matcher<'s>(
        &'s self,
        manifest: &'s Manifest,
        root: Option<&'s std::path::Path>,
    ) -> Box<Matcher<'s>> {
        match self {
            Self::Fqn(name) => Box::new(move |resource| {
                !matches!(resource, Resource::Source(_)) && has_name(resource, name)
            }),
            Self::Tag(tag) => by_pattern(tag, |pattern, resource| {
                resource.tags().iter().any(|tag| pattern.matches(tag))
            }),
            Self::Group(group) => by_pattern(group, |pattern, resource| {
                let groupable = node(resource).is_some() || matches!(resource, Resource::Metric(_));
                groupable && resource.group().is_some_and(|group| pattern.matches(group))
            }),
            Self::Named { kind, name: [package, name] } => Box::new(move |resource| {
                resource.resource_type().as_str() == *kind
                    && glob::matches(package, resource.package_name())
                    && glob::matches(name, resource.name())
            }),
            Self::Access(wanted) => Box::new(move |resource| {
                let kind = node(resource).map(|node| &node.kind);
                matches!(kind, Some(NodeKind::Model { access, .. }) if access == wanted)
            }),
            Self::Source([package, source, table]) => Box::new(move |resource| match resource {
                Resource::Source(it) => {
                    glob::matches(package, &it.package_name)
                        && glob::matches(source, &it.source_name)
                        && glob::matches(table, &it.name)
                }
                _ => false,
            }),
            Self::Exposure([package, name]) => Box::new(move |resource| match resource {
                Resource::Exposure(it) => {
                    glob::matches(package, &it.package_name) && glob::matches(name, &it.name)
                }
                _ => false,
            }),
            Self::Path(path) => {
                let pattern: Vec<Pattern> = glob::parts(path).map(Pattern::new).collect();
                Box::new(move |resource| has_path(resource, &pattern, root))
            }
            Self::File(name) => by_pattern(name, |pattern, resource| {
                let path = resource.original_file_path();
                let name = path.rsplit('/').next().unwrap_or(path);
                let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
                pattern.matches(name) || pattern.matches(stem)
            }),
            Self::Package(name) => {
                let name = if name == "this" { &*manifest.project_name } else { name };
                by_pattern(name, |pattern, resource| pattern.matches(resource.package_name()))
            }
            Self::Config { keys, value } => Box::new(move |resource| {
                let has_configs =
                    node(resource).is_some() || matches!(resource, Resource::Source(_));
                has_configs && has_config(resource, keys, value)
            }),
            Self::TestName(name) => by_pattern(name, |pattern, resource| {
                if let Resource::UnitTest(test) = resource {
                    return pattern.matches(&test.name);
                }
                let test = node(resource).and_then(Node::generic_test);
                test.is_some_and(|test| pattern.matches(&test.name))
            }),
            Self::TestType(wanted) => Box::new(move |resource| {
                let kind = node(resource).map(|node| &node.kind);
                let generic = matches!(kind, Some(NodeKind::GenericTest(_)));
                let singular = matches!(kind, Some(NodeKind::SingularTest));
                match wanted {
                    TestType::Generic => generic,
                    TestType::Singular => singular,
                    TestType::Data => generic || singular,
                    TestType::Unit => matches!(resource, Resource::UnitTest(_)),
                }
            }),
            Self::ResourceType(wanted) => {
                Box::new(move |resource| resource.resource_type().as_str() == wanted)
            }
            Self::Version(wanted) => Box::new(move |resource| {
                node(resource).is_some_and(|node| has_version(node, *wanted))
            }),
            // These need the earlier state, which the selector has.
            Self::State(_) | Self::Result(_) | Self::SourceStatus(_) => Box::new(|_| false),
        }
    }
}

type Matcher<'s> = dyn Fn(Resource<'_>) -> bool + 's;

fn by_pattern<'s>(
    pattern: &str,
    test: impl Fn(&Pattern, Resource<'_>) -> bool + 's,
) -> Box<Matcher<'s>> {
    let pattern = Pattern::new(pattern);
    Box::new(move |resource| test(&pattern, resource))
}

/// The resource as one of dbt's `nodes`, which functions are not.
fn node(resource: Resource<'_>) -> Option<&Node> {
    match resource {
        Resource::Node(node) if node.resource_type() != ResourceType::Function => Some(node),
        _ => None,
    }
}

/// The property file that describes a resource, as far as dbt's selection knows it.
fn patch_path(resource: Resource<'_>) -> Option<&str> {
    let Resource::Node(node) = resource else { return None };
    Some(node.patch_path.as_deref()?.split_once("://")?.1)
}

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::SelectorInvalid, message)
}

fn unknown(name: &str) -> Box<Diagnostic> {
    let error = invalid(format!("'{name}' is not a valid method name"));
    error.with_help(match suggest::nearest(name, NAMES.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("The methods are {}.", NAMES.join(", ")),
    })
}

/// Package and name of a value such as `shop.revenue`; dbt's error tells the forms.
fn named(kind: &str, kinds: &str, value: &str) -> Result<[String; 2]> {
    qualified_name(value).ok_or_else(|| {
        let words = kind.replace('_', " ");
        invalid(format!(
            "Invalid {words} selector value \"{value}\". {kinds} must be of the form \
             ${{{kind}_name}} or ${{{kind}_package.{kind}_name}}"
        ))
    })
}

fn path(value: String) -> Result<String> {
    if value.starts_with('/') {
        let error = invalid(format!("The path '{value}' must be relative to the project"));
        return Err(error);
    }
    Ok(value)
}

fn test_type(value: &str) -> Result<TestType> {
    match value {
        "generic" | "schema" => Ok(TestType::Generic),
        "singular" => Ok(TestType::Singular),
        "data" => Ok(TestType::Data),
        "unit" => Ok(TestType::Unit),
        _ => Err(invalid(format!(
            "Invalid test type selector {value}: expected \"generic\", \"singular\", \"unit\", or \
             \"data\""
        ))),
    }
}

fn version_type(value: &str) -> Result<VersionType> {
    match value {
        "latest" => Ok(VersionType::Latest),
        "prerelease" => Ok(VersionType::Prerelease),
        "old" => Ok(VersionType::Old),
        "none" => Ok(VersionType::None),
        _ => Err(invalid(format!(
            "Invalid version type selector {value}: expected one of: \"latest\", \"prerelease\", \
             \"old\", or \"none\""
        ))),
    }
}

fn resource_type(value: String) -> Result<String> {
    const TYPES: &[&str] = &[
        "model",
        "analysis",
        "test",
        "snapshot",
        "operation",
        "seed",
        "rpc",
        "sql operation",
        "doc",
        "source",
        "macro",
        "exposure",
        "metric",
        "group",
        "saved_query",
        "semantic_model",
        "unit_test",
        "fixture",
        "function",
    ];
    if TYPES.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(invalid(format!("Invalid resource_type selector \"{value}\"")))
}

/// `table`'s source of a value with one to three parts: package, source, table.
fn qualified(value: &str) -> Option<[String; 3]> {
    let parts: Vec<&str> = value.split('.').collect();
    let [package, source, table] = match parts[..] {
        [source] => ["*", source, "*"],
        [source, table] => ["*", source, table],
        [package, source, table] => [package, source, table],
        _ => return None,
    };
    Some([package.to_owned(), source.to_owned(), table.to_owned()])
}

/// A name with perhaps a package before it.
fn qualified_name(value: &str) -> Option<[String; 2]> {
    let parts: Vec<&str> = value.split('.').collect();
    match parts[..] {
        [name] => Some(["*".to_owned(), name.to_owned()]),
        [package, name] => Some([package.to_owned(), name.to_owned()]),
        _ => None,
    }
}

/// Whether a name is that of a resource, with or without its package.
fn has_name(resource: Resource<'_>, name: &str) -> bool {
    let fqn = resource.fqn();
    let versioned = node(resource)
        .is_some_and(|node| matches!(&node.kind, NodeKind::Model { version: Some(_), .. }));
    fqn_matches(fqn, name, versioned) || fqn_matches(fqn.get(1..).unwrap_or(&[]), name, versioned)
}

fn fqn_matches(fqn: &[String], name: &str, versioned: bool) -> bool {
    // A versioned model's last part is its version, such as `v2`.
    let leaf = fqn.iter().rev().nth(usize::from(versioned));
    if leaf.is_some_and(|leaf| leaf == name) {
        return true;
    }
    let wanted: Vec<&str> = name.split('.').collect();
    if versioned {
        let last_two = |parts: &[&str]| parts[parts.len().saturating_sub(2)..].join("_");
        let own: Vec<&str> = fqn.iter().map(String::as_str).collect();
        if last_two(&own) == last_two(&wanted) {
            return true;
        }
    }
    // A dot in a name separates parts, too.
    let parts: Vec<&str> = fqn.iter().flat_map(|part| part.split('.')).collect();
    if parts.len() < wanted.len() {
        return false;
    }
    let fixed = wanted.iter().position(|part| glob::is_pattern(part)).unwrap_or(wanted.len());
    if parts[..fixed] != wanted[..fixed] {
        return false;
    }
    if fixed == wanted.len() {
        return true;
    }
    if glob::matches(&wanted[fixed..].join("."), &parts[fixed..].join(".")) {
        return true;
    }
    wanted.len() == 1 && leaf.is_some_and(|leaf| glob::matches(name, leaf))
}

/// Whether a pattern names the resource's file, a folder of it, or its property file. dbt
/// lists the files of the root project, so what is not there, such as a file of a package,
/// does not match.
fn has_path(resource: Resource<'_>, pattern: &[Pattern], root: Option<&std::path::Path>) -> bool {
    let exists = |parts: &[&str]| root.is_none_or(|root| root.join(parts.join("/")).exists());
    let named = |parts: &[&str]| glob::path_matches(pattern, parts) && exists(parts);
    let path: Vec<&str> = glob::parts(resource.original_file_path()).collect();
    let file_or_folder = (0..=path.len()).any(|end| named(&path[..end]));
    file_or_folder
        || patch_path(resource).is_some_and(|path| named(&glob::parts(path).collect::<Vec<_>>()))
}

fn has_config(resource: Resource<'_>, keys: &[String], wanted: &Json) -> bool {
    let Some((first, rest)) = keys.split_first() else { return false };
    let mut value = resource.config().map().get(first);
    for key in rest {
        value = value.and_then(|value| value.get(key));
    }
    let word = match wanted {
        Json::String(text) => Some(text.to_lowercase()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let is = |value: &Json| match value {
        // A test's severity may be written in any case.
        Json::String(text) if keys == ["severity"] => {
            word.as_ref().is_some_and(|word| *word == text.to_lowercase())
        }
        Json::Bool(flag) => word.as_ref().is_some_and(|word| *word == flag.to_string()),
        Json::Number(number) => wanted.as_f64().is_some() && wanted.as_f64() == number.as_f64(),
        value => value == wanted,
    };
    match value {
        Some(Json::Array(values)) => values.iter().any(is),
        Some(Json::Null) | None => false,
        Some(value) => is(value),
    }
}

fn has_version(node: &Node, wanted: VersionType) -> bool {
    let NodeKind::Model { version, latest_version, .. } = &node.kind else { return false };
    let order = version.as_ref().zip(latest_version.as_ref()).map(|(a, b)| compare(a, b));
    match wanted {
        VersionType::None => version.is_none(),
        VersionType::Latest => order == Some(Ordering::Equal),
        VersionType::Prerelease => order == Some(Ordering::Greater),
        VersionType::Old => order == Some(Ordering::Less),
    }
}

/// Versions compare as numbers when both are, else as texts.
fn compare(left: &Json, right: &Json) -> Ordering {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (left, right) = (text(left), text(right));
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.total_cmp(&right),
        _ => left.cmp(&right),
    }
}
