//! The arguments of generic tests, rendered.

use super::json::from_json;
use super::node::NodeContext;
use super::var::has_jinja;
use crate::diagnostic::Result;
use crate::jinja::{Template, Value};
use crate::manifest::JsonMap;
use regex::Regex;
use serde_json::Value as Json;
use std::sync::LazyLock;

/// The name under which a test's template finds its arguments.
pub const NAME: &str = "_dbt_generic_test_kwargs";

/// A text that is a call without braces around it.
static CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$").ok());

/// Renders every text of the arguments, at any depth, to a value of its own type. The
/// tested column's name stays as it is.
pub fn render(context: &NodeContext, kwargs: &JsonMap) -> Result<Value> {
    let rendered: Result<Vec<(String, Value)>> = kwargs
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Json::String(_) if name == "column_name" => from_json(value),
                _ => render_value(context, name, value)?,
            };
            Ok((name.clone(), value))
        })
        .collect();
    rendered.map(Value::dict)
}

fn render_value(context: &NodeContext, name: &str, value: &Json) -> Result<Value> {
    match value {
        Json::String(text) => render_text(context, name, text),
        Json::Array(items) => {
            let items = items.iter().map(|item| render_value(context, name, item));
            Ok(Value::list(items.collect::<Result<Vec<_>>>()?))
        }
        Json::Object(map) => {
            let items =
                map.iter().map(|(key, item)| Ok((key.clone(), render_value(context, name, item)?)));
            Ok(Value::dict(items.collect::<Result<Vec<_>>>()?))
        }
        other => Ok(from_json(other)),
    }
}

fn render_text(context: &NodeContext, name: &str, text: &str) -> Result<Value> {
    let is_call = CALL.as_ref().is_some_and(|call| call.is_match(text));
    let text = if is_call { format!("{{{{ {text} }}}}") } else { text.to_owned() };
    if !has_jinja(&text) {
        return Ok(Value::from(text));
    }
    Template::from_text(format!("test argument '{name}'"), text)?.render_native(context)
}
