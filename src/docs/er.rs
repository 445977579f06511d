//! Entities and how they relate: what `relationships` tests, keys of contracts and uniqueness
//! tests say about facts and dimensions.

use super::catalog::Catalog;
use super::tests;
use crate::manifest::{Column, Manifest, Node, NodeKind, UniqueId};
use crate::report::lineage::Lineage;
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::HashMap;

/// The entities of a project.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Er {
    /// What has a key or is part of a relation, in the order of the lineage.
    pub entities: Vec<Entity>,
    /// Each from the side that refers to the side that is referred to.
    pub relations: Vec<Relation>,
}

/// A relation of the database with its keys.
#[derive(Debug, Clone, Serialize)]
pub struct Entity {
    /// The node or source.
    pub id: UniqueId,
    /// Its name.
    pub name: String,
    /// Its layer.
    pub layer: String,
    /// Its schema.
    pub schema: String,
    /// Its columns, in the database's order where that is known.
    pub columns: Vec<EntityColumn>,
}

/// A column of an entity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EntityColumn {
    /// Its name.
    pub name: String,
    /// Its type, where it is known.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Part of the primary key.
    pub primary: bool,
    /// Unique by itself.
    pub unique: bool,
    /// Refers to another entity.
    pub foreign: bool,
    /// Never null.
    pub required: bool,
}

/// A reference from one entity to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relation {
    /// The entity that refers.
    pub from: UniqueId,
    /// By these columns.
    pub from_columns: Vec<String>,
    /// The entity that is referred to.
    pub to: UniqueId,
    /// Its columns.
    pub to_columns: Vec<String>,
    /// Whether at most one row refers to each.
    pub one: bool,
    /// Whether every row refers to one.
    pub required: bool,
}

/// What is known about the keys of one entity.
#[derive(Debug, Default)]
struct Keys {
    unique: Vec<Vec<String>>,
    required: IndexSet<String>,
    primary: Vec<String>,
}

impl Er {
    /// The entities of a manifest.
    pub fn new(manifest: &Manifest, lineage: &Lineage<'_>, catalog: &Catalog) -> Self {
        let mut keys: HashMap<UniqueId, Keys> = HashMap::new();
        for node in manifest.nodes.values() {
            if let NodeKind::Model { primary_key, .. } = &node.kind {
                constraint_keys(node, primary_key, keys.entry(node.unique_id.clone()).or_default());
            }
        }
        for (test, generic) in tests::generic(manifest) {
            let Some(id) = tests::tested(manifest, test) else { continue };
            let keys = keys.entry(id.clone()).or_default();
            keys.unique.extend(tests::unique_columns(generic));
            if generic.name == "not_null" {
                keys.required.extend(generic.column_name.as_deref().map(tests::plain));
            }
        }
        for keys in keys.values_mut().filter(|keys| keys.primary.is_empty()) {
            keys.choose_primary();
        }
        let relations = relations(manifest, &keys);
        let none = Keys::default();
        let is_related = |id: &UniqueId| relations.iter().any(|it| it.from == *id || it.to == *id);
        let entities = lineage.nodes.iter().filter(|node| node.relation.is_some());
        let entities = entities.filter_map(|node| {
            let keys = keys.get(node.unique_id).unwrap_or(&none);
            (!keys.unique.is_empty() || !keys.primary.is_empty() || is_related(node.unique_id))
                .then(|| Entity {
                    id: node.unique_id.clone(),
                    name: node.name.clone(),
                    layer: node.layer.clone(),
                    schema: node.schema.unwrap_or_default().to_owned(),
                    columns: columns(manifest, catalog, node.unique_id, keys, &relations),
                })
        });
        Self { entities: entities.collect(), relations }
    }
}

impl Keys {
    /// Without a declared primary key, the first unique column that is never null is one, or
    /// else the first that is unique.
    fn choose_primary(&mut self) {
        let is_required = |key: &&Vec<String>| key.iter().all(|it| self.required.contains(it));
        let key = self.unique.iter().find(is_required).or_else(|| self.unique.first());
        self.primary = key.cloned().unwrap_or_default();
    }

    fn is_unique(&self, columns: &[String]) -> bool {
        let same = |key: &Vec<String>| {
            key.len() == columns.len() && key.iter().all(|it| columns.contains(it))
        };
        same(&self.primary) || self.unique.iter().any(same)
    }

    fn is_required(&self, column: &String) -> bool {
        self.required.contains(column) || self.primary.contains(column)
    }
}

/// Takes up the keys of a contract.
fn constraint_keys(node: &Node, primary_key: &[String], keys: &mut Keys) {
    keys.primary = primary_key.to_vec();
    for (kind, columns, _) in constraints(node) {
        match kind {
            "primary_key" => keys.primary = columns,
            "unique" => keys.unique.push(columns),
            "not_null" => keys.required.extend(columns),
            _ => {}
        }
    }
}

/// The constraints of a model and its columns: type, columns, and the whole.
fn constraints(node: &Node) -> impl Iterator<Item = (&str, Vec<String>, &Json)> {
    let of_model = match &node.kind {
        NodeKind::Model { constraints, .. } => constraints.as_slice(),
        _ => &[],
    };
    let of_model = of_model.iter().map(|it| (texts(it.get("columns")), it));
    let of_column = |column: &'_ Column| vec![column.name.clone()];
    let of_columns = node
        .columns
        .values()
        .flat_map(move |column| column.constraints.iter().map(move |it| (of_column(column), it)));
    of_model
        .chain(of_columns)
        .filter_map(|(columns, it)| Some((it.get("type")?.as_str()?, columns, it)))
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let items = list.and_then(Json::as_array).into_iter().flatten();
    items.filter_map(|item| Some(tests::plain(item.as_str()?))).collect()
}

/// What `relationships` tests and foreign keys say, each reference once.
fn relations(manifest: &Manifest, keys: &HashMap<UniqueId, Keys>) -> Vec<Relation> {
    let mut found: IndexMap<(UniqueId, Vec<String>, UniqueId), Vec<String>> = IndexMap::new();
    for (test, generic) in tests::generic(manifest) {
        let from = tests::tested(manifest, test);
        let to = tests::related_to(manifest, test, generic);
        if let (Some(from), Some(column), Some((to, field))) = (from, &generic.column_name, to) {
            found.insert((from.clone(), vec![tests::plain(column)], to.clone()), vec![field]);
        }
    }
    for node in manifest.nodes.values() {
        for (kind, columns, constraint) in constraints(node) {
            let to = constraint.get("to").and_then(Json::as_str);
            let to = to.and_then(|to| referred(manifest, node, to));
            if let ("foreign_key", Some(to)) = (kind, to) {
                let fields = texts(constraint.get("to_columns"));
                found.insert((node.unique_id.clone(), columns, to), fields);
            }
        }
    }
    let relations = found.into_iter().map(|((from, from_columns, to), to_columns)| {
        let keys = keys.get(&from);
        let one = keys.is_some_and(|keys| keys.is_unique(&from_columns));
        let required =
            keys.is_some_and(|keys| from_columns.iter().all(|column| keys.is_required(column)));
        Relation { from, from_columns, to, to_columns, one, required }
    });
    relations.collect()
}

/// The node that the `to` of a foreign key names by `ref` or `source`: one that the model's
/// constraints may name, whichever package it is in.
fn referred(manifest: &Manifest, node: &Node, to: &str) -> Option<UniqueId> {
    let words: Vec<&str> = to.split(['\'', '"']).skip(1).step_by(2).collect();
    let name = *words.last()?;
    if to.trim_start().starts_with("source") {
        let source = manifest.sources.values().find(|it| words == [&*it.source_name, &*it.name]);
        return source.map(|source| source.unique_id.clone());
    }
    let named = |it: &&std::sync::Arc<Node>| *it.name == *name && it.has_relation();
    let mut candidates = manifest.nodes.values().filter(named).peekable();
    let first = candidates.peek().map(|it| it.unique_id.clone());
    candidates
        .find(|it| it.package_name == node.package_name)
        .map(|it| it.unique_id.clone())
        .or(first)
}

fn is_name(text: &str) -> bool {
    text.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '$' | ' ' | '-' | '.'))
}

/// The columns of an entity: those of the database, else those that are described or in keys.
fn columns(
    manifest: &Manifest,
    catalog: &Catalog,
    id: &UniqueId,
    keys: &Keys,
    relations: &[Relation],
) -> Vec<EntityColumn> {
    let mut columns: IndexMap<String, Option<String>> = IndexMap::new();
    let known = catalog.nodes.get(id).or_else(|| catalog.sources.get(id));
    for column in known.into_iter().flat_map(|table| table.columns.values()) {
        columns.insert(column.name.clone(), Some(column.kind.clone()));
    }
    if known.is_none() {
        let described = manifest.nodes.get(id).map(|node| &node.columns);
        let described = described.or_else(|| Some(&manifest.sources.get(id)?.columns));
        for column in described.into_iter().flat_map(IndexMap::values) {
            columns.insert(column.name.clone(), column.data_type.clone());
        }
    }
    let foreign = relations.iter().filter(|it| it.from == *id).flat_map(|it| &it.from_columns);
    let foreign: IndexSet<&String> = foreign.collect();
    let referred = relations.iter().filter(|it| it.to == *id).flat_map(|it| &it.to_columns);
    for name in keys.primary.iter().chain(foreign.iter().copied()).chain(referred) {
        // A test may look at an expression, which is no column.
        if is_name(name) && !columns.keys().any(|it| it.eq_ignore_ascii_case(name)) {
            columns.insert(name.clone(), None);
        }
    }
    let columns = columns.into_iter().map(|(name, kind)| EntityColumn {
        primary: keys.primary.contains(&name),
        unique: keys.is_unique(std::slice::from_ref(&name)),
        foreign: foreign.contains(&name),
        required: keys.is_required(&name),
        name,
        kind,
    });
    columns.collect()
}
