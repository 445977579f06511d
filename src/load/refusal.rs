//! What the server says about a bad row, told with the user's file and line.

use std::fmt::Write as _;

use super::file::line_text;
use super::{Failed, LoadSpec};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::postgres::{DbError, Error};

/// The place COPY names in an error's context.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    line: u64,
    column: Option<&'a str>,
}

pub(super) fn explain(spec: &LoadSpec<'_>, failed: Failed) -> Box<Diagnostic> {
    let Failed { error, sql } = failed;
    match error {
        Error::Db(error) => match place(&error, spec.table) {
            Some(place) => bad_row(spec, &error, &place),
            None => error.into_diagnostic(Some(&sql)),
        },
        Error::Source(error) => {
            let message = format!("{}: {error}", spec.shown_path);
            Diagnostic::new(Code::Io, message).with_help("Nothing was loaded from this file.")
        }
        other => other.into_diagnostic(),
    }
}

fn bad_row(spec: &LoadSpec<'_>, error: &DbError, place: &Place<'_>) -> Box<Diagnostic> {
    let mut message =
        format!("A row does not fit {}.{}: {}", spec.schema, spec.table, error.message);
    if let Some(column) = place.column {
        let _ = write!(message, " (column \"{column}\")");
    }
    let text = line_text(spec.path, place.line);
    for detail in error.detail.iter().chain(&error.hint) {
        message.push('\n');
        message.push_str(detail);
    }
    if let Some(text) = &text {
        let _ = write!(message, "\n{}: {text}", place.line);
    }
    let line = u32::try_from(place.line).unwrap_or(u32::MAX);
    let mut span = Span::line(spec.shown_path, line);
    span.text = text.map(Into::into);
    Diagnostic::new(Code::RowInvalid, message).with_span(span).with_help(
        "Nothing was loaded from this file. Correct the row, or the column's `data_type`, or \
         `delimiter`, `quote` and `header` of the source's `external:`.",
    )
}

/// Reads `COPY sessions, line 3, column userid: "x"`. The table's name comes from outside
/// because it may itself hold a comma.
fn place<'a>(error: &'a DbError, table: &str) -> Option<Place<'a>> {
    let context = error.context.as_deref()?;
    let rest = context.strip_prefix("COPY ")?.strip_prefix(table)?.strip_prefix(", line ")?;
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let line = rest[..digits].parse().ok()?;
    let column = rest[digits..]
        .strip_prefix(", column ")
        .map(|column| column.split_once(": ").map_or(column, |(name, _)| name));
    Some(Place { line, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(context: &str, table: &str) -> Option<(u64, Option<String>)> {
        let error = DbError { context: Some(context.to_owned()), ..DbError::default() };
        place(&error, table).map(|place| (place.line, place.column.map(str::to_owned)))
    }

    #[test]
    fn the_place_is_read_from_the_context() {
        assert_eq!(
            read("COPY t, line 3, column a b: \"x, line 9\"", "t"),
            Some((3, Some("a b".into())))
        );
        assert_eq!(read("COPY a, line 2, line 7: \"1,2\"", "a, line 2"), Some((7, None)));
        assert_eq!(read("COPY t, line 12", "t"), Some((12, None)));
        assert_eq!(read("SQL function \"f\" statement 1", "t"), None);
    }
}
