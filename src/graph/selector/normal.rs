//! Definitions of selectors.yml in the form that manifest.json has them.

use super::spec::split_criterion;
use serde_json::{Map, Value as Json, json};

/// A definition with its texts and short forms spelled out. `known` gives the definitions
/// of earlier selectors.
pub(super) fn definition(raw: &Json, known: &dyn Fn(&str) -> Option<Json>) -> Json {
    match raw {
        Json::String(text) => criterion(text),
        Json::Object(map) => {
            let set = ["union", "intersection"].into_iter().find(|key| map.contains_key(*key));
            match set.and_then(|key| Some((key, map.get(key)?.as_array()?))) {
                Some((key, parts)) => {
                    let parts: Vec<Json> =
                        parts.iter().map(|part| definition(part, known)).collect();
                    json!({key: parts})
                }
                None => mapping(map, known),
            }
        }
        other => other.clone(),
    }
}

/// dbt only looks at the first key of a mapping.
fn mapping(map: &Map<String, Json>, known: &dyn Fn(&str) -> Option<Json>) -> Json {
    let Some((key, value)) = map.iter().next() else { return Json::Object(map.clone()) };
    let value = match value {
        Json::Array(parts) => parts.iter().map(|part| definition(part, known)).collect(),
        other => other.clone(),
    };
    if key == "exclude" {
        return json!({ key: value });
    }
    if map.len() == 1 {
        return json!({"method": key, "value": value});
    }
    if key == "method" && value == "selector" {
        let name = map.get("value").and_then(Json::as_str).unwrap_or_default();
        return known(name).unwrap_or_default();
    }
    Json::Object(map.clone())
}

/// `2+tag:x` as a mapping.
fn criterion(text: &str) -> Json {
    let parts = split_criterion(text);
    let mut map = Map::new();
    if parts.childrens_parents {
        map.insert("childrens_parents".to_owned(), json!(true));
    }
    if let Some(depth) = parts.parents {
        map.insert("parents".to_owned(), json!(true));
        if !depth.is_empty() {
            map.insert("parents_depth".to_owned(), json!(depth));
        }
    }
    map.insert("method".to_owned(), json!(parts.method()));
    if !parts.value.is_empty() {
        map.insert("value".to_owned(), json!(parts.value));
    }
    if let Some(depth) = parts.children {
        map.insert("children".to_owned(), json!(true));
        if !depth.is_empty() {
            map.insert("children_depth".to_owned(), json!(depth));
        }
    }
    Json::Object(map)
}
