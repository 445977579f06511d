//! Native classes: how dbt's context gives relations, columns, the adapter and more.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt::Debug;

use super::super::error::{Error, Result};
use super::super::eval::State;
use super::{Args, Value};

/// An instance of a native class. All methods but the name have Python's defaults.
///
/// A method may be asked for while others run on other threads; keep locks short and never
/// hold one while calling into `state` or another value.
pub trait Object: Any + Send + Sync + Debug {
    /// `type(x).__name__`.
    fn type_name(&self) -> &str;

    /// `x.name`; `None` means there is no such attribute. Names that start with an
    /// underscore are never asked.
    fn get_attr(&self, state: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let _ = (state, name);
        Ok(None)
    }

    /// Whether `name` is a method. `x.name` without a call then gives a bound method.
    fn has_method(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// `x.name(args)`. The default calls the attribute of that name.
    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match self.get_attr(state, name)? {
            Some(value) => value.call(state, args),
            None => Err(Error::undefined(format!(
                "'{} object' has no attribute '{name}'",
                self.qualified_name()
            ))),
        }
    }

    /// `x[key]`; `None` means there is no such item.
    fn get_item(&self, state: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        let _ = (state, key);
        Ok(None)
    }

    /// `x(args)`.
    fn call(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let _ = (state, args);
        Err(Error::type_error(format!("'{}' object is not callable", self.type_name())))
    }

    /// Whether `x(args)` works; the test `callable` asks.
    fn is_callable(&self) -> bool {
        false
    }

    /// `iter(x)`; `None` means it is not iterable.
    fn iterate(&self, state: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        let _ = state;
        Ok(None)
    }

    /// `len(x)`; `None` means it has no length.
    fn length(&self) -> Option<usize> {
        None
    }

    /// `x[start:stop:step]`; `None` means it has no slices.
    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Option<Value>> {
        let _ = (start, stop, step);
        Ok(None)
    }

    /// `item in x`; `None` means to look through [`Object::iterate`].
    fn contains(&self, item: &Value) -> Option<bool> {
        let _ = item;
        None
    }

    /// `bool(x)`.
    fn truthy(&self) -> bool {
        self.length().is_none_or(|length| length > 0)
    }

    /// Whether the test `sequence` holds for what has a length and items.
    fn is_sequence(&self) -> bool {
        true
    }

    /// Whether the test `mapping` holds.
    fn is_mapping(&self) -> bool {
        false
    }

    /// `str(x)`.
    fn to_str(&self) -> String {
        self.repr()
    }

    /// `format(x, spec)` for a spec that is not empty; `None` means it takes none.
    fn format(&self, spec: &str) -> Result<Option<String>> {
        let _ = spec;
        Ok(None)
    }

    /// `repr(x)`.
    fn repr(&self) -> String {
        format!("<{} object>", self.qualified_name())
    }

    /// The class with its Python module, for messages.
    fn qualified_name(&self) -> String {
        self.type_name().to_owned()
    }

    /// `x == other`; `None` means to compare identity.
    fn equals(&self, other: &Value) -> Option<bool> {
        let _ = other;
        None
    }

    /// `x < other` and so on; `None` means they have no order.
    fn compare(&self, other: &Value) -> Option<Ordering> {
        let _ = other;
        None
    }

    /// A hash that agrees with [`Object::equals`]; `None` means by identity.
    fn hash_key(&self) -> Option<u64> {
        None
    }

    /// `x + other` and the other operators, such as `"-"`; `reflected` when `x` is on the
    /// right. `None` means they do not go together.
    fn binary(&self, operator: &str, other: &Value, reflected: bool) -> Result<Option<Value>> {
        let _ = (operator, other, reflected);
        Ok(None)
    }

    /// `int(x)`; `None` means it is no number.
    fn to_int(&self) -> Option<Value> {
        None
    }

    /// `float(x)`; `None` means it is no number.
    fn to_float(&self) -> Option<f64> {
        None
    }

    /// `round(x, digits)`; `None` means it is no number.
    fn round(&self, digits: i64) -> Option<Value> {
        let _ = digits;
        None
    }

    /// `abs(x)`; `None` means it is no number.
    fn abs(&self) -> Option<Value> {
        None
    }

    /// For downcasting; write `self`.
    fn as_any(&self) -> &dyn Any;
}
