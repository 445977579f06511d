//! `--defer`: relations of an earlier state that stand in for what is not built here
//! (<https://docs.getdbt.com/reference/node-selection/defer>).

use super::json::from_json;
use crate::jinja::Value;
use crate::manifest::{JsonMap, Manifest, RelationName, ResourceType, UniqueId};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// The relations of an earlier state, for the nodes that are still in the project.
#[derive(Debug, Default)]
pub struct Deferral {
    relations: HashMap<UniqueId, DeferRelation>,
    /// `--favor-state`: also when the node is built here, unless it is selected.
    pub favor_state: bool,
}

/// Where an earlier state has a node.
#[derive(Debug, Clone, PartialEq)]
pub struct DeferRelation {
    /// Its place.
    pub relation: RelationName,
    /// The name as it stood in SQL.
    pub relation_name: Option<String>,
    /// dbt's `defer_relation` of the node.
    json: Json,
}

impl Deferral {
    /// From the `nodes` and `functions` of a manifest: models, seeds and snapshots that have a
    /// relation, and functions.
    pub fn new(
        nodes: &JsonMap,
        functions: Option<&JsonMap>,
        manifest: &Manifest,
        favor_state: bool,
    ) -> Self {
        let relations = nodes
            .iter()
            .chain(functions.into_iter().flatten())
            .filter_map(|(id, node)| {
                let id = UniqueId::from(id.as_str());
                let current = manifest.nodes.get(&id).or_else(|| manifest.functions.get(&id))?;
                let kind = current.resource_type();
                (kind.is_refable() || kind == ResourceType::Function).then_some(())?;
                Some((id, DeferRelation::read(node)?))
            })
            .collect();
        Self { relations, favor_state }
    }

    /// Where the earlier state has a node.
    pub fn relation(&self, id: &UniqueId) -> Option<&DeferRelation> {
        self.relations.get(id)
    }

    /// Everything that the earlier state has.
    pub fn relations(&self) -> impl Iterator<Item = (&UniqueId, &DeferRelation)> {
        self.relations.iter()
    }
}

impl DeferRelation {
    fn read(node: &Json) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Json::as_str);
        let config = node.get("config");
        let materialized = config.and_then(|config| config.get("materialized")?.as_str());
        if materialized == Some("ephemeral") {
            return None;
        }
        let part = |key: &str| node.get(key).cloned().unwrap_or_default();
        Some(Self {
            relation: RelationName {
                database: text("database")?.into(),
                schema: text("schema")?.into(),
                identifier: text("alias").or_else(|| text("name"))?.into(),
            },
            relation_name: text("relation_name").map(str::to_owned),
            json: json!({
                "database": part("database"),
                "schema": part("schema"),
                "alias": part("alias"),
                "relation_name": part("relation_name"),
                "resource_type": part("resource_type"),
                "name": part("name"),
                "description": part("description"),
                "compiled_code": part("compiled_code"),
                "meta": part("meta"),
                "tags": part("tags"),
                "config": part("config"),
            }),
        })
    }

    /// dbt's dict of it, as `model.defer_relation` has it.
    pub fn to_value(&self) -> Value {
        from_json(&self.json)
    }
}
