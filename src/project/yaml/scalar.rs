//! What an unquoted scalar means, by the rules of PyYAML's resolver (YAML 1.1, with its
//! deviations: `y` and `n` are text, `1e3` is text because it has no dot, `0o7` is text).

use super::{Timestamp, Value};
use num_bigint::BigInt;

/// The value of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Value {
    match text.as_bytes().first() {
        None => Value::Null,
        Some(b'~' | b'n' | b'N') if matches!(text, "~" | "null" | "Null" | "NULL") => Value::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O') => {
            boolean(text).map_or_else(|| Value::Str(text.to_owned()), Value::Bool)
        }
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text)
            .or_else(|| Timestamp::parse(text).map(Value::Timestamp))
            .unwrap_or_else(|| Value::Str(text.to_owned())),
        Some(_) => Value::Str(text.to_owned()),
    }
}

/// The words for true and false.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// An integer or a float.
pub(super) fn number(text: &str) -> Option<Value> {
    let (negative, digits) = split_sign(text);
    integer(digits, negative).or_else(|| float(text).map(Value::Float))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn integer(text: &str, negative: bool) -> Option<Value> {
    let is = |text: &str, allowed: fn(u8) -> bool| {
        !text.is_empty() && text.bytes().all(|byte| byte == b'_' || allowed(byte))
    };
    let (radix, digits) = if let Some(bits) = text.strip_prefix("0b") {
        (2, is(bits, |byte| matches!(byte, b'0' | b'1')).then_some(bits)?)
    } else if let Some(hex) = text.strip_prefix("0x") {
        (16, is(hex, |byte| byte.is_ascii_hexdigit()).then_some(hex)?)
    } else if text == "0" {
        return Some(Value::Int(0));
    } else if text.starts_with('0') {
        (8, is(text, |byte| matches!(byte, b'0'..=b'7')).then_some(text)?)
    } else if text.starts_with(|first: char| first.is_ascii_digit()) {
        if text.contains(':') {
            return sexagesimal(text, negative);
        }
        (10, is(text, |byte| byte.is_ascii_digit()).then_some(text)?)
    } else {
        return None;
    };
    let digits: String = digits.chars().filter(|digit| *digit != '_').collect();
    let number = BigInt::parse_bytes(digits.as_bytes(), radix)?;
    Some(shrink(if negative { -number } else { number }))
}

/// Integers in base 60: `1:30` is 90.
fn sexagesimal(text: &str, negative: bool) -> Option<Value> {
    let mut parts = text.split(':');
    let head: String = parts.next()?.chars().filter(|digit| *digit != '_').collect();
    let mut total = BigInt::parse_bytes(head.as_bytes(), 10)?;
    for part in parts {
        total = total * 60 + base_60_digit(part)?;
    }
    Some(shrink(if negative { -total } else { total }))
}

fn base_60_digit(part: &str) -> Option<u8> {
    let fits = matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    fits.then(|| part.parse().ok()).flatten()
}

fn shrink(number: BigInt) -> Value {
    i64::try_from(&number).map_or_else(|_| Value::BigInt(Box::new(number)), Value::Int)
}

fn float(text: &str) -> Option<f64> {
    let (negative, digits) = split_sign(text);
    let unsigned = match digits {
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" if digits == text => f64::NAN,
        _ if digits.contains(':') => sexagesimal_float(digits)?,
        _ => decimal(digits, digits == text)?,
    };
    Some(if negative { -unsigned } else { unsigned })
}

/// `12.5`, `1_0.`, `.5`, `1.0e+3`: there is a dot, and an exponent has its sign. Without
/// digits before the dot there may be no sign.
fn decimal(text: &str, unsigned: bool) -> Option<f64> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-'])?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let starts = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let leads = if whole.is_empty() { unsigned && starts(fraction) } else { starts(whole) };
    if !leads || !digits(whole) || !digits(fraction) {
        return None;
    }
    text.chars().filter(|digit| *digit != '_').collect::<String>().parse().ok()
}

/// `1:30.5` is 90.5.
fn sexagesimal_float(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.')?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return None;
    }
    let mut parts = whole.split(':');
    let head: String = parts.next()?.chars().filter(|digit| *digit != '_').collect();
    let mut total: f64 = head.parse().ok()?;
    for part in parts {
        total = total * 60.0 + f64::from(base_60_digit(part)?);
    }
    let fraction: String = fraction.chars().filter(|digit| *digit != '_').collect();
    let fraction: f64 = format!("0.{fraction}0").parse().ok()?;
    Some(total + fraction)
}
