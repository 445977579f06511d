//! `modules.datetime`: Python's `date`, `time`, `datetime`, `timedelta` and `tzinfo`.
//!
//! The classes also stand for PostgreSQL's dates and times in query results, and for the
//! dates of YAML files.

mod civil;
mod classes;
mod delta;
mod format;
mod moment;
mod zone;

pub use civil::{Date, Time};
pub use delta::Delta;
pub use moment::DateTime;
pub use zone::Zone;

use crate::jinja::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The module as a value.
pub fn module() -> Value {
    classes::module()
}

/// A date or time in ISO form as a `date` or `datetime`; a text when it is neither.
pub fn from_iso(text: &str) -> Value {
    if let Some(date) = format::date_from_iso(text) {
        return Value::object(Date(date));
    }
    match format::moment_from_iso(text) {
        Some(moment) => Value::object(moment),
        None => Value::str(text),
    }
}

/// How PyYAML writes a date or time; `None` for other values.
pub fn to_yaml(value: &Value) -> Option<String> {
    if let Some(date) = value.downcast::<Date>() {
        return Some(date.iso());
    }
    value.downcast::<DateTime>().map(|moment| moment.iso(" "))
}

/// A hash for values that are equal when their parts are.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
