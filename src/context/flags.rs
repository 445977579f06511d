//! The `flags` variable (<https://docs.getdbt.com/reference/dbt-jinja-functions/flags>).

use super::json::from_json;
use crate::jinja::{Object, Result, State, Value};
use crate::manifest::JsonMap;
use std::any::Any;
use std::collections::HashMap;

/// The flags as attributes.
#[derive(Debug)]
struct Flags(HashMap<String, Value>);

/// Flags of every command, as they are when nobody sets them.
const UNSET: [(&str, Value); 9] = [
    ("DEBUG", Value::Bool(false)),
    ("FAIL_FAST", Value::Bool(false)),
    ("LOG_CACHE_EVENTS", Value::Bool(false)),
    ("USE_EXPERIMENTAL_PARSER", Value::Bool(false)),
    ("MACRO_DEBUGGING", Value::Bool(false)),
    ("TARGET", Value::None),
    ("PROFILE", Value::None),
    ("TARGET_PATH", Value::None),
    ("WARN_ERROR", Value::None),
];

/// The flags as a value.
pub fn value(flags: &JsonMap) -> Value {
    Value::object(Flags(
        UNSET
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .chain(flags.iter().map(|(name, value)| (name.clone(), from_json(value))))
            .collect(),
    ))
}

impl Object for Flags {
    fn type_name(&self) -> &'static str {
        "Namespace"
    }

    fn qualified_name(&self) -> String {
        "argparse.Namespace".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(self.0.get(name).cloned())
    }

    fn contains(&self, item: &Value) -> Option<bool> {
        Some(item.as_str().is_some_and(|name| self.0.contains_key(name)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
