//! The classes themselves: constructors and class methods.

use super::civil::{date_of, int, no_attribute, ordinal, out_of_range, shift, time_of};
use super::format::{date_from_iso, moment_from_iso, strptime};
use super::moment::zone_of;
use super::{Date, DateTime, Delta, Time, Zone};
use crate::jinja::{Args, Error, Object, Result, State, Value};
use jiff::{Timestamp, civil};
use std::any::Any;

/// A class of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Date,
    DateTime,
    Time,
    Timedelta,
    Tzinfo,
}

/// The module as a value.
pub fn module() -> Value {
    let classes = [Class::Date, Class::DateTime, Class::Time, Class::Timedelta, Class::Tzinfo];
    Value::dict(classes.map(|class| (class.name(), Value::object(class))))
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Time => "time",
            Self::Timedelta => "timedelta",
            Self::Tzinfo => "tzinfo",
        }
    }

    fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Date => &["today", "fromisoformat", "fromordinal", "fromtimestamp"],
            Self::DateTime => &[
                "now",
                "utcnow",
                "today",
                "strptime",
                "fromisoformat",
                "fromordinal",
                "fromtimestamp",
                "utcfromtimestamp",
                "combine",
            ],
            Self::Time | Self::Timedelta | Self::Tzinfo => &[],
        }
    }
}

impl Object for Class {
    fn type_name(&self) -> &'static str {
        "type"
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn call(&self, _: &mut State<'_>, args: Args) -> Result<Value> {
        match self {
            Self::Date => {
                let ([year, month, day], []) = args.bind("date", ["year", "month", "day"], [])?;
                let part = |value| int(Some(value), 0);
                Ok(Value::object(Date(date_of(part(year)?, part(month)?, part(day)?)?)))
            }
            Self::DateTime => {
                let names = ["hour", "minute", "second", "microsecond", "tzinfo", "fold"];
                let ([year, month, day], [hour, minute, second, micro, zone, _]) =
                    args.bind("datetime", ["year", "month", "day"], names)?;
                let part = |value| int(Some(value), 0);
                let date = date_of(part(year)?, part(month)?, part(day)?)?;
                let time =
                    time_of(int(hour, 0)?, int(minute, 0)?, int(second, 0)?, int(micro, 0)?)?;
                let zone = zone.map_or(Ok(None), |value| zone_of(&value))?;
                let moment = DateTime::naive(date.to_datetime(time));
                Ok(Value::object(moment.with_zone(zone, false)))
            }
            Self::Time => {
                let names = ["hour", "minute", "second", "microsecond", "tzinfo"];
                let ([], [hour, minute, second, micro, zone]) = args.bind("time", [], names)?;
                let time =
                    time_of(int(hour, 0)?, int(minute, 0)?, int(second, 0)?, int(micro, 0)?)?;
                let zone = zone.map_or(Ok(None), |value| zone_of(&value))?;
                Ok(Value::object(Time { time, zone }))
            }
            Self::Timedelta => Delta::construct(args),
            Self::Tzinfo => Err(Error::type_error("tzinfo has no instances of its own")),
        }
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let day = civil::Date::constant;
        let moment = |date: civil::Date, time: civil::Time| {
            Value::object(DateTime::naive(date.to_datetime(time)))
        };
        let last = civil::Time::constant(23, 59, 59, 999_999_000);
        Ok(Some(match (self, name) {
            (Self::Date, "min") => Value::object(Date(day(1, 1, 1))),
            (Self::Date, "max") => Value::object(Date(day(9999, 12, 31))),
            (Self::DateTime, "min") => moment(day(1, 1, 1), civil::Time::midnight()),
            (Self::DateTime, "max") => moment(day(9999, 12, 31), last),
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        self.methods().contains(&name)
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if !self.has_method(name) {
            // A method of an instance may be called through its class.
            let mut args = args;
            if args.positional.is_empty() {
                return Err(no_attribute("type", name));
            }
            let instance = args.positional.remove(0);
            return instance.call_method(state, name, args);
        }
        let moment = class_method(*self, name, args)?;
        Ok(match self {
            Self::Date => Value::object(Date(moment.civil.date())),
            _ => Value::object(moment),
        })
    }

    fn repr(&self) -> String {
        format!("<class 'datetime.{}'>", self.name())
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>() == Some(self))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn class_method(class: Class, name: &str, args: Args) -> Result<DateTime> {
    let local = || Zone { name: None, rules: jiff::tz::TimeZone::system() };
    let naive = |moment: &DateTime| DateTime::naive(moment.civil);
    match name {
        "now" => {
            let ([], [zone]) = args.bind("now", [], ["tz"])?;
            match zone.map_or(Ok(None), |value| zone_of(&value))? {
                Some(zone) => Ok(DateTime::from_timestamp(Timestamp::now(), &zone)),
                None => Ok(naive(&DateTime::from_timestamp(Timestamp::now(), &local()))),
            }
        }
        "today" => Ok(naive(&DateTime::from_timestamp(Timestamp::now(), &local()))),
        "utcnow" => Ok(naive(&DateTime::from_timestamp(Timestamp::now(), &Zone::utc()))),
        "strptime" => {
            let ([text, format], []) = args.bind("strptime", ["date_string", "format"], [])?;
            strptime(&string(&text, 1)?, &string(&format, 2)?)
        }
        "fromisoformat" => {
            let ([text], []) = args.bind("fromisoformat", ["date_string"], [])?;
            let Some(text) = text.as_str() else {
                return Err(Error::type_error("fromisoformat: argument must be str"));
            };
            let midnight = civil::Time::midnight();
            let parsed = match class {
                Class::Date => {
                    date_from_iso(text).map(|date| DateTime::naive(date.to_datetime(midnight)))
                }
                _ => moment_from_iso(text),
            };
            parsed.ok_or_else(|| {
                let text = Value::str(text).repr();
                Error::value_error(format!("Invalid isoformat string: {text}"))
            })
        }
        "fromordinal" => {
            let ([number], []) = args.bind("fromordinal", ["ordinal"], [])?;
            let first = civil::Date::constant(1, 1, 1);
            let days = int(Some(number), 0)? - ordinal(first);
            let date = shift(first, days.into())?;
            Ok(DateTime::naive(date.to_datetime(civil::Time::midnight())))
        }
        "combine" => {
            let ([date, time], [zone]) = args.bind("combine", ["date", "time"], ["tzinfo"])?;
            let day = date.downcast::<Date>().map(|date| date.0);
            let day = day.or_else(|| date.downcast::<DateTime>().map(|date| date.civil.date()));
            let (Some(day), Some(time)) = (day, time.downcast::<Time>()) else {
                return Err(Error::type_error("combine() takes a date and a time"));
            };
            let zone = zone.map_or(Ok(time.zone.clone()), |value| zone_of(&value))?;
            Ok(DateTime::naive(day.to_datetime(time.time)).with_zone(zone, false))
        }
        _ => {
            let ([seconds], [zone]) = args.bind("fromtimestamp", ["timestamp"], ["tz"])?;
            let moment = timestamp(&seconds)?;
            if name == "utcfromtimestamp" {
                return Ok(naive(&DateTime::from_timestamp(moment, &Zone::utc())));
            }
            match zone.map_or(Ok(None), |value| zone_of(&value))? {
                Some(zone) => Ok(DateTime::from_timestamp(moment, &zone)),
                None => Ok(naive(&DateTime::from_timestamp(moment, &local()))),
            }
        }
    }
}

fn timestamp(seconds: &Value) -> Result<Timestamp> {
    let micros = match seconds {
        #[allow(clippy::cast_possible_truncation)]
        Value::Float(number) if number.abs() < 1e12 => (number * 1e6).round_ties_even() as i64,
        other => int(Some(other.clone()), 0)?.checked_mul(1_000_000).ok_or_else(out_of_range)?,
    };
    Timestamp::from_microsecond(micros).map_err(|_| out_of_range())
}

fn string(value: &Value, at: usize) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| {
        let kind = value.type_name();
        Error::type_error(format!("strptime() argument {at} must be str, not {kind}"))
    })
}
