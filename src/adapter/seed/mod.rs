//! A seed's CSV file: types as dbt infers them, rows as COPY takes them.

mod infer;
mod iso;
mod reader;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use self::infer::{Cell, Number};
use super::table::ColumnType;
use crate::context::modules::datetime;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::jinja::Value;

/// Digits of Python's default decimal context.
const PRECISION: i64 = 28;

/// The rows of a seed, as text, with the types of its columns.
#[derive(Debug)]
pub struct Seed {
    names: Vec<String>,
    types: Vec<ColumnType>,
    /// Row after row; `None` where a row is too short.
    cells: Vec<Option<Box<str>>>,
}

impl Seed {
    /// Reads a file. `text_columns` are not looked at: their type was declared.
    ///
    /// # Errors
    /// The file cannot be read, is empty, or has a row with too many fields.
    pub fn load<'a>(
        file: &Path,
        shown_path: &str,
        delimiter: char,
        text_columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let bytes = std::fs::read(file).map_err(|error| Diagnostic::io(file, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
            Diagnostic::new(Code::RowInvalid, "the file is not UTF-8")
                .with_span(Span::line(shown_path, line))
                .with_help("Save the file in UTF-8.")
        })?;
        Self::parse(&text, shown_path, delimiter, text_columns)
    }

    /// The columns of a file, read from its beginning alone. None when that is no header.
    pub fn header(file: &Path, delimiter: char) -> Option<Vec<String>> {
        /// Longer headers than this do not fit a table.
        const LONGEST: u64 = 256 * 1024;
        let mut bytes = Vec::new();
        std::fs::File::open(file).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let header = reader::records(&text, delimiter).into_iter().next()?;
        (!header.fields.is_empty()).then(|| column_names(header.fields))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// As [`Seed::load`].
    pub fn parse<'a>(
        text: &str,
        shown_path: &str,
        delimiter: char,
        text_columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let mut records = reader::records(text, delimiter).into_iter();
        let Some(header) = records.next().filter(|header| !header.fields.is_empty()) else {
            return Err(Diagnostic::new(Code::RowInvalid, "the file has no header line")
                .with_span(Span::line(shown_path, 1)));
        };
        let names = column_names(header.fields);
        let width = names.len();
        let mut cells = Vec::new();
        for (index, record) in records.enumerate() {
            if record.fields.len() > width {
                let line = u32::try_from(record.line).unwrap_or(u32::MAX);
                return Err(Diagnostic::new(
                    Code::RowInvalid,
                    format!(
                        "Row {index} has {} values, but Table only has {width} columns.",
                        record.fields.len()
                    ),
                )
                .with_span(Span::line(shown_path, line)));
            }
            let missing = width - record.fields.len();
            cells.extend(record.fields.into_iter().map(|field| Some(field.into())));
            cells.extend(std::iter::repeat_n(None, missing));
        }
        let declared: HashSet<&str> = text_columns.into_iter().collect();
        let mut seed = Self { names, types: Vec::new(), cells };
        seed.types = (0..width)
            .map(|at| {
                if declared.contains(seed.names[at].as_str()) {
                    ColumnType::Text
                } else {
                    infer::column_type(seed.column(at))
                }
            })
            .collect();
        Ok(seed)
    }

    fn column(&self, at: usize) -> impl Iterator<Item = Option<&str>> {
        self.cells.iter().skip(at).step_by(self.names.len().max(1)).map(Option::as_deref)
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The types of the columns.
    pub fn types(&self) -> &[ColumnType] {
        &self.types
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.cells.len() / self.names.len().max(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row as Python values.
    pub fn row(&self, at: usize) -> Option<Arc<[Value]>> {
        let width = self.names.len();
        let cells = self.cells.get(at * width..(at + 1) * width)?;
        Some(
            cells
                .iter()
                .zip(&self.types)
                .map(|(text, kind)| python_value(text.as_deref(), *kind))
                .collect(),
        )
    }

    /// Whether numbers of a column have digits after the point: dbt then makes it a float.
    pub fn has_fractions(&self, column: usize) -> bool {
        let (mut whole, mut fraction) = (1, 0);
        for text in self.column(column) {
            if let Cell::Number(Number::Finite(number)) = infer::cell(text, ColumnType::Number) {
                let (digits, places) = number.precision(PRECISION);
                whole = whole.max(digits - places);
                fraction = fraction.max(places);
            }
        }
        if whole + fraction > PRECISION {
            fraction = PRECISION - whole;
        }
        fraction != 0
    }

    /// The rows in COPY's text format
    /// (<https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2>). Moments
    /// with an offset become local times of `time_zone`, as the server would have it.
    pub fn copy_text(self: &Arc<Self>, time_zone: &TimeZone) -> impl Read {
        CopyText {
            seed: Arc::clone(self),
            time_zone: time_zone.clone(),
            row: 0,
            buffer: String::new(),
            read: 0,
        }
    }

    fn write_row(&self, out: &mut String, row: usize, time_zone: &TimeZone) {
        let width = self.names.len();
        for at in 0..width {
            if at > 0 {
                out.push('\t');
            }
            let text = self.cells[row * width + at].as_deref();
            write_cell(out, &infer::cell(text, self.types[at]), text, time_zone);
        }
        out.push('\n');
    }
}

fn write_cell(out: &mut String, cell: &Cell, text: Option<&str>, time_zone: &TimeZone) {
    // Writing to a String cannot fail.
    let _ = match cell {
        Cell::Null => write!(out, "\\N"),
        Cell::Number(Number::Finite(number)) => write!(out, "{}", number.shortest()),
        Cell::Number(Number::NaN) => write!(out, "NaN"),
        Cell::Number(Number::Infinite { negative }) => {
            write!(out, "{}Infinity", if *negative { "-" } else { "" })
        }
        Cell::Date(date) => write!(out, "{date}"),
        Cell::Moment(moment) => {
            let local: DateTime =
                match moment.offset.and_then(|offset| offset.to_timestamp(moment.civil).ok()) {
                    Some(instant) => time_zone.to_datetime(instant),
                    None => moment.civil,
                };
            write!(out, "{local}")
        }
        Cell::Boolean(truth) => write!(out, "{}", if *truth { 't' } else { 'f' }),
        Cell::Text => {
            escape(out, text.unwrap_or_default());
            Ok(())
        }
    };
}

/// COPY's escapes.
pub(super) fn escape(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
}

fn python_value(text: Option<&str>, kind: ColumnType) -> Value {
    match infer::cell(text, kind) {
        Cell::Null => Value::None,
        Cell::Number(Number::Finite(number)) => number.into_value(),
        Cell::Number(Number::NaN) => Value::from("NaN"),
        Cell::Number(Number::Infinite { negative }) => {
            Value::from(if negative { "-Infinity" } else { "Infinity" })
        }
        Cell::Date(date) => datetime::from_iso(&date.to_string()),
        Cell::Moment(moment) => datetime::from_iso(&match moment.offset {
            Some(offset) => format!("{}{offset}", moment.civil),
            None => moment.civil.to_string(),
        }),
        Cell::Boolean(truth) => Value::from(truth),
        Cell::Text => Value::from(text),
    }
}

/// Names as agate makes them unique: letters for missing ones, numbers for repeated ones.
fn column_names(fields: Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(fields.len());
    for (at, field) in fields.into_iter().enumerate() {
        let base = if field.is_empty() { letter_name(at) } else { field };
        let mut name = base.clone();
        let mut count = 2;
        while names.contains(&name) {
            name = format!("{base}_{count}");
            count += 1;
        }
        names.push(name);
    }
    names
}

fn letter_name(at: usize) -> String {
    let letter = char::from(b"abcdefghijklmnopqrstuvwxyz"[at % 26]);
    letter.to_string().repeat(at / 26 + 1)
}

fn line_of(bytes: &[u8], at: usize) -> u32 {
    let newlines = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

/// Rows as they are read, a few at a time.
struct CopyText {
    seed: Arc<Seed>,
    time_zone: TimeZone,
    row: usize,
    buffer: String,
    read: usize,
}

impl CopyText {
    /// How much text is made at a time.
    const CHUNK: usize = 64 * 1024;

    fn refill(&mut self) {
        self.buffer.clear();
        self.read = 0;
        while self.buffer.len() < Self::CHUNK && self.row < self.seed.len() {
            self.seed.write_row(&mut self.buffer, self.row, &self.time_zone);
            self.row += 1;
        }
    }
}

impl Read for CopyText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read == self.buffer.len() {
            self.refill();
        }
        let rest = &self.buffer.as_bytes()[self.read..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(text: &str, text_columns: &[&str]) -> Arc<Seed> {
        Arc::new(Seed::parse(text, "seeds/a.csv", ',', text_columns.iter().copied()).unwrap())
    }

    fn copied(seed: &Arc<Seed>, zone: &str) -> String {
        let mut out = String::new();
        seed.copy_text(&TimeZone::get(zone).unwrap()).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn rows_become_copy_text() {
        let seed = seed(
            "n,t,b,d\n1.0,\"a\tb\\\",TRUE,2020-1-5\n1e3,,false,\n\n2,null,,2020-01-06\n3\n",
            &[],
        );
        assert_eq!(
            copied(&seed, "UTC"),
            "1\ta\\tb\\\\\tt\t2020-01-05\n1000\t\\N\tf\t\\N\n\\N\t\\N\t\\N\t\\N\n2\t\\N\t\\N\t2020-01-06\n3\t\\N\t\\N\t\\N\n"
        );
        assert!(!seed.has_fractions(0));
        assert_eq!(seed.len(), 5);
    }

    #[test]
    fn moments_with_an_offset_are_local_times_of_the_server() {
        let seed = seed("at\n2020-01-01T00:00:00Z\n2020-07-01T00:00:00.25+02:00\n", &[]);
        assert_eq!(copied(&seed, "Europe/Berlin"), "2020-01-01T01:00:00\n2020-07-01T00:00:00.25\n");
    }

    #[test]
    fn declared_columns_stay_text() {
        let seed = seed("id,zip\n1,007\n2.5,\n", &["zip"]);
        assert_eq!(seed.types(), [ColumnType::Number, ColumnType::Text]);
        assert!(seed.has_fractions(0));
        assert_eq!(copied(&seed, "UTC"), "1\t007\n2.5\t\\N\n");
    }

    #[test]
    fn names_are_completed() {
        assert_eq!(seed("a,a,,a\n", &[]).names(), ["a", "a_2", "c", "a_3"]);
    }

    #[test]
    fn a_row_that_is_too_long_is_shown() {
        let error = Seed::parse("a,b\n1,2\n1,2,3\n", "seeds/a.csv", ',', []).unwrap_err();
        assert_eq!(error.message, "Row 1 has 3 values, but Table only has 2 columns.");
        assert_eq!(error.span.unwrap().line, 3);
        assert!(Seed::parse("", "seeds/a.csv", ',', []).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_rows_or_an_error(
            text in "([-+0-9.eE:, \\t\"'\n\r;|a-cT\u{0}\u{e9}]|true|null|NaN|inf|2020-01-05|\"\"){0,60}",
            delimiter in proptest::sample::select(vec![',', ';', '|', '\t', 'é']),
        ) {
            let Ok(seed) = Seed::parse(&text, "seeds/a.csv", delimiter, ["b"]) else { return Ok(()) };
            let seed = Arc::new(seed);
            proptest::prop_assert_eq!(seed.names().len(), seed.types().len());
            let rows = (0..seed.len()).filter_map(|row| seed.row(row)).count();
            proptest::prop_assert_eq!(rows, seed.len());
            // What COPY reads has a line for each row and a cell for each column.
            let copied = copied(&seed, "Europe/Berlin");
            proptest::prop_assert_eq!(copied.lines().count(), seed.len());
            let width = seed.names().len();
            proptest::prop_assert!(copied.lines().all(|line| line.split('\t').count() == width));
        }
    }
}
