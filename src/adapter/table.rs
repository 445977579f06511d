//! The result of a query as a table of Python values, as dbt's agate tables hold them.

use std::collections::HashMap;
use std::sync::Arc;

use super::cell;
use super::seed::Seed;
use crate::jinja::Value;
use crate::postgres::{ResultSet, types};

/// What agate takes a column for. It decides the type of a seed's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ColumnType {
    Integer,
    Number,
    Date,
    DateTime,
    Boolean,
    Text,
}

impl ColumnType {
    /// agate's class.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Integer => "Integer",
            Self::Number => "Number",
            Self::Date => "Date",
            Self::DateTime => "DateTime",
            Self::Boolean => "Boolean",
            Self::Text => "Text",
        }
    }
}

/// A table. Cloning shares the rows.
#[derive(Debug, Clone)]
pub struct Table {
    names: Arc<[Value]>,
    types: Arc<[ColumnType]>,
    rows: Rows,
}

#[derive(Debug, Clone)]
enum Rows {
    Values(Arc<[Arc<[Value]>]>),
    Seed(Arc<Seed>),
}

impl Default for Table {
    fn default() -> Self {
        Self::empty()
    }
}

impl Table {
    /// A table without columns and rows.
    pub fn empty() -> Self {
        Self::new(Vec::new(), Vec::new(), Vec::new())
    }

    /// A table of these rows, each as long as the names.
    pub fn new(names: Vec<Value>, types: Vec<ColumnType>, rows: Vec<Arc<[Value]>>) -> Self {
        Self { names: names.into(), types: types.into(), rows: Rows::Values(rows.into()) }
    }

    /// What the server returned. Types without a Python class become text.
    pub fn from_result(result: &ResultSet) -> Self {
        let kinds: Vec<types::Kind> =
            result.columns.iter().map(|column| types::kind(column.type_oid)).collect();
        let elements: Vec<Option<types::Kind>> =
            result.columns.iter().map(|column| types::element_kind(column.type_oid)).collect();
        let mut columns: Vec<Vec<Value>> =
            kinds.iter().map(|_| Vec::with_capacity(result.rows.len())).collect();
        for row in result.rows.iter() {
            for (at, text) in row.iter().enumerate() {
                columns[at].push(match text {
                    Some(text) => cell::value(text, kinds[at], elements[at]),
                    None => Value::None,
                });
            }
        }
        let types: Vec<ColumnType> = columns.iter_mut().map(|column| settle(column)).collect();
        let names = unique_names(result.columns.iter().map(|column| column.name.as_str()));
        Self::from_columns(names, types, &columns, result.rows.len())
    }

    fn from_columns(
        names: Vec<Value>,
        types: Vec<ColumnType>,
        columns: &[Vec<Value>],
        length: usize,
    ) -> Self {
        let rows = (0..length)
            .map(|row| columns.iter().map(|column| column[row].clone()).collect())
            .collect();
        Self::new(names, types, rows)
    }

    /// The rows of a seed's file.
    pub fn from_seed(seed: Arc<Seed>) -> Self {
        let names = seed.names().iter().map(Value::from).collect();
        Self { names, types: seed.types().into(), rows: Rows::Seed(seed) }
    }

    /// The names of the columns.
    pub fn names(&self) -> &Arc<[Value]> {
        &self.names
    }

    /// The types of the columns.
    pub fn types(&self) -> &[ColumnType] {
        &self.types
    }

    /// The position of a column.
    pub fn column(&self, name: &Value) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Values(rows) => rows.len(),
            Rows::Seed(seed) => seed.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row.
    pub fn row(&self, at: usize) -> Option<Arc<[Value]>> {
        match &self.rows {
            Rows::Values(rows) => rows.get(at).cloned(),
            Rows::Seed(seed) => seed.row(at),
        }
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = Arc<[Value]>> + '_ {
        (0..self.len()).filter_map(|at| self.row(at))
    }

    /// The seed behind the table, if it is one.
    pub fn seed(&self) -> Option<&Arc<Seed>> {
        match &self.rows {
            Rows::Seed(seed) => Some(seed),
            Rows::Values(_) => None,
        }
    }

    /// Some columns of the table, by position.
    #[must_use]
    pub fn select(&self, columns: &[usize]) -> Self {
        let pick = |row: Arc<[Value]>| columns.iter().map(|at| row[*at].clone()).collect();
        Self {
            names: columns.iter().map(|at| self.names[*at].clone()).collect(),
            types: columns.iter().map(|at| self.types[*at]).collect(),
            rows: Rows::Values(self.rows().map(pick).collect()),
        }
    }

    /// Other rows under the same columns.
    #[must_use]
    pub fn with_rows(&self, rows: Vec<Arc<[Value]>>) -> Self {
        Self { rows: Rows::Values(rows.into()), ..self.clone() }
    }

    /// Other names for the columns.
    #[must_use]
    pub fn with_names(&self, names: Vec<Value>) -> Self {
        Self { names: names.into(), ..self.clone() }
    }
}

/// Names as dbt's connection tells equal ones apart.
fn unique_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Value> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    names
        .map(|name| {
            let count = seen.entry(name.to_owned()).or_default();
            *count += 1;
            if *count == 1 { Value::from(name) } else { Value::from(format!("{name}_{count}")) }
        })
        .collect()
}

/// Gives a column one type, as agate does: a column with any text is text throughout.
fn settle(column: &mut [Value]) -> ColumnType {
    let mut types = column.iter().filter_map(cell::column_type);
    let Some(first) = types.next() else { return ColumnType::Integer };
    let found = types.try_fold(first, |found, next| match (found, next) {
        _ if found == next => Some(found),
        (ColumnType::Integer, ColumnType::Number) | (ColumnType::Number, ColumnType::Integer) => {
            Some(ColumnType::Number)
        }
        _ => None,
    });
    match found {
        Some(ColumnType::Text) | None => {
            for value in column {
                if !value.is_none() && value.as_str().is_none() {
                    *value = Value::from(value.to_string());
                }
            }
            ColumnType::Text
        }
        Some(found) => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_unique() {
        let names = unique_names(["a", "b", "a", "a"].into_iter());
        assert_eq!(names, ["a", "b", "a_2", "a_3"].map(Value::from));
    }

    #[test]
    fn a_column_has_one_type() {
        let mut numbers = [Value::from(1), Value::None];
        assert_eq!(settle(&mut numbers), ColumnType::Integer);
        let mut mixed = [Value::from(1), Value::None, Value::from("x")];
        assert_eq!(settle(&mut mixed), ColumnType::Text);
        assert_eq!(mixed, [Value::from("1"), Value::None, Value::from("x")]);
        assert_eq!(settle(&mut [Value::None]), ColumnType::Integer);
    }
}
