//! The shapes below `semantic_models:`.

use super::any_case;
use crate::manifest::JsonMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A `semantic_models:` entry.
#[derive(Debug, Clone, Deserialize)]
pub struct SemanticModelProperties {
    /// Its name.
    pub name: String,
    /// `ref('…')`.
    pub model: String,
    /// `config:`.
    #[serde(default)]
    pub config: JsonMap,
    /// Its description, unrendered.
    #[serde(default)]
    pub description: Option<String>,
    /// A friendly name.
    #[serde(default)]
    pub label: Option<String>,
    /// Defaults.
    #[serde(default)]
    pub defaults: Option<Defaults>,
    /// Keys.
    #[serde(default)]
    pub entities: Vec<Entity>,
    /// What can be aggregated.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// What can be grouped by.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// The entity that stands for a row.
    #[serde(default)]
    pub primary_entity: Option<String>,
}

/// Defaults of a semantic model.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Defaults {
    /// The time dimension of its measures.
    #[serde(default)]
    pub agg_time_dimension: Option<String>,
}

/// An entity.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// `primary`, `foreign`, `natural` or `unique`.
    #[serde(rename = "type")]
    #[serde(deserialize_with = "any_case")]
    pub type_: EntityType,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// A friendly name.
    #[serde(default)]
    pub label: Option<String>,
    /// Its role.
    #[serde(default)]
    pub role: Option<String>,
    /// Column or expression.
    #[serde(default)]
    pub expr: Option<String>,
    /// `config:`; only meta is kept.
    #[serde(default)]
    pub config: JsonMap,
}

/// Kinds of entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum EntityType {
    Primary,
    Foreign,
    Natural,
    Unique,
}

/// A dimension.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// `time` or `categorical`.
    #[serde(rename = "type")]
    #[serde(deserialize_with = "any_case")]
    pub type_: DimensionType,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// A friendly name.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether the table is partitioned by it.
    #[serde(default)]
    pub is_partition: bool,
    /// What a time dimension needs.
    #[serde(default)]
    pub type_params: Option<DimensionTypeParams>,
    /// Column or expression.
    #[serde(default)]
    pub expr: Option<String>,
    /// Always null.
    #[serde(default, skip_deserializing)]
    pub metadata: Option<Json>,
    /// `config:`; only meta is kept.
    #[serde(default)]
    pub config: JsonMap,
}

/// Kinds of dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DimensionType {
    Categorical,
    Time,
}

/// What a time dimension needs.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct DimensionTypeParams {
    /// Its granularity.
    #[serde(deserialize_with = "any_case")]
    pub time_granularity: Granularity,
    /// Whether it begins or ends the validity of a row.
    #[serde(default)]
    pub validity_params: Option<ValidityParams>,
}

/// Whether a dimension begins or ends the validity of a row.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct ValidityParams {
    /// It begins it.
    #[serde(default)]
    pub is_start: bool,
    /// It ends it.
    #[serde(default)]
    pub is_end: bool,
}

/// Granularities of time, finest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Granularity {
    Nanosecond,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Granularity {
    /// The granularity of a name.
    pub fn parse(name: &str) -> Option<Self> {
        any_case(Json::from(name)).ok()
    }
}

/// Ways to aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Aggregation {
    Sum,
    Min,
    Max,
    CountDistinct,
    SumBoolean,
    Average,
    Percentile,
    Median,
    Count,
}

/// A measure.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// How it is aggregated.
    #[serde(deserialize_with = "any_case")]
    pub agg: Aggregation,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// A friendly name.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether a metric of its own is made of it.
    #[serde(default)]
    pub create_metric: bool,
    /// Column or expression: text, true or false, or a number.
    #[serde(default)]
    pub expr: Option<Json>,
    /// What percentiles need.
    #[serde(default)]
    pub agg_params: Option<AggregationParams>,
    /// The dimension it must not be added up over.
    #[serde(default)]
    pub non_additive_dimension: Option<NonAdditiveDimension>,
    /// Its time dimension.
    #[serde(default)]
    pub agg_time_dimension: Option<String>,
    /// `config:`; only meta is kept.
    #[serde(default)]
    pub config: JsonMap,
}

/// What percentiles need.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct AggregationParams {
    /// Between 0 and 1.
    #[serde(default)]
    pub percentile: Option<f64>,
    /// Discrete rather than continuous.
    #[serde(default)]
    pub use_discrete_percentile: bool,
    /// Approximate rather than exact.
    #[serde(default)]
    pub use_approximate_percentile: bool,
}

/// The dimension a measure must not be added up over.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct NonAdditiveDimension {
    /// Its name.
    pub name: String,
    /// Which row of a window counts.
    #[serde(deserialize_with = "any_case")]
    pub window_choice: Aggregation,
    /// What makes a window.
    #[serde(default)]
    pub window_groupings: Vec<String>,
}
