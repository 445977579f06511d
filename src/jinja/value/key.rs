//! Values as dict keys and set members: Python's hash and equality.

// Python compares floats exactly.
#![allow(clippy::float_cmp)]

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::Equivalent;

use super::super::error::{Error, Result};
use super::{Value, ops};

/// A hashable value. `1`, `1.0` and `True` are one key, as in Python.
#[derive(Debug, Clone)]
pub struct Key(Value);

impl Key {
    /// Checks that a value can be hashed.
    ///
    /// # Errors
    /// Python's "unhashable type" for lists, dicts, sets and tuples that hold them.
    pub fn new(value: Value) -> Result<Self> {
        match unhashable(&value) {
            Some(type_name) => Err(Error::type_error(format!("unhashable type: '{type_name}'"))),
            None => Ok(Self(value)),
        }
    }

    /// The key as a value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The key as a value.
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl From<Arc<str>> for Key {
    fn from(text: Arc<str>) -> Self {
        Self(Value::Str(text))
    }
}

fn unhashable(value: &Value) -> Option<&'static str> {
    match value {
        Value::List(_) => Some("list"),
        Value::Dict(_) => Some("dict"),
        Value::Set(_) => Some("set"),
        Value::Tuple(items) => {
            stacker::maybe_grow(64 * 1024, 2 << 20, || items.iter().find_map(unhashable))
        }
        _ => None,
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        ops::equals(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_value(&self.0, state);
    }
}

/// A str as a key to look up, without allocating.
#[derive(Debug, Clone, Copy)]
pub(super) struct StrKey<'a>(pub &'a str);

impl Hash for StrKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_str(self.0, state);
    }
}

impl Equivalent<Key> for StrKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        match &key.0 {
            Value::Str(text) => **text == *self.0,
            _ => false,
        }
    }
}

/// A borrowed value as a key to look up; it must be hashable to find anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueKey<'a>(pub &'a Value);

impl Hash for ValueKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_value(self.0, state);
    }
}

impl Equivalent<Key> for ValueKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        ops::equals(self.0, &key.0)
    }
}

fn hash_str<H: Hasher>(text: &str, state: &mut H) {
    text.hash(state);
}

fn hash_value<H: Hasher>(value: &Value, state: &mut H) {
    match value {
        Value::Str(text) => hash_str(text, state),
        Value::Bool(truth) => i64::from(*truth).hash(state),
        Value::Int(number) => number.hash(state),
        Value::BigInt(number) => number.hash(state),
        Value::Float(number) => hash_float(*number, state),
        Value::Bytes(bytes) => bytes.hash(state),
        Value::Tuple(items) => {
            items.len().hash(state);
            stacker::maybe_grow(64 * 1024, 2 << 20, || {
                for item in items.iter() {
                    hash_value(item, state);
                }
            });
        }
        Value::Object(object) => match object.hash_key() {
            Some(hash) => hash.hash(state),
            None => Arc::as_ptr(object).cast::<()>().hash(state),
        },
        Value::Function(function) => Arc::as_ptr(function).hash(state),
        Value::Macro(function) => Arc::as_ptr(function).hash(state),
        // All undefined values are equal, and so is None to itself.
        Value::Undefined(_) => 1u8.hash(state),
        Value::None => 2u8.hash(state),
        // Method equality compares parts; containers never become keys.
        Value::Method(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) => 3u8.hash(state),
    }
}

/// A float that is a whole number hashes as that int.
fn hash_float<H: Hasher>(number: f64, state: &mut H) {
    #[allow(clippy::cast_possible_truncation)]
    let whole = number as i64;
    #[allow(clippy::cast_precision_loss)]
    let same = whole as f64 == number && whole != i64::MAX;
    if same {
        whole.hash(state);
    } else if number.is_finite() && number.fract() == 0.0 {
        super::number::float_to_big_int(number).unwrap_or_default().hash(state);
    } else {
        number.to_bits().hash(state);
    }
}
