//! Loading delimited files into source tables with COPY FROM STDIN.
//!
//! One file is one transaction: the table is created when missing, emptied first when
//! asked, and filled; or it is left as it was. Rows are not looked at on the way: the server
//! parses them, and says which line is wrong.

mod file;
mod refusal;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::postgres::quote::{identifier, literal};
use crate::postgres::{Connection, Error, catalog, lock};
use crate::suggest::nearest;
use file::DataFile;

/// A column as the project declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadColumn {
    /// Its name.
    pub name: String,
    /// Its SQL type; `text` when not declared.
    pub data_type: Option<String>,
    /// An SQL expression for rows that do not give it, with or without the word `default`.
    pub default: Option<String>,
}

/// How a file is written. The meaning of each is COPY's
/// (<https://www.postgresql.org/docs/current/sql-copy.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    /// Between fields: one ASCII character.
    pub delimiter: char,
    /// Around fields: one ASCII character. It is doubled inside.
    pub quote: char,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The unquoted text that means NULL.
    pub null: String,
    /// The file's encoding by PostgreSQL's name; `None` is UTF-8.
    pub encoding: Option<String>,
}

impl Default for CsvFormat {
    fn default() -> Self {
        Self { delimiter: ',', quote: '"', header: true, null: String::new(), encoding: None }
    }
}

/// A file to load and where to.
#[derive(Debug, Clone)]
pub struct LoadSpec<'a> {
    /// The target's schema.
    pub schema: &'a str,
    /// The target table.
    pub table: &'a str,
    /// The columns with which a missing table is created.
    pub columns: &'a [LoadColumn],
    /// The file. One that ends in `.gz` is unpacked.
    pub path: &'a Path,
    /// The file's name in messages, such as its path in the project.
    pub shown_path: &'a str,
    /// How it is written.
    pub format: &'a CsvFormat,
    /// Whether to empty the table first; else the rows are added.
    pub full_refresh: bool,
}

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file read so far.
    pub read: u64,
    /// The file's size in bytes.
    pub total: u64,
}

/// What a load did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadReport {
    /// Rows added.
    pub rows: u64,
    /// Bytes of data sent, unpacked.
    pub bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Loads one file in one transaction. The session must not be in a transaction.
///
/// # Errors
/// `RowInvalid` with file and line for a row the table refuses; `ExternalInvalid` for a
/// header that does not fit the table; `Io` for a file that cannot be read.
pub fn load_file(
    connection: &mut Connection,
    spec: &LoadSpec<'_>,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<LoadReport> {
    let begun = Instant::now();
    let file = DataFile::open(spec)?;
    let found =
        catalog::columns(connection, spec.schema, spec.table).map_err(Error::into_diagnostic)?;
    let mut statements = vec!["begin".to_owned()];
    let known: Vec<&str> = if found.is_empty() {
        let schema_exists =
            catalog::schema_exists(connection, spec.schema).map_err(Error::into_diagnostic)?;
        statements.extend(create_statements(spec, schema_exists)?);
        spec.columns.iter().map(|column| column.name.as_str()).collect()
    } else {
        if spec.full_refresh {
            statements.push(format!("truncate table {}", relation(spec)));
        }
        found.iter().map(|column| column.name.as_str()).collect()
    };
    let columns = file_columns(spec, &file.first_record()?, &known)?;
    let copy = copy_statement(spec, &columns);

    let total = file.size();
    let read = file.bytes_read();
    let outcome = run(connection, &statements, &copy, file, &mut |_| {
        on_progress(Progress { read: read.get(), total });
    });
    match outcome {
        Ok((rows, bytes)) => Ok(LoadReport { rows, bytes, elapsed: begun.elapsed() }),
        Err(failed) => {
            if !connection.is_broken() {
                // The outcome below matters more than this one's.
                let _ = connection.query("rollback");
            }
            Err(refusal::explain(spec, failed))
        }
    }
}

/// An error and the statement that raised it.
struct Failed {
    error: Error,
    sql: String,
}

fn run(
    connection: &mut Connection,
    statements: &[String],
    copy: &str,
    file: DataFile,
    on_progress: &mut dyn FnMut(u64),
) -> Result<(u64, u64), Failed> {
    connection.pipeline(statements).map_err(|failed| Failed {
        sql: statements.get(failed.index).cloned().unwrap_or_default(),
        error: failed.error,
    })?;
    let mut bytes = 0;
    let rows = connection
        .copy_in(copy, file.into_data(), |sent| {
            bytes = sent;
            on_progress(sent);
        })
        .map_err(|error| Failed { error, sql: copy.to_owned() })?;
    connection.query("commit").map_err(|error| Failed { error, sql: "commit".to_owned() })?;
    Ok((rows, bytes))
}

fn relation(spec: &LoadSpec<'_>) -> String {
    format!("{}.{}", identifier(spec.schema), identifier(spec.table))
}

fn create_statements(spec: &LoadSpec<'_>, schema_exists: bool) -> Result<Vec<String>> {
    if spec.columns.is_empty() {
        return Err(Diagnostic::new(
            Code::ExternalInvalid,
            format!(
                "The table {}.{} does not exist, and the source declares no columns to create \
                 it with.",
                spec.schema, spec.table
            ),
        )
        .with_help("Declare `columns:` with `name` and `data_type` for the source's table."));
    }
    let mut statements = Vec::new();
    if !schema_exists {
        statements.push(lock::schema(spec.schema));
        statements.push(format!("create schema if not exists {}", identifier(spec.schema)));
    }
    let columns: Vec<String> = spec.columns.iter().map(column_definition).collect();
    statements.push(lock::relation(spec.schema, spec.table, None));
    statements.push(format!(
        "create table if not exists {} (\n  {}\n)",
        relation(spec),
        columns.join(",\n  ")
    ));
    Ok(statements)
}

fn column_definition(column: &LoadColumn) -> String {
    let data_type = column.data_type.as_deref().unwrap_or("text");
    let mut definition = format!("{} {data_type}", identifier(&column.name));
    if let Some(default) = &column.default {
        let expression = match default.trim_start().split_at_checked("default ".len()) {
            Some((word, rest)) if word.eq_ignore_ascii_case("default ") => rest,
            _ => default,
        };
        definition.push_str(" default ");
        definition.push_str(expression);
    }
    definition
}

/// The table's columns in the order of the file's fields.
fn file_columns(spec: &LoadSpec<'_>, first: &[String], known: &[&str]) -> Result<Vec<String>> {
    let header = || Span::line(spec.shown_path, 1);
    if !spec.format.header {
        if first.len() > known.len() {
            let message = format!(
                "{} fields in the first row, but {}.{} has {} columns.",
                first.len(),
                spec.schema,
                spec.table,
                known.len()
            );
            return Err(Diagnostic::new(Code::ExternalInvalid, message).with_span(header()));
        }
        return Ok(known[..first.len()].iter().map(|name| (*name).to_owned()).collect());
    }
    let mut columns: Vec<String> = Vec::with_capacity(first.len());
    for name in first {
        let column = find_column(name, known).ok_or_else(|| unknown_column(spec, name, known))?;
        if columns.iter().any(|earlier| earlier == column) {
            let message = format!("The header names the column \"{column}\" twice.");
            return Err(Diagnostic::new(Code::ExternalInvalid, message).with_span(header()));
        }
        columns.push(column.to_owned());
    }
    Ok(columns)
}

/// The column a header's field means: that of its name, else one that differs in case only.
fn find_column<'a>(field: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = field.trim();
    known.iter().find(|known| **known == name).copied().or_else(|| {
        let mut similar = known.iter().filter(|known| known.to_lowercase() == name.to_lowercase());
        similar.next().filter(|_| similar.next().is_none()).copied()
    })
}

fn unknown_column(spec: &LoadSpec<'_>, name: &str, known: &[&str]) -> Box<Diagnostic> {
    let message = format!(
        "The header names a column \"{name}\" that {}.{} does not have.",
        spec.schema, spec.table
    );
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("Did you mean \"{near}\"? The columns are {}.", known.join(", ")),
        None => format!("The columns are {}.", known.join(", ")),
    };
    Diagnostic::new(Code::ExternalInvalid, message)
        .with_span(Span::line(spec.shown_path, 1))
        .with_help(help)
}

fn copy_statement(spec: &LoadSpec<'_>, columns: &[String]) -> String {
    let CsvFormat { delimiter, quote, header, null, encoding } = spec.format;
    // A file without any line has no columns to name.
    let list = if columns.is_empty() {
        String::new()
    } else {
        let names: Vec<String> = columns.iter().map(|name| identifier(name)).collect();
        format!(" ({})", names.join(", "))
    };
    let mut options = format!(
        "format csv, header {header}, delimiter {}, quote {}, null {}",
        literal(&delimiter.to_string()),
        literal(&quote.to_string()),
        literal(null)
    );
    if let Some(encoding) = encoding {
        options.push_str(", encoding ");
        options.push_str(&literal(encoding));
    }
    format!("copy {}{list} from stdin ({options})", relation(spec))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_may_be_written_with_or_without_its_keyword() {
        for default in ["current_timestamp", "DEFAULT current_timestamp"] {
            let column = LoadColumn {
                name: "at".into(),
                data_type: Some("timestamp".into()),
                default: Some(default.into()),
            };
            assert_eq!(column_definition(&column), "\"at\" timestamp default current_timestamp");
        }
    }

    #[test]
    fn header_fields_match_by_name_then_by_case() {
        let known = ["userid", "Name", "NAME"];
        assert_eq!(find_column(" UserID ", &known), Some("userid"));
        assert_eq!(find_column("NAME", &known), Some("NAME"));
        assert_eq!(find_column("name", &known), None);
    }
}
