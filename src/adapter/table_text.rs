//! A table as text: what agate prints.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use super::decimal::Decimal;
use super::table::{ColumnType, Table};
use crate::context::json::dumps;
use crate::jinja::{Args, Dict, Result, Value};

/// Characters of a cell that are shown unless a caller says otherwise.
const MAX_WIDTH: usize = 20;

/// What `print_table`, `print_csv` or `print_json` prints.
pub(super) fn text(table: &Table, method: &str, args: Args) -> Result<String> {
    match method {
        "print_csv" => Ok(csv(table)),
        "print_json" => json(table),
        _ => {
            let ([], [rows, columns, _, width]) =
                args.bind(method, [], ["max_rows", "max_columns", "output", "max_column_width"])?;
            let limit = |value: Option<Value>, default: usize| match value {
                None => default,
                Some(value) => value
                    .as_int()
                    .and_then(|number| usize::try_from(number).ok())
                    .unwrap_or(usize::MAX),
            };
            Ok(print_table(table, limit(rows, 20), limit(columns, 6), limit(width, MAX_WIDTH)))
        }
    }
}

impl Table {
    /// All rows in Markdown, with the first six columns, as agate prints a table.
    pub fn preview(&self) -> String {
        print_table(self, usize::MAX, 6, MAX_WIDTH)
    }

    /// All rows as a JSON list of objects.
    ///
    /// # Errors
    /// A value that JSON does not have.
    pub fn to_json(&self) -> crate::diagnostic::Result<String> {
        json(self).map_err(crate::jinja::Error::into_diagnostic)
    }

    /// The first rows.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        self.with_rows(self.rows().take(rows).collect())
    }

    /// Some rows in Markdown, picked at random, with all columns.
    pub fn sample(&self, rows: usize) -> String {
        let order = RandomState::new();
        let mut places: Vec<usize> = (0..self.len()).collect();
        places.sort_by_cached_key(|place| order.hash_one(place));
        // One more than is shown tells that there are more.
        places.truncate(rows.saturating_add(1));
        let picked = places.into_iter().filter_map(|place| self.row(place)).collect();
        print_table(&self.with_rows(picked), rows, usize::MAX, MAX_WIDTH)
    }
}

/// A table in Markdown, cut to its first rows and columns.
fn print_table(table: &Table, max_rows: usize, max_columns: usize, max_width: usize) -> String {
    let shown = table.names().len().min(max_columns);
    let cut = |text: String| {
        if text.chars().count() <= max_width {
            return text;
        }
        text.chars().take(max_width.saturating_sub(3)).collect::<String>() + "..."
    };
    let more = (shown < table.names().len()).then(|| "...".to_owned());
    let mut lines: Vec<Vec<String>> = Vec::new();
    let names = table.names().iter().take(shown).map(|name| cut(name.to_string()));
    lines.push(names.chain(more.clone()).collect());
    for row in table.rows().take(max_rows) {
        let cells = row.iter().take(shown).map(|value| match value {
            Value::None => String::new(),
            value => cut(display(value)),
        });
        lines.push(cells.chain(more.clone()).collect());
    }
    if max_rows < table.len() {
        lines.push(vec!["...".to_owned(); lines[0].len()]);
    }
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (at, cell) in line.iter().enumerate() {
            let width = widths[at];
            // Writing to a String cannot fail.
            let _ = match table.types().get(at) {
                Some(ColumnType::Text) => write!(out, "| {cell:<width$} "),
                _ => write!(out, "| {cell:>width$} "),
            };
        }
        out.push_str("|\n");
        if index == 0 {
            for width in &widths {
                let _ = write!(out, "| {} ", "-".repeat(*width));
            }
            out.push_str("|\n");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Numbers have commas between thousands.
fn display(value: &Value) -> String {
    let text = value.to_string();
    let is_number =
        matches!(value, Value::Int(_) | Value::BigInt(_)) || value.downcast::<Decimal>().is_some();
    if !is_number {
        return text;
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

/// The header and the rows, as agate writes them.
pub(super) fn csv(table: &Table) -> String {
    let quoted = |text: String| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let line = |values: &[Value]| {
        let cells: Vec<String> = values
            .iter()
            .map(|value| if value.is_none() { String::new() } else { quoted(value.to_string()) })
            .collect();
        cells.join(",")
    };
    let mut lines = vec![line(table.names())];
    lines.extend(table.rows().map(|row| line(&row)));
    lines.join("\n")
}

/// The rows as JSON objects.
pub(super) fn json(table: &Table) -> Result<String> {
    let mut rows = Vec::with_capacity(table.len());
    for row in table.rows() {
        let dict = Dict::default();
        for (at, (name, value)) in table.names().iter().zip(row.iter()).enumerate() {
            let value = match value {
                Value::Object(object) => jsonified(object.to_str(), table.types().get(at)),
                other => other.clone(),
            };
            dict.insert(name.clone(), value)?;
        }
        rows.push(Value::Dict(dict));
    }
    dumps(&Value::list(rows), false)
}

/// An object's text as agate's columns give it to JSON: a decimal as a number, a time in ISO
/// form.
fn jsonified(text: String, kind: Option<&ColumnType>) -> Value {
    match kind {
        Some(ColumnType::Number) => {
            text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from)
        }
        Some(ColumnType::DateTime) => Value::from(text.replacen(' ', "T", 1)),
        _ => Value::from(text),
    }
}

/// `str(table)`: the columns and their types.
pub(super) fn structure(table: &Table) -> String {
    let names: Vec<String> = table.names().iter().map(ToString::to_string).collect();
    let types: Vec<&str> = table.types().iter().map(|kind| kind.class_name()).collect();
    let width = |header: &str, cells: &[&str]| {
        let longest = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        longest.max(header.len())
    };
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    let (left, right) = (width("column", &borrowed), width("data_type", &types));
    let mut out = format!("| {:left$} | {:right$} |\n", "column", "data_type");
    let _ = writeln!(out, "| {} | {} |", "-".repeat(left), "-".repeat(right));
    for (name, kind) in names.iter().zip(types) {
        let _ = writeln!(out, "| {name:left$} | {kind:right$} |");
    }
    out
}

/// `repr` of a row or column: its first values.
pub(super) fn sample(class: &str, values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().take(5).map(Value::repr).collect();
    let more = if values.len() > 5 { ", ..." } else { "" };
    format!("<agate.{class}: ({}{more})>", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn table() -> Table {
        let row = |id: i64, name: Value| -> Arc<[Value]> { [id.into(), name].into() };
        Table::new(
            vec!["id".into(), "name".into()],
            vec![ColumnType::Integer, ColumnType::Text],
            vec![row(1_234_567, "a,b".into()), row(2, Value::None)],
        )
    }

    #[test]
    fn a_table_prints_as_markdown() {
        let printed = text(&table(), "print_table", Args::none()).unwrap();
        assert_eq!(
            printed,
            "|        id | name |\n| --------- | ---- |\n| 1,234,567 | a,b  |\n|         2 |      |"
        );
        let cut = text(&table(), "print_table", Args::none().with("max_rows", 1)).unwrap();
        assert!(cut.ends_with("|       ... | ...  |"), "{cut}");
    }

    #[test]
    fn a_table_prints_as_csv_and_json() {
        assert_eq!(
            text(&table(), "print_csv", Args::none()).unwrap(),
            "id,name\n1234567,\"a,b\"\n2,"
        );
        assert_eq!(
            text(&table(), "print_json", Args::none()).unwrap(),
            r#"[{"id": 1234567, "name": "a,b"}, {"id": 2, "name": null}]"#
        );
    }
}
