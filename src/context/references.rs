//! Which resource a `ref` or `source` call means.
//!
//! The rules are dbt's: the packages to search follow from the calling node
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/ref>), a version picks one of
//! a versioned model's relations, and a disabled resource is told apart from a missing one.
//! The index holds names only, so it serves `parse` before the manifest exists.

use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{
    Manifest, Node, NodeKind, RefArgs, Resource, ResourceType, UniqueId, version_text,
};
use crate::suggest::nearest;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// What a reference resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An enabled resource.
    Enabled(UniqueId),
    /// Only a disabled one.
    Disabled(UniqueId),
    /// Nothing of that name.
    Missing,
    /// Several packages have the name, and none takes precedence.
    Ambiguous(Vec<UniqueId>),
}

/// Names to ids, with the package of each, in the order they were added.
#[derive(Debug, Default)]
struct Names(HashMap<String, Vec<(Arc<str>, UniqueId)>>);

impl Names {
    fn add(&mut self, name: String, package: &Arc<str>, id: &UniqueId) {
        let entries = self.0.entry(name).or_default();
        match entries.iter_mut().find(|(known, _)| known == package) {
            Some(entry) => entry.1 = id.clone(),
            None => entries.push((package.clone(), id.clone())),
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn of_package<'a>(&'a self, name: &str, package: Option<&str>) -> Vec<&'a UniqueId> {
        let entries = self.0.get(name).map_or(&[][..], Vec::as_slice);
        let wanted = |known: &str| package.is_none_or(|package| package == known);
        entries.iter().filter(|(known, _)| wanted(known)).map(|(_, id)| id).collect()
    }
}

/// The index of everything `ref` and `source` can name.
#[derive(Debug)]
pub struct References {
    root: Arc<str>,
    node_package_first: bool,
    refs: Names,
    disabled_refs: Names,
    sources: Names,
    disabled_sources: Names,
    metrics: Names,
    disabled_metrics: Names,
    functions: Names,
    disabled_functions: Names,
}

/// The version of a versioned model: its own and the latest one.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// The node's version.
    pub own: &'a Json,
    /// The version an unpinned `ref` means.
    pub latest: Option<&'a Json>,
}

impl References {
    /// An empty index for a root project. `node_package_first` is dbt's behaviour flag
    /// `require_ref_searches_node_package_before_root`.
    pub fn new(root: Arc<str>, node_package_first: bool) -> Self {
        Self {
            root,
            node_package_first,
            refs: Names::default(),
            disabled_refs: Names::default(),
            sources: Names::default(),
            disabled_sources: Names::default(),
            metrics: Names::default(),
            disabled_metrics: Names::default(),
            functions: Names::default(),
            disabled_functions: Names::default(),
        }
    }

    /// The index of a whole manifest.
    pub fn of_manifest(manifest: &Manifest, node_package_first: bool) -> Self {
        let mut index = Self::new(manifest.project_name.clone(), node_package_first);
        for node in manifest.nodes.values() {
            index.add_parsed(node, true);
        }
        for node in manifest.disabled.values().flatten() {
            index.add_parsed(node, false);
        }
        for source in manifest.sources.values() {
            let (name, table) = (&source.source_name, &source.name);
            index.add_source(name, table, &source.package_name, &source.unique_id, true);
        }
        for source in manifest.disabled_sources.values().flatten() {
            let (name, table) = (&source.source_name, &source.name);
            index.add_source(name, table, &source.package_name, &source.unique_id, false);
        }
        for resource in manifest.resources() {
            index.add_named(resource, true);
        }
        for resource in manifest.disabled_resources() {
            index.add_named(resource, false);
        }
        index
    }

    /// Metrics and functions.
    fn add_named(&mut self, resource: Resource<'_>, enabled: bool) {
        let names = match (resource.resource_type(), enabled) {
            (ResourceType::Metric, true) => &mut self.metrics,
            (ResourceType::Metric, false) => &mut self.disabled_metrics,
            (ResourceType::Function, true) => &mut self.functions,
            (ResourceType::Function, false) => &mut self.disabled_functions,
            _ => return,
        };
        let name = resource.name().to_string();
        names.add(name, resource.package_name(), resource.unique_id());
    }

    fn add_parsed(&mut self, node: &Node, enabled: bool) {
        if !node.resource_type().is_refable() {
            return;
        }
        let version = match &node.kind {
            NodeKind::Model { version: Some(own), latest_version, .. } => {
                Some(Version { own, latest: latest_version.as_ref() })
            }
            _ => None,
        };
        self.add_node(&node.name, &node.package_name, version, &node.unique_id, enabled);
    }

    /// Adds a model, seed or snapshot. A versioned model is known as `name.vN`, and the
    /// latest one by its bare name, too.
    pub fn add_node(
        &mut self,
        name: &str,
        package: &Arc<str>,
        version: Option<Version<'_>>,
        id: &UniqueId,
        enabled: bool,
    ) {
        let names = if enabled { &mut self.refs } else { &mut self.disabled_refs };
        match version {
            None => names.add(name.to_owned(), package, id),
            Some(version) => {
                names.add(versioned(name, version.own), package, id);
                if version.latest.is_some_and(|latest| same_version(latest, version.own)) {
                    names.add(name.to_owned(), package, id);
                }
            }
        }
    }

    /// Adds a source table.
    pub fn add_source(
        &mut self,
        source: &str,
        table: &str,
        package: &Arc<str>,
        id: &UniqueId,
        enabled: bool,
    ) {
        let names = if enabled { &mut self.sources } else { &mut self.disabled_sources };
        names.add(format!("{source}.{table}"), package, id);
    }

    /// What a `ref` call in a node of `node_package` means.
    pub fn resolve_ref(&self, args: &RefArgs, node_package: &str) -> Found {
        let key = match &args.version {
            Some(version) if is_given(version) => versioned(&args.name, version),
            _ => args.name.clone(),
        };
        let packages = self.packages(node_package, args.package.as_deref());
        find(&self.refs, &self.disabled_refs, &key, &packages, true)
    }

    /// What a `source` call in a node of `node_package` means.
    pub fn resolve_source(&self, source: &str, table: &str, node_package: &str) -> Found {
        let key = format!("{source}.{table}");
        let packages = self.packages(node_package, None);
        find(&self.sources, &self.disabled_sources, &key, &packages, false)
    }

    /// What a `metric` call with these words, a name or package and name, means.
    pub fn resolve_metric(&self, words: &[String], node_package: &str) -> Found {
        self.resolve_named((&self.metrics, &self.disabled_metrics), words, node_package)
    }

    /// What a `function` call with these words, a name or package and name, means.
    pub fn resolve_function(&self, words: &[String], node_package: &str) -> Found {
        self.resolve_named((&self.functions, &self.disabled_functions), words, node_package)
    }

    fn resolve_named(
        &self,
        (enabled, disabled): (&Names, &Names),
        words: &[String],
        node_package: &str,
    ) -> Found {
        let (package, name) = match words {
            [package, name] => (Some(package.as_str()), name),
            [name, ..] => (None, name),
            [] => return Found::Missing,
        };
        find(enabled, disabled, name, &self.packages(node_package, package), false)
    }

    /// The error for a `metric` or a `function` that does not resolve, in dbt's words.
    pub fn named_error(
        &self,
        found: &Found,
        node: &str,
        kind: &str,
        words: &[String],
    ) -> Option<Box<Diagnostic>> {
        let disabled = match found {
            Found::Enabled(_) => return None,
            Found::Disabled(_) => true,
            Found::Missing | Found::Ambiguous(_) => false,
        };
        let (package, name) = match words {
            [package, name] => (format!("in package or project '{package}' "), name.as_str()),
            [name, ..] => (String::new(), name.as_str()),
            [] => (String::new(), ""),
        };
        let known = if kind == "metric" { &self.metrics } else { &self.functions };
        let reason = reason(disabled);
        let message = format!("{node} depends on a {kind} named '{name}' {package}which {reason}");
        let diagnostic = Diagnostic::new(Code::RefUnknown, message);
        Some(with_suggestion(diagnostic, disabled, nearest(name, known.names())))
    }

    fn packages<'a>(
        &'a self,
        node_package: &'a str,
        package: Option<&'a str>,
    ) -> Vec<Option<&'a str>> {
        if package.is_some() {
            return vec![package];
        }
        if node_package == &*self.root {
            return vec![Some(&self.root), None];
        }
        if self.node_package_first {
            vec![Some(node_package), Some(&self.root), None]
        } else {
            vec![Some(&self.root), Some(node_package), None]
        }
    }

    /// The error for a `ref` that does not resolve, in dbt's words. `node` describes the
    /// caller as in [`describe`]. An enabled resource gives no error.
    pub fn ref_error(&self, found: &Found, node: &str, args: &RefArgs) -> Option<Box<Diagnostic>> {
        let name = &args.name;
        let disabled = match found {
            Found::Enabled(_) => return None,
            Found::Ambiguous(ids) => return Some(ambiguous(name, ids)),
            Found::Disabled(_) => true,
            Found::Missing => false,
        };
        let version = args.version.as_ref().filter(|version| is_given(version));
        let version =
            version.map(|v| format!("with version '{}' ", version_text(v))).unwrap_or_default();
        let package = args.package.as_ref();
        let package = package.map(|p| format!("in package or project '{p}' ")).unwrap_or_default();
        let reason = reason(disabled);
        let message =
            format!("{node} depends on a node named '{name}' {version}{package}which {reason}");
        let diagnostic = Diagnostic::new(Code::RefUnknown, message);
        Some(with_suggestion(diagnostic, disabled, nearest(name, self.refs.names())))
    }

    /// The error for a `source` that does not resolve, in dbt's words.
    pub fn source_error(
        &self,
        found: &Found,
        node: &str,
        source: &str,
        table: &str,
    ) -> Option<Box<Diagnostic>> {
        let disabled = match found {
            Found::Enabled(_) => return None,
            Found::Disabled(_) => true,
            Found::Missing | Found::Ambiguous(_) => false,
        };
        let name = format!("{source}.{table}");
        let reason = reason(disabled);
        let message = format!("{node} depends on a source named '{name}' which {reason}");
        let diagnostic = Diagnostic::new(Code::SourceUnknown, message);
        Some(with_suggestion(diagnostic, disabled, nearest(&name, self.sources.names())))
    }
}

/// dbt's description of a node in reference errors, such as
/// `Model 'model.shop.orders' (models/orders.sql)`.
pub fn describe(kind: &str, id: &UniqueId, path: &str) -> String {
    let title: Vec<String> = kind
        .split(' ')
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            first + letters.as_str()
        })
        .collect();
    format!("{} '{id}' ({path})", title.join(" "))
}

fn reason(disabled: bool) -> &'static str {
    if disabled { "is disabled" } else { "was not found" }
}

fn with_suggestion(
    diagnostic: Box<Diagnostic>,
    disabled: bool,
    near: Option<&str>,
) -> Box<Diagnostic> {
    match near {
        _ if disabled => diagnostic.with_help("Enable it, or remove the reference."),
        Some(near) => diagnostic.with_help(format!("Did you mean '{near}'?")),
        None => diagnostic,
    }
}

fn ambiguous(name: &str, ids: &[UniqueId]) -> Box<Diagnostic> {
    let quoted: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let package = |id: &UniqueId| id.as_str().split('.').nth(1).unwrap_or_default().to_owned();
    let packages: Vec<String> = ids.iter().map(|id| format!("'{}'", package(id))).collect();
    Diagnostic::new(
        Code::RefUnknown,
        format!(
            "When referencing '{name}', dbt found nodes in multiple packages: {}\nTo fix this, \
             use two-argument 'ref', with the package name first: {}",
            quoted.join(", "),
            packages.join(" or ")
        ),
    )
}

fn find(
    enabled: &Names,
    disabled: &Names,
    key: &str,
    packages: &[Option<&str>],
    ambiguity: bool,
) -> Found {
    let mut found_disabled = None;
    for package in packages {
        let ids = enabled.of_package(key, *package);
        match ids.as_slice() {
            [] => {}
            [_, _, ..] if ambiguity => {
                return Found::Ambiguous(ids.into_iter().cloned().collect());
            }
            [id, ..] => return Found::Enabled((*id).clone()),
        }
        if found_disabled.is_none() {
            found_disabled = disabled.of_package(key, *package).first().map(|id| (*id).clone());
        }
    }
    found_disabled.map_or(Found::Missing, Found::Disabled)
}

/// Python's truth of a version: `v=0` and `v=''` mean none.
fn is_given(version: &Json) -> bool {
    match version {
        Json::Null => false,
        Json::Bool(given) => *given,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(_) | Json::Object(_) => true,
    }
}

fn same_version(left: &Json, right: &Json) -> bool {
    version_text(left) == version_text(right)
}

fn versioned(name: &str, version: &Json) -> String {
    format!("{name}.v{}", version_text(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str) -> RefArgs {
        RefArgs { name: name.to_owned(), package: None, version: None }
    }

    fn index(nodes: &[(&str, &str, bool)]) -> References {
        let mut index = References::new("root".into(), false);
        for (package, name, enabled) in nodes {
            let id = UniqueId::from(format!("model.{package}.{name}"));
            index.add_node(name, &Arc::from(*package), None, &id, *enabled);
        }
        index
    }

    #[test]
    fn the_root_project_wins_over_the_package_of_the_node() {
        let index = index(&[("pkg", "a", true), ("root", "a", true), ("pkg", "b", true)]);
        assert_eq!(index.resolve_ref(&call("a"), "pkg"), Found::Enabled("model.root.a".into()));
        assert_eq!(index.resolve_ref(&call("b"), "root"), Found::Enabled("model.pkg.b".into()));
        let scoped = RefArgs { package: Some("pkg".into()), ..call("a") };
        assert_eq!(index.resolve_ref(&scoped, "root"), Found::Enabled("model.pkg.a".into()));
    }

    #[test]
    fn two_packages_with_one_name_are_ambiguous_from_a_third() {
        let index = index(&[("x", "a", true), ("y", "a", true)]);
        let found = index.resolve_ref(&call("a"), "root");
        let error = index.ref_error(&found, "Model 'model.root.m' (m.sql)", &call("a")).unwrap();
        assert_eq!(
            error.message,
            "When referencing 'a', dbt found nodes in multiple packages: 'model.x.a', \
             'model.y.a'\nTo fix this, use two-argument 'ref', with the package name first: 'x' \
             or 'y'"
        );
    }

    #[test]
    fn versions_pick_one_relation_and_the_bare_name_is_the_latest() {
        let mut index = References::new("root".into(), false);
        let package: Arc<str> = "root".into();
        for version in 1..=3 {
            let id = UniqueId::from(format!("model.root.m.v{version}"));
            let version = Version { own: &json!(version), latest: Some(&json!(2)) };
            index.add_node("m", &package, Some(version), &id, true);
        }
        assert_eq!(index.resolve_ref(&call("m"), "root"), Found::Enabled("model.root.m.v2".into()));
        let pinned = RefArgs { version: Some(json!("3")), ..call("m") };
        assert_eq!(index.resolve_ref(&pinned, "root"), Found::Enabled("model.root.m.v3".into()));
    }

    #[test]
    fn a_missing_and_a_disabled_model_have_their_own_words() {
        let index = index(&[("root", "orders", true), ("root", "old", false)]);
        let who = describe("model", &"model.root.m".into(), "models/m.sql");
        let error = |name: &str| {
            index.ref_error(&index.resolve_ref(&call(name), "root"), &who, &call(name)).unwrap()
        };
        let missing = error("ordres");
        assert_eq!(
            missing.message,
            "Model 'model.root.m' (models/m.sql) depends on a node named 'ordres' which was not \
             found"
        );
        assert_eq!(missing.help.as_deref(), Some("Did you mean 'orders'?"));
        assert!(error("old").message.ends_with("named 'old' which is disabled"));
    }
}
