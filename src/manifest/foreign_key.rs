//! What foreign keys of a contract refer to
//! (<https://docs.getdbt.com/reference/resource-properties/constraints>).

use super::{Node, NodeKind};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Relations by the `ref(…)` or `source(…)` that names them in `to`.
pub type ForeignKeys = BTreeMap<String, String>;

/// The `to` of each foreign key of a model and its columns.
pub fn targets(node: &Node) -> impl Iterator<Item = &str> {
    let of_model = match &node.kind {
        NodeKind::Model { constraints, .. } => Some(constraints.as_slice()),
        _ => None,
    };
    let of_columns = of_model.into_iter().flat_map(|_| node.columns.values());
    let of_columns = of_columns.flat_map(|column| &column.constraints);
    of_model.into_iter().flatten().chain(of_columns).filter_map(target)
}

fn target(constraint: &Json) -> Option<&str> {
    let kind = constraint.get("type").and_then(Json::as_str);
    if kind != Some("foreign_key") {
        return None;
    }
    constraint.get("to").and_then(Json::as_str).filter(|to| !to.is_empty())
}

/// The constraints with relations in `to`.
pub fn with_relations(constraints: &[Json], keys: &ForeignKeys) -> Vec<Json> {
    let mut constraints = constraints.to_vec();
    for constraint in &mut constraints {
        let relation = target(constraint).and_then(|to| keys.get(to)).cloned();
        if let (Some(relation), Some(fields)) = (relation, constraint.as_object_mut()) {
            fields.insert("to".to_owned(), Json::from(relation));
        }
    }
    constraints
}
