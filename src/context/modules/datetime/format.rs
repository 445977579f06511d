//! `strftime` and `strptime`, as in Python on Linux in the C locale.

use super::civil::micros;
use super::zone::offset_text;
use super::{Date, DateTime, Zone};
use crate::jinja::{Error, Result};
use jiff::civil;
use jiff::tz::Offset;
use std::fmt::Write;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `moment.strftime(format)`. Directives that Python does not know stay as they are.
pub fn strftime(moment: &DateTime, format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut pad = Pad::Default;
        match chars.peek() {
            Some('-') => pad = Pad::None,
            Some('_') => pad = Pad::Space,
            Some('0') => pad = Pad::Zero,
            _ => {}
        }
        if pad != Pad::Default {
            chars.next();
        }
        match chars.next() {
            Some(directive) => write_directive(&mut out, moment, directive, pad),
            None => out.push('%'),
        }
    }
    out
}

/// glibc's flags of a numeric directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pad {
    Default,
    None,
    Space,
    Zero,
}

fn write_directive(out: &mut String, moment: &DateTime, directive: char, pad: Pad) {
    let (date, time) = (moment.civil.date(), moment.civil.time());
    let mut number = |value: i64, width: usize, default: Pad| {
        let _ = match if pad == Pad::Default { default } else { pad } {
            Pad::None => write!(out, "{value}"),
            Pad::Space => write!(out, "{value:width$}"),
            Pad::Default | Pad::Zero => write!(out, "{value:0width$}"),
        };
    };
    let hour12 = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let monday = i64::from(date.weekday().to_monday_zero_offset());
    let sunday = i64::from(date.weekday().to_sunday_zero_offset());
    let day_of_year = i64::from(date.day_of_year());
    match directive {
        'Y' => number(date.year().into(), if date.year() < 1000 { 1 } else { 4 }, Pad::Zero),
        'C' => number(i64::from(date.year()) / 100, 2, Pad::Zero),
        'y' => number(i64::from(date.year()) % 100, 2, Pad::Zero),
        'm' => number(date.month().into(), 2, Pad::Zero),
        'd' => number(date.day().into(), 2, Pad::Zero),
        'e' => number(date.day().into(), 2, Pad::Space),
        'H' => number(time.hour().into(), 2, Pad::Zero),
        'k' => number(time.hour().into(), 2, Pad::Space),
        'I' => number(hour12.into(), 2, Pad::Zero),
        'l' => number(hour12.into(), 2, Pad::Space),
        'M' => number(time.minute().into(), 2, Pad::Zero),
        'S' => number(time.second().into(), 2, Pad::Zero),
        'f' => number(micros(time), 6, Pad::Zero),
        'j' => number(day_of_year, 3, Pad::Zero),
        'u' => number(monday + 1, 1, Pad::Zero),
        'w' => number(sunday, 1, Pad::Zero),
        'U' => number((day_of_year + 6 - sunday) / 7, 2, Pad::Zero),
        'W' => number((day_of_year + 6 - monday) / 7, 2, Pad::Zero),
        'G' => number(date.iso_week_date().year().into(), 4, Pad::Zero),
        'g' => number(i64::from(date.iso_week_date().year()) % 100, 2, Pad::Zero),
        'V' => number(date.iso_week_date().week().into(), 2, Pad::Zero),
        's' => number(moment.timestamp().map_or(0, jiff::Timestamp::as_second), 1, Pad::Zero),
        'B' => out.push_str(month_name(date)),
        'b' | 'h' => out.push_str(&month_name(date)[..3]),
        'A' => out.push_str(day_name(date)),
        'a' => out.push_str(&day_name(date)[..3]),
        'p' => out.push_str(if time.hour() < 12 { "AM" } else { "PM" }),
        'P' => out.push_str(if time.hour() < 12 { "am" } else { "pm" }),
        'z' => {
            if let Some((_, offset)) = &moment.zone {
                out.push_str(&offset_text(*offset, ""));
            }
        }
        'Z' => {
            if let Some((zone, offset)) = &moment.zone {
                out.push_str(&zone.abbreviation(moment.civil, *offset));
            }
        }
        'c' => out.push_str(&strftime(moment, "%a %b %e %H:%M:%S %Y")),
        'x' | 'D' => out.push_str(&strftime(moment, "%m/%d/%y")),
        'X' | 'T' => out.push_str(&strftime(moment, "%H:%M:%S")),
        'r' => out.push_str(&strftime(moment, "%I:%M:%S %p")),
        'R' => out.push_str(&strftime(moment, "%H:%M")),
        'F' => out.push_str(&Date(date).iso()),
        'n' => out.push('\n'),
        't' => out.push('\t'),
        '%' => out.push('%'),
        other => {
            out.push('%');
            out.push(other);
        }
    }
}

fn month_name(date: civil::Date) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&MONTHS[0])
}

fn day_name(date: civil::Date) -> &'static str {
    let at = date.weekday().to_monday_zero_offset();
    usize::try_from(at).ok().and_then(|at| DAYS.get(at)).unwrap_or(&DAYS[0])
}

/// What a text said, directive by directive.
struct Parsed {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: Option<i64>,
    hour: i64,
    pm: Option<bool>,
    minute: i64,
    second: i64,
    micro: i64,
    zone: Option<Zone>,
}

/// `datetime.strptime(text, format)`.
///
/// # Errors
/// Python's `ValueError` when the text is not of the format.
pub fn strptime(text: &str, format: &str) -> Result<DateTime> {
    let mismatch = || {
        let (text, format) = (crate::jinja::Value::str(text), crate::jinja::Value::str(format));
        Error::value_error(format!(
            "time data {} does not match format {}",
            text.repr(),
            format.repr()
        ))
    };
    let mut parsed = Parsed {
        year: 1900,
        month: 1,
        day: 1,
        day_of_year: None,
        hour: 0,
        pm: None,
        minute: 0,
        second: 0,
        micro: 0,
        zone: None,
    };
    let rest = parse_format(&mut parsed, text, format)?.ok_or_else(mismatch)?;
    if !rest.is_empty() {
        let rest = crate::jinja::Value::str(rest);
        let message = format!("unconverted data remains: {rest}");
        return Err(Error::value_error(message));
    }
    if let Some(pm) = parsed.pm {
        parsed.hour = parsed.hour % 12 + if pm { 12 } else { 0 };
    }
    let mut date = super::civil::date_of(parsed.year, parsed.month, parsed.day)?;
    if let Some(day) = parsed.day_of_year {
        let first = super::civil::date_of(parsed.year, 1, 1)?;
        date = super::civil::shift(first, i128::from(day) - 1)?;
    }
    let (minute, second, micro) = (parsed.minute, parsed.second, parsed.micro);
    let time = super::civil::time_of(parsed.hour, minute, second, micro)?;
    Ok(DateTime::naive(date.to_datetime(time)).with_zone(parsed.zone, false))
}

/// Reads as much of the text as the format says; gives the rest, or `None` when it does
/// not fit.
fn parse_format<'a>(parsed: &mut Parsed, text: &'a str, format: &str) -> Result<Option<&'a str>> {
    let mut rest = text;
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        if c != '%' {
            match rest.strip_prefix(c) {
                Some(after) => rest = after,
                None => return Ok(None),
            }
            continue;
        }
        let Some(directive) = chars.next() else {
            return Err(Error::value_error("stray % in format '%'"));
        };
        match parse_directive(parsed, rest, directive)? {
            Some(after) => rest = after,
            None => return Ok(None),
        }
    }
    Ok(Some(rest))
}

fn parse_directive<'a>(
    parsed: &mut Parsed,
    text: &'a str,
    directive: char,
) -> Result<Option<&'a str>> {
    let number = |most_digits: usize, slot: &mut i64| {
        let (value, rest) = digits(text, most_digits)?;
        *slot = value;
        Some(rest)
    };
    let name = |names: &[&'static str], short: bool| {
        names.iter().enumerate().find_map(|(at, name)| {
            let name = if short { &name[..3] } else { name };
            let head = text.get(..name.len())?;
            head.eq_ignore_ascii_case(name).then(|| (at, &text[name.len()..]))
        })
    };
    let month = |parsed: &mut Parsed, short| {
        let (at, rest) = name(&MONTHS, short)?;
        parsed.month = i64::try_from(at + 1).ok()?;
        Some(rest)
    };
    Ok(match directive {
        'Y' => {
            digits(text, 4).filter(|(_, rest)| text.len() - rest.len() == 4).map(|(year, rest)| {
                parsed.year = year;
                rest
            })
        }
        'y' => digits(text, 2).map(|(year, rest)| {
            parsed.year = if year < 69 { 2000 + year } else { 1900 + year };
            rest
        }),
        'm' => number(2, &mut parsed.month),
        'd' | 'e' => number(2, &mut parsed.day),
        'j' => digits(text, 3).map(|(day, rest)| {
            parsed.day_of_year = Some(day);
            rest
        }),
        'H' | 'I' => number(2, &mut parsed.hour),
        'M' => number(2, &mut parsed.minute),
        'S' => number(2, &mut parsed.second),
        'f' => digits(text, 6).map(|(value, rest)| {
            let missing = u32::try_from(6 - (text.len() - rest.len())).unwrap_or(0);
            parsed.micro = value * 10_i64.pow(missing);
            rest
        }),
        'B' => month(parsed, false),
        'b' | 'h' => month(parsed, true),
        'A' => name(&DAYS, false).map(|(_, rest)| rest),
        'a' => name(&DAYS, true).map(|(_, rest)| rest),
        'p' => text.get(..2).and_then(|half| {
            parsed.pm = Some(match half.to_ascii_lowercase().as_str() {
                "am" => false,
                "pm" => true,
                _ => return None,
            });
            Some(&text[2..])
        }),
        'z' => offset(text).map(|(offset, rest)| {
            let utc = offset == Offset::UTC && text.starts_with('Z');
            parsed.zone = Some(if utc { Zone::utc() } else { Zone::fixed(offset) });
            rest
        }),
        'Z' => ["UTC", "GMT"].iter().find_map(|name| text.strip_prefix(name)),
        'T' | 'X' => parse_format(parsed, text, "%H:%M:%S")?,
        'R' => parse_format(parsed, text, "%H:%M")?,
        'F' => parse_format(parsed, text, "%Y-%m-%d")?,
        'D' | 'x' => parse_format(parsed, text, "%m/%d/%y")?,
        'c' => parse_format(parsed, text, "%a %b %d %H:%M:%S %Y")?,
        '%' => text.strip_prefix('%'),
        other => {
            return Err(Error::value_error(format!(
                "'{other}' is a bad directive in format '%{other}'"
            )));
        }
    })
}

fn digits(text: &str, most: usize) -> Option<(i64, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = text[..count].parse().ok()?;
    Some((value, &text[count..]))
}

/// An offset such as `+0200`, `+02:00` or `Z`.
fn offset(text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((Offset::UTC, rest));
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(&text[1..], 2)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = digits(rest, 2).unwrap_or((0, rest));
    let seconds = i32::try_from(sign * (hours * 3600 + minutes * 60)).ok()?;
    Some((Offset::from_seconds(seconds).ok()?, rest))
}

/// `YYYY-MM-DD` and nothing more.
pub fn date_from_iso(text: &str) -> Option<civil::Date> {
    let moment = strptime(text, "%Y-%m-%d").ok()?;
    (text.len() == 10).then(|| moment.civil.date())
}

/// A date and time in ISO form, with or without an offset.
pub fn moment_from_iso(text: &str) -> Option<DateTime> {
    if let Some(date) = date_from_iso(text) {
        return Some(DateTime::naive(date.to_datetime(civil::Time::midnight())));
    }
    let (date, time) = (date_from_iso(text.get(..10)?)?, text.get(11..)?);
    let (time, offset) = match time.find(['+', '-', 'Z']) {
        Some(at) => (&time[..at], Some(&time[at..])),
        None => (time, None),
    };
    let format = match time.len() {
        2 => "%H",
        5 => "%H:%M",
        8 => "%H:%M:%S",
        _ => "%H:%M:%S.%f",
    };
    let time = strptime(time, format).ok()?.civil.time();
    let zone = match offset {
        None => None,
        Some(text) => {
            let (offset, rest) = self::offset(text)?;
            if !rest.is_empty() {
                return None;
            }
            Some(if offset == Offset::UTC { Zone::utc() } else { Zone::fixed(offset) })
        }
    };
    Some(DateTime::naive(date.to_datetime(time)).with_zone(zone, false))
}
