//! `'...' % values`, Python's other way to format.

use super::super::error::{Error, Result};
use super::Value;
use super::arithmetic::to_float;
use super::format::{Spec, float_digits, format_number};
use super::number::float_to_big_int;
use super::repr::ascii;

/// All format characters.
const KINDS: &str = "sracdiuxXoeEfFgG";
/// The widest field.
const WIDEST: usize = 1 << 20;

/// `format % values`.
///
/// # Errors
/// Python's errors for a wrong format, and for too few or too many values.
pub fn format(pattern: &str, values: &Value) -> Result<String> {
    let mut arguments = Arguments::new(values);
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest =
            field(&rest[at + 1..], &mut arguments, &mut out).map_err(|failure| match failure {
                Failure::Error(error) => error,
                Failure::Character { kind, left } => {
                    let before = &pattern[..pattern.len() - left];
                    Error::value_error(format!(
                        "unsupported format character '{kind}' (0x{:x}) at index {}",
                        u32::from(kind),
                        before.chars().count()
                    ))
                }
            })?;
    }
    out.push_str(rest);
    if arguments.all_used() {
        Ok(out)
    } else {
        Err(Error::type_error("not all arguments converted during string formatting"))
    }
}

struct Arguments<'a> {
    whole: &'a Value,
    list: Vec<Value>,
    next: usize,
    by_name: bool,
}

impl<'a> Arguments<'a> {
    fn new(whole: &'a Value) -> Self {
        let list = match whole {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        Self { whole, list, next: 0, by_name: false }
    }

    fn next(&mut self) -> Result<Value> {
        let value = self.list.get(self.next).cloned();
        self.next += 1;
        value.ok_or_else(|| Error::type_error("not enough arguments for format string"))
    }

    fn named(&mut self, name: &str) -> Result<Value> {
        self.by_name = true;
        match self.whole {
            Value::Dict(dict) => {
                dict.get_str(name).ok_or_else(|| Error::key_error(&Value::str(name)))
            }
            _ => Err(Error::type_error("format requires a mapping")),
        }
    }

    fn all_used(&self) -> bool {
        // A dict, and anything else that could be a mapping, may stay unused.
        self.by_name
            || self.next >= self.list.len()
            || matches!(self.whole, Value::Dict(_) | Value::List(_)) && self.next == 0
    }
}

/// What is wrong with a field.
enum Failure {
    Error(Error),
    /// The format character is none; `left` bytes of the format start with it.
    Character {
        kind: char,
        left: usize,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn field<'a>(
    text: &'a str,
    arguments: &mut Arguments<'_>,
    out: &mut String,
) -> Result<&'a str, Failure> {
    let mut rest = text;
    let mut named = None;
    if let Some(tail) = rest.strip_prefix('(') {
        let (name, tail) =
            tail.split_once(')').ok_or_else(|| Error::value_error("incomplete format key"))?;
        named = Some(arguments.named(name)?);
        rest = tail;
    }
    let mut spec = Spec::default();
    let mut left = false;
    while let Some(flag @ ('-' | '+' | ' ' | '#' | '0')) = rest.chars().next() {
        match flag {
            '-' => left = true,
            '+' => spec.sign = Some('+'),
            ' ' => _ = spec.sign.get_or_insert(' '),
            '#' => spec.alternate = true,
            _ => (spec.fill, spec.align) = (Some('0'), Some('=')),
        }
        rest = &rest[1..];
    }
    (spec.width, rest) = count(rest, arguments)?.map_or((0, rest), |found| found);
    if let Some(tail) = rest.strip_prefix('.') {
        let (precision, tail) = count(tail, arguments)?.map_or((0, tail), |found| found);
        (spec.precision, rest) = (Some(precision), tail);
    }
    rest = rest.trim_start_matches(['h', 'l', 'L']);
    let kind = rest.chars().next().ok_or_else(|| Error::value_error("incomplete format"))?;
    let after = &rest[kind.len_utf8()..];
    if left {
        (spec.align, spec.fill) = (Some('<'), None);
    }
    if kind == '%' {
        out.push('%');
        return Ok(after);
    }
    let value = match named {
        Some(value) => value,
        None => arguments.next()?,
    };
    if !KINDS.contains(kind) {
        return Err(Failure::Character { kind, left: rest.len() });
    }
    out.push_str(&convert(kind, &value, spec)?);
    Ok(after)
}

type Count<'a> = Option<(usize, &'a str)>;

fn count<'a>(text: &'a str, arguments: &mut Arguments<'_>) -> Result<Count<'a>> {
    let too_big = || Error::value_error("width too big");
    if let Some(rest) = text.strip_prefix('*') {
        let width = arguments.next()?.as_int().ok_or_else(|| Error::type_error("* wants int"))?;
        let width = usize::try_from(width).unwrap_or(0);
        return if width > WIDEST { Err(too_big()) } else { Ok(Some((width, rest))) };
    }
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return Ok(None);
    }
    match text[..length].parse() {
        Ok(width) if width <= WIDEST => Ok(Some((width, &text[length..]))),
        _ => Err(too_big()),
    }
}

fn convert(kind: char, value: &Value, mut spec: Spec) -> Result<String> {
    let text = |text: String, spec: &Spec| {
        let text: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
        let missing = spec.width.saturating_sub(text.chars().count());
        let fill = " ".repeat(missing);
        if spec.align == Some('<') { text + &fill } else { fill + &text }
    };
    let is_number =
        matches!(value, Value::Int(_) | Value::Bool(_) | Value::BigInt(_) | Value::Float(_));
    match kind {
        's' => Ok(text(value.to_string(), &spec)),
        'r' => Ok(text(value.repr(), &spec)),
        'a' => Ok(text(ascii(value), &spec)),
        'c' => match value {
            Value::Str(one) if one.chars().count() == 1 => Ok(text(one.to_string(), &spec)),
            Value::Int(_) => {
                spec.kind = Some('c');
                format_number(value, &spec)
            }
            _ => Err(Error::type_error("%c requires int or char")),
        },
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let whole = match value {
                Value::Float(float) if matches!(kind, 'd' | 'i' | 'u') => float_to_big_int(*float)
                    .map(Value::big_int)
                    .ok_or_else(|| Error::value_error("cannot convert float NaN to integer"))?,
                other if is_number && !matches!(other, Value::Float(_)) => other.clone(),
                other => {
                    let wanted = if matches!(kind, 'd' | 'i' | 'u') {
                        "a real number"
                    } else {
                        "an integer"
                    };
                    return Err(Error::type_error(format!(
                        "%{kind} format: {wanted} is required, not {}",
                        other.type_name()
                    )));
                }
            };
            spec.kind = Some(if matches!(kind, 'i' | 'u') { 'd' } else { kind });
            let digits = spec.precision.take();
            if let Some(least) = digits {
                // The precision of an int is its least number of digits.
                let plain = format_number(&whole, &Spec { kind: spec.kind, ..Spec::default() })?;
                let (sign, plain) = plain.strip_prefix('-').map_or(("", &*plain), |p| ("-", p));
                return Ok(text(format!("{sign}{plain:0>least$}"), &spec));
            }
            format_number(&whole, &spec)
        }
        _ => {
            if !is_number {
                return Err(Error::type_error(format!(
                    "must be real number, not {}",
                    value.type_name()
                )));
            }
            let number = to_float(value)?;
            if !number.is_finite() {
                let sign = if number < 0.0 { "-" } else { "" };
                return Ok(text(
                    format!("{sign}{}", float_digits(number.abs(), kind, &spec)),
                    &spec,
                ));
            }
            spec.kind = Some(kind);
            format_number(&Value::Float(number), &spec)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_python() {
        for (pattern, values, text) in [
            ("%s-%d%%", Value::tuple([Value::str("a"), Value::Int(3)]), "a-3%"),
            ("%05.2f|", Value::Float(2.5), "02.50|"),
            ("%-5s|%5s", Value::tuple([Value::str("a"), Value::str("b")]), "a    |    b"),
            ("%(k)s", Value::dict([("k", Value::None)]), "None"),
            ("%r", Value::str("x"), "'x'"),
        ] {
            assert_eq!(format(pattern, &values).unwrap(), text);
        }
        assert!(format("%s", &Value::empty_tuple()).is_err());
        assert!(format("x", &Value::Int(1)).is_err());
    }
}
