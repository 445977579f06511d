//! `datetime.timedelta`.

use crate::jinja::{Args, Error, Object, Result, State, Value};
use std::any::Any;
use std::cmp::Ordering;
use std::fmt::Write;

/// Microseconds in a day.
const DAY: i128 = 86_400_000_000;
/// The most days Python's timedelta holds.
const MOST_DAYS: i128 = 999_999_999;

/// A length of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delta {
    micros: i128,
}

impl Delta {
    /// From microseconds.
    ///
    /// # Errors
    /// Python's `OverflowError` beyond its range.
    pub fn from_micros(micros: i128) -> Result<Self> {
        if micros.div_euclid(DAY).abs() > MOST_DAYS {
            let days = micros.div_euclid(DAY);
            return Err(Error::new(
                crate::jinja::ExceptionKind::OverflowError,
                format!("days={days}; must have magnitude <= {MOST_DAYS}"),
            ));
        }
        Ok(Self { micros })
    }

    /// From seconds.
    pub fn from_seconds(seconds: i64) -> Self {
        Self { micros: i128::from(seconds) * 1_000_000 }
    }

    /// The whole length in microseconds.
    pub fn micros(self) -> i128 {
        self.micros
    }

    /// `timedelta(days, seconds, …)`.
    ///
    /// # Errors
    /// A wrong argument, or a length beyond the range.
    pub fn construct(args: Args) -> Result<Value> {
        const UNITS: [(&str, i128); 7] = [
            ("days", DAY),
            ("seconds", 1_000_000),
            ("microseconds", 1),
            ("milliseconds", 1_000),
            ("minutes", 60_000_000),
            ("hours", 3_600_000_000),
            ("weeks", 7 * DAY),
        ];
        let ([], given) = args.bind("timedelta", [], UNITS.map(|(name, _)| name))?;
        let mut micros = 0_i128;
        for ((name, unit), value) in UNITS.into_iter().zip(given) {
            let Some(value) = value else { continue };
            micros = scaled(unit, &value)
                .and_then(|scaled| micros.checked_add(scaled))
                .ok_or_else(|| {
                    Error::type_error(format!(
                        "unsupported type for timedelta {name} component: {}",
                        value.type_name()
                    ))
                })?;
        }
        Ok(Value::object(Self::from_micros(micros)?))
    }

    fn days(self) -> i64 {
        i64::try_from(self.micros.div_euclid(DAY)).unwrap_or_default()
    }

    fn seconds(self) -> i64 {
        i64::try_from(self.micros.rem_euclid(DAY) / 1_000_000).unwrap_or_default()
    }

    fn microseconds(self) -> i64 {
        i64::try_from(self.micros.rem_euclid(1_000_000)).unwrap_or_default()
    }

    #[allow(clippy::cast_precision_loss)]
    fn total_seconds(self) -> f64 {
        self.micros as f64 / 1e6
    }
}

/// `unit * value`, rounded as Python rounds: half to even.
fn scaled(unit: i128, value: &Value) -> Option<i128> {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    match value {
        Value::Float(number) if number.is_finite() => {
            Some((unit as f64 * number).round_ties_even() as i128)
        }
        other => unit.checked_mul(i128::from(other.as_int()?)),
    }
}

impl Object for Delta {
    fn type_name(&self) -> &'static str {
        "timedelta"
    }

    fn qualified_name(&self) -> String {
        "datetime.timedelta".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(Some(match name {
            "days" => Value::Int(self.days()),
            "seconds" => Value::Int(self.seconds()),
            "microseconds" => Value::Int(self.microseconds()),
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        name == "total_seconds"
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if !self.has_method(name) {
            return Err(Error::undefined(format!(
                "'datetime.timedelta object' has no attribute '{name}'"
            )));
        }
        args.bind("total_seconds", [], []).map(|([], [])| Value::Float(self.total_seconds()))
    }

    fn truthy(&self) -> bool {
        self.micros != 0
    }

    fn to_str(&self) -> String {
        let (days, seconds, micros) = (self.days(), self.seconds(), self.microseconds());
        let mut text = String::new();
        if days != 0 {
            let plural = if days.abs() == 1 { "" } else { "s" };
            text = format!("{days} day{plural}, ");
        }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let _ = write!(text, "{hours}:{minutes:02}:{:02}", seconds % 60);
        if micros != 0 {
            let _ = write!(text, ".{micros:06}");
        }
        text
    }

    fn repr(&self) -> String {
        let parts = [
            ("days", self.days()),
            ("seconds", self.seconds()),
            ("microseconds", self.microseconds()),
        ];
        let shown: Vec<String> = parts
            .iter()
            .filter(|(_, value)| *value != 0)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let shown = if shown.is_empty() { "0".to_owned() } else { shown.join(", ") };
        format!("datetime.timedelta({shown})")
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
        let delta = |micros: Option<i128>| {
            micros.map(Self::from_micros).transpose().map(|delta| delta.map(Value::object))
        };
        if let Some(other) = other.downcast::<Self>() {
            let (left, right) = (self.micros, other.micros);
            #[allow(clippy::cast_precision_loss)]
            return match operator {
                "+" => delta(Some(left + right)),
                "-" => delta(Some(left - right)),
                "/" | "//" | "%" if right == 0 => Err(division_by_zero()),
                "/" => Ok(Some(Value::Float(left as f64 / right as f64))),
                "//" => Ok(i64::try_from(floor_div(left, right)).ok().map(Value::Int)),
                "%" => delta(Some(left - floor_div(left, right) * right)),
                _ => Ok(None),
            };
        }
        match operator {
            "*" => delta(scaled(self.micros, other)),
            "//" if !reflected => match other.as_int() {
                Some(0) => Err(division_by_zero()),
                Some(divisor) => delta(Some(floor_div(self.micros, i128::from(divisor)))),
                None => Ok(None),
            },
            "/" if !reflected => {
                let divisor = match other {
                    Value::Float(number) => Some(*number),
                    #[allow(clippy::cast_precision_loss)]
                    other => other.as_int().map(|number| number as f64),
                };
                match divisor {
                    Some(0.0) => Err(division_by_zero()),
                    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
                    Some(divisor) => {
                        delta(Some((self.micros as f64 / divisor).round_ties_even() as i128))
                    }
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn floor_div(left: i128, right: i128) -> i128 {
    let quotient = left / right;
    if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient }
}

fn division_by_zero() -> Error {
    Error::new(crate::jinja::ExceptionKind::ZeroDivisionError, "integer division or modulo by zero")
}
