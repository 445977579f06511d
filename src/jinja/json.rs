//! Python's `json.dumps`.

use std::fmt::Write;

use super::error::{Error, Result};
use super::value::{Value, number};

/// How JSON is written.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// Whether keys are sorted.
    pub sort_keys: bool,
    /// Spaces per level; one line when `None`.
    pub indent: Option<usize>,
}

/// How deep values may nest.
const DEPTH: usize = 200;

/// `json.dumps(value)`.
///
/// # Errors
/// Python's errors for what has no JSON form.
pub fn to_text(value: &Value, style: &Style) -> Result<String> {
    let mut out = String::new();
    write_value(&mut out, value, style, 0)?;
    Ok(out)
}

fn write_value(out: &mut String, value: &Value, style: &Style, depth: usize) -> Result<()> {
    if depth > DEPTH {
        return Err(Error::value_error("Circular reference detected"));
    }
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Float(float) if !float.is_finite() => out.push_str(if float.is_nan() {
            "NaN"
        } else if *float > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }),
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => out.push_str(&value.to_string()),
        Value::Str(text) => write_text(out, text),
        Value::List(list) => write_items(out, &list.snapshot(), style, depth)?,
        Value::Tuple(items) => write_items(out, items, style, depth)?,
        Value::Dict(dict) => {
            let mut entries = Vec::with_capacity(dict.len());
            for (key, value) in dict.items() {
                entries.push((key_text(&key)?, value));
            }
            if style.sort_keys {
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                separate(out, at, style, depth + 1);
                write_text(out, key);
                out.push_str(": ");
                write_value(out, value, style, depth + 1)?;
            }
            close(out, entries.is_empty(), style, depth);
            out.push('}');
        }
        other => {
            return Err(Error::type_error(format!(
                "Object of type {} is not JSON serializable",
                other.type_name()
            )));
        }
    }
    Ok(())
}

fn write_items(out: &mut String, items: &[Value], style: &Style, depth: usize) -> Result<()> {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        separate(out, at, style, depth + 1);
        write_value(out, item, style, depth + 1)?;
    }
    close(out, items.is_empty(), style, depth);
    out.push(']');
    Ok(())
}

fn separate(out: &mut String, at: usize, style: &Style, depth: usize) {
    match style.indent {
        Some(width) => {
            out.push_str(if at == 0 { "\n" } else { ",\n" });
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
        None if at > 0 => out.push_str(", "),
        None => {}
    }
}

fn close(out: &mut String, empty: bool, style: &Style, depth: usize) {
    if let Some(width) = style.indent.filter(|_| !empty) {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', width * depth));
    }
}

fn key_text(key: &Value) -> Result<String> {
    match key {
        Value::Str(text) => Ok(text.to_string()),
        Value::None => Ok("null".to_owned()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Int(_) | Value::BigInt(_) => Ok(key.to_string()),
        Value::Float(float) => Ok(number::float_repr(*float)),
        other => Err(Error::type_error(format!(
            "keys must be str, int, float, bool or None, not {}",
            other.type_name()
        ))),
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}
