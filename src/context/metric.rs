//! What `metric(…)` gives
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/builtins>).

use super::json::from_json;
use crate::jinja::{Object, Result, State, Value};
use serde_json::Value as Json;
use std::any::Any;
use std::sync::Arc;

/// A metric that a template names: its text is the name of the metric. While parsing only the
/// two parts of the name are known; then all that the manifest says of it.
#[derive(Debug)]
pub struct MetricReference {
    /// The metric's name.
    pub name: Arc<str>,
    /// Its package, if the template names one or the metric is known.
    pub package: Option<Arc<str>>,
    /// The metric in the manifest; null while parsing.
    pub known: Json,
}

impl Object for MetricReference {
    fn type_name(&self) -> &'static str {
        if self.known.is_null() { "MetricReference" } else { "ResolvedMetricReference" }
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "metric_name" => Some(Value::Str(Arc::clone(&self.name))),
            "package_name" => Some(self.package.clone().map_or(Value::None, Value::Str)),
            _ => self.known.get(name).map(from_json),
        })
    }

    fn to_str(&self) -> String {
        self.name.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
