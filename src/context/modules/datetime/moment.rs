//! `datetime.datetime`.

use super::civil::{
    DATE_METHODS, date_attr, date_method, date_of, int, micros, no_attribute, out_of_range,
    time_attr, time_iso, time_of, time_parts,
};
use super::format::strftime;
use super::zone::offset_text;
use super::{Date, Delta, Time, Zone};
use crate::jinja::{Args, Error, Object, Result, State, Value};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, civil};
use std::any::Any;
use std::cmp::Ordering;

/// A `datetime`, exact to the microsecond. With a zone it is aware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateTime {
    /// Local date and time.
    pub civil: civil::DateTime,
    /// The zone, and the offset that holds.
    pub zone: Option<(Zone, Offset)>,
}

impl DateTime {
    /// A moment as seen in a zone.
    pub fn from_timestamp(moment: Timestamp, zone: &Zone) -> Self {
        let offset = zone.offset_of(moment);
        let civil = offset.to_datetime(moment);
        let nanos = civil.subsec_nanosecond() / 1000 * 1000;
        let civil = civil.with().subsec_nanosecond(nanos).build().unwrap_or(civil);
        Self { civil, zone: Some((zone.clone(), offset)) }
    }

    /// A naive one.
    pub fn naive(civil: civil::DateTime) -> Self {
        Self { civil, zone: None }
    }

    /// The same local time in another zone, or in none.
    #[must_use]
    pub fn with_zone(&self, zone: Option<Zone>, dst: bool) -> Self {
        let zone = zone.map(|zone| {
            let offset = zone.offset_at(self.civil, dst);
            (zone, offset)
        });
        Self { civil: self.civil, zone }
    }

    /// The moment; a naive one counts as UTC.
    pub fn timestamp(&self) -> Result<Timestamp> {
        let offset = self.zone.as_ref().map_or(Offset::UTC, |(_, offset)| *offset);
        offset.to_timestamp(self.civil).map_err(|_| out_of_range())
    }

    /// The time since 1970, which every date has; a [`Timestamp`] ends a day before the year
    /// 9999 does.
    fn since_epoch(&self) -> SignedDuration {
        let offset = self.zone.as_ref().map_or(0, |(_, offset)| offset.seconds());
        let epoch = civil::date(1970, 1, 1).at(0, 0, 0, 0);
        self.civil.duration_since(epoch) - SignedDuration::from_secs(offset.into())
    }

    /// The same moment in another zone.
    pub fn to_zone(&self, zone: &Zone) -> Result<Self> {
        Ok(Self::from_timestamp(self.timestamp()?, zone))
    }

    /// ISO form with a separator between date and time.
    pub fn iso(&self, separator: &str) -> String {
        let date = Date(self.civil.date()).iso();
        let offset = self.zone.as_ref().map(|(_, offset)| offset_text(*offset, ":"));
        format!("{date}{separator}{}{}", time_iso(self.civil.time()), offset.unwrap_or_default())
    }

    /// How much of the offset is summer time.
    pub fn dst(&self) -> Delta {
        let Some((zone, _)) = &self.zone else { return Delta::from_seconds(0) };
        let summer =
            self.timestamp().is_ok_and(|moment| zone.rules.to_offset_info(moment).dst().is_dst());
        Delta::from_seconds(if summer { 3600 } else { 0 })
    }

    fn shifted(&self, micros: i128) -> Result<Self> {
        let seconds = i64::try_from(micros.div_euclid(1_000_000)).map_err(|_| out_of_range())?;
        let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
        let duration = SignedDuration::new(seconds, nanos);
        let civil = self.civil.checked_add(duration).map_err(|_| out_of_range())?;
        if civil.year() < 1 {
            return Err(out_of_range());
        }
        // The offset stays, as with pytz; `normalize` puts it right.
        Ok(Self { civil, zone: self.zone.clone() })
    }

    /// Microseconds between two; both must be aware or both naive.
    fn minus(&self, other: &Self) -> Result<Delta> {
        if self.zone.is_some() != other.zone.is_some() {
            return Err(Error::type_error(
                "can't subtract offset-naive and offset-aware datetimes",
            ));
        }
        let micros = self.since_epoch().as_nanos() - other.since_epoch().as_nanos();
        Delta::from_micros(micros / 1000)
    }

    fn replace(&self, args: Args) -> Result<Value> {
        let names =
            ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold"];
        let ([], [year, month, day, hour, minute, second, micro, zone, _]) =
            args.bind("replace", [], names)?;
        let (date, time) = (self.civil.date(), self.civil.time());
        let date = date_of(
            int(year, date.year().into())?,
            int(month, date.month().into())?,
            int(day, date.day().into())?,
        )?;
        let time = time_of(
            int(hour, time.hour().into())?,
            int(minute, time.minute().into())?,
            int(second, time.second().into())?,
            int(micro, micros(time))?,
        )?;
        let zone = match zone {
            None => self.zone.as_ref().map(|(zone, _)| zone.clone()),
            Some(value) => zone_of(&value)?,
        };
        Ok(Value::object(Self::naive(date.to_datetime(time)).with_zone(zone, false)))
    }
}

/// A `tzinfo` argument.
pub fn zone_of(value: &Value) -> Result<Option<Zone>> {
    if value.is_none() {
        return Ok(None);
    }
    value.downcast::<Zone>().cloned().map(Some).ok_or_else(|| {
        Error::type_error(format!(
            "tzinfo argument must be None or of a tzinfo subclass, not type '{}'",
            value.type_name()
        ))
    })
}

const METHODS: [&str; 12] = [
    "strftime",
    "isoformat",
    "ctime",
    "replace",
    "date",
    "time",
    "timetz",
    "timestamp",
    "astimezone",
    "utcoffset",
    "tzname",
    "dst",
];

impl Object for DateTime {
    fn type_name(&self) -> &'static str {
        "datetime"
    }

    fn qualified_name(&self) -> String {
        "datetime.datetime".to_owned()
    }

    fn format(&self, spec: &str) -> Result<Option<String>> {
        Ok(Some(strftime(self, spec)))
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        if name == "fold" {
            return Ok(Some(Value::Int(0)));
        }
        let zone = self.zone.as_ref().map(|(zone, _)| zone);
        Ok(date_attr(self.civil.date(), name).or_else(|| time_attr(self.civil.time(), zone, name)))
    }

    fn has_method(&self, name: &str) -> bool {
        DATE_METHODS.contains(&name) || METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let zone = self.zone.as_ref();
        match name {
            "strftime" => {
                let ([format], []) = args.bind("strftime", ["format"], [])?;
                Ok(Value::from(strftime(self, &format.to_string())))
            }
            "isoformat" => {
                let ([], [separator, _]) = args.bind("isoformat", [], ["sep", "timespec"])?;
                let separator = separator.map_or_else(|| "T".to_owned(), |sep| sep.to_string());
                Ok(Value::from(self.iso(&separator)))
            }
            "ctime" => Ok(Value::from(strftime(self, "%a %b %e %H:%M:%S %Y"))),
            "replace" => self.replace(args),
            "date" => Ok(Value::object(Date(self.civil.date()))),
            "time" => Ok(Value::object(Time { time: self.civil.time(), zone: None })),
            "timetz" => {
                let zone = zone.map(|(zone, _)| zone.clone());
                Ok(Value::object(Time { time: self.civil.time(), zone }))
            }
            "timestamp" => {
                #[allow(clippy::cast_precision_loss)]
                let seconds = self.since_epoch().as_micros() as f64 / 1e6;
                Ok(Value::Float(seconds))
            }
            "astimezone" => {
                let ([], [target]) = args.bind("astimezone", [], ["tz"])?;
                let target = target.map_or(Ok(None), |value| zone_of(&value))?;
                Ok(Value::object(self.to_zone(&target.unwrap_or_else(Zone::utc))?))
            }
            "utcoffset" => Ok(zone.map_or(Value::None, |(_, offset)| {
                Value::object(Delta::from_seconds(offset.seconds().into()))
            })),
            "tzname" => Ok(zone.map_or(Value::None, |(zone, offset)| {
                Value::from(zone.abbreviation(self.civil, *offset))
            })),
            "dst" => Ok(zone.map_or(Value::None, |_| Value::object(self.dst()))),
            _ if DATE_METHODS.contains(&name) => Ok(date_method(self.civil.date(), name)),
            _ => Err(no_attribute("datetime.datetime", name)),
        }
    }

    fn to_str(&self) -> String {
        self.iso(" ")
    }

    fn repr(&self) -> String {
        let date = self.civil.date();
        let zone = self.zone.as_ref().map(|(zone, _)| format!(", tzinfo={}", zone.repr()));
        format!(
            "datetime.datetime({}, {}, {}, {}{})",
            date.year(),
            date.month(),
            date.day(),
            time_parts(self.civil.time()),
            zone.unwrap_or_default()
        )
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let Some(other) = other.downcast::<Self>() else { return Some(false) };
        Some(match (&self.zone, &other.zone) {
            (None, None) => self.civil == other.civil,
            (Some(_), Some(_)) => self.since_epoch() == other.since_epoch(),
            _ => false,
        })
    }

    fn compare(&self, other: &Value) -> Option<Ordering> {
        let other = other.downcast::<Self>()?;
        if self.zone.is_some() != other.zone.is_some() {
            return None;
        }
        Some(self.since_epoch().cmp(&other.since_epoch()))
    }

    fn hash_key(&self) -> Option<u64> {
        Some(super::hash(&self.since_epoch()))
    }

    fn binary(&self, operator: &str, other: &Value, reflected: bool) -> Result<Option<Value>> {
        if let Some(delta) = other.downcast::<Delta>() {
            return match operator {
                "+" => self.shifted(delta.micros()).map(|moment| Some(Value::object(moment))),
                "-" if !reflected => {
                    self.shifted(-delta.micros()).map(|moment| Some(Value::object(moment)))
                }
                _ => Ok(None),
            };
        }
        match other.downcast::<Self>() {
            Some(other) if operator == "-" => {
                let delta = if reflected { other.minus(self) } else { self.minus(other) };
                delta.map(|delta| Some(Value::object(delta)))
            }
            _ => Ok(None),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
