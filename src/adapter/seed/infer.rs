//! Which type a seed's column has, and what its cells are worth: agate's rules with dbt's
//! choice of types
//! (<https://agate.readthedocs.io/en/latest/api/type_tester.html>).

use jiff::civil::Date;

use super::iso::{self, Moment};
use crate::adapter::decimal::Decimal;
use crate::adapter::table::ColumnType;

/// A number as Python's `Decimal` reads it.
#[derive(Debug, Clone)]
pub(super) enum Number {
    Finite(Decimal),
    NaN,
    Infinite { negative: bool },
}

/// The worth of a cell in a column of some type.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Null,
    Number(Number),
    Date(Date),
    Moment(Moment),
    Boolean(bool),
    Text,
}

/// The type of a column, from its cells. A missing cell fits every type.
pub(super) fn column_type<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> ColumnType {
    let mut possible =
        vec![Kind::Integer, Kind::Number, Kind::Date, Kind::DateTime, Kind::Iso, Kind::Boolean];
    for cell in cells.flatten() {
        possible.retain(|kind| kind.read(cell).is_some());
        if possible.is_empty() {
            return ColumnType::Text;
        }
    }
    possible.first().map_or(ColumnType::Text, |kind| kind.column_type())
}

/// A cell in a column of this type. `None` never happens for the inferred type.
pub(super) fn cell(text: Option<&str>, column: ColumnType) -> Cell {
    let Some(text) = text else { return Cell::Null };
    let read = match column {
        ColumnType::Integer => Kind::Integer.read(text),
        ColumnType::Number => Kind::Number.read(text),
        ColumnType::Date => Kind::Date.read(text),
        ColumnType::DateTime => Kind::DateTime.read(text).or_else(|| Kind::Iso.read(text)),
        ColumnType::Boolean => Kind::Boolean.read(text),
        ColumnType::Text => None,
    };
    match read {
        Some(cell) => cell,
        None if is_null(text) => Cell::Null,
        None => Cell::Text,
    }
}

/// The candidates in the order they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Only a column of missing cells is one: text is never taken for an int.
    Integer,
    Number,
    Date,
    DateTime,
    Iso,
    Boolean,
}

impl Kind {
    fn column_type(self) -> ColumnType {
        match self {
            Self::Integer => ColumnType::Integer,
            Self::Number => ColumnType::Number,
            Self::Date => ColumnType::Date,
            Self::DateTime | Self::Iso => ColumnType::DateTime,
            Self::Boolean => ColumnType::Boolean,
        }
    }

    fn read(self, text: &str) -> Option<Cell> {
        if self == Self::Integer {
            return None;
        }
        let text = text.trim();
        if is_null(text) {
            return Some(Cell::Null);
        }
        match self {
            Self::Integer => None,
            Self::Number => number(text).map(Cell::Number),
            Self::Date => iso::date(text).map(Cell::Date),
            Self::DateTime => iso::datetime(text).map(Cell::Moment),
            Self::Iso => iso::iso_datetime(text).map(Cell::Moment),
            Self::Boolean => match text.replace(',', "").trim().to_lowercase().as_str() {
                "true" => Some(Cell::Boolean(true)),
                "false" => Some(Cell::Boolean(false)),
                _ => None,
            },
        }
    }
}

fn is_null(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.eq_ignore_ascii_case("null")
}

/// Signs that agate takes off a number.
const CURRENCIES: [char; 19] =
    ['؋', '$', 'ƒ', '៛', '¥', '₡', '₱', '£', '€', '¢', '﷼', '₪', '₩', '₭', '₮', '₦', '฿', '₤', '₫'];

/// A number with its per cent and currency signs and thousands separators taken off.
fn number(text: &str) -> Option<Number> {
    let text = text.trim_matches('%');
    let (negative, mut text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // One after the other, as agate does: a mix of signs may stay.
    for currency in CURRENCIES {
        text = text.trim_matches(currency);
    }
    let plain: String = text.trim().chars().filter(|char| !matches!(char, ',' | '_')).collect();
    let (own_negative, unsigned) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let negative = negative != own_negative;
    match unsigned.to_lowercase().as_str() {
        "nan" => return Some(Number::NaN),
        "inf" | "infinity" => return Some(Number::Infinite { negative }),
        _ => {}
    }
    let sign = if negative { "-" } else { "" };
    Decimal::parse(&format!("{sign}{}", western_digits(unsigned)?)).map(Number::Finite)
}

/// Python reads the decimal digits of every script.
fn western_digits(text: &str) -> Option<String> {
    text.chars()
        .map(|char| match char {
            char if char.is_ascii() => Some(char),
            '０'..='９' => char::from_digit(char as u32 - '０' as u32, 10),
            '٠'..='٩' => char::from_digit(char as u32 - '٠' as u32, 10),
            '۰'..='۹' => char::from_digit(char as u32 - '۰' as u32, 10),
            '०'..='९' => char::from_digit(char as u32 - '०' as u32, 10),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inferred(cells: &[&str]) -> ColumnType {
        column_type(cells.iter().map(|cell| Some(*cell)))
    }

    #[test]
    fn types_are_agates() {
        use ColumnType::{Boolean, Date, DateTime, Integer, Number, Text};
        let cases: &[(&[&str], ColumnType)] = &[
            (&["1", "", " NULL "], Number),
            (&["$5", "-6", "1,000", "7%", "1_0", "1e3", "007", "NaN", "٣"], Number),
            (&["2020-1-5", ""], Date),
            (&["2020-01-01 00:00:00"], DateTime),
            (&["2020-01-01T00:00Z", "20200101T00"], DateTime),
            (&["2020-01-01", "2020-01-01 00:00:00"], Text),
            (&["TRUE", "false", "null"], Boolean),
            (&["yes", "no"], Text),
            (&["true", "1"], Text),
            (&["1", "x"], Text),
            (&["", "null"], Number),
            (&[], Integer),
        ];
        for (cells, expected) in cases {
            assert_eq!(inferred(cells), *expected, "{cells:?}");
        }
        assert_eq!(column_type([None, None].into_iter()), Integer);
        assert_eq!(column_type([None, Some("2")].into_iter()), Number);
    }

    #[test]
    fn numbers_lose_their_decoration() {
        let text = |cell| match number(cell) {
            Some(Number::Finite(number)) => number.into_value().to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(text("-$1,234.50"), "-1234.50");
        assert_eq!(text("$-5"), "-5");
        assert_eq!(text("--5"), "5");
        assert_eq!(text("5%"), "5");
        assert_eq!(text("+5"), "5");
        assert_eq!(text("1 000"), "None");
        assert_eq!(text("0x10"), "None");
    }
}
