//! Between JSON and Python values, with the rules of Python's `json` module.

use crate::jinja::{Dict, Error, Result, Value, json};
use crate::manifest::JsonMap;
use serde_json::{Number, Value as Json};

/// How deep values may nest before it counts as a value that contains itself.
const DEPTH: usize = 500;

/// A JSON value as a Python value: a fresh list or dict each time.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => from_number(number),
        Json::String(text) => Value::str(text),
        Json::Array(items) => Value::list(items.iter().map(from_json)),
        Json::Object(map) => Value::Dict(from_map(map)),
    }
}

/// A JSON object as a dict.
pub fn from_map(map: &JsonMap) -> Dict {
    let dict = Dict::default();
    for (key, value) in map {
        dict.insert_str(key.as_str(), from_json(value));
    }
    dict
}

fn from_number(number: &Number) -> Value {
    match (number.as_i64(), number.as_u64()) {
        (Some(int), _) => Value::Int(int),
        (None, Some(int)) => Value::from(int),
        (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// A Python value as JSON, for configs and arguments of tests. Tuples become lists, keys
/// become text as `json.dumps` makes them.
///
/// # Errors
/// Python's `TypeError` for what JSON cannot hold, such as a relation.
pub fn to_json(value: &Value) -> Result<Json> {
    to_json_nested(value, 0)
}

fn to_json_nested(value: &Value, depth: usize) -> Result<Json> {
    if depth > DEPTH {
        return Err(circular());
    }
    let array = |items: &[Value]| {
        items.iter().map(|item| to_json_nested(item, depth + 1)).collect::<Result<_>>()
    };
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => Json::from(*number),
        Value::BigInt(number) => number.to_string().parse::<f64>().map_or(Json::Null, Json::from),
        Value::Float(number) => Json::from(*number),
        Value::Str(text) => Json::String(text.to_string()),
        Value::List(list) => Json::Array(array(&list.snapshot())?),
        Value::Tuple(items) => Json::Array(array(items)?),
        Value::Dict(dict) => {
            let mut map = JsonMap::new();
            for (key, item) in dict.items() {
                map.insert(key_text(&key)?, to_json_nested(&item, depth + 1)?);
            }
            Json::Object(map)
        }
        other => return Err(not_serializable(other)),
    })
}

/// `json.dumps(value, sort_keys=sort_keys)`.
///
/// # Errors
/// Python's `TypeError` for what JSON cannot hold; `ValueError` for a value that contains
/// itself.
pub fn dumps(value: &Value, sort_keys: bool) -> Result<String> {
    json::to_text(value, &json::Style { sort_keys, indent: None })
}

/// `json.loads(text)`, or `None` when it is not JSON.
pub fn loads(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(|json| from_json(&json))
}

fn key_text(key: &Value) -> Result<String> {
    match key {
        Value::Str(text) => Ok(text.to_string()),
        Value::None => Ok("null".to_owned()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Int(_) | Value::BigInt(_) => Ok(key.repr()),
        Value::Float(number) => Ok(float_text(*number)),
        other => Err(Error::type_error(format!(
            "keys must be str, int, float, bool or None, not {}",
            other.type_name()
        ))),
    }
}

fn float_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        Value::Float(number).repr()
    }
}

fn not_serializable(value: &Value) -> Error {
    Error::type_error(format!("Object of type {} is not JSON serializable", value.type_name()))
}

fn circular() -> Error {
    Error::value_error("Circular reference detected")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jinja::List;

    #[test]
    fn dumps_writes_what_python_writes() {
        let value = Value::dict([
            ("b", Value::list([Value::None, Value::Bool(true), Value::Float(1.0)])),
            ("a", Value::str("é\"\n😀")),
        ]);
        assert_eq!(
            dumps(&value, false).unwrap(),
            r#"{"b": [null, true, 1.0], "a": "\u00e9\"\n\ud83d\ude00"}"#
        );
        assert!(dumps(&value, true).unwrap().starts_with(r#"{"a": "#));
    }

    #[test]
    fn what_json_cannot_hold_is_an_error() {
        let set = Value::Set(crate::jinja::Set::default());
        let error = dumps(&set, false).unwrap_err();
        assert_eq!(error.message(), "Object of type set is not JSON serializable");
        let list = List::default();
        list.push(Value::List(list.clone()));
        assert!(dumps(&Value::List(list), false).is_err());
    }

    #[test]
    fn loads_reads_numbers_as_python_does() {
        let value = loads(r#"[1, 1.0, -5, "x", null]"#).unwrap();
        assert_eq!(value.repr(), "[1, 1.0, -5, 'x', None]");
        assert!(loads("{").is_none());
    }
}
