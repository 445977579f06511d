//! Columns that only those who read them know of.
//!
//! A model that is `select *` from a table whose columns are not known has no named columns;
//! but when another model reads one of them, it must have it, and it comes from that table.

use super::{ColumnLineage, NodeColumns, Upstream};
use crate::manifest::Manifest;
use crate::sql::{Kind, Name, RelationId};
use std::collections::{BTreeSet, HashMap};

/// Adds the columns that are read from models that pass on what is not known.
pub fn fill(lineage: &mut ColumnLineage, manifest: &Manifest) {
    if lineage.nodes.values().all(|node| node.passed_on.is_empty()) {
        return;
    }
    let mut read: HashMap<String, BTreeSet<Name>> = HashMap::new();
    for node in super::order::levels(manifest).into_iter().flatten().rev() {
        let Some(columns) = lineage.nodes.get_mut(&node.unique_id) else { continue };
        if let Some(names) = read.remove(node.unique_id.as_str()) {
            add(columns, names);
        }
        let all = columns.columns.values().flatten().chain(&columns.rows);
        for Upstream { relation, column, .. } in all {
            if let (RelationId::Node(id), Some(column)) = (relation, column) {
                read.entry(id.to_string()).or_default().insert(column.clone());
            }
        }
    }
}

fn add(node: &mut NodeColumns, names: BTreeSet<Name>) {
    let [(relation, except)] = node.passed_on.as_slice() else { return };
    for name in names {
        if !except.contains(&name) && !node.columns.contains_key(&name) {
            let (relation, column) = (relation.clone(), Some(name.clone()));
            node.columns.insert(name, vec![Upstream { relation, column, kind: Kind::Direct }]);
        }
    }
}
