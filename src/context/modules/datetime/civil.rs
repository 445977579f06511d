//! `datetime.date` and `datetime.time`.

use super::format::strftime;
use super::{DateTime, Delta, Zone};
use crate::jinja::{Args, Error, ExceptionKind, Object, Result, State, Value};
use jiff::civil;
use std::any::Any;
use std::cmp::Ordering;

/// A `date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub civil::Date);

/// A `time`, exact to the microsecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// The time of day.
    pub time: civil::Time,
    /// Its zone.
    pub zone: Option<Zone>,
}

/// Python's error for a date before year 1 or after 9999.
pub fn out_of_range() -> Error {
    Error::new(ExceptionKind::OverflowError, "date value out of range")
}

/// A date moved by whole days.
pub fn shift(date: civil::Date, days: i128) -> Result<civil::Date> {
    let days = i64::try_from(days).map_err(|_| out_of_range())?;
    let moved = jiff::Span::new()
        .try_days(days)
        .and_then(|days| date.checked_add(days))
        .map_err(|_| out_of_range())?;
    if moved.year() < 1 { Err(out_of_range()) } else { Ok(moved) }
}

/// `date.toordinal()`: days since the day before 0001-01-01.
pub fn ordinal(date: civil::Date) -> i64 {
    let first = civil::Date::constant(1, 1, 1);
    i64::from(first.until(date).map(|span| span.get_days()).unwrap_or_default()) + 1
}

/// What `date` and `datetime` both have. `None` when the name is none of it.
pub fn date_attr(date: civil::Date, name: &str) -> Option<Value> {
    Some(Value::Int(match name {
        "year" => date.year().into(),
        "month" => date.month().into(),
        "day" => date.day().into(),
        _ => return None,
    }))
}

/// Methods of `date` and `datetime` that only look at the date.
pub const DATE_METHODS: [&str; 4] = ["weekday", "isoweekday", "isocalendar", "toordinal"];

/// Calls one of [`DATE_METHODS`].
pub fn date_method(date: civil::Date, name: &str) -> Value {
    match name {
        "weekday" => Value::Int(date.weekday().to_monday_zero_offset().into()),
        "isoweekday" => Value::Int(date.weekday().to_monday_one_offset().into()),
        "isocalendar" => {
            let iso = date.iso_week_date();
            let parts = [
                i64::from(iso.year()),
                i64::from(iso.week()),
                i64::from(iso.weekday().to_monday_one_offset()),
            ];
            Value::tuple(parts.map(Value::Int))
        }
        _ => Value::Int(ordinal(date)),
    }
}

/// A whole number given as an argument.
pub fn int(value: Option<Value>, default: i64) -> Result<i64> {
    match value {
        None => Ok(default),
        Some(value) => value.as_int().ok_or_else(|| {
            Error::type_error(format!(
                "'{}' object cannot be interpreted as an integer",
                value.type_name()
            ))
        }),
    }
}

/// A date from its parts, with Python's errors.
pub fn date_of(year: i64, month: i64, day: i64) -> Result<civil::Date> {
    if !(1..=9999).contains(&year) {
        return Err(Error::value_error(format!("year {year} is out of range")));
    }
    if !(1..=12).contains(&month) {
        return Err(Error::value_error("month must be in 1..12"));
    }
    let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    let (Ok(year), Ok(month), Ok(day)) = parts else {
        return Err(Error::value_error("day is out of range for month"));
    };
    civil::Date::new(year, month, day)
        .map_err(|_| Error::value_error("day is out of range for month"))
}

/// A time of day from its parts, with Python's errors.
pub fn time_of(hour: i64, minute: i64, second: i64, micro: i64) -> Result<civil::Time> {
    let limits = [
        ("hour must be in 0..23", hour, 23),
        ("minute must be in 0..59", minute, 59),
        ("second must be in 0..59", second, 59),
        ("microsecond must be in 0..999999", micro, 999_999),
    ];
    for (message, value, most) in limits {
        if !(0..=most).contains(&value) {
            return Err(Error::value_error(message));
        }
    }
    let small = |value: i64| i8::try_from(value).unwrap_or_default();
    let nanos = i32::try_from(micro * 1000).unwrap_or_default();
    civil::Time::new(small(hour), small(minute), small(second), nanos)
        .map_err(|error| Error::value_error(error.to_string()))
}

/// The microseconds of a time of day.
pub fn micros(time: civil::Time) -> i64 {
    i64::from(time.subsec_nanosecond()) / 1000
}

/// `HH:MM:SS[.ffffff]`.
pub fn time_iso(time: civil::Time) -> String {
    let base = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    match micros(time) {
        0 => base,
        micros => format!("{base}.{micros:06}"),
    }
}

pub fn no_attribute(class: &str, name: &str) -> Error {
    Error::undefined(format!("'{class} object' has no attribute '{name}'"))
}

impl Date {
    /// `YYYY-MM-DD`.
    pub fn iso(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl Object for Date {
    fn type_name(&self) -> &'static str {
        "date"
    }

    fn qualified_name(&self) -> String {
        "datetime.date".to_owned()
    }

    fn format(&self, spec: &str) -> Result<Option<String>> {
        let moment = DateTime { civil: self.0.to_datetime(civil::Time::midnight()), zone: None };
        Ok(Some(strftime(&moment, spec)))
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(date_attr(self.0, name))
    }

    fn has_method(&self, name: &str) -> bool {
        DATE_METHODS.contains(&name)
            || matches!(name, "strftime" | "isoformat" | "ctime" | "replace")
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match name {
            "strftime" => {
                let ([format], []) = args.bind("strftime", ["format"], [])?;
                let moment =
                    DateTime { civil: self.0.to_datetime(civil::Time::midnight()), zone: None };
                Ok(Value::from(strftime(&moment, &format.to_string())))
            }
            "isoformat" => Ok(Value::from(self.iso())),
            "ctime" => {
                let moment =
                    DateTime { civil: self.0.to_datetime(civil::Time::midnight()), zone: None };
                Ok(Value::from(strftime(&moment, "%a %b %e %H:%M:%S %Y")))
            }
            "replace" => {
                let ([], [year, month, day]) =
                    args.bind("replace", [], ["year", "month", "day"])?;
                let date = date_of(
                    int(year, self.0.year().into())?,
                    int(month, self.0.month().into())?,
                    int(day, self.0.day().into())?,
                )?;
                Ok(Value::object(Self(date)))
            }
            _ if DATE_METHODS.contains(&name) => Ok(date_method(self.0, name)),
            _ => Err(no_attribute("datetime.date", name)),
        }
    }

    fn to_str(&self) -> String {
        self.iso()
    }

    fn repr(&self) -> String {
        format!("datetime.date({}, {}, {})", self.0.year(), self.0.month(), self.0.day())
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>() == Some(self))
    }

    fn compare(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other.downcast::<Self>()?))
    }

    fn hash_key(&self) -> Option<u64> {
        Some(super::hash(self))
    }

    fn binary(&self, operator: &str, other: &Value, reflected: bool) -> Result<Option<Value>> {
        const DAY: i128 = 86_400_000_000;
        if let Some(delta) = other.downcast::<Delta>() {
            let days = delta.micros().div_euclid(DAY);
            let days = match operator {
                "+" => days,
                "-" if !reflected => -days,
                _ => return Ok(None),
            };
            return Ok(Some(Value::object(Self(shift(self.0, days)?))));
        }
        match other.downcast::<Self>() {
            Some(other) if operator == "-" => {
                let days = ordinal(self.0) - ordinal(other.0);
                let days = if reflected { -days } else { days };
                Ok(Some(Value::object(Delta::from_seconds(days * 86_400))))
            }
            _ => Ok(None),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time"
    }

    fn qualified_name(&self) -> String {
        "datetime.time".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(time_attr(self.time, self.zone.as_ref(), name))
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "strftime" | "isoformat" | "replace")
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match name {
            "isoformat" => Ok(Value::from(time_iso(self.time))),
            "strftime" => {
                let ([format], []) = args.bind("strftime", ["format"], [])?;
                let date = civil::Date::constant(1900, 1, 1);
                let moment = DateTime { civil: date.to_datetime(self.time), zone: None };
                Ok(Value::from(strftime(&moment, &format.to_string())))
            }
            "replace" => {
                let names = ["hour", "minute", "second", "microsecond"];
                let ([], [hour, minute, second, micro]) = args.bind("replace", [], names)?;
                let time = time_of(
                    int(hour, self.time.hour().into())?,
                    int(minute, self.time.minute().into())?,
                    int(second, self.time.second().into())?,
                    int(micro, micros(self.time))?,
                )?;
                Ok(Value::object(Self { time, zone: self.zone.clone() }))
            }
            _ => Err(no_attribute("datetime.time", name)),
        }
    }

    fn to_str(&self) -> String {
        time_iso(self.time)
    }

    fn repr(&self) -> String {
        format!("datetime.time({})", time_parts(self.time))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>() == Some(self))
    }

    fn compare(&self, other: &Value) -> Option<Ordering> {
        let other = other.downcast::<Self>()?;
        (self.zone.is_some() == other.zone.is_some()).then(|| self.time.cmp(&other.time))
    }

    fn hash_key(&self) -> Option<u64> {
        Some(super::hash(&self.time))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What `time` and `datetime` both have.
pub fn time_attr(time: civil::Time, zone: Option<&Zone>, name: &str) -> Option<Value> {
    Some(match name {
        "hour" => Value::Int(time.hour().into()),
        "minute" => Value::Int(time.minute().into()),
        "second" => Value::Int(time.second().into()),
        "microsecond" => Value::Int(micros(time)),
        "tzinfo" => zone.cloned().map_or(Value::None, Value::object),
        _ => return None,
    })
}

/// The arguments in the repr of a time: seconds and microseconds only when needed.
pub fn time_parts(time: civil::Time) -> String {
    let (second, micros) = (time.second(), micros(time));
    let base = format!("{}, {}", time.hour(), time.minute());
    match (second, micros) {
        (0, 0) => base,
        (_, 0) => format!("{base}, {second}"),
        _ => format!("{base}, {second}, {micros}"),
    }
}
