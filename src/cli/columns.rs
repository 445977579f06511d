//! Gathers what the analysis of columns needs: compiled SQL, seeds' headers, the catalog.

use crate::adapter::Seed;
use crate::cli::loaded::Loaded;
use crate::docs::catalog::Catalog;
use crate::manifest::{Manifest, Node, NodeKind, UniqueId};
use crate::result::NodeResult;
use crate::sql::Name;
use crate::sql::project::{ColumnLineage, CompiledText, KnownColumns, analyse_project};
use rayon::prelude::*;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::path::Path;

/// What the columns of all models derive from, as far as they are among the results. Columns
/// of sources are those of `catalog`, or else of the catalog that was written last.
pub fn analyse(
    loaded: &Loaded,
    results: &[NodeResult],
    catalog: Option<&Catalog>,
) -> ColumnLineage {
    let manifest = &loaded.manifest;
    let mut known = match catalog {
        Some(catalog) => of_catalog(catalog),
        None => of_file(&loaded.target_dir().join("catalog.json"), manifest),
    };
    known.extend(of_seeds(manifest));
    let texts: HashMap<UniqueId, CompiledText> = results
        .iter()
        .filter_map(|result| {
            let code = result.compiled.as_ref()?.code.as_str().into();
            let text = CompiledText { code, map: result.source_map.clone() };
            Some((result.subject.unique_id().clone(), text))
        })
        .collect();
    analyse_project(manifest, &texts, &known)
}

fn of_catalog(catalog: &Catalog) -> HashMap<UniqueId, KnownColumns> {
    let tables = catalog.sources.iter();
    tables
        .map(|(id, table)| {
            let columns = table.columns.values().map(|column| Name::exact(&column.name));
            (id.clone(), KnownColumns::complete(columns))
        })
        .collect()
}

/// The sources of a catalog.json. One that cannot be read is no catalog.
fn of_file(path: &Path, manifest: &Manifest) -> HashMap<UniqueId, KnownColumns> {
    let Ok(text) = std::fs::read(path) else { return HashMap::new() };
    let Ok(catalog) = serde_json::from_slice::<Json>(&text) else { return HashMap::new() };
    let Some(sources) = catalog.get("sources").and_then(Json::as_object) else {
        return HashMap::new();
    };
    let mut known = HashMap::new();
    for (id, table) in sources {
        let Some((id, _)) = manifest.sources.get_key_value(id.as_str()) else { continue };
        let Some(columns) = table.get("columns").and_then(Json::as_object) else { continue };
        let names = columns.values().filter_map(|column| column.get("name")?.as_str());
        known.insert(id.clone(), KnownColumns::complete(names.map(Name::exact)));
    }
    known
}

fn of_seeds(manifest: &Manifest) -> HashMap<UniqueId, KnownColumns> {
    let nodes: Vec<&Node> = manifest.nodes.values().map(AsRef::as_ref).collect();
    nodes
        .into_par_iter()
        .filter_map(|node| Some((node.unique_id.clone(), of_seed(node)?)))
        .collect()
}

/// The columns of a seed: its file's header, as the seed's table is made.
fn of_seed(node: &Node) -> Option<KnownColumns> {
    let NodeKind::Seed { root_path } = &node.kind else { return None };
    let delimiter = node.config.text("delimiter").and_then(|it| it.chars().next()).unwrap_or(',');
    let names = Seed::header(&root_path.join(&*node.original_file_path), delimiter)?;
    let quoted = node.config.flag("quote_columns").unwrap_or(false);
    // Without quoting, the header is SQL: it may have quotes of its own.
    let unquoted = |text: &str| match text.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
        Some(inner) => Name::exact(&inner.replace("\"\"", "\"")),
        None => Name::folded(text),
    };
    let name = |text: &String| if quoted { Name::exact(text) } else { unquoted(text) };
    Some(KnownColumns::complete(names.iter().map(name)))
}
