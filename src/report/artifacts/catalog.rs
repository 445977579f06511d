//! `catalog.json`, version 1.

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::docs::catalog::Catalog;
use serde_json::json;
use std::path::Path;

/// Writes the catalog.
pub fn write_catalog(path: &Path, catalog: &Catalog, invocation: &Invocation) -> Result<()> {
    let Catalog { nodes, sources, errors } = catalog;
    write_json(
        path,
        &json!({
            "metadata": invocation.metadata("catalog/v1"),
            "nodes": nodes,
            "sources": sources,
            "errors": errors,
        }),
    )
}
