//! The tests of a project, and what each of them looks at.

use crate::manifest::{
    GenericTest, Manifest, Node, NodeKind, ResourceType, TestedRelation, UniqueId,
};
use serde_json::Value as Json;

/// The node or source that a test looks at; of a singular test the only one that it reads.
pub fn tested<'a>(manifest: &'a Manifest, test: &'a Node) -> Option<&'a UniqueId> {
    let Some(generic) = test.generic_test() else {
        return match test.depends_on.nodes.as_slice() {
            [only] => Some(only),
            _ => None,
        };
    };
    if let Some(node) = &generic.attached_node {
        return Some(node);
    }
    let TestedRelation::Source(source_name, name) = &generic.target else { return None };
    let is_tested = |id: &&UniqueId| {
        manifest
            .sources
            .get(*id)
            .is_some_and(|it| *it.source_name == **source_name && *it.name == **name)
    };
    test.depends_on.nodes.iter().find(is_tested)
}

/// The generic tests of a project.
pub fn generic(manifest: &Manifest) -> impl Iterator<Item = (&Node, &GenericTest)> {
    manifest.nodes.values().filter_map(|node| Some((node.as_ref(), node.generic_test()?)))
}

/// The data tests of a project.
pub fn data_tests(manifest: &Manifest) -> impl Iterator<Item = &Node> {
    let is_test = |node: &&Node| node.resource_type() == ResourceType::Test;
    manifest.nodes.values().map(AsRef::as_ref).filter(is_test)
}

/// The kind of a test: the generic test's name, such as `unique`, or `singular`.
pub fn kind(test: &Node) -> String {
    match &test.kind {
        NodeKind::GenericTest(generic) => match &generic.namespace {
            Some(namespace) => format!("{namespace}.{}", generic.name),
            None => generic.name.clone(),
        },
        _ => "singular".to_owned(),
    }
}

/// The columns that a uniqueness test finds unique together.
pub fn unique_columns(generic: &GenericTest) -> Option<Vec<String>> {
    match generic.name.as_str() {
        "unique" => Some(vec![generic.column_name.clone()?]),
        "unique_combination_of_columns" => {
            let columns = generic.kwargs.get("combination_of_columns")?.as_array()?;
            columns.iter().map(|column| column.as_str().map(plain)).collect()
        }
        _ => None,
    }
}

/// The other side of a `relationships` test.
pub fn related_to<'a>(
    manifest: &'a Manifest,
    test: &'a Node,
    generic: &'a GenericTest,
) -> Option<(&'a UniqueId, String)> {
    if generic.name != "relationships" {
        return None;
    }
    let field = plain(generic.kwargs.get("field").and_then(Json::as_str)?);
    let tested = tested(manifest, test)?;
    let other = test.depends_on.nodes.iter().find(|id| *id != tested);
    Some((other.unwrap_or(tested), field))
}

/// A column's name without quotes.
pub fn plain(name: &str) -> String {
    name.trim().trim_matches('"').to_owned()
}
