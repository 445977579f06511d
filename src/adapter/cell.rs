//! A cell's text as the Python value psycopg2 and agate make of it.

use serde_json::Value as Json;

use super::decimal::Decimal;
use super::table::ColumnType;
use crate::context::json;
use crate::context::modules::datetime;
use crate::jinja::Value;
use crate::postgres::types::Kind;

/// The value of a cell that is not NULL. `element` is the kind of an array's elements.
pub(super) fn value(text: &str, kind: Kind, element: Option<Kind>) -> Value {
    match kind {
        Kind::Boolean => Value::from(text == "t"),
        Kind::Integer => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        // agate turns floats into decimals of their shortest text.
        Kind::Float | Kind::Numeric => {
            Decimal::parse(text).map_or_else(|| Value::from(text), Decimal::into_value)
        }
        Kind::Date | Kind::Timestamp | Kind::TimestampTz => datetime::from_iso(text),
        Kind::Json => json_value(text),
        Kind::Array => element.map_or_else(|| Value::from(text), |kind| array(text, kind)),
        _ => Value::from(text),
    }
}

/// agate's type of a value; `None` for one that fits everywhere.
pub(super) fn column_type(value: &Value) -> Option<ColumnType> {
    Some(match value {
        Value::None => return None,
        Value::Int(_) | Value::BigInt(_) => ColumnType::Integer,
        Value::Bool(_) => ColumnType::Boolean,
        other if other.downcast::<Decimal>().is_some() => ColumnType::Number,
        other => match other.type_name() {
            "date" => ColumnType::Date,
            "datetime" => ColumnType::DateTime,
            _ => ColumnType::Text,
        },
    })
}

/// dbt shows lists and dicts as the JSON text that Python writes.
fn json_value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(nested @ (Json::Array(_) | Json::Object(_))) => {
            json::dumps(&json::from_json(&nested), false)
                .map_or_else(|_| Value::from(text), Value::from)
        }
        Ok(Json::Number(number)) if !number.is_i64() => Decimal::parse(&number.to_string())
            .map_or_else(|| Value::from(text), Decimal::into_value),
        Ok(scalar) => json::from_json(&scalar),
        Err(_) => Value::from(text),
    }
}

/// An array as the JSON text of the list psycopg2 makes of it.
fn array(text: &str, kind: Kind) -> Value {
    // Arrays of these stay text in psycopg2 as well.
    if matches!(kind, Kind::Other | Kind::Uuid | Kind::Bytes | Kind::Interval | Kind::Json) {
        return Value::from(text);
    }
    let mut reader = ArrayReader { rest: text, kind };
    match reader.list(0) {
        Some(list) if reader.rest.is_empty() => json::dumps(&json::from_json(&list), false)
            .map_or_else(|_| Value::from(text), Value::from),
        _ => Value::from(text),
    }
}

/// Reads PostgreSQL's text form of arrays
/// (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
struct ArrayReader<'a> {
    rest: &'a str,
    kind: Kind,
}

impl ArrayReader<'_> {
    /// PostgreSQL has no more dimensions than this.
    const DEPTH: usize = 6;

    fn take(&mut self, char: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(char)?;
        Some(())
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        if depth > Self::DEPTH {
            return None;
        }
        self.take('{')?;
        let mut items = Vec::new();
        if self.take('}').is_some() {
            return Some(Json::Array(items));
        }
        loop {
            items.push(match self.rest.chars().next()? {
                '{' => self.list(depth + 1)?,
                '"' => self.quoted().map(|text| self.element(&text))?,
                _ => self.bare()?,
            });
            if self.take('}').is_some() {
                return Some(Json::Array(items));
            }
            self.take(',')?;
        }
    }

    fn quoted(&mut self) -> Option<String> {
        self.take('"')?;
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        loop {
            let (at, char) = chars.next()?;
            match char {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(out);
                }
                '\\' => out.push(chars.next()?.1),
                other => out.push(other),
            }
        }
    }

    fn bare(&mut self) -> Option<Json> {
        let end = self.rest.find([',', '}'])?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(if text == "NULL" { Json::Null } else { self.element(text) })
    }

    fn element(&self, text: &str) -> Json {
        match self.kind {
            Kind::Boolean => Json::Bool(text == "t"),
            Kind::Integer => text.parse::<i64>().map_or_else(|_| text.into(), Json::from),
            Kind::Float | Kind::Numeric => {
                text.parse::<f64>().map_or_else(|_| text.into(), Json::from)
            }
            Kind::Timestamp | Kind::TimestampTz => text.replacen(' ', "T", 1).into(),
            _ => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_their_python_type() {
        assert_eq!(value("t", Kind::Boolean, None), Value::from(true));
        assert_eq!(value("12", Kind::Integer, None), Value::from(12));
        assert_eq!(value("1.50", Kind::Numeric, None).repr(), "Decimal('1.50')");
        assert_eq!(value("0.1", Kind::Float, None).repr(), "Decimal('0.1')");
        assert_eq!(value("NaN", Kind::Numeric, None), Value::from("NaN"));
        assert_eq!(value("a", Kind::Text, None), Value::from("a"));
        let date = value("2024-01-31", Kind::Date, None);
        assert_eq!((date.type_name(), date.to_string()), ("date", "2024-01-31".to_owned()));
        let moment = value("2024-01-31 10:00:00.5+01", Kind::TimestampTz, None);
        assert_eq!(moment.type_name(), "datetime");
        assert_eq!(moment.to_string(), "2024-01-31 10:00:00.500000+01:00");
        assert_eq!(value("infinity", Kind::Timestamp, None), Value::from("infinity"));
    }

    #[test]
    fn containers_are_json_text() {
        assert_eq!(
            value(r#"{"a":[1,null]}"#, Kind::Json, None),
            Value::from(r#"{"a": [1, null]}"#)
        );
        assert_eq!(value("3", Kind::Json, None), Value::from(3));
        let array = |text, kind| value(text, Kind::Array, Some(kind)).to_string();
        assert_eq!(array("{1,NULL,3}", Kind::Integer), "[1, null, 3]");
        assert_eq!(array(r#"{a,"b \" c","NULL"}"#, Kind::Text), r#"["a", "b \" c", "NULL"]"#);
        assert_eq!(array("{{1.5,2},{3,4}}", Kind::Numeric), "[[1.5, 2.0], [3.0, 4.0]]");
        assert_eq!(array("{}", Kind::Text), "[]");
        assert_eq!(array("{broken", Kind::Text), "{broken");
    }
}
