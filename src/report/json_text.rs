//! JSON as Python's `json.dumps(…, sort_keys=True)` writes it: sorted keys, a blank after
//! commas and colons, ASCII only. Tools that search log lines for text rely on it.

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// One line.
pub fn line(value: &Json) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Python);
    // Writing to memory does not fail, and JSON values have texts as keys.
    let _ = sorted(value).serialize(&mut serializer);
    String::from_utf8_lossy(&text).into_owned()
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|entry| entry.0);
            entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.is_ascii() {
            return out.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        fragment.chars().try_for_each(|character| {
            if character.is_ascii() {
                return write!(out, "{character}");
            }
            character
                .encode_utf16(&mut units)
                .iter()
                .try_for_each(|unit| write!(out, "\\u{unit:04x}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use serde_json::json;

    #[test]
    fn lines_are_those_of_python() {
        let value = json!({"b": [1, 2.5, null], "a": {"z": "é😀\n", "y": true}});
        let expected =
            "{\"a\": {\"y\": true, \"z\": \"\\u00e9\\ud83d\\ude00\\n\"}, \"b\": [1, 2.5, null]}";
        assert_eq!(line(&value), expected);
    }
}
