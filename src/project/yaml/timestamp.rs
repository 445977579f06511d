//! Dates in YAML: what PyYAML turns into `datetime.date` and `datetime.datetime`.

use jiff::civil;
use std::fmt::Write as _;

/// A date, or a date with a time and perhaps an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timestamp {
    /// A day.
    Date(civil::Date),
    /// A day and a time.
    DateTime {
        /// The wall clock.
        local: civil::DateTime,
        /// Seconds east of UTC, when an offset was written.
        offset: Option<i32>,
    },
}

impl Timestamp {
    /// Reads the forms that YAML 1.1 takes for a timestamp; anything else, such as month
    /// 13, is none (<https://yaml.org/type/timestamp.html>).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        // Cheap refusal: nearly every scalar is not a date.
        if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut rest = Cursor { text: &text[5..] };
        let year = text[..4].parse().ok()?;
        let (month, month_digits) = rest.number(2)?;
        rest.expect(b'-')?;
        let (day, day_digits) = rest.number(2)?;
        let date =
            civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        if rest.text.is_empty() {
            return (month_digits == 2 && day_digits == 2).then_some(Self::Date(date));
        }
        if rest.expect(b'T').is_none() && rest.expect(b't').is_none() && rest.blanks() == 0 {
            return None;
        }
        let (hour, _) = rest.number(2)?;
        rest.expect(b':')?;
        let minute = rest.exactly(2)?;
        rest.expect(b':')?;
        let second = rest.exactly(2)?;
        let nanosecond = if rest.expect(b'.').is_some() { rest.fraction() } else { 0 };
        rest.blanks();
        let offset = if rest.text.is_empty() { None } else { Some(rest.offset()?) };
        let small = |number: i32| i8::try_from(number).ok();
        let time =
            civil::Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).ok()?;
        Some(Self::DateTime { local: date.to_datetime(time), offset })
    }

    /// Python's `isoformat()`.
    pub fn to_iso(&self) -> String {
        self.format('T')
    }

    /// Python's `str()`.
    pub fn to_python_str(&self) -> String {
        self.format(' ')
    }

    fn format(&self, separator: char) -> String {
        match self {
            Self::Date(date) => date.to_string(),
            Self::DateTime { local, offset } => {
                let time = local.time();
                let mut text = format!(
                    "{}{separator}{:02}:{:02}:{:02}",
                    local.date(),
                    time.hour(),
                    time.minute(),
                    time.second()
                );
                let micros = time.subsec_nanosecond() / 1000;
                // Writing to a string cannot fail.
                if micros != 0 {
                    let _ = write!(text, ".{micros:06}");
                }
                if let Some(offset) = offset {
                    let sign = if *offset < 0 { '-' } else { '+' };
                    let minutes = offset.abs() / 60;
                    let _ = write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
                }
                text
            }
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
}

impl Cursor<'_> {
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.text.as_bytes().first() == Some(&byte)).then(|| self.text = &self.text[1..])
    }

    fn digits(&self) -> usize {
        self.text.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// One to `most` digits, and how many they were.
    fn number(&mut self, most: usize) -> Option<(i32, usize)> {
        let count = self.digits();
        if count == 0 || count > most {
            return None;
        }
        let number = self.text[..count].parse().ok()?;
        self.text = &self.text[count..];
        Some((number, count))
    }

    fn exactly(&mut self, count: usize) -> Option<i32> {
        self.number(count).filter(|(_, found)| *found == count).map(|(number, _)| number)
    }

    fn blanks(&mut self) -> usize {
        let rest = self.text.trim_start_matches([' ', '\t']);
        let count = self.text.len() - rest.len();
        self.text = rest;
        count
    }

    /// Python keeps six digits of the fraction and drops the rest.
    fn fraction(&mut self) -> i32 {
        let count = self.digits();
        let micros = self.text[..count].bytes().chain(std::iter::repeat(b'0')).take(6);
        let micros = micros.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        self.text = &self.text[count..];
        micros * 1000
    }

    /// `Z`, `+1` or `-05:30`, up to the end, in seconds.
    fn offset(&mut self) -> Option<i32> {
        if self.text == "Z" {
            return Some(0);
        }
        let sign = if self.expect(b'-').is_some() {
            -1
        } else {
            self.expect(b'+')?;
            1
        };
        let (hours, _) = self.number(2)?;
        let minutes = if self.expect(b':').is_some() { self.exactly(2)? } else { 0 };
        self.text.is_empty().then_some(sign * (hours * 3600 + minutes * 60))
    }
}
