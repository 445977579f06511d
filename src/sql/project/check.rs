//! What the analysis says against the project's descriptions.

use super::{ColumnLineage, column_name};
use crate::manifest::{Column, Manifest, Node};

/// Columns that property files describe though the query of their model does not give them.
/// Models whose columns are not all known are left out.
pub fn described_but_missing<'a>(
    manifest: &'a Manifest,
    lineage: &'a ColumnLineage,
) -> impl Iterator<Item = (&'a Node, &'a Column)> {
    let complete = lineage.nodes.iter().filter(|(_, found)| found.passed_on.is_empty());
    let nodes = complete.filter_map(|(id, found)| Some((manifest.nodes.get(id)?, found)));
    nodes.flat_map(|(node, found)| {
        let described = node.columns.values();
        described
            .filter(|column| !found.columns.contains_key(&column_name(column)))
            .map(move |column| (node.as_ref(), column))
    })
}
