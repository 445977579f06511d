//! The faces of a [`Table`] in templates: agate's `Table`, `Row`, `Column` and
//! `MappedSequence`
//! (<https://agate.readthedocs.io/en/latest/api/table.html>).

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use super::table::{ColumnType, Table};
use super::table_text;
use crate::jinja::{Args, Dict, Error, Object, Result, State, Value};

impl Table {
    /// The table as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    fn position(&self, name: &Value) -> Result<usize> {
        self.column(name).ok_or_else(|| {
            Error::value_error(format!("{} is not a column of the table", name.repr()))
        })
    }

    fn positions(&self, state: &mut State<'_>, key: &Value) -> Result<Vec<usize>> {
        let names = match key {
            Value::List(_) | Value::Tuple(_) => key.iterate(state)?,
            one => vec![one.clone()],
        };
        names.iter().map(|name| self.position(name)).collect()
    }

    fn row_value(&self, at: usize) -> Option<Value> {
        let values = self.row(at)?;
        Some(Sequence { class: "Row", values, keys: Some(self.names().clone()) }.into_value())
    }

    fn columns(&self) -> Value {
        let columns = (0..self.names().len())
            .map(|at| Value::object(Column { table: self.clone(), at }))
            .collect();
        let keys = Some(self.names().clone());
        Sequence { class: "MappedSequence", values: columns, keys }.into_value()
    }

    fn ordered(&self, state: &mut State<'_>, key: &Value, reverse: bool) -> Result<Self> {
        let positions = self.positions(state, key)?;
        let mut rows: Vec<Arc<[Value]>> = self.rows().collect();
        rows.sort_by(|left, right| {
            let order = positions
                .iter()
                .map(|at| order_values(&left[*at], &right[*at]))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal);
            if reverse { order.reverse() } else { order }
        });
        Ok(self.with_rows(rows))
    }

    fn distinct(&self, state: &mut State<'_>, key: Option<&Value>) -> Result<Self> {
        let positions = match key {
            Some(key) => self.positions(state, key)?,
            None => (0..self.names().len()).collect(),
        };
        let mut rows: Vec<Arc<[Value]>> = Vec::new();
        for row in self.rows() {
            if !rows.iter().any(|known| positions.iter().all(|at| known[*at] == row[*at])) {
                rows.push(row);
            }
        }
        Ok(self.with_rows(rows))
    }

    fn renamed(&self, names: &Value, state: &mut State<'_>) -> Result<Self> {
        let names = match names {
            Value::Dict(changes) => {
                self.names().iter().map(|name| changes.get(name).unwrap_or(name.clone())).collect()
            }
            other => other.iterate(state)?,
        };
        if names.len() != self.names().len() {
            return Err(Error::value_error(
                "column_names and column_types must be the same length.",
            ));
        }
        Ok(self.with_names(names))
    }
}

/// Nulls come last, as in agate.
fn order_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::None, Value::None) => Ordering::Equal,
        (Value::None, _) => Ordering::Greater,
        (_, Value::None) => Ordering::Less,
        (Value::Str(left), Value::Str(right)) => left.cmp(right),
        (Value::Object(object), other) => object.compare(other).unwrap_or(Ordering::Equal),
        _ => left.as_int().cmp(&right.as_int()),
    }
}

const TABLE_METHODS: [&str; 9] = [
    "select",
    "exclude",
    "limit",
    "order_by",
    "distinct",
    "rename",
    "print_table",
    "print_csv",
    "print_json",
];

impl Object for Table {
    fn type_name(&self) -> &'static str {
        "Table"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(Some(match name {
            "rows" => Value::object(RowsView(self.clone())),
            "columns" => self.columns(),
            "column_names" => Value::Tuple(self.names().clone()),
            "column_types" => Value::tuple(self.types().iter().map(|kind| type_value(*kind))),
            "row_names" => Value::None,
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        TABLE_METHODS.contains(&name)
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let table = match name {
            "select" => {
                let ([key], []) = args.bind(name, ["key"], [])?;
                self.select(&self.positions(state, &key)?)
            }
            "exclude" => {
                let ([key], []) = args.bind(name, ["key"], [])?;
                let excluded = self.positions(state, &key).unwrap_or_default();
                let kept = (0..self.names().len()).filter(|at| !excluded.contains(at));
                self.select(&kept.collect::<Vec<usize>>())
            }
            "limit" => {
                let ([], [first, stop]) = args.bind(name, [], ["start_or_stop", "stop"])?;
                let number = |value: Option<Value>| {
                    value.and_then(|value| value.as_int()).and_then(|it| usize::try_from(it).ok())
                };
                let (start, stop) = match (number(first), number(stop)) {
                    (first, Some(stop)) => (first.unwrap_or(0), stop),
                    (first, None) => (0, first.unwrap_or(self.len())),
                };
                let rows = (start..stop.min(self.len())).filter_map(|at| self.row(at));
                self.with_rows(rows.collect())
            }
            "order_by" => {
                let ([key], [reverse]) = args.bind(name, ["key"], ["reverse"])?;
                self.ordered(state, &key, reverse.is_some_and(|reverse| reverse.truthy()))?
            }
            "distinct" => {
                let ([], [key]) = args.bind(name, [], ["key"])?;
                self.distinct(state, key.as_ref())?
            }
            "rename" => {
                let ([names], []) = args.bind(name, ["column_names"], [])?;
                self.renamed(&names, state)?
            }
            "print_table" | "print_csv" | "print_json" => {
                let text = table_text::text(self, name, args)?;
                return state.lookup("print").call(state, Args::positional([text.into()]));
            }
            _ => {
                return Err(Error::undefined(format!(
                    "'agate.table.Table object' has no attribute '{name}'"
                )));
            }
        };
        Ok(table.into_value())
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        Ok(index(key, self.len()).and_then(|at| self.row_value(at)))
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some((0..self.len()).filter_map(|at| self.row_value(at)).collect()))
    }

    fn length(&self) -> Option<usize> {
        Some(self.len())
    }

    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Option<Value>> {
        RowsView(self.clone()).slice(start, stop, step)
    }

    fn qualified_name(&self) -> String {
        "agate.table.Table".to_owned()
    }

    /// agate shows the columns and their types.
    fn to_str(&self) -> String {
        table_text::structure(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn type_value(kind: ColumnType) -> Value {
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

/// A position from either end.
fn index(key: &Value, length: usize) -> Option<usize> {
    let Value::Int(at) = key else { return None };
    let length = i64::try_from(length).ok()?;
    let at = if *at < 0 { at + length } else { *at };
    usize::try_from(at).ok()
}

/// `table.rows`: rows are made when they are looked at.
#[derive(Debug)]
struct RowsView(Table);

impl Object for RowsView {
    fn type_name(&self) -> &'static str {
        "MappedSequence"
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "values" | "keys")
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, _: Args) -> Result<Value> {
        match name {
            "keys" => Ok(Value::None),
            "values" => Ok(Value::tuple(self.0.iterate(state)?.unwrap_or_default())),
            _ => Err(Error::attribute_error("MappedSequence", name)),
        }
    }

    fn get_item(&self, state: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        self.0.get_item(state, key)
    }

    fn iterate(&self, state: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        self.0.iterate(state)
    }

    fn length(&self) -> Option<usize> {
        Some(self.0.len())
    }

    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Option<Value>> {
        let rows = Value::tuple((0..self.0.len()).filter_map(|at| self.0.row_value(at)));
        rows.slice(start, stop, step).map(Some)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A row, or the columns of a table: values by position and by name.
#[derive(Debug, Clone)]
struct Sequence {
    class: &'static str,
    values: Arc<[Value]>,
    keys: Option<Arc<[Value]>>,
}

impl Sequence {
    fn into_value(self) -> Value {
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
        "keys" => sequence.keys.clone().map_or(Value::None, Value::Tuple),
        "values" => Value::Tuple(sequence.values.clone()),
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
        Value::Tuple(self.values.clone()).slice(start, stop, step).map(Some)
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
struct Column {
    table: Table,
    at: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Value {
        let row = |id: i64, name: &str| -> Arc<[Value]> { [id.into(), name.into()].into() };
        Table::new(
            vec!["id".into(), "name".into()],
            vec![ColumnType::Integer, ColumnType::Text],
            vec![row(2, "b"), row(1, "a")],
        )
        .into_value()
    }

    fn state() -> State<'static> {
        State::new(&())
    }

    fn attr(value: &Value, name: &str) -> Value {
        value.get_attr(&mut state(), name).unwrap()
    }

    fn item(value: &Value, key: impl Into<Value>) -> Value {
        value.get_item(&mut state(), &key.into()).unwrap()
    }

    fn call(value: &Value, name: &str, args: Args) -> Value {
        value.call_method(&mut state(), name, args).unwrap()
    }

    #[test]
    fn values_are_found_by_position_and_name() {
        let rows = attr(&table(), "rows");
        let row = item(&rows, 0);
        assert_eq!((item(&row, 1), item(&row, "id")), (Value::from("b"), Value::from(2)));
        assert_eq!(item(&row, -1), attr(&row, "name"));
        assert!(item(&row, 9).is_undefined());
        assert_eq!(row.iterate(&mut state()).unwrap(), [Value::from(2), Value::from("b")]);
        let column = item(&attr(&table(), "columns"), 0);
        assert_eq!(call(&column, "values", Args::none()).repr(), "(2, 1)");
        assert_eq!(attr(&column, "name"), Value::from("id"));
        assert_eq!(call(&row, "dict", Args::none()).repr(), "{'id': 2, 'name': 'b'}");
    }

    #[test]
    fn tables_make_tables() {
        let names = |table: &Value| attr(table, "column_names").repr();
        let selected = call(&table(), "select", Args::positional([Value::from("name")]));
        assert_eq!(names(&selected), "('name',)");
        let excluded = call(&table(), "exclude", Args::positional([Value::from("name")]));
        assert_eq!(names(&excluded), "('id',)");
        let ordered = call(&table(), "order_by", Args::positional([Value::from("id")]));
        assert_eq!(item(&item(&ordered, 0), 0), Value::from(1));
        let limited = call(&table(), "limit", Args::positional([Value::from(1)]));
        assert_eq!(attr(&limited, "rows").iterate(&mut state()).unwrap().len(), 1);
    }
}
