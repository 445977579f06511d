//! The face of a [`Table`] in templates: agate's `Table`
//! (<https://agate.readthedocs.io/en/latest/api/table.html>).

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use super::table::Table;
use super::table_sequence::{Column, Sequence, index, order_values, type_value};
use super::{table_query, table_text};
use crate::jinja::{Args, Error, Object, Result, State, Value};

impl Table {
    /// The table as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    pub(super) fn position(&self, name: &Value) -> Result<usize> {
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

    pub(super) fn row_value(&self, at: usize) -> Option<Value> {
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
            "column_names" => Value::Tuple(self.names().clone().into()),
            "column_types" => Value::tuple(self.types().iter().map(|kind| type_value(*kind))),
            "row_names" => Value::None,
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        TABLE_METHODS.contains(&name) || table_query::METHODS.contains(&name)
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
                return table_query::call(self, state, name, args)?.ok_or_else(|| {
                    Error::undefined(format!(
                        "'agate.table.Table object' has no attribute '{name}'"
                    ))
                });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::table::ColumnType;

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
