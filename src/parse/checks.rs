//! Names that must be unique, and what follows from all nodes together.

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::event::Warning;
use crate::manifest::{Manifest, Node, NodeKind, ResourceType, UniqueId};
use serde_json::Value as Json;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// The first place where a resource is defined.
fn place(node: &Node) -> Span {
    node.defined_at.clone().unwrap_or_else(|| Span::line(Arc::clone(&node.original_file_path), 1))
}

/// Two resources with one id.
pub fn duplicate_name(first: &Node, second: &Node) -> Box<Diagnostic> {
    let plural = match second.resource_type() {
        kind if kind != first.resource_type() => "resources".to_owned(),
        ResourceType::Analysis => "analyses".to_owned(),
        ResourceType::Test => "data_tests".to_owned(),
        kind => format!("{kind}s"),
    };
    let (name, use_) = match &second.kind {
        NodeKind::GenericTest(test) => {
            let column = test
                .column_name
                .as_ref()
                .map(|c| format!("column \"{c}\" in "))
                .unwrap_or_default();
            let name = format!("{}\" defined on {column}\"{}", second.name, test.file_key_name);
            (name, "running tests".to_owned())
        }
        _ if second.resource_type().is_refable() => {
            (second.name.to_string(), format!("looking for ref(\"{}\")", second.name))
        }
        _ => (second.name.to_string(), format!("looking for {}", second.name)),
    };
    let message = format!(
        "dbt found two {plural} with the name \"{name}\".\n\n\
         Since these resources have the same name, dbt will be unable to find the correct resource\n\
         when {use_}.\n\n\
         To fix this, change the name of one of these resources:\n\
         - {} ({})\n- {} ({})",
        first.unique_id, first.original_file_path, second.unique_id, second.original_file_path
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(place(second))
        .with_related(place(first), "first defined here")
}

/// Two resources of a kind that `ref` does not know with one name.
pub fn duplicate_resource(
    plural: &str,
    name: &str,
    first: (&str, &str),
    second: (&str, &str),
) -> Box<Diagnostic> {
    let message = format!(
        "dbt found two {plural} with the name \"{name}\".\n\n\
         Since these resources have the same name, dbt will be unable to find the correct resource\n\
         when looking for {name}.\n\n\
         To fix this, change the name of one of these resources:\n\
         - {} ({})\n- {} ({})",
        first.0, first.1, second.0, second.1
    );
    Diagnostic::new(Code::Duplicate, message)
}

/// `ref` cannot tell two relations of one name in one package apart, and the database cannot
/// hold two relations in one place.
///
/// dbt lets a model and a seed have one name unless `unique_names` asks for more.
pub fn collisions(manifest: &Manifest, unique_names: bool) -> (Vec<Diagnostic>, Vec<Warning>) {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut versioned_names: HashMap<(&str, &str), &Node> = HashMap::new();
    let mut names: HashMap<(&str, &str), &Node> = HashMap::new();
    let mut relations: HashMap<String, &Node> = HashMap::new();
    for node in manifest.nodes.values() {
        let refable = node.resource_type().is_refable();
        if !refable && !node.has_relation() {
            continue;
        }
        let versioned = matches!(&node.kind, NodeKind::Model { version: Some(_), .. });
        let key = (&*node.package_name, &*node.name);
        if versioned {
            versioned_names.insert(key, node);
        } else if refable && let Some(first) = names.insert(key, node) {
            if unique_names {
                errors.push(*duplicate_name(first, node));
                continue;
            }
            warnings.push(same_name(first, node));
        }
        let Some(relation) = node.relation_name() else { continue };
        if let Some(first) = relations.insert(relation.clone(), node) {
            errors.push(*ambiguous_relation(&relation, first, node));
        }
    }
    for (key, node) in versioned_names {
        if let Some(other) = names.get(&key) {
            errors.push(*versioned_and_not(node, other));
        }
    }
    (errors, warnings)
}

fn same_name(first: &Node, second: &Node) -> Warning {
    let message = format!(
        "Found resources with the same name '{}' in package '{}': '{}' and '{}'. Please update one \
         of the resources to have a unique name.",
        second.name, second.package_name, first.unique_id, second.unique_id
    );
    let diagnostic = Diagnostic::new(Code::Duplicate, message)
        .with_span(place(second))
        .with_related(place(first), "first defined here");
    let name = "DuplicateNameDistinctNodeTypesDeprecation";
    Warning::new(name, "D040", *diagnostic).with_data(json!({
        "resource_name": second.name, "package_name": second.package_name,
        "unique_id1": first.unique_id, "unique_id2": second.unique_id,
    }))
}

fn versioned_and_not(versioned: &Node, other: &Node) -> Box<Diagnostic> {
    let message = format!(
        "dbt found versioned and unversioned models with the name \"{}\".\n\nSince these \
         resources have the same name, dbt will be unable to find the correct resource\nwhen \
         looking for ref('{}').\n\nTo fix this, change the name of the unversioned resource\n\
         {} ({})\nor add the unversioned model to the versions in {}",
        versioned.name,
        versioned.name,
        other.unique_id,
        other.original_file_path,
        versioned.patch_path.as_deref().unwrap_or_default()
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(place(other))
        .with_related(place(versioned), "a version of it is here")
}

fn ambiguous_relation(relation: &str, first: &Node, second: &Node) -> Box<Diagnostic> {
    let message = format!(
        "dbt found two resources with the database representation \"{relation}\".\n\
         dbt cannot create two resources with identical database representations. To fix this,\n\
         change the configuration of one of these resources:\n\
         - {} ({})\n- {} ({})",
        first.unique_id, first.original_file_path, second.unique_id, second.original_file_path
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(place(second))
        .with_related(place(first), "the other one")
        .with_help("Set another alias or schema for one of them.")
}

/// The tests put on each node.
pub fn tests_by_node<'a>(
    tests: impl IntoIterator<Item = &'a Node>,
) -> HashMap<UniqueId, Vec<&'a Node>> {
    let mut by_node: HashMap<UniqueId, Vec<&Node>> = HashMap::new();
    for test in tests {
        if let Some(attached) = test.generic_test().and_then(|test| test.attached_node.clone()) {
            by_node.entry(attached).or_default().push(test);
        }
    }
    by_node
}

/// The columns that identify a row: a primary key constraint's, else those tested as unique
/// and not null, else those tested as unique.
pub fn primary_key(node: &Node, tests: &[&Node]) -> Vec<String> {
    let NodeKind::Model { constraints, .. } = &node.kind else { return Vec::new() };
    let is_key =
        |constraint: &Json| constraint.get("type").and_then(Json::as_str) == Some("primary_key");
    if let Some(key) = constraints.iter().find(|constraint| is_key(constraint)) {
        let columns = key.get("columns").and_then(Json::as_array).cloned().unwrap_or_default();
        return columns.iter().filter_map(Json::as_str).map(str::to_owned).collect();
    }
    if let Some(column) = node.columns.values().find(|column| column.constraints.iter().any(is_key))
    {
        return vec![column.name.clone()];
    }
    let (mut unique, mut disabled, mut not_null) = (Vec::new(), Vec::new(), Vec::new());
    for node in tests {
        let Some(test) = node.generic_test() else { continue };
        let columns = tested_columns(&test.kwargs);
        match test.name.as_str() {
            "unique" | "unique_combination_of_columns" if node.config.enabled() => {
                unique.extend(columns);
            }
            "unique" | "unique_combination_of_columns" => disabled.extend(columns),
            "not_null" => not_null.extend(columns),
            _ => {}
        }
    }
    let both: Vec<String> = not_null
        .into_iter()
        .filter(|column| unique.contains(column) || disabled.contains(column))
        .collect();
    let key = [both, unique, disabled].into_iter().find(|columns| !columns.is_empty());
    let mut key = key.unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    key.retain(|column| seen.insert(column.clone()));
    key
}

fn tested_columns(kwargs: &crate::manifest::JsonMap) -> Vec<String> {
    match (kwargs.get("column_name"), kwargs.get("combination_of_columns")) {
        (Some(Json::String(column)), _) => vec![column.clone()],
        (_, Some(Json::Array(columns))) => {
            columns.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
