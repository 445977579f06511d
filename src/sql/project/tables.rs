//! The project's relations by their names in SQL.

use super::known::KnownColumns;
use super::{NodeColumns, relation_id};
use crate::compile::ctes::CTE_PREFIX;
use crate::manifest::{Manifest, Node, QuotePolicy, RelationName, Resource, UniqueId};
use crate::sql::{Name, Relation, RelationId, Relations, TableName};
use std::collections::HashMap;

/// Finds nodes and sources by the names that compiled SQL has for them.
pub struct Tables<'a> {
    manifest: &'a Manifest,
    known: &'a HashMap<UniqueId, KnownColumns>,
    /// By schema and name. A connection has one database, so that it does not matter.
    by_name: HashMap<(Name, Name), &'a UniqueId>,
    /// Inlined models by the names of their expressions.
    inlined: HashMap<Name, &'a UniqueId>,
    /// What analysis found, in the order it did.
    found: HashMap<UniqueId, KnownColumns>,
}

impl<'a> Tables<'a> {
    /// All relations of a project.
    pub fn new(manifest: &'a Manifest, known: &'a HashMap<UniqueId, KnownColumns>) -> Self {
        let mut by_name = HashMap::new();
        let mut inlined = HashMap::new();
        for resource in manifest.resources() {
            match resource {
                Resource::Node(node) if node.is_ephemeral() => {
                    let name = format!("{CTE_PREFIX}{}", node.alias);
                    inlined.insert(Name::folded(&name), &node.unique_id);
                }
                Resource::Node(node) if node.has_relation() => {
                    by_name.insert(key(&node.relation, node.quote_policy), &node.unique_id);
                }
                Resource::Source(source) => {
                    let key = key(&source.relation, source.quote_policy);
                    // A source may be declared over a table that a model makes.
                    by_name.entry(key).or_insert(&source.unique_id);
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

    fn relation(&self, id: &UniqueId) -> Option<Relation> {
        let resource = self.manifest.resource(id)?;
        let declared;
        let known = match self.found.get(id).or_else(|| self.known.get(id)) {
            Some(known) => known,
            None => {
                declared = KnownColumns::declared(resource);
                &declared
            }
        };
        let KnownColumns { columns, complete } = known.clone();
        Some(Relation { id: relation_id(resource), columns, complete })
    }
}

/// The names of a relation as they are in SQL after folding.
fn key(name: &RelationName, quoting: QuotePolicy) -> (Name, Name) {
    let part = |text: &str, quoted: bool| {
        if quoted { Name::exact(text) } else { Name::folded(text) }
    };
    (part(&name.schema, quoting.schema), part(&name.identifier, quoting.identifier))
}

impl Relations for Tables<'_> {
    fn find(&self, name: &TableName) -> Relation {
        let id = match &name.schema {
            Some(schema) => self.by_name.get(&(schema.clone(), name.table.clone())),
            // The text of an inlined model names others that it inlines.
            None => self.inlined.get(&name.table),
        };
        id.and_then(|id| self.relation(id)).unwrap_or_else(|| Relation {
            id: RelationId::Unknown(name.to_string().into()),
            columns: Vec::new(),
            complete: false,
        })
    }

    fn inlined(&self, cte: &Name) -> Option<Relation> {
        self.relation(self.inlined.get(cte)?)
    }
}
