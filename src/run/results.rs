//! Results as `on-run-end` hooks see them
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/on-run-end-context>).

use crate::context::json::from_json;
use crate::context::modules::datetime::DateTime;
use crate::jinja::{Args, Error, Object, State, Value};
use crate::manifest::NodeView;
use crate::result::{NodeResult, NodeStatus, Subject};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value as Json, json};
use std::any::Any;
use std::collections::BTreeSet;

/// `results`, `schemas` and `database_schemas`.
pub fn hook_values(results: &[NodeResult]) -> Vec<(&'static str, Value)> {
    // Hooks that went well are not among the results, as in dbt.
    let told = results
        .iter()
        .filter(|result| result.thread_id != "main" || result.status == NodeStatus::Error);
    let places: BTreeSet<(&str, &str)> = results
        .iter()
        .filter(|result| !result.status.is_failure())
        .filter_map(|result| result.subject.node().filter(|node| node.has_relation()))
        .map(|node| (node.relation.database.as_ref(), node.relation.schema.as_ref()))
        .collect();
    let schemas: BTreeSet<&str> = places.iter().map(|place| place.1).collect();
    let pair = |(database, schema): &(&str, &str)| {
        Value::tuple([Value::str(database), Value::str(schema)])
    };
    vec![
        ("schemas", Value::list(schemas.into_iter().map(Value::str))),
        ("results", Value::list(told.map(Record::of_result))),
        ("database_schemas", Value::list(places.iter().map(pair))),
    ]
}

/// An object of dbt's: fields as attributes, and `to_dict()`.
#[derive(Debug)]
struct Record {
    class: &'static str,
    fields: Map<String, Json>,
}

impl Record {
    /// The value of `fields`; what is no object stays as it is.
    fn value(class: &'static str, fields: Json) -> Value {
        match fields {
            Json::Object(fields) => Value::object(Self { class, fields }),
            other => from_json(&other),
        }
    }

    /// dbt's `RunResult`.
    fn of_result(result: &NodeResult) -> Value {
        let node = match &result.subject {
            Subject::Node(node) => {
                serde_json::to_value(NodeView { node, compiled: result.compiled.as_deref() })
            }
            other => serde_json::to_value(other),
        };
        let fields = json!({
            "status": result.status,
            "timing": result.timing,
            "thread_id": result.thread_id,
            "execution_time": result.execution_time.as_secs_f64(),
            "adapter_response": result.adapter_response,
            "message": result.message,
            "failures": result.failures,
            "node": node.unwrap_or(Json::Null),
            "agate_table": null,
            "batch_results": result.batches,
        });
        Self::value("RunResult", fields)
    }
}

/// The `datetime` of a phase: in UTC and naive, as in dbt.
fn moment(text: &str) -> Value {
    text.parse::<Timestamp>().map_or_else(
        |_| Value::str(text),
        |moment| Value::object(DateTime::naive(Offset::UTC.to_datetime(moment))),
    )
}

impl Object for Record {
    fn type_name(&self) -> &'static str {
        self.class
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>, Error> {
        let field = self.fields.get(name);
        Ok(match (name, field) {
            ("skipped", None) => {
                Some(Value::Bool(self.fields.get("status") == Some(&json!("skipped"))))
            }
            ("node", Some(node)) => Some(Self::value("Node", node.clone())),
            ("timing", Some(Json::Array(phases))) => {
                let phases = phases.iter().map(|phase| Self::value("TimingInfo", phase.clone()));
                Some(Value::list(phases))
            }
            ("started_at" | "completed_at", Some(Json::String(text))) => Some(moment(text)),
            (_, field) => field.map(from_json),
        })
    }

    fn has_method(&self, name: &str) -> bool {
        name == "to_dict"
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, _: Args) -> Result<Value, Error> {
        if name == "to_dict" {
            return Ok(from_json(&Json::Object(self.fields.clone())));
        }
        Err(Error::attribute_error(self.type_name(), name))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
