//! Gathers what the analysis of columns needs: compiled SQL, seeds' headers, the catalog.

use crate::adapter::Seed;
use crate::cli::loaded::Loaded;
use crate::docs::catalog::{Catalog, CatalogTable};
use crate::manifest::{Manifest, Node, NodeKind, UniqueId};
use crate::result::NodeResult;
use crate::sql::Name;
use crate::sql::project::{
    ColumnLineage, CompiledText, KnownColumns, KnownTables, analyse_project,
};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::collections::HashMap;

/// What the columns of all models derive from, as far as they are among the results. Columns
/// of sources are those of `catalog`, or else of the catalog that was written last.
pub fn analyse(
    loaded: &Loaded,
    results: &[NodeResult],
    catalog: Option<&Catalog>,
) -> ColumnLineage {
    let manifest = &loaded.manifest;
    let written;
    let catalog = match catalog {
        Some(catalog) => Some(catalog),
        None => {
            written = Catalog::read(&loaded.target_dir().join("catalog.json"));
            written.as_ref()
        }
    };
    let mut without_query = catalog.map(|it| columns_of(&it.sources)).unwrap_or_default();
    without_query.extend(of_seeds(manifest));
    let built = catalog.map(|it| columns_of(&it.nodes)).unwrap_or_default();
    let known = KnownTables { without_query, built };
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

fn columns_of(tables: &IndexMap<UniqueId, CatalogTable>) -> HashMap<UniqueId, KnownColumns> {
    tables
        .iter()
        .map(|(id, table)| {
            let columns = table.columns.values().map(|column| Name::exact(&column.name));
            (id.clone(), KnownColumns::complete(columns))
        })
        .collect()
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
