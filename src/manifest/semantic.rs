//! The semantic layer: metrics, semantic models and saved queries
//! (<https://docs.getdbt.com/docs/build/about-metricflow>).
//!
//! gdbt parses them, resolves what they depend on and writes them to the artifacts. Their
//! inner parts are kept in the JSON form that artifacts have, with dbt's defaults.

use super::{Config, DependsOn, JsonMap, RefArgs, ResourceType, UniqueId};
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;

/// A metric.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// Its name.
    pub name: Arc<str>,
    /// Always `metric`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its model path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `metric.package.name`.
    pub unique_id: UniqueId,
    /// Names from the package down.
    pub fqn: Vec<String>,
    /// Rendered description.
    pub description: String,
    /// A friendly name.
    pub label: String,
    /// `simple`, `ratio`, `cumulative`, `derived` or `conversion`.
    #[serde(rename = "type")]
    pub type_: String,
    /// What the type needs.
    pub type_params: Json,
    /// Filters of the metric as a whole.
    pub filter: Option<Json>,
    /// Where it was defined; dbt leaves it empty.
    pub metadata: Option<Json>,
    /// The default granularity.
    pub time_granularity: Option<String>,
    /// Free metadata.
    pub meta: JsonMap,
    /// Tags.
    pub tags: Vec<String>,
    /// The final configuration.
    pub config: Config,
    /// Configuration as written.
    pub unrendered_config: Arc<JsonMap>,
    /// Always empty.
    pub sources: Vec<Json>,
    /// Semantic models and metrics that it is made of.
    pub depends_on: DependsOn,
    /// Always empty.
    pub refs: Vec<RefArgs>,
    /// Always empty.
    pub metrics: Vec<Vec<String>>,
    /// Seconds since 1970.
    pub created_at: f64,
    /// The group it belongs to.
    pub group: Option<String>,
}

/// A semantic model: a model with entities, dimensions and measures.
#[derive(Debug, Clone, Serialize)]
pub struct SemanticModel {
    /// Its name.
    pub name: Arc<str>,
    /// Always `semantic_model`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its model path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `semantic_model.package.name`.
    pub unique_id: UniqueId,
    /// Names from the package down.
    pub fqn: Vec<String>,
    /// The `ref('…')` of its model, as written.
    pub model: String,
    /// Where its model lives.
    pub node_relation: Option<Json>,
    /// Its description.
    pub description: Option<String>,
    /// A friendly name.
    pub label: Option<String>,
    /// Defaults, such as `agg_time_dimension`.
    pub defaults: Option<Json>,
    /// Keys it joins by.
    pub entities: Vec<Json>,
    /// What can be aggregated.
    pub measures: Vec<Json>,
    /// What can be grouped by.
    pub dimensions: Vec<Json>,
    /// Where it was defined; dbt leaves it empty.
    pub metadata: Option<Json>,
    /// Its model.
    pub depends_on: DependsOn,
    /// The `ref` call of its model.
    pub refs: Vec<RefArgs>,
    /// Seconds since 1970.
    pub created_at: f64,
    /// The final configuration.
    pub config: Config,
    /// Configuration as written.
    pub unrendered_config: Arc<JsonMap>,
    /// The entity that stands for a row, where no column does.
    pub primary_entity: Option<String>,
    /// The group it belongs to.
    pub group: Option<String>,
}

/// A saved query.
#[derive(Debug, Clone, Serialize)]
pub struct SavedQuery {
    /// Its name.
    pub name: Arc<str>,
    /// Always `saved_query`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its model path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `saved_query.package.name`.
    pub unique_id: UniqueId,
    /// Names from the package down.
    pub fqn: Vec<String>,
    /// Metrics, groupings and filters.
    pub query_params: Json,
    /// Where its result is written.
    pub exports: Vec<Json>,
    /// Its description.
    pub description: Option<String>,
    /// A friendly name.
    pub label: Option<String>,
    /// Where it was defined; dbt leaves it empty.
    pub metadata: Option<Json>,
    /// The final configuration.
    pub config: Config,
    /// Configuration as written.
    pub unrendered_config: Arc<JsonMap>,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Its metrics.
    pub depends_on: DependsOn,
    /// Seconds since 1970.
    pub created_at: f64,
    /// Always empty.
    pub refs: Vec<RefArgs>,
    /// Tags.
    pub tags: Vec<String>,
}
