//! Rows and columns of a table in templates: agate's `Row`, `Column` and `MappedSequence`.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use super::table::{ColumnType, Table};
use super::table_text;
use crate::jinja::{Args, Dict, Error, Object, Result, State, Value};

/// Nulls come last, as in agate.
pub(super) fn order_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::None, Value::None) => Ordering::Equal,
        (Value::None, _) => Ordering::Greater,
        (_, Value::None) => Ordering::Less,
        (Value::Str(left), Value::Str(right)) => left.cmp(right),
        (Value::Object(object), other) => object.compare(other).unwrap_or(Ordering::Equal),
        _ => left.as_int().cmp(&right.as_int()),
    }
}

/// A position from either end.
pub(super) fn index(key: &Value, length: usize) -> Option<usize> {
    let Value::Int(at) = key else { return None };
    let length = i64::try_from(length).ok()?;
    let at = if *at < 0 { at + length } else { *at };
    usize::try_from(at).ok()
}

pub(super) fn type_value(kind: ColumnType) -> Value {
    Value::object(TypeObject(kind))
}

/// A column's type as a value.
#[derive(Debug)]
struct TypeObject(ColumnType);

impl Object for TypeObject {
    fn type_name(&self) -> &'static str {
        self.0.class_name()
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>().is_some_and(|other| other.0 == self.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A row, or the columns of a table: values by position and by name.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    pub class: &'static str,
    pub values: Arc<[Value]>,
    pub keys: Option<Arc<[Value]>>,
}

impl Sequence {
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    fn by_name(&self, name: &Value) -> Option<Value> {
        let at = self.keys.as_ref()?.iter().position(|key| key == name)?;
        self.values.get(at).cloned()
    }

    fn items(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        let keys = self.keys.iter().flat_map(|keys| keys.iter().cloned());
        keys.zip(self.values.iter().cloned())
    }
}

const SEQUENCE_METHODS: [&str; 7] = ["keys", "values", "items", "get", "dict", "index", "count"];

fn call_sequence(sequence: &Sequence, name: &str, args: Args) -> Result<Option<Value>> {
    Ok(Some(match name {
        "keys" => sequence.keys.clone().map_or(Value::None, |keys| Value::Tuple(keys.into())),
        "values" => Value::Tuple(sequence.values.clone().into()),
        "items" => Value::tuple(sequence.items().map(|(key, value)| Value::tuple([key, value]))),
        "get" => {
            let ([key], [default]) = args.bind("get", ["key"], ["default"])?;
            let fallback = || default.unwrap_or(Value::None);
            sequence.by_name(&key).unwrap_or_else(fallback)
        }
        "dict" => {
            let dict = Dict::default();
            for (key, value) in sequence.items() {
                dict.insert(key, value)?;
            }
            Value::Dict(dict)
        }
        "index" => {
            let ([value], []) = args.bind("index", ["value"], [])?;
            let at = sequence.values.iter().position(|known| *known == value);
            at.map(Value::from).ok_or_else(|| Error::value_error(""))?
        }
        "count" => {
            let ([value], []) = args.bind("count", ["value"], [])?;
            Value::from(sequence.values.iter().filter(|known| **known == value).count())
        }
        _ => return Ok(None),
    }))
}

impl Object for Sequence {
    fn type_name(&self) -> &'static str {
        self.class
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(if self.has_method(name) { None } else { self.by_name(&Value::from(name)) })
    }

    fn has_method(&self, name: &str) -> bool {
        SEQUENCE_METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        call_sequence(self, name, args)?.ok_or_else(|| Error::attribute_error(self.class, name))
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        Ok(match key {
            Value::Int(_) => {
                index(key, self.values.len()).and_then(|at| self.values.get(at).cloned())
            }
            name => self.by_name(name),
        })
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some(self.values.to_vec()))
    }

    fn length(&self) -> Option<usize> {
        Some(self.values.len())
    }

    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Option<Value>> {
        Value::Tuple(self.values.clone().into()).slice(start, stop, step).map(Some)
    }

    fn repr(&self) -> String {
        table_text::sample(self.class, &self.values)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let others = match other {
            Value::Tuple(items) => items.to_vec(),
            Value::List(items) => items.snapshot(),
            other => other.downcast::<Self>()?.values.to_vec(),
        };
        Some(*self.values == *others)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A column: its name and its values.
#[derive(Debug)]
pub(super) struct Column {
    pub table: Table,
    pub at: usize,
}

impl Column {
    fn sequence(&self) -> Sequence {
        let values = self.table.rows().map(|row| row[self.at].clone()).collect();
        Sequence { class: "Column", values, keys: None }
    }
}

fn sorted(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    values.sort_by(order_values);
    Value::list(values)
}

const COLUMN_METHODS: [&str; 4] =
    ["values_distinct", "values_without_nulls", "values_sorted", "values_without_nulls_sorted"];

impl Object for Column {
    fn type_name(&self) -> &'static str {
        "Column"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "name" => self.table.names().get(self.at).cloned(),
            "index" => Some(Value::from(self.at)),
            "data_type" => self.table.types().get(self.at).map(|kind| type_value(*kind)),
            _ => None,
        })
    }

    fn has_method(&self, name: &str) -> bool {
        COLUMN_METHODS.contains(&name) || (name != "index" && SEQUENCE_METHODS.contains(&name))
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let sequence = self.sequence();
        let values = || sequence.values.iter().cloned();
        let present = || values().filter(|value| !value.is_none());
        Ok(match name {
            "values_distinct" => {
                let mut distinct: Vec<Value> = Vec::new();
                for value in values() {
                    if !distinct.contains(&value) {
                        distinct.push(value);
                    }
                }
                Value::tuple(distinct)
            }
            "values_without_nulls" => Value::tuple(present()),
            "values_sorted" => sorted(values()),
            "values_without_nulls_sorted" => sorted(present()),
            _ => call_sequence(&sequence, name, args)?
                .ok_or_else(|| Error::attribute_error("Column", name))?,
        })
    }

    fn get_item(&self, state: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        self.sequence().get_item(state, key)
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some(self.sequence().values.to_vec()))
    }

    fn length(&self) -> Option<usize> {
        Some(self.table.len())
    }

    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Option<Value>> {
        self.sequence().slice(start, stop, step)
    }

    fn repr(&self) -> String {
        table_text::sample("Column", &self.sequence().values)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
