//! Models with a row for every moment
//! (<https://docs.getdbt.com/docs/build/metricflow-time-spine>).

use super::shapes::Granularity;
use crate::manifest::{Manifest, Node, NodeKind};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The name of a time spine that needs no `time_spine:`.
const LEGACY_NAME: &str = "metricflow_time_spine";

/// The time spines of a project.
#[derive(Debug, Default)]
pub struct TimeSpines {
    /// Those with `time_spine:`, in the form of `semantic_manifest.json`.
    pub spines: Vec<Json>,
    /// The model that dbt takes for one by its name, without `time_spine:`.
    pub legacy: Option<Arc<Node>>,
    /// Whether one of them, or the legacy one, has days or something finer.
    pub has_day_or_finer: bool,
    /// Whether one with `time_spine:` has days.
    pub has_day: bool,
}

/// Finds the time spines.
pub fn time_spines(manifest: &Manifest) -> TimeSpines {
    let mut found = TimeSpines::default();
    for node in manifest.nodes.values() {
        let NodeKind::Model { time_spine, .. } = &node.kind else { continue };
        let Some(spine) = time_spine else {
            if &*node.name == LEGACY_NAME {
                found.legacy = Some(Arc::clone(node));
                found.has_day_or_finer = true;
            }
            continue;
        };
        let column = spine.get("standard_granularity_column").and_then(Json::as_str);
        let column = column.unwrap_or_default();
        let granularity = node.columns.get(column).and_then(|column| column.granularity.as_deref());
        let parsed = granularity.and_then(Granularity::parse);
        found.has_day |= parsed == Some(Granularity::Day);
        found.has_day_or_finer |= parsed.is_some_and(|it| it <= Granularity::Day);
        found.spines.push(json!({
            "node_relation": {
                "alias": node.alias,
                "schema_name": node.relation.schema,
                "database": node.relation.database,
                "relation_name": node.relation_name(),
            },
            "primary_column": {"name": column, "time_granularity": granularity},
            "custom_granularities": spine.get("custom_granularities"),
        }));
    }
    found
}
