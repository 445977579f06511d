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
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
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
    write_json(path, &Whole { manifest, columns, invocation })
}

struct Whole<'a> {
    manifest: &'a Manifest,
    columns: Option<&'a ColumnLineage>,
    invocation: &'a Invocation,
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lineage = Lineage::of_data(self.manifest);
        let metadata = json!({
            "gdbt_version": env!("CARGO_PKG_VERSION"),
            "generated_at": clock::timestamp(Timestamp::now()),
            "invocation_id": self.invocation.id,
        });
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("metadata", &metadata)?;
        for (key, value) in lineage_json(&lineage) {
            map.serialize_entry(&key, &value)?;
        }
        map.serialize_entry("mermaid", &mermaid::draw(&lineage))?;
        map.serialize_entry("dot", &dot::draw(&lineage))?;
        if let Some(columns) = self.columns {
            column_lineage::write(&mut map, columns, self.manifest)?;
        }
        map.end()
    }
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
