//! `fromyaml` and `toyaml`: PyYAML's `safe_load` and `safe_dump` on Python values.

use super::modules::datetime;
use crate::jinja::{Dict, Error, Result, Value};
use crate::project::yaml::{Map, Node, Value as Yaml, Yaml as Document};
use std::cmp::Ordering;
use std::fmt::Write;

/// How deep values may nest.
const DEPTH: usize = 200;
/// PyYAML's line width.
const WIDTH: usize = 80;

/// `yaml.safe_load(text)`; `None` when it is not YAML.
pub fn load(text: &str) -> Option<Value> {
    Document::parse("<fromyaml>", text).ok().map(|document| from_node(&document.root))
}

/// A value of a YAML file as a Python value: a fresh list or dict each time.
pub fn from_node(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::None,
        Yaml::Bool(truth) => Value::Bool(*truth),
        Yaml::Int(number) => Value::Int(*number),
        Yaml::BigInt(number) => Value::from((**number).clone()),
        Yaml::Float(number) => Value::Float(*number),
        Yaml::Str(text) => Value::str(text),
        Yaml::Timestamp(timestamp) => datetime::from_iso(&timestamp.to_iso()),
        Yaml::Seq(items) => Value::list(items.iter().map(from_node)),
        Yaml::Map(map) => from_map(map),
    }
}

/// A mapping of a YAML file as a fresh dict.
pub fn from_map(map: &Map) -> Value {
    let dict = Dict::default();
    for entry in map {
        // Scalars are the only keys a map has, so they can be hashed.
        let _ = dict.insert(from_node(&entry.key), from_node(&entry.value));
    }
    Value::Dict(dict)
}

/// `yaml.safe_dump(value, sort_keys=sort_keys)`; `None` when YAML cannot hold the value.
///
/// # Errors
/// Python's `TypeError` when keys have no order.
pub fn dump(value: &Value, sort_keys: bool) -> Result<Option<String>> {
    let mut dumper = Dumper { out: String::new(), sort_keys };
    match value {
        Value::List(_) | Value::Tuple(_) | Value::Dict(_) if value.truthy() => {
            if !dumper.block(value, 0, 0)? {
                return Ok(None);
            }
        }
        _ => {
            let Some(text) = dumper.flow(value, 2) else { return Ok(None) };
            let plain = !matches!(text.chars().next(), Some('\'' | '"' | '[' | '{'));
            dumper.out.push_str(&text);
            dumper.out.push_str(if plain { "\n...\n" } else { "\n" });
        }
    }
    Ok(Some(dumper.out))
}

struct Dumper {
    out: String,
    sort_keys: bool,
}

impl Dumper {
    /// Writes a list or dict that is not empty, one item a line. `false` when it cannot.
    fn block(&mut self, value: &Value, indent: usize, depth: usize) -> Result<bool> {
        if depth > DEPTH {
            return Ok(false);
        }
        if let Value::Dict(dict) = value {
            return self.block_dict(dict, indent, depth);
        }
        let items = match value {
            Value::List(list) => list.snapshot(),
            Value::Tuple(items) => items.to_vec(),
            _ => return Ok(false),
        };
        for (at, item) in items.iter().enumerate() {
            self.indent(if at > 0 { indent } else { 0 });
            self.out.push('-');
            if !self.entry(item, indent, false, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn block_dict(&mut self, dict: &Dict, indent: usize, depth: usize) -> Result<bool> {
        let mut items = dict.items();
        if self.sort_keys {
            sort_by_key(&mut items)?;
        }
        for (at, (key, item)) in items.iter().enumerate() {
            self.indent(if at > 0 { indent } else { 0 });
            let Some(key) = self.flow(key, indent + 2) else { return Ok(false) };
            let _ = write!(self.out, "{key}:");
            if !self.entry(item, indent, true, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes the value after `key:` or `-`; `indent` is that of the key or dash.
    fn entry(&mut self, item: &Value, indent: usize, of_key: bool, depth: usize) -> Result<bool> {
        let container = matches!(item, Value::Dict(_) | Value::List(_) | Value::Tuple(_));
        if container && item.truthy() {
            // A list below a key is not indented further.
            let further = !of_key || matches!(item, Value::Dict(_));
            let nested = if further { indent + 2 } else { indent };
            if of_key {
                self.out.push('\n');
                self.indent(nested);
            } else {
                self.out.push(' ');
            }
            return self.block(item, nested, depth + 1);
        }
        let Some(text) = self.flow(item, indent + 2) else { return Ok(false) };
        let _ = writeln!(self.out, " {text}");
        Ok(true)
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// A scalar or an empty container.
    fn flow(&self, value: &Value, indent: usize) -> Option<String> {
        let column = self.out.len() - self.out.rfind('\n').map_or(0, |at| at + 1) + 1;
        Some(match value {
            Value::None => "null".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Int(_) | Value::BigInt(_) => value.repr(),
            Value::Float(number) => float(*number),
            Value::Str(text) => scalar(text, indent, column),
            Value::List(_) | Value::Tuple(_) if !value.truthy() => "[]".to_owned(),
            Value::Dict(_) if !value.truthy() => "{}".to_owned(),
            other => datetime::to_yaml(other)?,
        })
    }
}

/// Sorts entries by key as `sorted(d.items())` does.
///
/// # Errors
/// Python's `TypeError` when two keys have no order.
fn sort_by_key(items: &mut [(Value, Value)]) -> Result<()> {
    let mut error = None;
    items.sort_by(|(left, _), (right, _)| {
        compare(left, right).unwrap_or_else(|| {
            let (left, right) = (left.type_name(), right.type_name());
            error.get_or_insert_with(|| {
                Error::type_error(format!(
                    "'<' not supported between instances of '{left}' and '{right}'"
                ))
            });
            Ordering::Equal
        })
    });
    error.map_or(Ok(()), Err)
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        _ => Some(left.as_int()?.cmp(&right.as_int()?)),
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = Value::Float(number).repr();
    // PyYAML's own reader needs the dot.
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

/// A string in the style that PyYAML chooses for it.
fn scalar(text: &str, indent: usize, column: usize) -> String {
    let special =
        text.chars().any(|c| !(matches!(c, '\n' | ' '..='~' | '\u{85}') || c >= '\u{a0}'));
    let has_break = text.contains('\n');
    let space_break = text.contains(" \n") || text.contains("\n ");
    if special || (space_break && has_break) || text.chars().any(|c| c > '~') {
        return double_quoted(text);
    }
    if !has_break && plain_is_safe(text) {
        return fold(text, indent, column);
    }
    single_quoted(text, indent, column)
}

/// Whether a plain scalar would read back as the same string.
fn plain_is_safe(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let last = text.chars().next_back().unwrap_or(first);
    let indicator = "#,[]{}&*!|>'\"%@`".contains(first)
        || ("-?:".contains(first) && text.chars().nth(1).is_none_or(char::is_whitespace))
        || (first == '-' && (text == "-" || text.starts_with("---")))
        || text.starts_with("...");
    let inner = text.contains(": ") || text.contains(" #") || last == ':';
    let spaces = first.is_whitespace() || last.is_whitespace();
    !indicator && !inner && !spaces && reads_as_str(text)
}

fn reads_as_str(text: &str) -> bool {
    Document::parse("<toyaml>", text)
        .is_ok_and(|document| matches!(&document.root.value, Yaml::Str(read) if read == text))
        && text != "="
        && text != "<<"
}

/// Breaks a plain scalar at single spaces beyond the line width.
fn fold(text: &str, indent: usize, mut column: usize) -> String {
    let mut out = String::new();
    let words: Vec<&str> = text.split(' ').collect();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            let single = !words[at - 1].is_empty() && !word.is_empty();
            if single && column > WIDTH {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += word.chars().count();
    }
    out
}

fn single_quoted(text: &str, indent: usize, mut column: usize) -> String {
    let quoted = text.replace('\'', "''");
    let mut out = String::from("'");
    let mut rest = quoted.as_str();
    column += 1;
    while let Some(end) = rest.find('\n') {
        out.push_str(&fold(&rest[..end], indent, column));
        let after = rest[end..].trim_start_matches('\n');
        let breaks = rest.len() - end - after.len();
        // One line break more than the text has, as YAML folds the first one away.
        out.extend(std::iter::repeat_n('\n', breaks + 1));
        out.extend(std::iter::repeat_n(' ', indent));
        column = indent;
        rest = after;
    }
    out.push_str(&fold(rest, indent, column));
    out.push('\'');
    out
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\u{1b}' => out.push_str("\\e"),
            ' '..='~' => out.push(c),
            c if u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02X}", u32::from(c));
            }
            c if u32::from(c) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(yaml: &str) -> String {
        dump(&load(yaml).unwrap(), false).unwrap().unwrap()
    }

    #[test]
    fn nested_values_are_written_in_block_style() {
        assert_eq!(
            dumped("{b: [1, {c: null, d: []}, [2]], a: {e: 1.0, f: {}}}"),
            "b:\n- 1\n- c: null\n  d: []\n- - 2\na:\n  e: 1.0\n  f: {}\n"
        );
    }

    #[test]
    fn strings_that_read_as_something_else_are_quoted() {
        assert_eq!(
            dumped("['1', 'true', '', 'a: b', \"it's\", 'null', '2020-01-01', '- x', 'x']"),
            "- '1'\n- 'true'\n- ''\n- 'a: b'\n- it's\n- 'null'\n- '2020-01-01'\n- '- x'\n- x\n"
        );
        assert_eq!(dumped("\"a\\tb é\""), "\"a\\tb \\xE9\"\n");
    }

    #[test]
    fn long_and_broken_lines_are_folded() {
        let words = "long words ".repeat(12);
        let value = Value::dict([
            ("a", Value::dict([("b", Value::list([Value::str(words)]))])),
            ("c", Value::str("line1\nline2\n\nline4\n")),
        ]);
        assert_eq!(
            dump(&value, false).unwrap().unwrap(),
            "a:\n  b:\n  - 'long words long words long words long words long words long words \
             long words\n    long words long words long words long words long words '\n\
             c: 'line1\n\n  line2\n\n\n  line4\n\n  '\n"
        );
    }

    #[test]
    fn a_lone_scalar_ends_the_document() {
        assert_eq!(dumped("abc"), "abc\n...\n");
        assert_eq!(dumped("'1'"), "'1'\n");
    }
}
