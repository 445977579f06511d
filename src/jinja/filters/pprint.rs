//! `pprint` as Python's module of that name does it: 80 columns, keys sorted.

use super::super::error::Result;
use super::super::eval::State;
use super::super::value::{Args, Dict, Value, methods};

const WIDTH: usize = 80;
/// How deep nesting is laid out; deeper parts are written on one line.
const DEPTH: usize = 100;

/// `x | pprint`
pub fn pprint(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], []) = args.bind_after(1, "do_pprint", [], [])?;
    let mut out = String::new();
    write(&mut out, &sorted(&input, 0), 0, 0, 0);
    Ok(out.into())
}

/// The same value with the keys of its dicts in order, where they have one.
fn sorted(value: &Value, depth: usize) -> Value {
    if depth > DEPTH {
        return value.clone();
    }
    let inner = |item: &Value| sorted(item, depth + 1);
    match value {
        Value::List(list) => Value::list(list.snapshot().iter().map(inner)),
        Value::Tuple(items) => Value::tuple(items.iter().map(inner)),
        Value::Dict(dict) => {
            let items = dict.items();
            let keyed = items.iter().map(|(key, _)| (key.clone(), key.clone())).collect();
            let keys = methods::sort_by_key(keyed, false).unwrap_or_else(|_| dict.keys());
            let ordered = Dict::default();
            for key in keys {
                if let Some(value) = dict.get(&key) {
                    // A key of a dict can be a key.
                    let _ = ordered.insert(key, inner(&value));
                }
            }
            Value::Dict(ordered)
        }
        other => other.clone(),
    }
}

/// Writes a value that starts at column `indent` and is followed by `allowance` characters.
fn write(out: &mut String, value: &Value, indent: usize, allowance: usize, depth: usize) {
    let line = value.repr();
    if depth > DEPTH || line.chars().count() + indent + allowance <= WIDTH {
        out.push_str(&line);
        return;
    }
    let (open, items, close) = match value {
        Value::List(list) => ('[', list.snapshot(), "]"),
        Value::Tuple(items) => ('(', items.to_vec(), if items.len() == 1 { ",)" } else { ")" }),
        Value::Dict(dict) => return write_dict(out, &dict.items(), indent, allowance, depth),
        _ => return out.push_str(&line),
    };
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            next_line(out, indent + 1);
        }
        let after = if at + 1 == items.len() { allowance + close.len() } else { 1 };
        write(out, item, indent + 1, after, depth + 1);
    }
    out.push_str(close);
}

fn write_dict(
    out: &mut String,
    items: &[(Value, Value)],
    indent: usize,
    allowance: usize,
    depth: usize,
) {
    out.push('{');
    for (at, (key, value)) in items.iter().enumerate() {
        if at > 0 {
            next_line(out, indent + 1);
        }
        let key = key.repr();
        out.push_str(&key);
        out.push_str(": ");
        let after = if at + 1 == items.len() { allowance + 1 } else { 1 };
        write(out, value, indent + 1 + key.chars().count() + 2, after, depth + 1);
    }
    out.push('}');
}

fn next_line(out: &mut String, indent: usize) {
    out.push_str(",\n");
    out.push_str(&" ".repeat(indent));
}
