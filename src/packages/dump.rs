//! YAML as PyYAML writes it: block style, sorted keys, indented lists. Only what
//! packages.yml and package-lock.yml need.

use crate::project::yaml::{Value, Yaml};
use serde_json::Value as Json;

/// A mapping as a YAML file.
pub(super) fn dump(value: &Json) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

fn block(out: &mut String, value: &Json, indent: usize) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            for key in keys {
                out.push_str(&" ".repeat(indent));
                entry(out, key, &map[key], indent);
            }
        }
        other => {
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

fn entry(out: &mut String, key: &str, value: &Json, indent: usize) {
    out.push_str(&text(key));
    out.push(':');
    match value {
        Json::Object(map) if !map.is_empty() => {
            out.push('\n');
            block(out, value, indent + 2);
        }
        Json::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                self::item(out, item, indent + 2);
            }
        }
        other => {
            out.push(' ');
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

/// An item of a list; a mapping begins on the dash's line.
fn item(out: &mut String, value: &Json, indent: usize) {
    out.push_str(&" ".repeat(indent));
    out.push_str("- ");
    let mut rest = String::new();
    match value {
        Json::Array(items) if !items.is_empty() => {
            for inner in items {
                item(&mut rest, inner, indent + 2);
            }
        }
        value => block(&mut rest, value, indent + 2),
    }
    out.push_str(rest.trim_start_matches(' '));
}

fn scalar(value: &Json) -> String {
    match value {
        Json::String(value) => text(value),
        Json::Array(_) => "[]".to_owned(),
        Json::Object(_) => "{}".to_owned(),
        other => other.to_string(),
    }
}

/// A text, in quotes where it would be read as something else.
fn text(value: &str) -> String {
    let simple = !value.is_empty()
        && !value.starts_with([
            '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%',
            '@', '`', ' ',
        ])
        && !value.ends_with([' ', ':'])
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.contains(char::is_control);
    let reads_back = || {
        Yaml::parse("", value.to_owned())
            .is_ok_and(|yaml| yaml.root.value == Value::Str(value.to_owned()))
    };
    if simple && reads_back() {
        return value.to_owned();
    }
    if value.contains(char::is_control) {
        return Json::from(value).to_string();
    }
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_written_as_dbt_writes_them() {
        let lock = json!({
            "sha1_hash": "ab",
            "packages": [
                {"package": "dbt-labs/dbt_utils", "name": "dbt_utils", "version": "1.1.1"},
                {"git": "{{ env_var('X') }}", "revision": "1.0", "name": "y"},
            ],
        });
        assert_eq!(
            dump(&lock),
            "packages:\n  - name: dbt_utils\n    package: dbt-labs/dbt_utils\n    version: 1.1.1\n  \
             - git: '{{ env_var(''X'') }}'\n    name: y\n    revision: '1.0'\nsha1_hash: ab\n"
        );
        assert_eq!(dump(&json!({"packages": []})), "packages: []\n");
        let versions = json!({"packages": [{"package": "a/b", "version": [">=1.0.0", "<2.0.0"]}]});
        assert_eq!(
            dump(&versions),
            "packages:\n  - package: a/b\n    version:\n      - '>=1.0.0'\n      - <2.0.0\n"
        );
    }
}
