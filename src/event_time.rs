//! Windows of event time: the batches of microbatch models and the rows of samples
//! (<https://docs.getdbt.com/docs/build/incremental-microbatch>). All times are in UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Serialize, Serializer};

/// The time from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeWindow {
    /// The first moment.
    pub start: Timestamp,
    /// The moment after the last.
    pub end: Timestamp,
}

/// How much time a batch covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BatchSize {
    Hour,
    Day,
    Month,
    Year,
}

/// One run of a microbatch model: the time whose rows it loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Batch {
    /// How much time a batch of the model covers.
    pub size: BatchSize,
    /// The time.
    pub window: TimeWindow,
}

impl Batch {
    /// The name in messages and files, such as `2024-09-17`.
    pub fn name(self) -> String {
        self.size.format(self.window.start)
    }

    /// `model.batch.id`: the name without dashes.
    pub fn id(self) -> String {
        self.name().replace('-', "")
    }
}

impl BatchSize {
    /// All sizes, in dbt's order.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Month, Self::Year];

    /// dbt's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The size of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.as_str() == name)
    }

    /// The beginning of the period that a moment lies in.
    pub fn truncate(self, moment: Timestamp) -> Timestamp {
        let time = utc(moment);
        let (month, day, hour) = match self {
            Self::Hour => (time.month(), time.day(), time.hour()),
            Self::Day => (time.month(), time.day(), 0),
            Self::Month => (time.month(), 1, 0),
            Self::Year => (1, 1, 0),
        };
        DateTime::new(time.year(), month, day, hour, 0, 0, 0).map_or(moment, at_utc)
    }

    /// The beginning of the period, or of the next one when the moment lies inside of it.
    pub fn ceiling(self, moment: Timestamp) -> Timestamp {
        let start = self.truncate(moment);
        if start == moment { start } else { self.offset(start, 1) }
    }

    /// The beginning of the period so many periods later (earlier when negative) than the one
    /// of the moment. At the ends of time it is the period itself.
    pub fn offset(self, moment: Timestamp, periods: i64) -> Timestamp {
        let start = utc(self.truncate(moment));
        self.shift(start, periods).map_or(moment, at_utc)
    }

    /// The moment so many periods later: months and years end at the month's last day.
    fn shift(self, moment: DateTime, periods: i64) -> Option<DateTime> {
        let span = match self {
            Self::Hour => return moment.checked_add(SignedDuration::from_hours(periods)).ok(),
            Self::Day => Span::new().try_days(periods),
            Self::Month => Span::new().try_months(periods),
            Self::Year => Span::new().try_years(periods),
        };
        moment.checked_add(span.ok()?).ok()
    }

    /// The name of the batch that begins at a moment, such as `2024-09-17`.
    pub fn format(self, start: Timestamp) -> String {
        let form = match self {
            Self::Hour => "%Y-%m-%dT%H",
            Self::Day => "%Y-%m-%d",
            Self::Month => "%Y-%m",
            Self::Year => "%Y",
        };
        utc(start).strftime(form).to_string()
    }
}

impl TimeWindow {
    /// A sample's window: `3 days` before now, or a mapping with `start` and `end`.
    ///
    /// # Errors
    /// dbt's words for what is wrong.
    pub fn parse_sample(text: &str, now: Timestamp) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return parse_mapping(text);
        }
        let words: Vec<&str> = text.split(' ').collect();
        let [count, grain] = words.as_slice() else {
            return Err(format!(
                "Cannot load SAMPLE_WINDOW from '{text}'. Must be of form 'DAYS_INT GRAIN_SIZE'."
            ));
        };
        let periods: i64 =
            count.parse().map_err(|_| format!("Unable to convert '{count}' to an integer."))?;
        let grain_name = grain.to_lowercase();
        let Some(size) = BatchSize::from_name(grain_name.trim_end_matches('s')) else {
            let names = BatchSize::ALL.map(BatchSize::as_str);
            let singular = names.map(|name| format!("'{name}'"));
            let plural = names.map(|name| format!("'{name}s'"));
            return Err(format!(
                "Invalid grain size '{grain}'. Must be one of [{}, {}].",
                singular.join(", "),
                plural.join(", ")
            ));
        };
        let start = size
            .shift(utc(now), -periods)
            .ok_or_else(|| format!("'{text}' before now is out of range."))?;
        Ok(Self { start: at_utc(start), end: now })
    }

    /// The value of `--sample` that means this time.
    pub fn to_option(self) -> String {
        let [start, end] = [self.start, self.end].map(python_text);
        format!("{{start: '{start}', end: '{end}'}}")
    }

    /// The time that both windows cover.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

/// As artifacts have it: a pair of texts.
impl Serialize for TimeWindow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.start, self.end]
            .map(|moment| python_text(moment).replacen(' ', "T", 1))
            .serialize(serializer)
    }
}

fn parse_mapping(text: &str) -> Result<TimeWindow, String> {
    let yaml =
        crate::project::yaml::Yaml::parse("--sample", text).map_err(|error| error.message)?;
    let moment = |key: &str| {
        let text = yaml.root.get(key).map(|node| node.scalar_text().unwrap_or_default());
        let text = text.ok_or_else(|| format!("Field \"{key}\" is missing in SampleWindow"))?;
        parse_iso(&text).ok_or_else(|| format!("'{text}' is not a time"))
    };
    Ok(TimeWindow { start: moment("start")?, end: moment("end")? })
}

/// A moment in ISO form, as Python's `datetime.fromisoformat` reads it. Its offset is dropped:
/// dbt takes the time on the clock as UTC.
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil: Option<DateTime> = match text.parse::<DateTime>() {
        Ok(time) => Some(time),
        Err(_) => text.parse::<jiff::civil::Date>().ok().map(Into::into),
    };
    // A `Z` at the end is no civil time.
    let civil = civil.or_else(|| {
        let moment: Timestamp = text.parse().ok()?;
        Some(utc(moment))
    });
    civil.map(at_utc)
}

/// `--event-time-start` and its like: dbt's three forms of a time.
pub fn parse_option(text: &str) -> Option<Timestamp> {
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|form| DateTime::strptime(form, text).ok())
        .or_else(|| jiff::civil::Date::strptime("%Y-%m-%d", text).ok().map(Into::into))
        .map(at_utc)
}

/// The value of `--event-time-start` that means this moment.
pub fn option_text(moment: Timestamp) -> String {
    utc(moment).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `str()` of Python's datetime, such as `2024-09-17 00:00:00+00:00`.
pub fn python_text(moment: Timestamp) -> String {
    let time = utc(moment);
    let form =
        if time.subsec_nanosecond() == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S.%6f" };
    format!("{}+00:00", time.strftime(form))
}

fn utc(moment: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(moment)
}

fn at_utc(time: DateTime) -> Timestamp {
    Offset::UTC.to_timestamp(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        parse_iso(text).unwrap()
    }

    #[test]
    fn periods_begin_and_shift_as_dbts() {
        let time = moment("2024-09-17T16:06:00");
        for (size, start, next, before) in [
            (BatchSize::Hour, "2024-09-17T16:00:00", "2024-09-17T17:00:00", "2024-09-17T15:00:00"),
            (BatchSize::Day, "2024-09-17", "2024-09-18", "2024-09-16"),
            (BatchSize::Month, "2024-09-01", "2024-10-01", "2024-08-01"),
            (BatchSize::Year, "2024-01-01", "2025-01-01", "2023-01-01"),
        ] {
            assert_eq!(size.truncate(time), moment(start));
            assert_eq!(size.ceiling(time), moment(next));
            assert_eq!(size.ceiling(moment(start)), moment(start));
            assert_eq!(size.offset(time, -1), moment(before));
        }
        assert_eq!(BatchSize::Hour.format(time), "2024-09-17T16");
        assert_eq!(BatchSize::Month.format(time), "2024-09");
    }

    #[test]
    fn samples_are_relative_or_explicit() {
        let now = moment("2024-03-31T12:00:00");
        let window = TimeWindow::parse_sample("1 month", now).unwrap();
        assert_eq!(window, TimeWindow { start: moment("2024-02-29T12:00:00"), end: now });
        let text = "{start: 2024-01-01, end: '2024-01-02 03:04:05'}";
        let window = TimeWindow::parse_sample(text, now).unwrap();
        assert_eq!(python_text(window.end), "2024-01-02 03:04:05+00:00");
        for wrong in ["1", "x days", "1 week", "{start: 2024-01-01}", "{start: x, end: y}", ""] {
            assert!(TimeWindow::parse_sample(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_have_three_forms() {
        assert_eq!(parse_option("2024-01-02"), Some(moment("2024-01-02")));
        assert_eq!(parse_option("2024-01-02 03:04:05"), parse_option("2024-01-02T03:04:05"));
        assert_eq!(parse_option("soon"), None);
        assert_eq!(option_text(moment("2024-01-02")), "2024-01-02T00:00:00");
        let window = TimeWindow { start: moment("2024-01-01"), end: moment("2024-01-02") };
        assert_eq!(TimeWindow::parse_sample(&window.to_option(), window.end), Ok(window));
    }
}
