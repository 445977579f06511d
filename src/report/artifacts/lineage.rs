//! `lineage.json`: gdbt's own small artifact of what flows where. docs/lineage.schema.json
//! describes it.

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::manifest::Manifest;
use crate::report::column_lineage;
use crate::report::lineage::Lineage;
use crate::report::{clock, dot, mermaid};
use crate::sql::project::ColumnLineage;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::path::Path;

/// Writes nodes, edges and the ready Mermaid and Graphviz texts; with `columns`, what each
/// column is made of.
pub fn write_lineage(
    path: &Path,
    manifest: &Manifest,
    columns: Option<&ColumnLineage>,
    invocation: &Invocation,
) -> Result<()> {
    let lineage = Lineage::of_data(manifest);
    let metadata = json!({
        "gdbt_version": env!("CARGO_PKG_VERSION"),
        "generated_at": clock::timestamp(Timestamp::now()),
        "invocation_id": invocation.id,
    });
    let mut whole = Map::from_iter([("metadata".to_owned(), metadata)]);
    whole.extend(lineage_json(&lineage));
    whole.insert("mermaid".to_owned(), json!(mermaid::draw(&lineage)));
    whole.insert("dot".to_owned(), json!(dot::draw(&lineage)));
    if let Some(columns) = columns {
        whole.extend(column_lineage::json(columns, manifest));
    }
    write_json(path, &whole)
}

/// Nodes and edges.
pub fn lineage_json(lineage: &Lineage<'_>) -> Map<String, Json> {
    let nodes: Vec<Json> = lineage
        .nodes
        .iter()
        .map(|node| {
            json!({
                "unique_id": node.unique_id,
                "name": node.name,
                "resource_type": node.resource_type,
                "layer": node.layer,
                "schema": node.schema,
                "relation": node.relation,
                "path": node.path,
            })
        })
        .collect();
    let edges: Vec<Json> = lineage
        .edges
        .iter()
        .map(|(from, to)| {
            let id = |index: &usize| lineage.nodes.get(*index).map(|node| node.unique_id);
            json!({"from": id(from), "to": id(to)})
        })
        .collect();
    Map::from_iter([("nodes".to_owned(), json!(nodes)), ("edges".to_owned(), json!(edges))])
}
