//! `repr(x)` for every value.

use std::cell::RefCell;
use std::fmt::Write;

use super::number::float_repr;
use super::{List, Value};

/// How deep nested containers are shown. Python raises `RecursionError` beyond its own
/// limit; nobody reads that far.
const DEPTH: usize = 200;

/// `ascii(value)`: the repr with escapes for all characters that are not ASCII.
pub fn ascii(value: &Value) -> String {
    let mut out = String::new();
    for c in value.repr().chars() {
        let _ = match u32::from(c) {
            0..=0x7F => write!(out, "{c}"),
            code @ 0x80..=0xFF => write!(out, "\\x{code:02x}"),
            code @ 0x100..=0xFFFF => write!(out, "\\u{code:04x}"),
            code => write!(out, "\\U{code:08x}"),
        };
    }
    out
}

/// Writes `repr(value)`.
pub fn write_repr(out: &mut String, value: &Value) {
    let mut open = OPEN.take();
    write_nested(out, value, &mut open);
    OPEN.set(open);
}

thread_local! {
    /// The containers being written around an object that writes what it holds.
    static OPEN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// `open` holds the containers being written, so that one inside itself shows as `[...]`.
fn write_nested(out: &mut String, value: &Value, open: &mut Vec<usize>) {
    match value {
        Value::Undefined(_) => out.push_str("Undefined"),
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::BigInt(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float_repr(*number)),
        Value::Str(text) => write_str(out, text),
        Value::Bytes(bytes) => write_bytes(out, bytes),
        Value::List(list) => write_list(out, list, open),
        Value::Tuple(items) => {
            // A tuple is never inside itself, but it counts for the depth.
            if !enter(open, open.len() + 1) {
                return out.push_str("(...)");
            }
            out.push('(');
            write_items(out, items, open);
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
            open.pop();
        }
        Value::Dict(dict) => {
            if !enter(open, dict.address()) {
                return out.push_str("{...}");
            }
            out.push('{');
            for (at, (key, value)) in dict.items().iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write_nested(out, key, open);
                out.push_str(": ");
                write_nested(out, value, open);
            }
            out.push('}');
            open.pop();
        }
        Value::Set(set) if set.is_empty() => out.push_str("set()"),
        Value::Set(set) => {
            out.push('{');
            write_items(out, &set.snapshot(), open);
            out.push('}');
        }
        Value::Function(function) => {
            let _ = write!(out, "<function {}>", function.name);
        }
        Value::Method(method) => {
            let of = method.receiver.type_name();
            let _ = write!(out, "<built-in method {} of {of} object>", method.name);
        }
        Value::Macro(function) => out.push_str(&function.repr()),
        Value::Object(object) => {
            OPEN.set(std::mem::take(open));
            out.push_str(&object.repr());
            *open = OPEN.take();
        }
    }
}

fn write_list(out: &mut String, list: &List, open: &mut Vec<usize>) {
    if !enter(open, list.address()) {
        return out.push_str("[...]");
    }
    out.push('[');
    write_items(out, &list.snapshot(), open);
    out.push(']');
    open.pop();
}

fn enter(open: &mut Vec<usize>, address: usize) -> bool {
    if open.len() >= DEPTH || open.contains(&address) {
        return false;
    }
    open.push(address);
    true
}

fn write_items(out: &mut String, items: &[Value], open: &mut Vec<usize>) {
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        write_nested(out, item, open);
    }
}

/// A str in quotes: single ones unless only those occur inside.
pub fn write_str(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => write_escape(out, u32::from(c)),
        }
    }
    out.push(quote);
}

fn write_escape(out: &mut String, code: u32) {
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Python's `str.isprintable` for one character, without its tables of unassigned ones.
fn is_printable(character: char) -> bool {
    match character {
        ' ' => true,
        c if c.is_control() || c.is_whitespace() => false,
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e000}'..='\u{f8ff}' => false,
        _ => true,
    }
}

fn write_bytes(out: &mut String, bytes: &[u8]) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e if char::from(*byte) == quote => {
                out.push('\\');
                out.push(quote);
            }
            0x20..=0x7e => out.push(char::from(*byte)),
            _ => write_escape(out, u32::from(*byte)),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_inside_itself_is_shown_once() {
        let list = List::default();
        list.push(Value::Int(1));
        list.push(Value::List(list.clone()));
        assert_eq!(Value::List(list.clone()).repr(), "[1, [...]]");
        list.change(Vec::clear);
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(Value::str("it's").repr(), "\"it's\"");
        assert_eq!(Value::str("a'\"\n\u{7}é").repr(), "'a\\'\"\\n\\x07é'");
    }
}
