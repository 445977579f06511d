//! The shapes of `semantic_models:`, `metrics:` and `saved_queries:`, as written and in the
//! form that artifacts have.

mod model;

use crate::manifest::JsonMap;
pub use model::*;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value as Json, json};

/// A text or a structure that the text stands for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum NameOr<T> {
    /// Only the name.
    Name(String),
    /// All of it.
    Full(T),
}

/// Filters: one text or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum WhereFilter {
    /// One.
    One(String),
    /// Several; all must hold.
    Many(Vec<String>),
}

impl WhereFilter {
    /// The form of artifacts.
    pub fn json(&self) -> Json {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        };
        let filters: Vec<Json> =
            texts.iter().map(|text| json!({"where_sql_template": text})).collect();
        json!({"where_filters": filters})
    }
}

/// One of the names of `T`, in upper or lower case, as dbt takes them.
fn any_case<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    let name = String::deserialize(from)?.to_lowercase();
    T::deserialize(Json::from(name)).map_err(D::Error::custom)
}

fn filter_json(filter: Option<&WhereFilter>) -> Json {
    filter.map(WhereFilter::json).unwrap_or_default()
}

/// A `metrics:` entry.
#[derive(Debug, Clone, Deserialize)]
pub struct MetricProperties {
    /// Its name.
    pub name: String,
    /// A friendly name.
    pub label: String,
    /// Its type.
    #[serde(rename = "type")]
    #[serde(deserialize_with = "any_case")]
    pub type_: MetricType,
    /// What the type needs.
    pub type_params: TypeParams,
    /// Unrendered description.
    #[serde(default)]
    pub description: String,
    /// Filters.
    #[serde(default)]
    pub filter: Option<WhereFilter>,
    /// The default granularity.
    #[serde(default)]
    pub time_granularity: Option<String>,
    /// Free metadata.
    #[serde(default)]
    pub meta: JsonMap,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `config:`.
    #[serde(default)]
    pub config: JsonMap,
}

/// Types of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum MetricType {
    Simple,
    Ratio,
    Cumulative,
    Derived,
    Conversion,
}

impl MetricType {
    /// Its name in artifacts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Ratio => "ratio",
            Self::Cumulative => "cumulative",
            Self::Derived => "derived",
            Self::Conversion => "conversion",
        }
    }
}

/// What a metric's type needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs)]
pub struct TypeParams {
    #[serde(default)]
    pub measure: Option<NameOr<InputMeasure>>,
    #[serde(default)]
    pub numerator: Option<NameOr<InputMetric>>,
    #[serde(default)]
    pub denominator: Option<NameOr<InputMetric>>,
    #[serde(default)]
    pub expr: Option<Json>,
    #[serde(default)]
    pub window: Option<String>,
    #[serde(default)]
    pub grain_to_date: Option<String>,
    #[serde(default)]
    pub metrics: Option<Vec<NameOr<InputMetric>>>,
    #[serde(default)]
    pub conversion_type_params: Option<ConversionParams>,
    #[serde(default)]
    pub cumulative_type_params: Option<CumulativeParams>,
}

/// A measure as a metric uses it.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct InputMeasure {
    pub name: String,
    #[serde(default)]
    pub filter: Option<WhereFilter>,
    #[serde(default)]
    pub alias: Option<String>,
    #[serde(default)]
    pub join_to_timespine: bool,
    #[serde(default)]
    pub fill_nulls_with: Option<i64>,
}

/// A metric as another metric uses it.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct InputMetric {
    pub name: String,
    #[serde(default)]
    pub filter: Option<WhereFilter>,
    #[serde(default)]
    pub alias: Option<String>,
    #[serde(default)]
    pub offset_window: Option<String>,
    #[serde(default)]
    pub offset_to_grain: Option<String>,
}

/// What a conversion metric needs.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct ConversionParams {
    pub base_measure: NameOr<InputMeasure>,
    pub conversion_measure: NameOr<InputMeasure>,
    pub entity: String,
    #[serde(default)]
    #[serde(deserialize_with = "any_case")]
    pub calculation: Calculation,
    #[serde(default)]
    pub window: Option<String>,
    #[serde(default)]
    pub constant_properties: Option<Vec<ConstantProperty>>,
}

/// What a conversion metric gives.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Calculation {
    Conversions,
    #[default]
    ConversionRate,
}

/// What base and conversion must have in common.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[allow(missing_docs)]
pub struct ConstantProperty {
    pub base_property: String,
    pub conversion_property: String,
}

/// What a cumulative metric needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs)]
pub struct CumulativeParams {
    #[serde(default)]
    pub window: Option<String>,
    #[serde(default)]
    pub grain_to_date: Option<String>,
    #[serde(default)]
    #[serde(deserialize_with = "any_case")]
    pub period_agg: PeriodAggregation,
}

/// Which value of a period counts.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum PeriodAggregation {
    #[default]
    First,
    Last,
    Average,
}

/// A `saved_queries:` entry.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct SavedQueryProperties {
    pub name: String,
    pub query_params: QueryParams,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default)]
    pub exports: Vec<Export>,
    #[serde(default)]
    pub config: JsonMap,
    #[serde(default)]
    pub tags: Option<Json>,
}

/// What a saved query asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs)]
pub struct QueryParams {
    #[serde(default)]
    pub metrics: Vec<String>,
    #[serde(default)]
    pub group_by: Vec<String>,
    #[serde(default, rename = "where")]
    pub where_: Option<WhereFilter>,
    #[serde(default)]
    pub order_by: Vec<String>,
    #[serde(default)]
    pub limit: Option<i64>,
}

/// Where a saved query's result is written.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Export {
    pub name: String,
    #[serde(default)]
    pub config: JsonMap,
}

impl NameOr<InputMeasure> {
    /// The form of artifacts.
    pub fn json(&self) -> Json {
        match self {
            Self::Name(name) => json!({
                "name": name, "filter": null, "alias": null, "join_to_timespine": false,
                "fill_nulls_with": null,
            }),
            Self::Full(full) => json!({
                "name": full.name, "filter": filter_json(full.filter.as_ref()),
                "alias": full.alias, "join_to_timespine": full.join_to_timespine,
                "fill_nulls_with": full.fill_nulls_with,
            }),
        }
    }
}

impl NameOr<InputMetric> {
    /// The form of artifacts.
    ///
    /// # Errors
    /// What is wrong with a window.
    pub fn json(&self) -> Result<Json, String> {
        Ok(match self {
            Self::Name(name) => json!({
                "name": name, "filter": null, "alias": null, "offset_window": null,
                "offset_to_grain": null,
            }),
            Self::Full(full) => json!({
                "name": full.name, "filter": filter_json(full.filter.as_ref()),
                "alias": full.alias,
                "offset_window": window(full.offset_window.as_deref())?,
                "offset_to_grain": full.offset_to_grain,
            }),
        })
    }
}

/// A window such as `28 days` in the form of artifacts.
///
/// # Errors
/// dbt's words for what is wrong.
pub fn window(text: Option<&str>) -> Result<Json, String> {
    let Some(text) = text else { return Ok(Json::Null) };
    let lower = text.to_lowercase();
    let parts: Vec<&str> = lower.split(' ').collect();
    let [count, granularity] = parts.as_slice() else {
        return Err(format!(
            "Invalid window ({text}) in cumulative/conversion metric. Should be of the form \
             `<count> <granularity>`, e.g., `28 days`"
        ));
    };
    let singular = granularity.strip_suffix('s').filter(|name| Granularity::parse(name).is_some());
    let count: u32 = count.parse().map_err(|_| {
        format!("Invalid count ({count}) in cumulative/conversion metric window string: ({text})")
    })?;
    Ok(json!({"count": count, "granularity": singular.unwrap_or(granularity)}))
}

/// An expression as text: Python's `str` of true, false and numbers.
pub fn expression(expr: Option<&Json>) -> Option<String> {
    let expr = expr.filter(|expr| !expr.is_null())?;
    Some(crate::context::json::from_json(expr).to_string())
}

impl TypeParams {
    /// The form of artifacts, without the measures of the metric's parts.
    ///
    /// # Errors
    /// dbt's words for what is wrong.
    pub fn json(&self, kind: MetricType) -> Result<Json, String> {
        let grain_to_date = self.grain_to_date.as_deref();
        if let Some(grain) = grain_to_date.filter(|grain| Granularity::parse(grain).is_none()) {
            return Err(format!("'{grain}' is not a valid TimeGranularity"));
        }
        let metric = |metric: &Option<NameOr<InputMetric>>| {
            metric.as_ref().map_or(Ok(Json::Null), NameOr::<InputMetric>::json)
        };
        let metrics: Result<Vec<Json>, String> =
            self.metrics.iter().flatten().map(NameOr::<InputMetric>::json).collect();
        let conversion = self.conversion_type_params.as_ref().map(|params| {
            Ok::<_, String>(json!({
                "base_measure": params.base_measure.json(),
                "conversion_measure": params.conversion_measure.json(),
                "entity": params.entity,
                "calculation": params.calculation,
                "window": window(params.window.as_deref())?,
                "constant_properties": params.constant_properties,
            }))
        });
        Ok(json!({
            "measure": self.measure.as_ref().map(NameOr::<InputMeasure>::json),
            "input_measures": [],
            "numerator": metric(&self.numerator)?,
            "denominator": metric(&self.denominator)?,
            "expr": expression(self.expr.as_ref()),
            "window": window(self.window.as_deref())?,
            "grain_to_date": grain_to_date,
            "metrics": metrics?,
            "conversion_type_params": conversion.transpose()?,
            "cumulative_type_params": self.cumulative(kind)?,
            "metric_aggregation_params": null,
        }))
    }

    /// `window` and `grain_to_date` may also stand outside, where they stood formerly.
    fn cumulative(&self, kind: MetricType) -> Result<Json, String> {
        if kind != MetricType::Cumulative {
            return Ok(Json::Null);
        }
        let given = self.cumulative_type_params.clone().unwrap_or_default();
        let own = given.window.as_deref().filter(|text| !text.is_empty());
        let grain = given.grain_to_date.as_deref().filter(|text| !text.is_empty());
        Ok(json!({
            "window": window(own.or(self.window.as_deref()))?,
            "grain_to_date": grain.or(self.grain_to_date.as_deref()),
            "period_agg": given.period_agg,
            "metric": null,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_a_count_and_a_granularity() {
        assert_eq!(window(Some("28 days")), Ok(json!({"count": 28, "granularity": "day"})));
        assert_eq!(window(Some("2 sprints")), Ok(json!({"count": 2, "granularity": "sprints"})));
        assert!(window(Some("days")).is_err() && window(Some("x days")).is_err());
    }
}
