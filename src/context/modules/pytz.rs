//! `modules.pytz`: time zones by name.

use super::datetime::Zone;
use crate::jinja::{Error, ExceptionKind, Value};

/// The module as a value.
pub fn module() -> Value {
    let timezone = Value::function("timezone", |_, args| {
        let ([name], []) = args.bind("timezone", ["zone"], [])?;
        let zone = name.as_str().and_then(Zone::named);
        zone.map(Value::object).ok_or_else(|| {
            // Python raises pytz.UnknownTimeZoneError, a KeyError.
            Error::new(ExceptionKind::KeyError, name.repr())
        })
    });
    let fixed = Value::function("FixedOffset", |_, args| {
        let ([minutes], []) = args.bind("FixedOffset", ["minutes"], [])?;
        let seconds = minutes.as_int().and_then(|minutes| i32::try_from(minutes * 60).ok());
        let offset = seconds.and_then(|seconds| jiff::tz::Offset::from_seconds(seconds).ok());
        let offset = offset.ok_or_else(|| Error::value_error("absolute offset is too large"))?;
        Ok(Value::object(Zone::fixed(offset)))
    });
    let names = || jiff::tz::db().available().map(|name| name.as_str().to_owned());
    let mut all: Vec<String> = names().filter(|name| name.contains('/') || name == "UTC").collect();
    all.sort_unstable();
    let all = Value::list(all.into_iter().map(Value::from));
    Value::dict([
        ("timezone", timezone),
        ("FixedOffset", fixed),
        ("utc", Value::object(Zone::utc())),
        ("UTC", Value::object(Zone::utc())),
        ("all_timezones", all.clone()),
        ("common_timezones", all),
    ])
}
