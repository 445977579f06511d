//! The project's relations by their names in SQL.

use super::known::{KnownColumns, KnownTables};
use super::{NodeColumns, relation_id};
use crate::compile::ctes::CTE_PREFIX;
use crate::manifest::{Manifest, Node, QuotePolicy, RelationName, Resource, UniqueId};
use crate::sql::{Name, Relation, RelationId, Relations, TableName};
use std::cell::Cell;
use std::collections::HashMap;

/// Finds nodes and sources by the names that compiled SQL has for them.
pub struct Tables<'a> {
    manifest: &'a Manifest,
    known: &'a KnownTables,
    /// By schema and name. A connection has one database, so that it does not matter. A
    /// source may be declared over a table that a model or seed makes.
    by_name: HashMap<(Name, Name), Vec<&'a UniqueId>>,
    /// Inlined models by the names of their expressions.
    inlined: HashMap<Name, &'a UniqueId>,
    /// What analysis found, in the order it did.
    found: HashMap<UniqueId, KnownColumns>,
}

impl<'a> Tables<'a> {
    /// All relations of a project.
    pub fn new(manifest: &'a Manifest, known: &'a KnownTables) -> Self {
        let mut by_name: HashMap<(Name, Name), Vec<&UniqueId>> = HashMap::new();
        let mut inlined = HashMap::new();
        for resource in manifest.resources() {
            match resource {
                Resource::Node(node) if node.is_ephemeral() => {
                    let name = format!("{CTE_PREFIX}{}", node.alias);
                    inlined.insert(Name::folded(&name), &node.unique_id);
                }
                Resource::Node(node) if node.has_relation() => {
                    let key = key(&node.relation, node.quote_policy);
                    by_name.entry(key).or_default().push(&node.unique_id);
                }
                Resource::Source(source) => {
                    let key = key(&source.relation, source.quote_policy);
                    by_name.entry(key).or_default().push(&source.unique_id);
                }
                _ => {}
            }
        }
        Self { manifest, known, by_name, inlined, found: HashMap::new() }
    }

    /// Takes in what a model returns.
    pub fn learn(&mut self, node: &Node, columns: &NodeColumns) {
        let names = columns.columns.keys().cloned().collect();
        let known = KnownColumns { columns: names, complete: columns.passed_on.is_empty() };
        self.found.insert(node.unique_id.clone(), known);
    }

    /// The relations as one node reads them.
    pub fn read_by(&'a self, node: &'a Node, own: Option<Vec<Name>>) -> ReadBy<'a> {
        ReadBy { tables: self, node, own, as_built: false, reads_itself: Cell::new(false) }
    }

    /// A resource with the columns that are known of it, or else of another one with the
    /// same relation.
    fn relation(&self, id: &UniqueId, same: &[&UniqueId], as_built: bool) -> Option<Relation> {
        let resource = self.manifest.resource(id)?;
        let known = [&id].into_iter().chain(same).find_map(|id| {
            let built = self.known.built.get(*id).filter(|_| as_built);
            let known = built.or_else(|| self.found.get(*id));
            known.or_else(|| self.known.without_query.get(*id)).cloned()
        });
        let KnownColumns { columns, complete } =
            known.unwrap_or_else(|| KnownColumns::declared(resource));
        Some(Relation { id: relation_id(resource), columns, complete })
    }
}

/// The relations as one node reads them: of several resources with one relation it means the
/// one that it refers to.
pub struct ReadBy<'a> {
    tables: &'a Tables<'a>,
    node: &'a Node,
    /// The columns of the node itself, for incremental models that read what they were.
    own: Option<Vec<Name>>,
    /// Whether what the database has counts before what queries give now.
    as_built: bool,
    reads_itself: Cell<bool>,
}

impl ReadBy<'_> {
    /// The same relations with the columns that they have in the database.
    #[must_use]
    pub fn with_built_columns(self) -> Self {
        Self { as_built: true, ..self }
    }

    /// Whether the node's query reads the node's own relation.
    pub fn reads_itself(&self) -> bool {
        self.reads_itself.get()
    }

    fn itself(&self) -> Option<Relation> {
        self.reads_itself.set(true);
        let id = RelationId::Node(self.node.unique_id.as_str().into());
        Some(Relation { id, columns: self.own.clone()?, complete: true })
    }
}

/// The names of a relation as they are in SQL after folding.
fn key(name: &RelationName, quoting: QuotePolicy) -> (Name, Name) {
    let part = |text: &str, quoted: bool| {
        if quoted { Name::exact(text) } else { Name::folded(text) }
    };
    (part(&name.schema, quoting.schema), part(&name.identifier, quoting.identifier))
}

impl Relations for ReadBy<'_> {
    fn find(&self, name: &TableName) -> Relation {
        let Tables { by_name, inlined, .. } = self.tables;
        let found = match &name.schema {
            Some(schema) => by_name.get(&(schema.clone(), name.table.clone())).and_then(|same| {
                let is_own = same.iter().any(|id| **id == self.node.unique_id);
                if is_own && let Some(itself) = self.itself() {
                    return Some(itself);
                }
                let referred = same.iter().find(|id| self.node.depends_on.nodes.contains(id));
                self.tables.relation(referred.or(same.first())?, same, self.as_built)
            }),
            // The text of an inlined model names others that it inlines.
            None => {
                inlined.get(&name.table).and_then(|id| self.tables.relation(id, &[], self.as_built))
            }
        };
        found.unwrap_or_else(|| Relation {
            id: RelationId::Unknown(name.to_string().into()),
            columns: Vec::new(),
            complete: false,
        })
    }

    fn inlined(&self, cte: &Name) -> Option<Relation> {
        self.tables.relation(self.tables.inlined.get(cte)?, &[], self.as_built)
    }
}
