//! Attributes, items, calls and iteration as Jinja's sandbox does them.

use std::sync::Arc;

use super::super::error::{Error, ExceptionKind, Result};
use super::super::globals::UndefinedMode;
use super::super::value::{Args, BoundMethod, Reason, Value, methods, text_methods};
use super::State;

/// A type as Jinja names it in messages: `dict object`.
fn type_repr(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Macro(_) => "jinja2.runtime.Macro object".to_owned(),
        Value::Object(object) => format!("{} object", object.qualified_name()),
        other => format!("{} object", other.type_name()),
    }
}

impl State<'_> {
    /// Jinja's undefined value for a missing attribute or a missing item with a str key.
    fn no_attribute(&self, of: &Value, name: &str) -> Value {
        self.undefined_because(name, Reason::Attribute(type_repr(of)))
    }

    fn no_item(&self, of: &Value, key: &Value) -> Value {
        match key {
            Value::Str(name) => self.no_attribute(of, name),
            other => {
                let reason = Reason::Element(type_repr(of), other.repr());
                self.undefined_because(&other.to_string(), reason)
            }
        }
    }

    /// Jinja's error for calling a method that is not there.
    pub fn missing_attribute(&self, of: &str, name: &str) -> Error {
        Error::undefined(format!("'{of}' has no attribute '{name}'"))
    }

    fn is_permissive(&self) -> bool {
        self.globals.undefined_mode() == UndefinedMode::Permissive
    }

    fn forbidden(&self, of: &Value, name: &str) -> Value {
        let message =
            format!("access to attribute '{name}' of '{}' object is unsafe.", of.type_name());
        self.undefined_because(name, Reason::Unsafe(message))
    }
}

fn method_names(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Str(_) => text_methods::NAMES,
        Value::List(_) => methods::LIST,
        Value::Tuple(_) => methods::TUPLE,
        Value::Dict(_) => methods::DICT,
        Value::Set(_) => methods::SET,
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => methods::INT,
        Value::Float(_) => methods::FLOAT,
        Value::Bytes(_) => methods::BYTES,
        _ => &[],
    }
}

/// Whether Python itself may know an attribute of this name, which no template may touch.
fn is_special(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

impl Value {
    fn has_method(&self, name: &str) -> bool {
        match self {
            Self::Object(object) => object.has_method(name),
            other => method_names(other).contains(&name),
        }
    }

    /// An attribute proper: no item stands in for it.
    fn own_attr(&self, state: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        if let Self::Object(object) = self
            && let Some(value) = object.get_attr(state, name)?
        {
            return Ok(Some(value));
        }
        if self.has_method(name) {
            let method = BoundMethod { receiver: self.clone(), name: name.into() };
            return Ok(Some(Self::Method(Arc::new(method))));
        }
        Ok(match (self, name) {
            (Self::Macro(function), _) => function.attribute(name),
            (Self::Function(function), "name") => Some(function.name.into()),
            (Self::Int(_) | Self::BigInt(_) | Self::Float(_), "real") => Some(self.clone()),
            _ => None,
        })
    }

    fn own_item(&self, state: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        let index = |length: usize| key.as_int().and_then(|at| methods::position(at, length));
        Ok(match self {
            Self::Dict(dict) => dict.get(key),
            Self::List(list) => index(list.len()).and_then(|at| list.get(at)),
            Self::Tuple(items) => index(items.len()).map(|at| items[at].clone()),
            Self::Bytes(bytes) => index(bytes.len()).map(|at| i64::from(bytes[at]).into()),
            Self::Str(text) => char_at(text, key),
            Self::Object(object) => object.get_item(state, key)?,
            _ => None,
        })
    }

    /// `x.name` as Jinja does it: the attribute, else the item, else undefined.
    ///
    /// # Errors
    /// `UndefinedError` when `x` is undefined.
    pub fn get_attr(&self, state: &mut State<'_>, name: &str) -> Result<Value> {
        if let Self::Undefined(undefined) = self {
            return if undefined.permissive {
                Ok(state.undefined(name))
            } else {
                Err(undefined.error())
            };
        }
        if name.starts_with('_') {
            // A key may start with an underscore; an attribute may not.
            let key = Self::str(name);
            return Ok(match self {
                Self::Dict(dict) if !is_special(name) => {
                    dict.get(&key).unwrap_or_else(|| state.no_attribute(self, name))
                }
                Self::Object(_) if !is_special(name) => match self.own_item(state, &key)? {
                    Some(value) => value,
                    None => state.no_attribute(self, name),
                },
                _ => state.forbidden(self, name),
            });
        }
        // Most attribute lookups are keys of dicts.
        if let Self::Dict(dict) = self
            && !methods::DICT.contains(&name)
        {
            return Ok(dict.get_str(name).unwrap_or_else(|| state.no_attribute(self, name)));
        }
        if let Some(value) = self.own_attr(state, name)? {
            return Ok(value);
        }
        let item = match self {
            Self::Object(_) => self.own_item(state, &Self::str(name))?,
            _ => None,
        };
        Ok(item.unwrap_or_else(|| state.no_attribute(self, name)))
    }

    /// `x[key]` as Jinja does it: the item, else the attribute, else undefined.
    ///
    /// # Errors
    /// `UndefinedError` when `x` is undefined.
    pub fn get_item(&self, state: &mut State<'_>, key: &Value) -> Result<Value> {
        if let Self::Undefined(undefined) = self {
            return if undefined.permissive { Ok(self.clone()) } else { Err(undefined.error()) };
        }
        if let Some(value) = self.own_item(state, key)? {
            return Ok(value);
        }
        if let Self::Str(name) = key {
            if name.starts_with('_') {
                return Ok(if is_special(name) {
                    state.forbidden(self, name)
                } else {
                    state.no_item(self, key)
                });
            }
            if let Some(value) = self.own_attr(state, name)? {
                return Ok(value);
            }
        }
        Ok(state.no_item(self, key))
    }

    /// `x(args)`.
    ///
    /// # Errors
    /// What the call raises; Python's `TypeError` when `x` cannot be called.
    pub fn call(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        match self {
            Self::Function(function) => function.call(state, args),
            Self::Macro(function) => state.call_macro(function, args),
            Self::Method(method) => method.receiver.call_method(state, &method.name, args),
            Self::Object(object) => object.call(state, args),
            Self::Undefined(undefined) if undefined.permissive => Ok(self.clone()),
            Self::Undefined(undefined) => Err(undefined.error()),
            other => {
                Err(Error::type_error(format!("'{}' object is not callable", other.type_name())))
            }
        }
    }

    /// `x.name(args)`.
    ///
    /// # Errors
    /// As [`Value::get_attr`] and [`Value::call`].
    pub fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if name.starts_with('_') {
            return self.get_attr(state, name)?.call(state, args);
        }
        if !self.has_method(name) {
            return match self {
                // An object may know methods that it does not list.
                Self::Object(object) => match object.get_attr(state, name)? {
                    Some(value) => value.call(state, args),
                    None => match object.get_item(state, &Self::str(name))? {
                        Some(value) => value.call(state, args),
                        // While parsing, undefined values can be called.
                        None if state.is_permissive() => Ok(state.no_attribute(self, name)),
                        None => object.call_method(state, name, args),
                    },
                },
                _ => self.get_attr(state, name)?.call(state, args),
            };
        }
        let result = match self {
            Self::Str(text) => text_methods::call(state, text, name, args)?,
            Self::List(list) => methods::list(state, list, name, args)?,
            Self::Tuple(items) => methods::tuple(items, name, args)?,
            Self::Dict(dict) => methods::dict(state, dict, name, args)?,
            Self::Set(set) => methods::set(state, set, name, args)?,
            Self::Object(object) => return object.call_method(state, name, args),
            other => methods::scalar(other, name, args)?,
        };
        result.ok_or_else(|| state.missing_attribute(&type_repr(self), name))
    }

    /// The items of `iter(x)`, all at once.
    ///
    /// # Errors
    /// Python's `TypeError` when `x` is not iterable.
    pub fn iterate(&self, state: &mut State<'_>) -> Result<Vec<Value>> {
        let items = match self {
            Self::List(list) => Some(list.snapshot()),
            Self::Tuple(items) => Some(items.to_vec()),
            Self::Dict(dict) => Some(dict.keys()),
            Self::Set(set) => Some(set.snapshot()),
            Self::Bytes(bytes) => Some(bytes.iter().map(|byte| i64::from(*byte).into()).collect()),
            Self::Str(text) => Some(text.chars().map(char_value).collect()),
            Self::Undefined(_) => Some(Vec::new()),
            Self::Object(object) => object.iterate(state)?,
            _ => None,
        };
        items.ok_or_else(|| {
            Error::type_error(format!("'{}' object is not iterable", self.type_name()))
        })
    }

    /// `len(x)`.
    ///
    /// # Errors
    /// Python's `TypeError` when `x` has no length.
    pub fn length(&self) -> Result<usize> {
        let length = match self {
            Self::List(list) => Some(list.len()),
            Self::Tuple(items) => Some(items.len()),
            Self::Dict(dict) => Some(dict.len()),
            Self::Set(set) => Some(set.len()),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Str(text) => Some(text.chars().count()),
            Self::Undefined(_) => Some(0),
            Self::Object(object) => object.length(),
            _ => None,
        };
        length.ok_or_else(|| {
            Error::type_error(format!("object of type '{}' has no len()", self.type_name()))
        })
    }

    /// `item in x`.
    ///
    /// # Errors
    /// Python's `TypeError` when `x` holds nothing.
    pub fn contains(&self, state: &mut State<'_>, item: &Value) -> Result<bool> {
        match self {
            Self::Str(text) => match item {
                Self::Str(part) => Ok(text.contains(&**part)),
                other => Err(Error::type_error(format!(
                    "'in <string>' requires string as left operand, not {}",
                    other.type_name()
                ))),
            },
            Self::Dict(_) | Self::Set(_)
                if matches!(item, Self::List(_) | Self::Dict(_) | Self::Set(_)) =>
            {
                Err(Error::type_error(format!("unhashable type: '{}'", item.type_name())))
            }
            Self::Dict(dict) => Ok(dict.get(item).is_some()),
            Self::Set(set) => Ok(set.contains(item)),
            Self::List(list) => Ok(list.snapshot().contains(item)),
            Self::Tuple(items) => Ok(items.contains(item)),
            Self::Object(object) if object.contains(item).is_some() => {
                Ok(object.contains(item).unwrap_or(false))
            }
            other => {
                let items = other.iterate(state).map_err(|error| match error.kind() {
                    Some(ExceptionKind::TypeError) => Error::type_error(format!(
                        "argument of type '{}' is not iterable",
                        other.type_name()
                    )),
                    _ => error,
                })?;
                Ok(items.contains(item))
            }
        }
    }

    /// `x[start:stop:step]`.
    ///
    /// # Errors
    /// Python's errors for bounds that are not ints, a step of zero, or what has no slices.
    pub fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Value> {
        let pick = |length: usize| indices(length, start, stop, step);
        Ok(match self {
            Self::Undefined(undefined) if undefined.permissive => self.clone(),
            Self::Undefined(undefined) => return Err(undefined.error()),
            Self::Str(text) => {
                let characters: Vec<char> = text.chars().collect();
                let picked = pick(characters.len())?;
                picked.into_iter().map(|at| characters[at]).collect::<String>().into()
            }
            Self::List(list) => {
                let items = list.snapshot();
                Self::list(pick(items.len())?.into_iter().map(|at| items[at].clone()))
            }
            Self::Tuple(items) => {
                Self::tuple(pick(items.len())?.into_iter().map(|at| items[at].clone()))
            }
            Self::Bytes(bytes) => {
                Self::Bytes(pick(bytes.len())?.into_iter().map(|at| bytes[at]).collect())
            }
            Self::Dict(_) => return Err(Error::type_error("unhashable type: 'slice'")),
            Self::Object(object) if object.slice(start, stop, step)?.is_some() => {
                object.slice(start, stop, step)?.unwrap_or(Self::None)
            }
            other => {
                return Err(Error::type_error(format!(
                    "'{}' object is not subscriptable",
                    other.type_name()
                )));
            }
        })
    }
}

fn char_value(c: char) -> Value {
    Value::str(c.encode_utf8(&mut [0; 4]))
}

fn char_at(text: &str, key: &Value) -> Option<Value> {
    let index = key.as_int()?;
    if text.is_ascii() {
        let at = methods::position(index, text.len())?;
        return Some(Value::str(&text[at..=at]));
    }
    let at = methods::position(index, text.chars().count())?;
    text.chars().nth(at).map(char_value)
}

/// The positions that a slice of a sequence of this length picks.
///
/// # Errors
/// As [`Value::slice`].
pub fn indices(length: usize, start: &Value, stop: &Value, step: &Value) -> Result<Vec<usize>> {
    let bound = |value: &Value| match value {
        Value::None => Ok(None),
        Value::BigInt(big) => {
            Ok(Some(if super::super::value::ops::is_negative(big) { i64::MIN } else { i64::MAX }))
        }
        Value::Undefined(undefined) => Err(undefined.error()),
        other => other.as_int().map(Some).ok_or_else(|| {
            Error::type_error("slice indices must be integers or None or have an __index__ method")
        }),
    };
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let step = bound(step)?.unwrap_or(1);
    if step == 0 {
        return Err(Error::value_error("slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |at: i64| {
        let at = if at < 0 { at.saturating_add(length) } else { at };
        at.clamp(low, high)
    };
    let first = bound(start)?.map_or(if step > 0 { low } else { high }, place);
    let end = bound(stop)?.map_or(if step > 0 { high } else { low }, place);
    let mut picked = Vec::new();
    let mut at = first;
    while if step > 0 { at < end } else { at > end } {
        picked.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    Ok(picked)
}
