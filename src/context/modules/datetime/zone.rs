//! Time zones: `datetime.timezone`-like fixed offsets and `pytz` zones.

use crate::jinja::{Args, Error, Object, Result, State, Value};
use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use std::any::Any;
use std::sync::Arc;

use super::{DateTime, Delta};

/// A `tzinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name, such as `UTC` or `America/New_York`; none for a plain offset.
    pub name: Option<Arc<str>>,
    /// Its rules.
    pub rules: TimeZone,
}

impl Zone {
    /// `pytz.utc`.
    pub fn utc() -> Self {
        Self { name: Some("UTC".into()), rules: TimeZone::UTC }
    }

    /// An offset without a name.
    pub fn fixed(offset: Offset) -> Self {
        Self { name: None, rules: TimeZone::fixed(offset) }
    }

    /// A zone of the time zone database; its name is not case-sensitive, as in pytz.
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") {
            return Some(Self::utc());
        }
        let rules = TimeZone::get(name).ok()?;
        let name = rules.iana_name().unwrap_or(name).into();
        Some(Self { name: Some(name), rules })
    }

    /// The offset that holds at a local time. A time that is ambiguous is taken as standard
    /// time, as pytz's `localize` does, unless `dst` asks for summer time.
    pub fn offset_at(&self, local: civil::DateTime, dst: bool) -> Offset {
        let ambiguous = self.rules.to_ambiguous_timestamp(local);
        let moment = if dst { ambiguous.earlier() } else { ambiguous.later() };
        moment.map_or(Offset::UTC, |moment| self.offset_of(moment))
    }

    /// The offset that holds at a moment. Those of a zone are whole minutes, as pytz rounds
    /// them: some zones had seconds once.
    pub fn offset_of(&self, moment: jiff::Timestamp) -> Offset {
        let offset = self.rules.to_offset(moment);
        if self.name.is_none() || offset.seconds() % 60 == 0 {
            return offset;
        }
        Offset::from_seconds((offset.seconds() + 30).div_euclid(60) * 60).unwrap_or(offset)
    }

    /// `tzname()` at an offset's moment.
    pub fn abbreviation(&self, local: civil::DateTime, offset: Offset) -> String {
        let Some(_) = &self.name else { return offset_name(offset) };
        offset.to_timestamp(local).map_or_else(
            |_| String::new(),
            |moment| self.rules.to_offset_info(moment).abbreviation().to_owned(),
        )
    }
}

/// How `datetime.timezone` names an offset: `UTC`, `UTC+02:00`.
fn offset_name(offset: Offset) -> String {
    if offset.seconds() == 0 {
        return "UTC".to_owned();
    }
    format!("UTC{}", offset_text(offset, ":"))
}

/// An offset as `+02:00`, with the given separator.
pub fn offset_text(offset: Offset, separator: &str) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let mut text = format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60);
    if !seconds.is_multiple_of(60) {
        use std::fmt::Write;
        let _ = write!(text, "{separator}{:02}", seconds % 60);
    }
    text
}

const METHODS: [&str; 5] = ["localize", "normalize", "utcoffset", "tzname", "dst"];

impl Object for Zone {
    fn type_name(&self) -> &'static str {
        if self.name.is_some() { "DstTzInfo" } else { "timezone" }
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok((name == "zone").then(|| Value::from(self.name.clone())))
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if !self.has_method(name) {
            return Err(Error::undefined(format!(
                "'{} object' has no attribute '{name}'",
                self.qualified_name()
            )));
        }
        let ([moment], [dst]) = args.bind("localize", ["dt"], ["is_dst"])?;
        let moment = moment.downcast::<DateTime>().cloned();
        let Some(moment) = moment else {
            return Ok(Value::None);
        };
        let dst = dst.is_some_and(|dst| dst.truthy());
        match name {
            "localize" if moment.zone.is_some() => {
                Err(Error::value_error("Not naive datetime (tzinfo is already set)"))
            }
            "localize" => Ok(Value::object(moment.with_zone(Some(self.clone()), dst))),
            "normalize" => Ok(Value::object(moment.to_zone(self)?)),
            "utcoffset" => {
                let offset = self.offset_at(moment.civil, dst);
                Ok(Value::object(Delta::from_seconds(i64::from(offset.seconds()))))
            }
            "tzname" => {
                let offset = self.offset_at(moment.civil, dst);
                Ok(Value::from(self.abbreviation(moment.civil, offset)))
            }
            _ => Ok(Value::object(moment.with_zone(Some(self.clone()), dst).dst())),
        }
    }

    fn to_str(&self) -> String {
        self.name.as_ref().map_or_else(
            || self.rules.to_fixed_offset().map_or_else(|_| String::new(), offset_name),
            ToString::to_string,
        )
    }

    fn repr(&self) -> String {
        match self.name.as_deref() {
            Some("UTC") => "<UTC>".to_owned(),
            Some(name) => format!("<DstTzInfo '{name}'>"),
            None => {
                let offset = self.rules.to_fixed_offset().unwrap_or(Offset::UTC);
                let delta = Delta::from_seconds(i64::from(offset.seconds()));
                format!("datetime.timezone({})", delta.repr())
            }
        }
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>().is_some_and(|other| other == self))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
