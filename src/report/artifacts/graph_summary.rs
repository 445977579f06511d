//! `graph_summary.json`: dbt's small picture of the graph, with numbers for names.

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::graph::Dag;
use crate::manifest::Manifest;
use serde_json::{Map, Value as Json, json};
use std::path::Path;

/// Writes the graph, and `gated`, the one in which nodes wait for tests, where there is one.
pub fn write_graph_summary(
    path: &Path,
    manifest: &Manifest,
    dag: &Dag,
    gated: Option<&Dag>,
    invocation: &Invocation,
) -> Result<()> {
    let mut summary = Map::new();
    summary.insert("_invocation_id".to_owned(), json!(invocation.id));
    summary.insert("linked".to_owned(), nodes(manifest, dag));
    if let Some(gated) = gated {
        summary.insert("with_test_edges".to_owned(), nodes(manifest, gated));
    }
    write_json(path, &summary)
}

fn nodes(manifest: &Manifest, dag: &Dag) -> Json {
    let entry = |position: usize| {
        let id = dag.id(position);
        let kind = manifest.resource(id).map(|resource| resource.resource_type().as_str());
        let mut entry = json!({"name": id, "type": kind});
        let children: Vec<usize> = dag.children_of(position).collect();
        if !children.is_empty() {
            entry["succ"] = json!(children);
        }
        entry
    };
    (0..dag.len()).map(|position| (position.to_string(), entry(position))).collect()
}
