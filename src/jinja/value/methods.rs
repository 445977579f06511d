//! The methods of list, tuple, dict, set and the numbers.

use std::fmt::Write;

use super::super::error::{Error, ExceptionKind, Result};
use super::super::eval::State;
use super::number::float_to_big_int;
use super::views::{Part, View};
use super::{Args, Dict, Key, List, Set, Value, ops};

/// The names of all methods of list.
pub const LIST: &[&str] = &[
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse",
    "sort",
];
/// The names of all methods of tuple.
pub const TUPLE: &[&str] = &["count", "index"];
/// The names of all methods of dict.
pub const DICT: &[&str] = &[
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];
/// The names of all methods of set.
pub const SET: &[&str] = &[
    "add",
    "clear",
    "copy",
    "difference",
    "difference_update",
    "discard",
    "intersection",
    "intersection_update",
    "isdisjoint",
    "issubset",
    "issuperset",
    "pop",
    "remove",
    "symmetric_difference",
    "union",
    "update",
];
/// The names of all methods of int.
pub const INT: &[&str] = &["bit_length", "conjugate"];
/// The names of all methods of float.
pub const FLOAT: &[&str] = &["is_integer", "conjugate"];
/// The names of all methods of bytes.
pub const BYTES: &[&str] = &["decode", "hex"];

fn index_error(message: &str) -> Error {
    Error::new(ExceptionKind::IndexError, message)
}

/// A position from the start, for a Python index that may count from the end.
pub fn position(index: i64, length: usize) -> Option<usize> {
    let at = if index < 0 { index + i64::try_from(length).ok()? } else { index };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// A position that is cut to the sequence, as slices and `insert` do.
fn clamped(index: i64, length: usize) -> usize {
    let length_signed = i64::try_from(length).unwrap_or(i64::MAX);
    let at = if index < 0 { index.saturating_add(length_signed) } else { index };
    usize::try_from(at.max(0)).unwrap_or(0).min(length)
}

fn need_int(value: &Value) -> Result<i64> {
    value.as_int().ok_or_else(|| {
        Error::type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            value.type_name()
        ))
    })
}

/// Calls a method of list; `None` when there is none of this name.
pub fn list(
    state: &mut State<'_>,
    list: &List,
    name: &str,
    mut args: Args,
) -> Result<Option<Value>> {
    Ok(Some(match name {
        "append" => {
            let item = args.exactly_one("list.append")?;
            list.push(item);
            Value::None
        }
        "extend" => {
            let items = args.exactly_one("list.extend")?;
            let items = items.iterate(state)?;
            list.change(|list| list.extend(items));
            Value::None
        }
        "insert" => {
            let ([index, item], []) = args.bind("insert", ["index", "object"], [])?;
            let index = need_int(&index)?;
            list.change(|list| list.insert(clamped(index, list.len()), item));
            Value::None
        }
        "pop" => {
            let ([], [index]) = args.bind("pop", [], ["index"])?;
            let index = index.as_ref().map_or(Ok(-1), need_int)?;
            list.change(|list| {
                if list.is_empty() {
                    return Err(index_error("pop from empty list"));
                }
                position(index, list.len())
                    .map(|at| list.remove(at))
                    .ok_or_else(|| index_error("pop index out of range"))
            })?
        }
        "remove" => {
            let item = args.exactly_one("list.remove")?;
            let at = list.snapshot().iter().position(|other| *other == item);
            let at = at.ok_or_else(|| Error::value_error("list.remove(x): x not in list"))?;
            list.change(|list| (at < list.len()).then(|| list.remove(at)));
            Value::None
        }
        "clear" => {
            let _old = list.change(std::mem::take);
            Value::None
        }
        "reverse" => {
            list.change(|list| list.reverse());
            Value::None
        }
        "sort" => {
            let reverse = args.take_keyword("reverse").is_some_and(|reverse| reverse.truthy());
            let key = args.take_keyword("key").filter(|key| !key.is_none());
            let ([], []) = args.bind("sort", [], [])?;
            let mut keyed = Vec::new();
            for item in list.snapshot() {
                let key = match &key {
                    Some(key) => key.call(state, Args::positional([item.clone()]))?,
                    None => item.clone(),
                };
                keyed.push((key, item));
            }
            let sorted = sort_by_key(keyed, reverse)?;
            let _old = list.change(|list| std::mem::replace(list, sorted));
            Value::None
        }
        "copy" => Value::list(list.snapshot()),
        "count" | "index" => sequence(&list.snapshot(), "list", name, args)?,
        _ => return Ok(None),
    }))
}

/// Calls a method of tuple; `None` when there is none of this name.
pub fn tuple(items: &[Value], name: &str, args: Args) -> Result<Option<Value>> {
    Ok(match name {
        "count" | "index" => Some(sequence(items, "tuple", name, args)?),
        _ => None,
    })
}

fn sequence(items: &[Value], of: &str, name: &str, args: Args) -> Result<Value> {
    let ([item], [start, stop]) = args.bind(name, ["value"], ["start", "stop"])?;
    if name == "count" {
        return Ok(items.iter().filter(|other| **other == item).count().into());
    }
    let at = |bound: Option<Value>, default: usize| match bound {
        Some(bound) => need_int(&bound).map(|bound| clamped(bound, items.len())),
        None => Ok(default),
    };
    let (start, stop) = (at(start, 0)?, at(stop, items.len())?);
    let found = (start..stop).find(|at| items[*at] == item);
    found.map(Value::from).ok_or_else(|| {
        Error::value_error(if of == "tuple" {
            "tuple.index(x): x not in tuple".to_owned()
        } else {
            format!("{} is not in list", item.repr())
        })
    })
}

/// Sorts values by their keys as Python does: stable, and with its error for keys that have
/// no order.
pub fn sort_by_key(mut keyed: Vec<(Value, Value)>, reverse: bool) -> Result<Vec<Value>> {
    if reverse {
        keyed.reverse();
    }
    keyed = merge_sort(keyed)?;
    if reverse {
        keyed.reverse();
    }
    Ok(keyed.into_iter().map(|(_, value)| value).collect())
}

/// A merge sort: the library's sorts panic when keys have no total order, as `nan` has none.
fn merge_sort(mut left: Vec<(Value, Value)>) -> Result<Vec<(Value, Value)>> {
    if left.len() < 2 {
        return Ok(left);
    }
    let right = merge_sort(left.split_off(left.len() / 2))?;
    left = merge_sort(left)?;
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for item in right {
        while let Some((key, _)) = left.peek() {
            // Python asks only whether the later one is less.
            if ops::compare(&item.0, key)? == Some(std::cmp::Ordering::Less) {
                break;
            }
            merged.extend(left.next());
        }
        merged.push(item);
    }
    merged.extend(left);
    Ok(merged)
}

/// Calls a method of dict; `None` when there is none of this name.
pub fn dict(
    state: &mut State<'_>,
    dict: &Dict,
    name: &str,
    mut args: Args,
) -> Result<Option<Value>> {
    Ok(Some(match name {
        "get" => {
            let ([key], [default]) = args.bind("get", ["key"], ["default"])?;
            hashable(&key)?;
            dict.get(&key).or(default).unwrap_or(Value::None)
        }
        "keys" => View::of(dict, Part::Keys),
        "values" => View::of(dict, Part::Values),
        "items" => View::of(dict, Part::Items),
        "update" => {
            let named = std::mem::take(&mut args.keyword);
            let ([], [other]) = args.bind("update", [], ["other"])?;
            for (key, value) in pairs(state, other)? {
                dict.insert(key, value)?;
            }
            for (key, value) in named {
                dict.insert_str(key, value);
            }
            Value::None
        }
        "pop" => {
            let ([key], [default]) = args.bind("pop", ["key"], ["default"])?;
            hashable(&key)?;
            dict.remove(&key).or(default).ok_or_else(|| Error::key_error(&key))?
        }
        "popitem" => {
            let last = dict.change(indexmap::IndexMap::pop);
            let (key, value) = last.ok_or_else(|| {
                Error::new(ExceptionKind::KeyError, "'popitem(): dictionary is empty'")
            })?;
            Value::tuple([key.into_value(), value])
        }
        "setdefault" => {
            let ([key], [default]) = args.bind("setdefault", ["key"], ["default"])?;
            let key = Key::new(key)?;
            let default = default.unwrap_or(Value::None);
            dict.change(|dict| dict.entry(key).or_insert(default).clone())
        }
        "copy" => dict.copy().into(),
        "clear" => {
            let _old = dict.change(std::mem::take);
            Value::None
        }
        "fromkeys" => {
            let ([keys], [value]) = args.bind("fromkeys", ["iterable"], ["value"])?;
            let new = Dict::default();
            for key in keys.iterate(state)? {
                new.insert(key, value.clone().unwrap_or(Value::None))?;
            }
            new.into()
        }
        _ => return Ok(None),
    }))
}

fn hashable(key: &Value) -> Result<()> {
    Key::new(key.clone()).map(|_| ())
}

/// What `dict(x)` and `update(x)` take: a dict, or pairs.
pub fn pairs(state: &mut State<'_>, from: Option<Value>) -> Result<Vec<(Value, Value)>> {
    match from {
        None => Ok(Vec::new()),
        Some(Value::Dict(dict)) => Ok(dict.items()),
        Some(Value::Object(object)) if object.is_mapping() => {
            let whole = Value::Object(object);
            let mut pairs = Vec::new();
            for key in whole.iterate(state)? {
                let value = whole.get_item(state, &key)?;
                pairs.push((key, value));
            }
            Ok(pairs)
        }
        Some(other) => {
            let mut pairs = Vec::new();
            for (at, pair) in other.iterate(state)?.into_iter().enumerate() {
                let parts = pair.iterate(state).map_err(|_| {
                    Error::type_error(format!(
                        "cannot convert dictionary update sequence element #{at} to a sequence"
                    ))
                })?;
                let [key, value] = <[Value; 2]>::try_from(parts).map_err(|parts| {
                    Error::value_error(format!(
                        "dictionary update sequence element #{at} has length {}; 2 is required",
                        parts.len()
                    ))
                })?;
                pairs.push((key, value));
            }
            Ok(pairs)
        }
    }
}

/// Calls a method of set; `None` when there is none of this name.
pub fn set(state: &mut State<'_>, set: &Set, name: &str, args: Args) -> Result<Option<Value>> {
    let others = |state: &mut State<'_>, args: &Args| -> Result<Vec<Set>> {
        args.positional.iter().map(|other| Set::new(other.iterate(state)?)).collect()
    };
    let items = set.snapshot();
    Ok(Some(match name {
        "add" => {
            let item = args.exactly_one("set.add")?;
            set.insert(item)?;
            Value::None
        }
        "discard" | "remove" => {
            let ([item], []) = args.bind(name, ["object"], [])?;
            if !set.remove(&item) && name == "remove" {
                return Err(Error::key_error(&item));
            }
            Value::None
        }
        "pop" => {
            let first = items.into_iter().next();
            let first = first
                .ok_or_else(|| Error::new(ExceptionKind::KeyError, "'pop from an empty set'"))?;
            set.remove(&first);
            first
        }
        "clear" => {
            set.clear();
            Value::None
        }
        "copy" => Set::new(items)?.into(),
        "update" => {
            for other in others(state, &args)? {
                for item in other.snapshot() {
                    set.insert(item)?;
                }
            }
            Value::None
        }
        "union" => {
            let mut all = items;
            all.extend(others(state, &args)?.iter().flat_map(Set::snapshot));
            Set::new(all)?.into()
        }
        "intersection" | "intersection_update" | "difference" | "difference_update" => {
            let others = others(state, &args)?;
            let common = name.starts_with("intersection");
            let keep = |item: &Value| {
                if common {
                    others.iter().all(|other| other.contains(item))
                } else {
                    !others.iter().any(|other| other.contains(item))
                }
            };
            if name.ends_with("update") {
                for item in items.iter().filter(|item| !keep(item)) {
                    set.remove(item);
                }
                Value::None
            } else {
                Set::new(items.into_iter().filter(keep))?.into()
            }
        }
        "symmetric_difference" => {
            let [other] = <[Set; 1]>::try_from(others(state, &args)?).map_err(|_| {
                Error::type_error("symmetric_difference() takes exactly one argument")
            })?;
            let mut all: Vec<Value> =
                items.iter().filter(|item| !other.contains(item)).cloned().collect();
            all.extend(other.snapshot().into_iter().filter(|item| !set.contains(item)));
            Set::new(all)?.into()
        }
        "issubset" | "issuperset" | "isdisjoint" => {
            let [other] = <[Set; 1]>::try_from(others(state, &args)?)
                .map_err(|_| Error::type_error(format!("{name}() takes exactly one argument")))?;
            match name {
                "issubset" => items.iter().all(|item| other.contains(item)),
                "issuperset" => other.snapshot().iter().all(|item| set.contains(item)),
                _ => !items.iter().any(|item| other.contains(item)),
            }
            .into()
        }
        _ => return Ok(None),
    }))
}

/// Calls a method of int, float or bytes; `None` when there is none of this name.
pub fn scalar(value: &Value, name: &str, args: Args) -> Result<Option<Value>> {
    let result = match (value, name) {
        (Value::Float(float), "is_integer") => {
            Value::Bool(float.is_finite() && float.fract() == 0.0)
        }
        (Value::Float(_) | Value::Int(_) | Value::BigInt(_), "conjugate") => value.clone(),
        (Value::Int(int), "bit_length") => {
            i64::from(64 - int.unsigned_abs().leading_zeros()).into()
        }
        (Value::BigInt(big), "bit_length") => big.bits().into(),
        (Value::Bytes(bytes), "decode") => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Error::value_error("'utf-8' codec can't decode bytes"))?;
            return Ok(Some(Value::str(text)));
        }
        (Value::Bytes(bytes), "hex") => bytes
            .iter()
            .fold(String::new(), |mut out, byte| {
                let _ = write!(out, "{byte:02x}");
                out
            })
            .into(),
        _ => return Ok(None),
    };
    let ([], []) = args.bind(name, [], [])?;
    Ok(Some(result))
}

/// `int(x, base)`.
///
/// # Errors
/// Python's errors.
pub fn to_int(value: &Value, base: u32) -> Result<Value> {
    match value {
        Value::Int(_) | Value::BigInt(_) => Ok(value.clone()),
        Value::Bool(truth) => Ok(Value::Int(i64::from(*truth))),
        Value::Float(float) => float_to_big_int(*float).map(Value::big_int).ok_or_else(|| {
            if float.is_nan() {
                Error::value_error("cannot convert float NaN to integer")
            } else {
                Error::new(ExceptionKind::OverflowError, "cannot convert float infinity to integer")
            }
        }),
        Value::Str(text) => parse_int(text, base).ok_or_else(|| {
            Error::value_error(format!(
                "invalid literal for int() with base {base}: {}",
                value.repr()
            ))
        }),
        Value::Undefined(undefined) => Err(undefined.error()),
        Value::Object(object) if object.to_int().is_some() => {
            Ok(object.to_int().unwrap_or(Value::None))
        }
        other => Err(Error::type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            other.type_name()
        ))),
    }
}

fn parse_int(text: &str, base: u32) -> Option<Value> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    let digits = lower.strip_prefix(prefix).unwrap_or(&lower);
    let bad = digits.is_empty()
        || digits.starts_with('_')
        || digits.ends_with('_')
        || digits.contains("__")
        || digits.contains(['+', '-']);
    if bad || !(2..=36).contains(&base) {
        return None;
    }
    let number = num_bigint::BigInt::parse_bytes(digits.replace('_', "").as_bytes(), base)?;
    Some(Value::big_int(if negative { -number } else { number }))
}

/// `float(x)`.
///
/// # Errors
/// Python's errors.
pub fn to_float(value: &Value) -> Result<f64> {
    match value {
        Value::Str(text) => parse_float(text).ok_or_else(|| {
            Error::value_error(format!("could not convert string to float: {}", value.repr()))
        }),
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            super::arithmetic::to_float(value)
        }
        Value::Undefined(undefined) => Err(undefined.error()),
        Value::Object(object) if object.to_float().is_some() => {
            Ok(object.to_float().unwrap_or(f64::NAN))
        }
        other => Err(Error::type_error(format!(
            "float() argument must be a string or a real number, not '{}'",
            other.type_name()
        ))),
    }
}

fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim();
    let bad = text.is_empty()
        || text.starts_with('_')
        || text.ends_with('_')
        || text.contains("__")
        || !text.starts_with(|c: char| {
            c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'i' | 'I' | 'n' | 'N')
        });
    if bad { None } else { text.replace('_', "").parse().ok() }
}

/// `round(x, digits)` as Jinja's filter and Python do it: half to even on the decimal text.
pub fn round_half_even(number: f64, digits: i64) -> f64 {
    if !number.is_finite() {
        return number;
    }
    match usize::try_from(digits) {
        Ok(digits) => format!("{number:.*}", digits.min(340)).parse().unwrap_or(number),
        Err(_) => {
            let scale = 10f64.powi(i32::try_from(-digits).unwrap_or(400));
            let scaled = number / scale;
            if scale.is_finite() { scaled.round_ties_even() * scale } else { 0.0 }
        }
    }
}
