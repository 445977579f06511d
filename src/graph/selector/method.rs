//! Methods of selection: what a criterion's name and value match
//! (<https://docs.getdbt.com/reference/node-selection/methods>).

use super::glob::{self, Pattern};
use crate::diagnostic::{Code, Diagnostic, Result};
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
    /// A config's value.
    Config {
        /// The path of keys to the value.
        keys: Vec<String>,
        /// The value.
        value: String,
    },
    /// The name of a generic test.
    TestName(String),
    /// A kind of test.
    TestType(TestType),
    /// A kind of resource; `None` is one that gdbt has no resources of.
    ResourceType(Option<ResourceType>),
    /// Versioned models.
    Version(VersionType),
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
    /// The method of a name and a value; without a name it follows from the value's form.
    ///
    /// # Errors
    /// `SelectorInvalid` for an unknown method or a value it cannot have, `Unsupported` for
    /// methods of dbt that need what gdbt does not have.
    pub(super) fn parse(name: Option<&str>, value: &str) -> Result<Self> {
        let Some(name) = name else { return Self::implied(value) };
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
            "config" => Self::Config { keys: arguments.map(str::to_owned).collect(), value },
            "test_name" => Self::TestName(value),
            "test_type" => Self::TestType(test_type(&value)?),
            "resource_type" => Self::ResourceType(resource_type(&value)?),
            "version" => Self::Version(version_type(&value)?),
            "source" => Self::Source(qualified(&value).ok_or_else(|| {
                invalid(format!(
                    "Invalid source selector value \"{value}\". Sources must be of the form \
                     `${{source_name}}`, `${{source_name}}.${{target_name}}`, or \
                     `${{package_name}}.${{source_name}}.${{target_name}}"
                ))
            })?),
            "exposure" => Self::Exposure(qualified_name(&value).ok_or_else(|| {
                invalid(format!(
                    "Invalid exposure selector value \"{value}\". Exposures must be of the form \
                     ${{exposure_name}} or ${{exposure_package.exposure_name}}"
                ))
            })?),
            other => return Err(unsupported(other)),
        })
    }

    fn implied(value: &str) -> Result<Self> {
        let lower = value.to_lowercase();
        let is_file = [".sql", ".py", ".csv"].iter().any(|ending| lower.ends_with(ending));
        let value = value.to_owned();
        Ok(if value.contains('/') {
            Self::Path(path(value)?)
        } else if is_file {
            Self::File(value)
        } else {
            Self::Fqn(value)
        })
    }

    /// A test for resources.
    pub(super) fn matcher<'s>(&'s self, manifest: &'s Manifest) -> Box<Matcher<'s>> {
        match self {
            Self::Fqn(name) => Box::new(move |resource| {
                !matches!(resource, Resource::Source(_)) && has_name(resource, name)
            }),
            Self::Tag(tag) => by_pattern(tag, |pattern, resource| {
                resource.tags().iter().any(|tag| pattern.matches(tag))
            }),
            Self::Group(group) => by_pattern(group, |pattern, resource| {
                resource.group().is_some_and(|group| pattern.matches(group))
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
                Box::new(move |resource| has_path(resource, &pattern))
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
                !matches!(resource, Resource::Exposure(_)) && has_config(resource, keys, value)
            }),
            Self::TestName(name) => by_pattern(name, |pattern, resource| {
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
                }
            }),
            Self::ResourceType(wanted) => {
                Box::new(move |resource| Some(resource.resource_type()) == *wanted)
            }
            Self::Version(wanted) => Box::new(move |resource| {
                node(resource).is_some_and(|node| has_version(node, *wanted))
            }),
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

fn node(resource: Resource<'_>) -> Option<&Node> {
    match resource {
        Resource::Node(node) => Some(node),
        _ => None,
    }
}

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::SelectorInvalid, message)
}

fn unsupported(name: &str) -> Box<Diagnostic> {
    if NAMES.contains(&name) {
        let message = format!("The selection method '{name}' is not supported yet");
        return Diagnostic::new(Code::Unsupported, message);
    }
    let error = invalid(format!("'{name}' is not a valid method name"));
    error.with_help(match suggest::nearest(name, NAMES.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("The methods are {}.", NAMES.join(", ")),
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
        "unit" => Err(Diagnostic::new(Code::Unsupported, "Unit tests are not supported yet")),
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

fn resource_type(value: &str) -> Result<Option<ResourceType>> {
    use ResourceType::{Analysis, Exposure, Model, Operation, Seed, Snapshot, Source, Test};
    let selectable = [Model, Seed, Snapshot, Analysis, Test, Operation, Source, Exposure];
    if let Some(found) = selectable.into_iter().find(|kind| kind.as_str() == value) {
        return Ok(Some(found));
    }
    // Types of dbt that are never selected, or that gdbt has no resources of.
    let others = [
        "rpc",
        "sql operation",
        "doc",
        "macro",
        "metric",
        "group",
        "saved_query",
        "semantic_model",
        "unit_test",
        "fixture",
        "function",
    ];
    if others.contains(&value) {
        return Ok(None);
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

/// Whether a pattern names the resource's file, a folder of it, or its property file.
fn has_path(resource: Resource<'_>, pattern: &[Pattern]) -> bool {
    let path: Vec<&str> = glob::parts(resource.original_file_path()).collect();
    let file_or_folder = (0..=path.len()).any(|end| glob::path_matches(pattern, &path[..end]));
    file_or_folder
        || node(resource)
            .and_then(|node| node.patch_path.as_deref()?.split_once("://"))
            .is_some_and(|(_, path)| {
                glob::path_matches(pattern, &glob::parts(path).collect::<Vec<_>>())
            })
}

fn has_config(resource: Resource<'_>, keys: &[String], wanted: &str) -> bool {
    let Some((first, rest)) = keys.split_first() else { return false };
    let mut value = resource.config().0.get(first);
    for key in rest {
        value = value.and_then(|value| value.get(key));
    }
    let is = |value: &Json| match value {
        // A test's severity may be written in any case.
        Json::String(text) if keys == ["severity"] => text.eq_ignore_ascii_case(wanted),
        Json::String(text) => text == wanted,
        Json::Bool(flag) => wanted.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
        _ => false,
    };
    match value {
        Some(Json::Array(values)) => values.iter().any(is),
        Some(value) => is(value),
        None => false,
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
