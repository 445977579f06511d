//! Column lineage of a whole project: every model after the ones it reads.

mod check;
mod fill;
mod known;
mod order;
mod path;
mod tables;

pub use check::described_but_missing;
pub use known::{KnownColumns, KnownTables, column_name};
pub use path::{ColumnRef, Direction, Paths, Step, Target, beyond};

use super::{Analysis, Influences, Kind, Name, Origin, Refusal, RelationId, analyse, words};
use crate::compile::SourceMap;
use crate::diagnostic::Span;
use crate::manifest::{Manifest, Node, NodeKind, Resource, UniqueId};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tables::Tables;

/// A compiled node, as the analysis reads it.
#[derive(Debug, Clone)]
pub struct CompiledText {
    /// Its SQL.
    pub code: Arc<str>,
    /// Where that came from.
    pub map: Option<Arc<SourceMap>>,
}

/// A column of another node that takes part in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// What has the column.
    pub relation: RelationId,
    /// The column; `None` for all of them.
    pub column: Option<Name>,
    /// How it takes part.
    pub kind: Kind,
}

/// What is known of a node's columns.
#[derive(Debug, Clone, Default)]
pub struct NodeColumns {
    /// Its columns in order, each with what it is made of.
    pub columns: IndexMap<Name, Vec<Upstream>>,
    /// Relations whose columns it passes on without their being known, but for some.
    pub passed_on: Vec<(RelationId, BTreeSet<Name>)>,
    /// What decides which rows it has.
    pub rows: Vec<Upstream>,
}

/// A node that could not be analysed.
#[derive(Debug, Clone)]
pub struct Unanalysed {
    /// The node.
    pub node: UniqueId,
    /// Why not.
    pub reason: String,
    /// Where in the user's file.
    pub span: Option<Span>,
}

/// The column lineage of a project.
#[derive(Debug, Clone, Default)]
pub struct ColumnLineage {
    /// Models and snapshots, in the order of the manifest.
    pub nodes: IndexMap<UniqueId, NodeColumns>,
    /// Those that could not be analysed.
    pub unanalysed: Vec<Unanalysed>,
}

/// Analyses all models and snapshots that are compiled.
///
/// What is told is what a fresh build of the project gives: an incremental model or a
/// snapshot may still have columns of its past.
#[allow(clippy::implicit_hasher)] // No caller has other hashers.
pub fn analyse_project(
    manifest: &Manifest,
    texts: &HashMap<UniqueId, CompiledText>,
    known: &KnownTables,
) -> ColumnLineage {
    let mut tables = Tables::new(manifest, known);
    let mut found: HashMap<UniqueId, NodeColumns> = HashMap::new();
    let mut lineage = ColumnLineage::default();
    for level in order::levels(manifest) {
        let results: Vec<_> = level
            .par_iter()
            .filter_map(|node| Some((*node, one(node, texts.get(&node.unique_id)?, &tables))))
            .collect();
        for (node, result) in results {
            match result {
                Ok(columns) => {
                    tables.learn(node, &columns);
                    found.insert(node.unique_id.clone(), columns);
                }
                Err(unanalysed) => lineage.unanalysed.push(unanalysed),
            }
        }
    }
    let ids = manifest.nodes.keys().filter(|id| found.contains_key(*id)).cloned();
    let ids: Vec<UniqueId> = ids.collect();
    lineage.nodes =
        ids.into_iter().filter_map(|id| found.remove(&id).map(|columns| (id, columns))).collect();
    lineage.unanalysed.sort_by_key(|it| manifest.nodes.get_index_of(&it.node));
    fill::fill(&mut lineage, manifest);
    lineage
}

/// The analysis of a node. An incremental model may read the table that it made before, which
/// has the columns that its query gives. These are found out first, with a table that has
/// every column.
///
/// A query may also name columns that the models it reads do not give as they are compiled
/// now, but have in the database: those of an earlier run, or that a model only has with
/// other flags.
fn analysis_of(node: &Node, code: &str, tables: &Tables<'_>) -> Result<Analysis, Refusal> {
    let plain = tables.read_by(node, None);
    let refusal = match analyse(code, &plain) {
        Err(refusal) if plain.reads_itself() => refusal,
        Err(refusal) => {
            return analyse(code, &tables.read_by(node, None).with_built_columns())
                .map_err(|_| refusal);
        }
        done => return done,
    };
    let with_own = |own: Vec<Name>| analyse(code, &tables.read_by(node, Some(own)));
    let Ok(found) = with_own(words(code)) else { return Err(refusal) };
    let own = found.columns.into_iter().map(|column| column.name).collect();
    with_own(own).map_err(|_| refusal)
}

fn one(node: &Node, text: &CompiledText, tables: &Tables<'_>) -> Result<NodeColumns, Unanalysed> {
    let analysis =
        analysis_of(node, &text.code, tables).map_err(|refusal| unanalysed(node, text, refusal))?;
    let Analysis { columns, passed_on, rows } = analysis;
    let upstream = |influences: &Influences| upstream_of(node, influences);
    let mut all: IndexMap<Name, Vec<Upstream>> =
        columns.into_iter().map(|column| (column.name, upstream(&column.upstream))).collect();
    if matches!(node.kind, NodeKind::Snapshot) {
        all.extend(known::snapshot_columns(node).into_iter().map(|name| (name, Vec::new())));
    }
    Ok(NodeColumns { columns: all, passed_on, rows: upstream(&rows) })
}

/// What takes part, without the node itself: an incremental model may read what it was.
fn upstream_of(node: &Node, influences: &Influences) -> Vec<Upstream> {
    let is_itself = |relation: &RelationId| match relation {
        RelationId::Node(id) => **id == *node.unique_id.as_str(),
        RelationId::Unknown(_) => false,
    };
    influences
        .iter()
        .filter(|(origin, _)| !is_itself(&origin.relation))
        .map(|(Origin { relation, column }, kind)| Upstream {
            relation: relation.clone(),
            column: column.clone(),
            kind,
        })
        .collect()
}

fn unanalysed(node: &Node, text: &CompiledText, refusal: Refusal) -> Unanalysed {
    let offset = refusal.place.and_then(|place| place.offset(&text.code));
    let span = offset.zip(text.map.as_ref()).and_then(|(offset, map)| map.locate(offset));
    let span = span.or_else(|| Some(Span::line(node.original_file_path.clone(), 1)));
    Unanalysed { node: node.unique_id.clone(), reason: refusal.reason, span }
}

/// The nodes whose columns are analysed.
fn is_analysed(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Model { .. } | NodeKind::Snapshot) && node.language == "sql"
}

/// The id of a resource as the analysis has it.
fn relation_id(resource: Resource<'_>) -> RelationId {
    RelationId::Node(resource.unique_id().as_str().into())
}
