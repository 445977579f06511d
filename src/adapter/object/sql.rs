//! Methods that send SQL, and those that read its results.

use std::io::Cursor;

use jiff::tz::TimeZone;

use super::Adapter;
use crate::adapter::column::{Column, translate_type};
use crate::adapter::decimal::Decimal;
use crate::adapter::seed;
use crate::adapter::table::{ColumnType, Table};
use crate::event::{Event, Level, NamedEvent};
use crate::jinja::{Args, Dict, Error, List, Result, Value};
use crate::postgres::{quote, types};

impl Adapter {
    pub(super) fn execute(&self, args: Args) -> Result<Value> {
        let ([sql], [auto_begin, fetch, limit]) =
            args.bind("execute", ["sql"], ["auto_begin", "fetch", "limit"])?;
        let on = |value: Option<Value>| value.is_some_and(|value| value.truthy());
        let session = &self.link()?.session;
        let (response, result) = session.execute(&sql.to_string(), on(auto_begin), on(fetch))?;
        let mut table = result.map_or_else(Table::empty, |result| Table::from_result(&result));
        let limit = limit.and_then(|limit| limit.as_int()).and_then(|it| usize::try_from(it).ok());
        if let Some(limit) = limit.filter(|limit| *limit > 0 && *limit < table.len()) {
            table = table.with_rows(table.rows().take(limit).collect());
        }
        Ok(Value::tuple([response.into_value(), table.into_value()]))
    }

    pub(super) fn commit(&self) -> Result<Value> {
        self.dependents_rise(None)?;
        self.tell_what_is_lost()?;
        self.link()?.session.commit()?;
        Ok(Value::None)
    }

    /// For projects that load seeds with their own INSERT: placeholders become literals.
    pub(super) fn add_query(&self, args: Args) -> Result<Value> {
        let ([sql], [auto_begin, bindings, _]) =
            args.bind("add_query", ["sql"], ["auto_begin", "bindings", "abridge_sql_log"])?;
        let sql = sql.to_string();
        let sql = match bindings {
            Some(Value::List(values)) => bind_placeholders(&sql, &values.snapshot())?,
            Some(Value::Tuple(values)) => bind_placeholders(&sql, &values)?,
            _ => sql,
        };
        let auto_begin = auto_begin.is_none_or(|value| value.truthy());
        let (response, _) = self.link()?.session.execute(&sql, auto_begin, false)?;
        Ok(Value::tuple([Value::None, response.into_value()]))
    }

    /// `adapter.copy_rows(sql, table)`: feeds the rows of a table to a `COPY … FROM STDIN`.
    pub(super) fn copy_rows(&self, args: Args) -> Result<Value> {
        let ([sql, table], []) = args.bind("copy_rows", ["sql", "agate_table"], [])?;
        let table = table
            .downcast::<Table>()
            .ok_or_else(|| Error::type_error("copy_rows() takes a table"))?;
        let session = &self.link()?.session;
        let sql = sql.to_string();
        let rows = match table.seed() {
            Some(seed) => {
                let zone = session.time_zone()?;
                let zone = zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
                session.copy(&sql, seed.copy_text(&zone))?
            }
            None => session.copy(&sql, Cursor::new(copy_text(table)))?,
        };
        Ok(Value::from(rows))
    }

    /// The columns of a query, with psycopg2's names of their types.
    pub(super) fn get_column_schema_from_query(&self, args: Args) -> Result<Value> {
        let ([sql], []) = args.bind("get_column_schema_from_query", ["sql"], [])?;
        let session = &self.link()?.session;
        let (_, result) = session.execute(&sql.to_string(), false, true)?;
        let columns = result.map(|result| result.columns).unwrap_or_default();
        Ok(Value::list(columns.into_iter().map(|column| {
            let name = types::psycopg_name(column.type_oid);
            if name.starts_with("unknown") {
                session.sink().emit(unnamed_type(column.type_oid));
            }
            Column::new(column.name, translate_type(&name)).into_value()
        })))
    }
}

/// dbt's event about a type that has no name in its messages.
fn unnamed_type(type_code: u32) -> Event {
    let message = format!(
        "The `type_code` {type_code} was not recognized, which may affect error messages for \
         enforced contracts that fail as well as `Column.data_type` values returned by \
         `get_column_schema_from_query`"
    );
    let event = NamedEvent::new("TypeCodeNotFound", "E050", Level::Debug, message);
    event.with("type_code", type_code).into()
}

fn copy_text(table: &Table) -> String {
    let mut out = String::new();
    for row in table.rows() {
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                out.push('\t');
            }
            match value {
                Value::None => out.push_str("\\N"),
                value => seed::escape(&mut out, &value.to_string()),
            }
        }
        out.push('\n');
    }
    out
}

/// psycopg2's `%s` placeholders, filled with literals.
fn bind_placeholders(sql: &str, values: &[Value]) -> Result<String> {
    let mut out = String::with_capacity(sql.len());
    let mut values = values.iter();
    let mut rest = sql;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let placeholder = rest.get(at..at + 2).unwrap_or("%");
        match placeholder {
            "%%" => out.push('%'),
            "%s" => {
                let value = values.next().ok_or_else(|| {
                    Error::type_error("not all placeholders of the query have a value")
                })?;
                out.push_str(&literal(value));
            }
            other => {
                let message = format!("unsupported placeholder '{other}'; use %s, and %% for a %");
                return Err(Error::value_error(message));
            }
        }
        rest = &rest[at + 2..];
    }
    if values.next().is_some() {
        return Err(Error::type_error("not all values are used by the query's placeholders"));
    }
    out.push_str(rest);
    Ok(out)
}

fn literal(value: &Value) -> String {
    match value {
        Value::None | Value::Undefined(_) => "NULL".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => value.to_string(),
        other if other.downcast::<Decimal>().is_some() => other.to_string(),
        other => quote::literal(&other.to_string()),
    }
}

/// The database's type for a column of a table.
pub(super) fn convert_type(args: Args) -> Result<Value> {
    let ([table, at], []) = args.bind("convert_type", ["agate_table", "col_idx"], [])?;
    let table = table
        .downcast::<Table>()
        .ok_or_else(|| Error::type_error("convert_type() takes a table"))?;
    let at = at.as_int().and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
    let Some(kind) = table.types().get(at) else { return Ok(Value::None) };
    Ok(Value::from(match kind {
        ColumnType::Number if has_fractions(table, at) => "float8",
        ColumnType::Number | ColumnType::Integer => "integer",
        ColumnType::Boolean => "boolean",
        ColumnType::Date => "date",
        ColumnType::DateTime => "timestamp without time zone",
        ColumnType::Text => "text",
    }))
}

fn has_fractions(table: &Table, at: usize) -> bool {
    if let Some(seed) = table.seed() {
        return seed.has_fractions(at);
    }
    table.rows().any(|row| row[at].downcast::<Decimal>().is_some_and(Decimal::has_fraction))
}

/// `{privilege: [grantees]}` from the rows of get_show_grant_sql.
pub(super) fn standardize_grants_dict(args: Args) -> Result<Value> {
    let ([table], []) = args.bind("standardize_grants_dict", ["grants_table"], [])?;
    let table = table
        .downcast::<Table>()
        .ok_or_else(|| Error::type_error("standardize_grants_dict() takes a table"))?;
    let grants = Dict::default();
    let columns = ["grantee", "privilege_type"].map(|name| table.column(&Value::from(name)));
    let [Some(grantee), Some(privilege)] = columns else {
        return Ok(Value::Dict(grants));
    };
    for row in table.rows() {
        match grants.get(&row[privilege]) {
            Some(Value::List(grantees)) => grantees.push(row[grantee].clone()),
            _ => grants.insert(
                row[privilege].clone(),
                Value::List(List::new(vec![row[grantee].clone()])),
            )?,
        }
    }
    Ok(Value::Dict(grants))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_literals() {
        let bound = bind_placeholders(
            "values (%s, %s, %s) -- 5%%",
            &[Value::from("it's"), Value::None, Value::from(3)],
        );
        assert_eq!(bound.unwrap(), "values ('it''s', NULL, 3) -- 5%");
        assert!(bind_placeholders("%s", &[]).is_err());
        assert!(bind_placeholders("", &[Value::None]).is_err());
        assert!(bind_placeholders("%d é", &[Value::None]).is_err());
        assert!(bind_placeholders("100%é", &[]).is_err());
    }
}
