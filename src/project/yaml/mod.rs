//! YAML as dbt reads it: the rules of PyYAML's `safe_load` (YAML 1.1 scalars), with the
//! place of every value in the user's file.
//!
//! The grammar is parsed by `granit-parser`; scalars, merge keys, duplicate keys and
//! aliases are resolved here, because no Rust crate resolves them as PyYAML does.

mod compose;
mod fields;
mod scalar;
mod timestamp;

pub use fields::Fields;
pub use timestamp::Timestamp;

use crate::diagnostic::{Code, Diagnostic, Result, Span};
use num_bigint::BigInt;
use serde_json::Value as Json;
use std::sync::{Arc, OnceLock};

/// The text of a file, kept so that errors can show the line they are about.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as errors name it.
    pub path: Arc<str>,
    /// Its whole text.
    pub text: Arc<str>,
    /// Where its lines end: every test that a file describes has a place in it.
    line_ends: OnceLock<Vec<usize>>,
}

/// A parsed YAML file.
#[derive(Debug, Clone)]
pub struct Yaml {
    /// Where it came from.
    pub source: Arc<Source>,
    /// The document; null when the file is empty.
    pub root: Node,
    /// Keys written twice in one mapping. dbt takes the last value and warns.
    pub duplicates: Vec<DuplicateKey>,
}

/// A key that occurs twice in one mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key.
    pub key: String,
    /// Where it was first written.
    pub first: Place,
    /// Where it was written again.
    pub second: Place,
}

/// A byte range of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

/// A value and where it was written. A value that came through an alias has the place of
/// its anchor.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub place: Place,
}

/// A YAML value, in the types that PyYAML's `safe_load` makes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer beyond 64 bits.
    BigInt(Box<BigInt>),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(String),
    /// A date, with or without a time.
    Timestamp(Timestamp),
    /// A list.
    Seq(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A mapping in the order of its first keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// The entries; no two keys are equal.
    pub entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key: any scalar.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Yaml {
    /// Parses a file's text. `path` is what errors show.
    ///
    /// # Errors
    /// `YamlSyntax`, at the place of the mistake.
    pub fn parse(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Result<Self> {
        compose::compose(Arc::new(Source::new(path, text)))
    }

    /// The document's fields, if it is a mapping.
    pub fn fields(&self, what: impl Into<String>) -> Result<Fields<'_>> {
        Fields::of(&self.source, &self.root, what)
    }
}

impl Source {
    /// A file's text. `path` is what errors show.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into(), line_ends: OnceLock::new() }
    }

    /// Where a node is, for an error.
    pub fn span(&self, place: Place) -> Span {
        let range = (place.start as usize, place.end as usize);
        Span::after_lines(Arc::clone(&self.path), &self.text, range, |before| {
            let ends = self.line_ends.get_or_init(|| {
                let bytes = self.text.bytes().enumerate();
                bytes.filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index).collect()
            });
            ends.partition_point(|end| *end < before.len())
        })
    }

    /// An error about a place in this file.
    pub fn error(&self, code: Code, place: Place, message: impl Into<String>) -> Box<Diagnostic> {
        Diagnostic::new(code, message).with_span(self.span(place))
    }
}

impl Node {
    /// Text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// An integer, if it is one of 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// A list, if it is one.
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// A mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The same value in JSON, as dbt writes it to artifacts: dates become ISO text, and
    /// keys that are not text become the text that Python's `json.dumps` makes of them.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number) => Json::from(*number),
            Value::BigInt(number) => big_to_json(number),
            Value::Float(number) => Json::from(*number),
            Value::Str(text) => Json::String(text.clone()),
            Value::Timestamp(timestamp) => Json::String(timestamp.to_iso()),
            Value::Seq(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(map) => Json::Object(map.to_json()),
        }
    }

    /// What the value is, in words for an error.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::BigInt(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Str(_) => "a string",
            Value::Timestamp(_) => "a date",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// A scalar as text the way a key of a JSON object is written; lists and mappings have
    /// none.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Null => Some("null".to_owned()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::BigInt(number) => Some(number.to_string()),
            Value::Float(number) => Some(Json::from(*number).to_string()),
            Value::Str(text) => Some(text.clone()),
            Value::Timestamp(timestamp) => Some(timestamp.to_iso()),
            Value::Seq(_) | Value::Map(_) => None,
        }
    }
}

/// JSON numbers here have 64 bits; a larger one loses digits, as it does in JavaScript.
fn big_to_json(number: &BigInt) -> Json {
    u64::try_from(number).map_or_else(
        |_| number.to_string().parse::<f64>().map_or(Json::Null, Json::from),
        Json::from,
    )
}

impl Map {
    /// The value of a text key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a text key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.as_str() == Some(key))
    }

    /// The entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The same mapping in JSON; see [`Node::to_json`].
    pub fn to_json(&self) -> serde_json::Map<String, Json> {
        self.entries
            .iter()
            .filter_map(|entry| Some((entry.key.scalar_text()?, entry.value.to_json())))
            .collect()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests;
