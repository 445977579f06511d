//! Python's format mini-language: `format(value, spec)` and `str.format`.

use super::super::error::{Error, Result};
use super::super::eval::State;
use super::arithmetic::to_float;
use super::number::float_repr;
use super::repr::ascii;
use super::{Args, Value};

/// What a format spec says.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The fill character; a space when not given.
    pub fill: Option<char>,
    /// `<`, `>`, `^` or `=`.
    pub align: Option<char>,
    /// `+`, `-` or a space.
    pub sign: Option<char>,
    /// `#`
    pub alternate: bool,
    /// The least width in characters.
    pub width: usize,
    /// `,` or `_` between groups of digits.
    pub grouping: Option<char>,
    /// Digits after the point, or the most characters.
    pub precision: Option<usize>,
    /// The presentation type.
    pub kind: Option<char>,
}

/// The widest field; Python would run out of memory far later.
const WIDEST: usize = 1 << 20;

impl Spec {
    fn parse(text: &str, of: &str) -> Result<Self> {
        let characters: Vec<char> = text.chars().collect();
        let mut spec = Self::default();
        let mut rest = characters.as_slice();
        let is_align = |c: &char| matches!(c, '<' | '>' | '^' | '=');
        if let [fill, align, tail @ ..] = rest
            && is_align(align)
        {
            (spec.fill, spec.align, rest) = (Some(*fill), Some(*align), tail);
        } else if let [align, tail @ ..] = rest
            && is_align(align)
        {
            (spec.align, rest) = (Some(*align), tail);
        }
        if let [sign @ ('+' | '-' | ' '), tail @ ..] = rest {
            (spec.sign, rest) = (Some(*sign), tail);
        }
        if let ['#', tail @ ..] = rest {
            (spec.alternate, rest) = (true, tail);
        }
        if let ['0', tail @ ..] = rest {
            rest = tail;
            spec.fill.get_or_insert('0');
            spec.align.get_or_insert('=');
        }
        (spec.width, rest) = digits(rest)?.map_or((0, rest), |found| found);
        if let [grouping @ (',' | '_'), tail @ ..] = rest {
            (spec.grouping, rest) = (Some(*grouping), tail);
        }
        if let ['.', tail @ ..] = rest {
            let (precision, tail) = digits(tail)?
                .ok_or_else(|| Error::value_error("Format specifier missing precision"))?;
            (spec.precision, rest) = (Some(precision), tail);
        }
        match rest {
            [] => {}
            [kind] => spec.kind = Some(*kind),
            _ => {
                return Err(Error::value_error(format!(
                    "Invalid format specifier '{text}' for object of type '{of}'"
                )));
            }
        }
        Ok(spec)
    }

    /// Pads a text that has no sign of its own.
    fn pad(&self, text: &str, default: char) -> String {
        self.pad_signed("", text, default)
    }

    /// Pads a number; `=` puts the fill between the sign and the digits.
    fn pad_signed(&self, sign: &str, digits: &str, default: char) -> String {
        let length = sign.chars().count() + digits.chars().count();
        let missing = self.width.saturating_sub(length);
        let fill = self.fill.unwrap_or(' ');
        let run = |count: usize| fill.to_string().repeat(count);
        match self.align.unwrap_or(default) {
            '<' => format!("{sign}{digits}{}", run(missing)),
            '^' => format!("{}{sign}{digits}{}", run(missing / 2), run(missing - missing / 2)),
            '=' => format!("{sign}{}{digits}", run(missing)),
            _ => format!("{}{sign}{digits}", run(missing)),
        }
    }
}

type Digits<'a> = Option<(usize, &'a [char])>;

fn digits(text: &[char]) -> Result<Digits<'_>> {
    let count = text.iter().take_while(|c| c.is_ascii_digit()).count();
    if count == 0 {
        return Ok(None);
    }
    let number: String = text[..count].iter().collect();
    match number.parse() {
        Ok(number) if number <= WIDEST => Ok(Some((number, &text[count..]))),
        _ => Err(Error::value_error("Too many decimal digits in format string")),
    }
}

/// `format(value, spec)`.
///
/// # Errors
/// Python's errors for a spec that does not fit the value.
pub fn format_value(value: &Value, spec: &str) -> Result<String> {
    if spec.is_empty() {
        return Ok(value.to_string());
    }
    if let Value::Object(object) = value
        && let Some(text) = object.format(spec)?
    {
        return Ok(text);
    }
    let of = value.type_name();
    match value {
        Value::Str(text) => format_text(text, &Spec::parse(spec, of)?),
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            let spec = Spec::parse(spec, of)?;
            if spec.kind == Some('s') {
                return Err(unknown_code('s', of));
            }
            format_number(value, &spec)
        }
        _ => Err(Error::type_error(format!("unsupported format string passed to {of}.__format__"))),
    }
}

fn unknown_code(code: char, of: &str) -> Error {
    Error::value_error(format!("Unknown format code '{code}' for object of type '{of}'"))
}

fn format_text(text: &str, spec: &Spec) -> Result<String> {
    match spec.kind {
        None | Some('s') => {}
        Some(code) => return Err(unknown_code(code, "str")),
    }
    if spec.align == Some('=') && spec.fill != Some('0') {
        return Err(Error::value_error("'=' alignment not allowed in string format specifier"));
    }
    let text: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    let spec = if spec.align == Some('=') {
        Spec { align: Some('<'), ..spec.clone() }
    } else {
        spec.clone()
    };
    Ok(spec.pad(&text, '<'))
}

/// A number with an already parsed spec.
///
/// # Errors
/// As [`format_value`].
pub fn format_number(value: &Value, spec: &Spec) -> Result<String> {
    let is_float = matches!(value, Value::Float(_));
    let code = spec.kind.unwrap_or(if is_float { 'r' } else { 'd' });
    let (negative, digits) = match code {
        'd' | 'n' | 'b' | 'o' | 'x' | 'X' | 'c' if !is_float => {
            if spec.precision.is_some() {
                return Err(Error::value_error(
                    "Precision not allowed in integer format specifier",
                ));
            }
            int_digits(value, code, spec.alternate)?
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%' | 'n' | 'r' => {
            let number = to_float(value)?;
            (number.is_sign_negative() && !number.is_nan(), float_digits(number.abs(), code, spec))
        }
        other => return Err(unknown_code(other, value.type_name())),
    };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    let digits = match spec.grouping {
        Some(separator) => {
            let size = if matches!(code, 'b' | 'o' | 'x' | 'X') { 4 } else { 3 };
            group(&digits, separator, size)
        }
        None => digits,
    };
    Ok(spec.pad_signed(sign, &digits, '>'))
}

fn int_digits(value: &Value, code: char, alternate: bool) -> Result<(bool, String)> {
    let big = match value {
        Value::BigInt(big) => (**big).clone(),
        other => other.as_int().unwrap_or_default().into(),
    };
    let negative = super::ops::is_negative(&big);
    let magnitude = big.magnitude();
    let with = |prefix: &str, radix: u32| {
        format!("{}{}", if alternate { prefix } else { "" }, magnitude.to_str_radix(radix))
    };
    let digits = match code {
        'b' => with("0b", 2),
        'o' => with("0o", 8),
        'x' => with("0x", 16),
        'X' => with("0X", 16).to_uppercase(),
        'c' => u32::try_from(magnitude)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| {
                Error::new(
                    super::super::error::ExceptionKind::OverflowError,
                    "%c arg not in range(0x110000)",
                )
            })?
            .to_string(),
        _ => magnitude.to_string(),
    };
    Ok((negative, digits))
}

/// The digits of a float that is not negative.
pub fn float_digits(number: f64, code: char, spec: &Spec) -> String {
    if !number.is_finite() {
        let text = if number.is_nan() { "nan" } else { "inf" };
        return if code.is_ascii_uppercase() { text.to_uppercase() } else { text.to_owned() };
    }
    let precision = spec.precision.unwrap_or(6);
    match code {
        'f' | 'F' => fixed(number, precision),
        '%' => format!("{}%", fixed(number * 100.0, precision)),
        'e' => exponent(number, precision),
        'E' => exponent(number, precision).to_uppercase(),
        'g' | 'n' => general(number, precision, spec.alternate),
        'G' => general(number, precision, spec.alternate).to_uppercase(),
        _ => match spec.precision {
            None => float_repr(number),
            Some(precision) => {
                let text = general(number, precision, false);
                if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
            }
        },
    }
}

/// No float has more digits than this; the library refuses far more.
const EXACT: usize = 1100;

fn fixed(number: f64, precision: usize) -> String {
    let exact = precision.min(EXACT);
    format!("{number:.exact$}{}", "0".repeat(precision - exact))
}

fn exponent(number: f64, precision: usize) -> String {
    let exact = precision.min(EXACT);
    let text = format!("{number:.exact$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}{}e{sign}{power:0>2}", "0".repeat(precision - exact))
}

fn general(number: f64, precision: usize, keep_zeros: bool) -> String {
    let precision = precision.max(1);
    let scientific = format!("{number:.*e}", (precision - 1).min(EXACT));
    let power: i64 = scientific.split_once('e').and_then(|(_, p)| p.parse().ok()).unwrap_or(0);
    let limit = i64::try_from(precision).unwrap_or(i64::MAX);
    let strip = |text: String| {
        if keep_zeros || !text.contains('.') {
            text
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if (-4..limit).contains(&power) {
        let decimals = usize::try_from(limit - 1 - power).unwrap_or(0);
        return strip(fixed(number, decimals));
    }
    let text = exponent(number, precision - 1);
    match text.split_once('e') {
        Some((mantissa, power)) => format!("{}e{power}", strip(mantissa.to_owned())),
        None => text,
    }
}

fn group(digits: &str, separator: char, size: usize) -> String {
    let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let mut out = String::with_capacity(digits.len() + digits.len() / size);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % size == 0 {
            out.push(separator);
        }
        out.push(digit);
    }
    out.push_str(rest);
    out
}

/// `text.format(args)`.
///
/// # Errors
/// Python's errors for a wrong format or missing arguments.
pub fn format_text_with(state: &mut State<'_>, text: &str, args: &Args) -> Result<String> {
    let mut formatter = Formatter { args, next: Some(0) };
    formatter.run(state, text, 3)
}

struct Formatter<'a> {
    args: &'a Args,
    /// The next automatic number; `None` once numbers are given by hand.
    next: Option<usize>,
}

impl Formatter<'_> {
    fn run(&mut self, state: &mut State<'_>, text: &str, depth: usize) -> Result<String> {
        if depth == 0 {
            return Err(Error::value_error("Max string recursion exceeded"));
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = tail;
            } else if brace == "}" {
                return Err(Error::value_error("Single '}' encountered in format string"));
            } else {
                let end = field_end(rest)?;
                let field = self.field(state, &rest[..end], depth)?;
                out.push_str(&field);
                rest = &rest[end + 1..];
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn field(&mut self, state: &mut State<'_>, field: &str, depth: usize) -> Result<String> {
        let split = field.find([':', '!']).unwrap_or(field.len());
        let (name, tail) = field.split_at(split);
        let (conversion, spec) = match tail.strip_prefix('!') {
            Some(tail) => {
                let kind = tail.chars().next().ok_or_else(|| {
                    Error::value_error("end of string while looking for conversion specifier")
                })?;
                let after = &tail[kind.len_utf8()..];
                (Some(kind), after.strip_prefix(':').unwrap_or(after))
            }
            None => (None, tail.strip_prefix(':').unwrap_or(tail)),
        };
        let value = self.value(state, name)?;
        let spec = self.run(state, spec, depth - 1)?;
        let value = match conversion {
            None => value,
            Some('s') => Value::from(value.to_string()),
            Some('r') => Value::from(value.repr()),
            Some('a') => Value::from(ascii(&value)),
            Some(other) => {
                return Err(Error::value_error(format!("Unknown conversion specifier {other}")));
            }
        };
        format_value(&value, &spec)
    }

    fn value(&mut self, state: &mut State<'_>, name: &str) -> Result<Value> {
        let first_end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut rest) = name.split_at(first_end);
        let mut value = self.argument(first)?;
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix('.') {
                let end = tail.find(['.', '[']).unwrap_or(tail.len());
                value = value.get_attr(state, &tail[..end])?;
                rest = &tail[end..];
            } else if let Some((key, tail)) =
                rest.strip_prefix('[').and_then(|tail| tail.split_once(']'))
            {
                let key = key.parse().map_or_else(|_| Value::str(key), Value::Int);
                value = value.get_item(state, &key)?;
                rest = tail;
            } else {
                return Err(Error::value_error(
                    "Only '.' or '[' may follow ']' in format field specifier",
                ));
            }
        }
        Ok(value)
    }

    fn argument(&mut self, name: &str) -> Result<Value> {
        let index = if name.is_empty() {
            let Some(next) = self.next else {
                return Err(Error::value_error(
                    "cannot switch from manual field specification to automatic field numbering",
                ));
            };
            self.next = Some(next + 1);
            next
        } else if let Ok(index) = name.parse() {
            if self.next.is_some_and(|next| next > 0) {
                return Err(Error::value_error(
                    "cannot switch from manual field specification to automatic field numbering",
                ));
            }
            self.next = None;
            index
        } else {
            let found = self.args.keyword.iter().find(|(key, _)| &**key == name);
            return found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| Error::key_error(&Value::str(name)));
        };
        self.args.positional.get(index).cloned().ok_or_else(|| {
            Error::new(super::super::error::ExceptionKind::IndexError, "tuple index out of range")
        })
    }
}

fn field_end(rest: &str) -> Result<usize> {
    let mut open = 0;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return Ok(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    Err(Error::value_error(if rest.is_empty() {
        "Single '{' encountered in format string"
    } else {
        "expected '}' before end of string"
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_follow_python() {
        for (value, spec, text) in [
            (Value::Int(1_234_567), ",", "1,234,567"),
            (Value::Int(255), "#x", "0xff"),
            (Value::Int(-5), "05d", "-0005"),
            (Value::Float(2.71), ".1f", "2.7"),
            (Value::Float(1234.5), "e", "1.234500e+03"),
            (Value::Float(0.000_012_34), "g", "1.234e-05"),
            (Value::Float(0.256), ".1%", "25.6%"),
            (Value::str("ab"), "*^6", "**ab**"),
            (Value::str("abcdef"), ".3", "abc"),
        ] {
            assert_eq!(format_value(&value, spec).unwrap(), text, "{spec}");
        }
    }
}
