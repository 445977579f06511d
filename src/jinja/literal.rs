//! Python's literals in text: string escapes, and `ast.literal_eval`.

use super::value::{Dict, Set, Value, arithmetic, methods};

/// The length of the string literal that `text` starts with, quotes included.
pub fn string_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.first()?;
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Adds the text of a string literal's inside, with its escapes resolved, to `out`.
///
/// # Errors
/// Python's message for an escape that is cut short.
pub fn unescape(inside: &str, out: &mut String) -> Result<(), String> {
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escaped) = rest.chars().next() else {
            out.push('\\');
            return Ok(());
        };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(escaped),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            'x' => rest = hex(rest, 2, "\\xXX", out)?,
            'u' => rest = hex(rest, 4, "\\uXXXX", out)?,
            'U' => rest = hex(rest, 8, "\\UXXXXXXXX", out)?,
            '0'..='7' => {
                let mut code = escaped.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit;
                    rest = &rest[1..];
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(rest);
    Ok(())
}

fn hex<'a>(rest: &'a str, width: usize, form: &str, out: &mut String) -> Result<&'a str, String> {
    let code = rest
        .get(..width)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or_else(|| {
            format!("'unicodeescape' codec can't decode bytes: truncated {form} escape")
        })?;
    // A lone surrogate cannot be written to SQL or a file anyway.
    out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
    Ok(&rest[width..])
}

/// Python's `ast.literal_eval`; `None` where it raises.
pub fn literal_eval(text: &str) -> Option<Value> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut reader = Reader { rest: text };
    let value = reader.tuple_or_value(0)?;
    reader.space();
    reader.rest.is_empty().then_some(value)
}

/// How deep literals may nest.
const DEPTH: usize = 100;

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn tuple_or_value(&mut self, depth: usize) -> Option<Value> {
        let first = self.value(depth)?;
        if !self.eat(",") {
            return Some(first);
        }
        let mut items = vec![first];
        loop {
            self.space();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                return Some(Value::tuple(items));
            }
            items.push(self.value(depth)?);
            if !self.eat(",") {
                return Some(Value::tuple(items));
            }
        }
    }

    fn items(&mut self, close: &str, depth: usize) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.value(depth)?);
            if !self.eat(",") && !self.rest.starts_with(close) {
                return None;
            }
        }
        Some(items)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH {
            return None;
        }
        self.space();
        match self.rest.chars().next()? {
            '[' => {
                self.eat("[");
                self.items("]", depth + 1).map(Value::list)
            }
            '(' => {
                self.eat("(");
                if self.eat(")") {
                    return Some(Value::empty_tuple());
                }
                let inner = self.tuple_or_value(depth + 1)?;
                self.eat(")").then_some(inner)
            }
            '{' => self.dict_or_set(depth + 1),
            '\'' | '"' => {
                let mut text = String::new();
                loop {
                    let length = string_length(self.rest)?;
                    unescape(&self.rest[1..length - 1], &mut text).ok()?;
                    self.rest = &self.rest[length..];
                    self.space();
                    if !self.rest.starts_with(['\'', '"']) {
                        return Some(text.into());
                    }
                }
            }
            c if c.is_ascii_digit() || matches!(c, '.' | '-' | '+') => self.number(),
            _ => {
                let length =
                    self.rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(length);
                self.rest = rest;
                match word {
                    "True" => Some(Value::Bool(true)),
                    "False" => Some(Value::Bool(false)),
                    "None" => Some(Value::None),
                    _ => None,
                }
            }
        }
    }

    fn dict_or_set(&mut self, depth: usize) -> Option<Value> {
        self.eat("{");
        if self.eat("}") {
            return Some(Value::Dict(Dict::default()));
        }
        let first = self.value(depth)?;
        if !self.eat(":") {
            let mut items = vec![first];
            if !self.eat(",") && !self.rest.starts_with('}') {
                return None;
            }
            items.extend(self.items("}", depth)?);
            return Set::new(items).ok().map(Value::Set);
        }
        let dict = Dict::default();
        dict.insert(first, self.value(depth)?).ok()?;
        while !self.eat("}") {
            if !self.eat(",") {
                return None;
            }
            if self.eat("}") {
                break;
            }
            let key = self.value(depth)?;
            if !self.eat(":") {
                return None;
            }
            dict.insert(key, self.value(depth)?).ok()?;
        }
        Some(Value::Dict(dict))
    }

    fn number(&mut self) -> Option<Value> {
        let mut negative = false;
        while let Some(sign) = self.rest.chars().next().filter(|c| matches!(c, '-' | '+')) {
            negative ^= sign == '-';
            self.rest = self.rest[1..].trim_start();
        }
        let bytes = self.rest.as_bytes();
        let hex = self.rest.len() > 1 && matches!(bytes[1], b'x' | b'X');
        let mut length = 0;
        while let Some(byte) = bytes.get(length) {
            let after_e = length > 0 && !hex && matches!(bytes[length - 1], b'e' | b'E');
            let part = byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'.')
                || after_e && matches!(byte, b'+' | b'-');
            if !part {
                break;
            }
            length += 1;
        }
        let (word, rest) = self.rest.split_at(length);
        let value = number(word)?;
        self.rest = rest;
        if negative { arithmetic::negate(&value).ok() } else { Some(value) }
    }
}

fn number(word: &str) -> Option<Value> {
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let base = match lower.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let text = Value::str(word);
    if base == 10 && word.contains(['.', 'e', 'E']) {
        return methods::to_float(&text).ok().map(Value::Float);
    }
    // Python forbids leading zeros.
    if base == 10
        && word.len() > 1
        && word.starts_with('0')
        && !word.trim_matches(['0', '_']).is_empty()
    {
        return None;
    }
    methods::to_int(&text, base).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        for (text, repr) in [
            ("1", "1"),
            (" -1.5", "-1.5"),
            ("[1, 'a', None]", "[1, 'a', None]"),
            ("1, 2", "(1, 2)"),
            ("(1,)", "(1,)"),
            ("{'a': {1, 2}, }", "{'a': {1, 2}}"),
            ("True", "True"),
        ] {
            assert_eq!(literal_eval(text).map(|value| value.repr()).as_deref(), Some(repr));
        }
        for text in ["true", "a", "01", "[1", "", "1 +", "f()"] {
            assert!(literal_eval(text).is_none(), "{text}");
        }
    }

    #[test]
    fn escapes_are_python_s() {
        let mut out = String::new();
        unescape(r"a\n\t\\\'\d\/\x41\u00e9\101\U0001F600", &mut out).unwrap();
        assert_eq!(out, "a\n\t\\'\\d\\/A\u{e9}A\u{1F600}");
        assert!(unescape(r"\x4", &mut out).is_err());
    }
}
