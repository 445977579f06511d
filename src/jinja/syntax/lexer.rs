//! Splits a template into tokens as Jinja2's lexer does with its default settings: no
//! trimming of blocks, one line end at the end of the template taken away.

use std::ops::Range;

use super::Failure;
use super::token::{Kind, Token};
use crate::jinja::literal::string_length;
use crate::jinja::value::Value;
use crate::jinja::value::text_methods::is_space;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Text.
    Root,
    /// `{{ }}`
    Variable,
    /// `{% %}`
    Block,
}

/// Gives the tokens of a part of a file, one after the other.
#[derive(Debug)]
pub struct Lexer<'a> {
    /// The file up to the end of the template.
    text: &'a str,
    start: usize,
    at: usize,
    inside: Inside,
    /// The closing brackets that are awaited.
    awaited: Vec<Kind>,
    /// What follows the text that was given last.
    pending: Option<Token>,
}

impl<'a> Lexer<'a> {
    /// A lexer of the template at `range` of a file.
    pub fn new(file: &'a str, range: Range<usize>) -> Self {
        let text = file.get(..range.end).unwrap_or(file);
        let body = text.strip_suffix('\n').map(|body| body.strip_suffix('\r').unwrap_or(body));
        let body = body.or_else(|| text.strip_suffix('\r')).unwrap_or(text);
        let text = if body.len() >= range.start { body } else { text };
        Self {
            text,
            start: range.start,
            at: range.start,
            inside: Inside::Root,
            awaited: Vec::new(),
            pending: None,
        }
    }

    /// The next token; [`Kind::End`] again and again at the end.
    pub fn next(&mut self) -> Result<Token, Failure> {
        if let Some(token) = self.pending.take() {
            return Ok(token);
        }
        match self.inside {
            Inside::Root => self.root(),
            Inside::Variable | Inside::Block => self.tag(),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn skip_space(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1f => self.at += 1,
                byte if byte.is_ascii() => return,
                _ => match self.text[self.at..].chars().next() {
                    Some(c) if is_space(c) => self.at += c.len_utf8(),
                    _ => return,
                },
            }
        }
    }

    /// The start of the next `{{`, `{%` or `{#`.
    fn next_opening(&self) -> Option<usize> {
        let mut from = self.at;
        loop {
            let at = from + self.text.get(from..)?.find('{')?;
            match self.byte(at + 1)? {
                b'{' | b'%' | b'#' => return Some(at),
                _ => from = at + 1,
            }
        }
    }

    fn root(&mut self) -> Result<Token, Failure> {
        while self.at < self.text.len() {
            let start = self.at;
            let Some(opening) = self.next_opening() else {
                self.at = self.text.len();
                return Ok(Token { kind: Kind::Data, start, end: self.at });
            };
            let mut end = opening;
            if self.byte(opening + 2) == Some(b'-') {
                end = start + self.text[start..opening].trim_end_matches(is_space).len();
            }
            let next = self.opening(opening)?;
            if start < end {
                self.pending = next;
                return Ok(Token { kind: Kind::Data, start, end });
            }
            if let Some(next) = next {
                return Ok(next);
            }
        }
        Ok(Token { kind: Kind::End, start: self.text.len(), end: self.text.len() })
    }

    /// Reads `{{` or `{%`, or all of a comment or raw block.
    fn opening(&mut self, at: usize) -> Result<Option<Token>, Failure> {
        let signed = matches!(self.byte(at + 2), Some(b'-' | b'+'));
        let after = at + 2 + usize::from(signed);
        let begins = |kind| Token { kind, start: at, end: after };
        match self.byte(at + 1) {
            Some(b'#') => self.comment(at..after).map(|()| None),
            Some(b'%') => {
                if let Some(body) = self.raw_tag(at, "raw", false) {
                    return self.raw(at, body);
                }
                self.at = after;
                self.inside = Inside::Block;
                Ok(Some(begins(Kind::BlockBegin)))
            }
            _ => {
                self.at = after;
                self.inside = Inside::Variable;
                Ok(Some(begins(Kind::VariableBegin)))
            }
        }
    }

    fn comment(&mut self, opening: Range<usize>) -> Result<(), Failure> {
        self.at = opening.end;
        let Some(length) = self.text[self.at..].find("#}") else {
            if self.at == self.text.len() {
                return Ok(());
            }
            return Err(("Missing end of comment tag".to_owned(), opening));
        };
        let strips = length > 0 && self.byte(self.at + length - 1) == Some(b'-');
        self.at += length + 2;
        if strips {
            self.skip_space();
        }
        Ok(())
    }

    /// The position behind `{% name %}` at `at`, if that is what is there; white space that its
    /// `-` takes away is skipped.
    fn raw_tag(&self, at: usize, name: &str, plus: bool) -> Option<usize> {
        let rest = self.text[at..].strip_prefix("{%")?;
        let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start_matches(is_space);
        let rest = rest.strip_prefix(name)?.trim_start_matches(is_space);
        let rest = if let Some(rest) = rest.strip_prefix("-%}") {
            rest.trim_start_matches(is_space)
        } else {
            let rest = if plus { rest.strip_prefix('+').unwrap_or(rest) } else { rest };
            rest.strip_prefix("%}")?
        };
        Some(self.text.len() - rest.len())
    }

    fn raw(&mut self, opening: usize, body: usize) -> Result<Option<Token>, Failure> {
        self.at = body;
        let mut from = body;
        while let Some(found) = self.text[from..].find("{%") {
            let at = from + found;
            let Some(end) = self.raw_tag(at, "endraw", true) else {
                from = at + 2;
                continue;
            };
            self.at = end;
            let mut text = &self.text[body..at];
            if self.byte(at + 2) == Some(b'-') {
                text = text.trim_end_matches(is_space);
            }
            let token = Token { kind: Kind::Data, start: body, end: body + text.len() };
            return Ok((!text.is_empty()).then_some(token));
        }
        if body == self.text.len() {
            return Ok(None);
        }
        Err(("Missing end of raw directive".to_owned(), opening..body))
    }

    /// The mark that closes the tag, if it is next.
    fn closing(&self) -> Option<(usize, bool)> {
        let rest = &self.text.as_bytes()[self.at..];
        match (self.inside, rest) {
            (Inside::Variable, [b'}', b'}', ..]) | (Inside::Block, [b'%', b'}', ..]) => {
                Some((2, false))
            }
            (Inside::Variable, [b'-', b'}', b'}', ..])
            | (Inside::Block, [b'-', b'%', b'}', ..]) => Some((3, true)),
            (Inside::Block, [b'+', b'%', b'}', ..]) => Some((3, false)),
            _ => None,
        }
    }

    fn tag(&mut self) -> Result<Token, Failure> {
        self.skip_space();
        let start = self.at;
        let Some(first) = self.byte(start) else {
            return Ok(Token { kind: Kind::End, start, end: start });
        };
        if self.awaited.is_empty()
            && let Some((length, strips)) = self.closing()
        {
            let kind = match self.inside {
                Inside::Variable => Kind::VariableEnd,
                Inside::Root | Inside::Block => Kind::BlockEnd,
            };
            self.inside = Inside::Root;
            self.at = start + length;
            if strips {
                self.skip_space();
            }
            return Ok(Token { kind, start, end: start + length });
        }
        let rest = &self.text[start..];
        let (kind, length) = match first {
            b'0'..=b'9' => number(rest, start > 0 && self.byte(start - 1) == Some(b'.')),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (Kind::Name, name_length(rest)),
            b'\'' | b'"' => match string_length(rest) {
                Some(length) => (Kind::Text, length),
                None => return Err(self.unexpected(start)),
            },
            first if first.is_ascii() => {
                let Some((kind, length)) = Kind::operator(rest.as_bytes()) else {
                    return Err(self.unexpected(start));
                };
                self.balance(kind, start)?;
                (kind, length)
            }
            _ => (Kind::Name, name_length(rest)),
        };
        if length == 0 {
            return Err(self.unexpected(start));
        }
        self.at = start + length;
        let token = Token { kind, start, end: self.at };
        if kind == Kind::Name && rest.starts_with(char::is_numeric) {
            return Err(("Invalid character in identifier".to_owned(), token.range()));
        }
        Ok(token)
    }

    fn balance(&mut self, kind: Kind, at: usize) -> Result<(), Failure> {
        match kind {
            Kind::LeftParen => self.awaited.push(Kind::RightParen),
            Kind::LeftBracket => self.awaited.push(Kind::RightBracket),
            Kind::LeftBrace => self.awaited.push(Kind::RightBrace),
            Kind::RightParen | Kind::RightBracket | Kind::RightBrace => {
                let got = kind.description();
                let message = match self.awaited.pop() {
                    Some(awaited) if awaited == kind => return Ok(()),
                    Some(awaited) => {
                        format!("unexpected '{got}', expected '{}'", awaited.description())
                    }
                    None => format!("unexpected '{got}'"),
                };
                return Err((message, at..at + 1));
            }
            _ => {}
        }
        Ok(())
    }

    fn unexpected(&self, at: usize) -> Failure {
        let character = self.text[at..].chars().next().unwrap_or(' ');
        let before = self.text.get(self.start..at).unwrap_or_default();
        // Jinja counts after it made every line end one character.
        let position = before.chars().count() - before.matches("\r\n").count();
        let shown = Value::str(character.encode_utf8(&mut [0; 4])).repr();
        (format!("unexpected char {shown} at {position}"), at..at + character.len_utf8())
    }
}

fn name_length(rest: &str) -> usize {
    let ascii =
        rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    match rest.as_bytes().get(ascii) {
        Some(byte) if !byte.is_ascii() => {
            rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len())
        }
        _ => ascii,
    }
}

/// Digits with single underscores between them.
fn digits(bytes: &[u8], is_digit: fn(&u8) -> bool) -> usize {
    let mut length = bytes.iter().take_while(|byte| is_digit(byte)).count();
    while length > 0
        && bytes.get(length) == Some(&b'_')
        && bytes.get(length + 1).is_some_and(is_digit)
    {
        length += 1;
        length += bytes[length..].iter().take_while(|byte| is_digit(byte)).count();
    }
    length
}

/// The kind and length of the token that starts with a digit.
fn number(rest: &str, after_dot: bool) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let whole = digits(bytes, u8::is_ascii_digit);
    if !after_dot {
        let mut length = whole;
        if bytes.get(length) == Some(&b'.') {
            let fraction = digits(&bytes[length + 1..], u8::is_ascii_digit);
            length += if fraction > 0 { fraction + 1 } else { 0 };
        }
        let mut is_float = length > whole;
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(&bytes[length + 1 + signed..], u8::is_ascii_digit);
            if exponent > 0 {
                length += 1 + signed + exponent;
                is_float = true;
            }
        }
        if is_float {
            return (Kind::Float, length);
        }
    }
    if bytes.first() != Some(&b'0') {
        return (Kind::Integer, whole);
    }
    let is_digit: Option<fn(&u8) -> bool> = match bytes.get(1) {
        Some(b'b' | b'B') => Some(|byte| matches!(byte, b'0' | b'1')),
        Some(b'o' | b'O') => Some(|byte| matches!(byte, b'0'..=b'7')),
        Some(b'x' | b'X') => Some(u8::is_ascii_hexdigit),
        _ => None,
    };
    if let Some(is_digit) = is_digit {
        let skipped = 2 + usize::from(bytes.get(2) == Some(&b'_'));
        let length = digits(bytes.get(skipped..).unwrap_or_default(), is_digit);
        if length > 0 {
            return (Kind::Integer, skipped + length);
        }
    }
    // A zero takes only zeros along; what follows is a name then, which is an error.
    (Kind::Integer, digits(bytes, |byte| *byte == b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<(Kind, &str)>, String> {
        let mut lexer = Lexer::new(text, 0..text.len());
        let mut found = Vec::new();
        loop {
            let token = lexer.next().map_err(|(message, _)| message)?;
            if token.kind == Kind::End {
                return Ok(found);
            }
            found.push((token.kind, &text[token.range()]));
        }
    }

    #[test]
    fn numbers_are_jinja_s() {
        for (text, kind, length) in [
            ("1_000.5", Kind::Float, 7),
            ("1.x", Kind::Integer, 1),
            ("1e5", Kind::Float, 3),
            ("1.5e", Kind::Float, 3),
            ("0x_fF", Kind::Integer, 5),
            ("0b", Kind::Integer, 1),
            ("007", Kind::Integer, 2),
            ("1__0", Kind::Integer, 1),
        ] {
            assert_eq!(number(text, false), (kind, length), "{text}");
        }
    }

    #[test]
    fn white_space_goes_where_signs_say() {
        let data = |text| {
            let found = tokens(text).unwrap();
            let data = found.into_iter().filter(|(kind, _)| *kind == Kind::Data);
            data.map(|(_, text)| text).collect::<String>()
        };
        for (text, expected) in [
            ("a {{- 1 -}} b", "ab"),
            ("a {%+ x +%} b", "a  b"),
            ("a {#- x -#} b\n", "ab"),
            ("a {% raw -%} {{ x }} {%- endraw %} b\n\n", "a {{ x }} b\n"),
            ("a {#", "a "),
            ("a {% raw %}", "a "),
        ] {
            assert_eq!(data(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        for (text, message) in [
            ("a {# b", "Missing end of comment tag"),
            ("{% raw %} {% endra %}", "Missing end of raw directive"),
            ("é\r\n{{ ? }}", "unexpected char '?' at 5"),
            ("{{ (] }}", "unexpected ']', expected ')'"),
            ("{{ ٣ }}", "Invalid character in identifier"),
        ] {
            assert_eq!(tokens(text).unwrap_err(), message, "{text}");
        }
    }
}
