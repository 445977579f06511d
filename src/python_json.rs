//! JSON as Python's `json.dumps` writes it: a space after `,` and `:`, nothing but ASCII.
//! Tools compare such texts, and dbt's hashes are made of them.

use serde_json::Value as Json;
use std::fmt::Write as _;

/// `json.dumps(value)`.
pub fn dumps(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// `json.dumps(value, sort_keys=True)`.
pub fn dumps_sorted(value: &Json) -> String {
    dumps(&sorted(value))
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        other => other.clone(),
    }
}

fn write(out: &mut String, value: &Json) {
    match value {
        Json::Object(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                text(out, key);
                out.push_str(": ");
                write(out, value);
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(out, item);
            }
            out.push(']');
        }
        Json::String(value) => text(out, value),
        other => out.push_str(&other.to_string()),
    }
}

fn text(out: &mut String, text: &str) {
    for character in Json::from(text).to_string().chars() {
        if character.is_ascii() {
            out.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            // Writing to a text cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_written_as_python_writes_it() {
        let value = json!({"b": [1, 1.5, null, true], "a": {"é\"\u{1F600}": []}});
        let written = r#"{"b": [1, 1.5, null, true], "a": {"\u00e9\"\ud83d\ude00": []}}"#;
        assert_eq!(dumps(&value), written);
        assert!(dumps_sorted(&value).starts_with(r#"{"a": "#));
    }
}
