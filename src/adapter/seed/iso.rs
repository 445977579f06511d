//! The dates and times that agate recognises in seeds.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// A moment, with its offset from UTC when one was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub civil: DateTime,
    pub offset: Option<Offset>,
}

/// `%Y-%m-%d` as Python's `strptime` reads it: months and days may have one digit.
pub(super) fn date(text: &str) -> Option<Date> {
    let (date, rest) = leading_date(text)?;
    rest.is_empty().then_some(date)
}

/// `%Y-%m-%d %H:%M:%S`, likewise.
pub(super) fn datetime(text: &str) -> Option<Moment> {
    let (date, rest) = leading_date(text)?;
    let time = rest.trim_start();
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return None };
    if time.len() == rest.len() {
        return None;
    }
    let time = Time::new(short(hour)?, short(minute)?, short(second)?, 0).ok()?;
    Some(Moment { civil: date.to_datetime(time), offset: None })
}

fn leading_date(text: &str) -> Option<(Date, &str)> {
    let (year, rest) = text.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let (day, rest) = rest.split_at(end);
    if year.len() != 4 {
        return None;
    }
    let date = Date::new(number(year)?, short(month)?, short(day)?).ok()?;
    (date.year() > 0).then_some((date, rest))
}

/// One or two digits.
fn short(text: &str) -> Option<i8> {
    (text.len() <= 2).then(|| number(text)).flatten()
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// ISO 8601 with a `T` between date and time: extended or basic, by month, week or day of
/// the year, with a fraction of the last unit.
pub(super) fn iso_datetime(text: &str) -> Option<Moment> {
    let (date, time) = text.split_once('T')?;
    let date = iso_date(date)?;
    let (time, offset) = split_offset(time)?;
    Some(Moment { civil: date.to_datetime(iso_time(time)?), offset })
}

fn iso_date(text: &str) -> Option<Date> {
    if !text.is_ascii() {
        return None;
    }
    if text.len() == 2 {
        // Only a century: its first day.
        return Date::new(number::<i16>(text)? * 100 + 1, 1, 1).ok();
    }
    let year: i16 = number(text.get(..4)?)?;
    let rest = text.get(4..)?;
    let date = match rest.strip_prefix('-').unwrap_or(rest) {
        week if week.starts_with('W') => iso_week(year, week.get(1..)?, rest.starts_with('-'))?,
        "" if rest.is_empty() => Date::new(year, 1, 1).ok()?,
        day if day.len() == 3 => {
            let first = Date::new(year, 1, 1).ok()?;
            let day: i16 = number(day)?;
            first.checked_add(jiff::Span::new().days(day - 1)).ok()?
        }
        month if month.len() == 2 => Date::new(year, number(month)?, 1).ok()?,
        month_day => {
            let day = month_day.get(2..)?;
            // Both hyphens or none.
            let day = if rest.starts_with('-') { day.strip_prefix('-')? } else { day };
            if day.len() != 2 {
                return None;
            }
            Date::new(year, number(month_day.get(..2)?)?, number(day)?).ok()?
        }
    };
    (date.year() > 0).then_some(date)
}

fn iso_week(year: i16, text: &str, extended: bool) -> Option<Date> {
    let week: i8 = number(text.get(..2)?)?;
    let day = match (text.get(2..)?, extended) {
        ("", _) => "1",
        (day, true) => day.strip_prefix('-')?,
        (day, false) => day,
    };
    if day.len() != 1 {
        return None;
    }
    let weekday = jiff::civil::Weekday::from_monday_one_offset(number(day)?).ok()?;
    Some(jiff::civil::ISOWeekDate::new(year, week, weekday).ok()?.date())
}

/// The time and the offset behind it.
fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, Some(Offset::UTC)));
    }
    let Some(at) = text.find(['+', '-']) else { return Some((text, None)) };
    let (time, offset) = text.split_at(at);
    let digits = offset.get(1..)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let seconds = number::<i32>(hours)? * 3600 + number::<i32>(minutes)? * 60;
    let signed = if offset.starts_with('-') { -seconds } else { seconds };
    Some((time, Some(Offset::from_seconds(signed).ok()?)))
}

fn iso_time(text: &str) -> Option<Time> {
    let (units, fraction) = match text.find([',', '.']) {
        Some(at) => (text.get(..at)?, Some(text.get(at + 1..)?)),
        None => (text, None),
    };
    let units: Vec<&str> = if units.contains(':') {
        units.split(':').collect()
    } else {
        units.as_bytes().chunks(2).map(std::str::from_utf8).collect::<Result<_, _>>().ok()?
    };
    if units.is_empty() || units.len() > 3 || units.iter().any(|unit| unit.len() != 2) {
        return None;
    }
    let mut seconds: i64 = 0;
    for (unit, length) in units.iter().zip([3600, 60, 1]) {
        let most = if length == 3600 { 23 } else { 59 };
        seconds += number::<i64>(unit).filter(|unit| *unit <= most)? * length;
    }
    let length = [3600, 60, 1][units.len() - 1];
    let micros = fraction.map_or(Some(0), |digits| fraction_micros(digits, length))?;
    let nanos = (seconds * 1_000_000 + micros) * 1000;
    Time::midnight().checked_add(jiff::SignedDuration::from_nanos(nanos)).ok()
}

/// A decimal fraction of a unit of so many seconds, cut to microseconds.
fn fraction_micros(digits: &str, unit_seconds: i64) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = &digits[..digits.len().min(12)];
    let scaled: i128 = kept.parse().ok()?;
    let power = 10_i128.pow(u32::try_from(kept.len()).ok()?);
    i64::try_from(scaled * i128::from(unit_seconds) * 1_000_000 / power).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str) -> Option<String> {
        iso_datetime(text).map(|it| match it.offset {
            Some(offset) => format!("{}{offset}", it.civil),
            None => it.civil.to_string(),
        })
    }

    #[test]
    fn python_formats() {
        assert_eq!(date("2020-1-5").unwrap().to_string(), "2020-01-05");
        for text in
            ["20-01-01", "2020-13-01", "2020-02-30", "2020-01-01x", "2020-001-01", "0000-01-01"]
        {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(datetime("2020-01-01 1:2:3").unwrap().civil.to_string(), "2020-01-01T01:02:03");
        for text in ["2020-01-01", "2020-01-01 24:00:00", "2020-01-01 1:2", "2020-01-0101:02:03"] {
            assert_eq!(datetime(text), None, "{text}");
        }
    }

    #[test]
    fn iso_formats() {
        let cases = [
            ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00+00"),
            ("20200101T101010.5+0230", "2020-01-01T10:10:10.5+02:30"),
            ("2020-W01-1T00", "2019-12-30T00:00:00"),
            ("2020W01T00", "2019-12-30T00:00:00"),
            ("2020-01T12:30,5", "2020-01-01T12:30:30"),
            ("2020-032T00:00-01:00", "2020-02-01T00:00:00-01"),
            ("20T00.5", "2001-01-01T00:30:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(iso(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "2020-01-01",
            "2020-01-01T",
            "2020-01-01T25:00",
            "2020-0101T00",
            "xT00",
            "2020-01-01T1:00",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
    }
}
