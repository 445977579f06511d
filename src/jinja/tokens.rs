//! The tags of a template and their tokens: only as much lexing as rewriting needs.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Name,
    /// A number.
    Number,
    /// A string literal.
    Text,
    /// An operator, by its first character.
    Op(u8),
}

/// A token inside a tag.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub range: Range<usize>,
    /// How many brackets are open around it; a bracket is outside of itself.
    pub depth: usize,
}

impl Token {
    /// Whether this is the one-character operator `op`.
    pub fn is(&self, op: u8) -> bool {
        self.kind == Kind::Op(op) && self.range.len() == 1
    }
}

/// `{{ ... }}` or `{% ... %}`.
#[derive(Debug)]
pub struct Tag {
    /// Whether it is `{{ ... }}`.
    pub is_variable: bool,
    /// The tokens between the marks.
    pub tokens: Vec<Token>,
    /// White space that is not ASCII.
    pub odd_spaces: Vec<Range<usize>>,
    /// From the opening mark to after the closing one.
    pub range: Range<usize>,
}

/// Iterates over the tags of a text, skipping comments and raw blocks. It ends at the first
/// tag that makes no sense; the parser will say what is wrong with it.
#[derive(Debug)]
pub struct Tags<'a> {
    text: &'a str,
    at: usize,
    /// Why it ended before the end of the text, if it was a bracket or a quote.
    pub failure: Option<Failure>,
}

/// What the lexer cannot get past.
#[derive(Debug, Clone, Copy)]
pub enum Failure {
    /// A closing bracket that does not fit, and the one that would.
    Bracket {
        /// Where it is.
        at: usize,
        /// The bracket.
        got: char,
        /// The one that would fit, if any is open.
        expected: Option<char>,
    },
    /// A quote that is not closed.
    Quote {
        /// Where it is.
        at: usize,
        /// The quote.
        got: char,
    },
}

impl<'a> Tags<'a> {
    /// The tags of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, failure: None }
    }

    fn stop(&mut self) -> Option<Tag> {
        self.at = self.text.len();
        None
    }
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        let bytes = self.text.as_bytes();
        loop {
            let found = self.text[self.at..].find('{')?;
            let start = self.at + found;
            match bytes.get(start + 1) {
                Some(b'#') => match self.text[start + 2..].find("#}") {
                    Some(length) => self.at = start + 2 + length + 2,
                    None => return self.stop(),
                },
                Some(b'%') => {
                    if let Some(after) = basic_tag(self.text, start, "raw") {
                        match end_of_raw(self.text, after) {
                            Some(end) => self.at = end,
                            None => return self.stop(),
                        }
                        continue;
                    }
                    return self.tag(start, false);
                }
                Some(b'{') => return self.tag(start, true),
                _ => self.at = start + 1,
            }
        }
    }
}

impl Tags<'_> {
    fn tag(&mut self, start: usize, is_variable: bool) -> Option<Tag> {
        let signed = matches!(self.text.as_bytes().get(start + 2), Some(b'-' | b'+'));
        let mut lexer = Lexer {
            text: self.text,
            at: start + 2 + usize::from(signed),
            close: if is_variable { "}}" } else { "%}" },
            open: Vec::new(),
            tokens: Vec::new(),
            odd_spaces: Vec::new(),
            failure: None,
        };
        if lexer.run().is_none() {
            self.failure = lexer.failure;
            return self.stop();
        }
        self.at = lexer.at;
        Some(Tag {
            is_variable,
            tokens: lexer.tokens,
            odd_spaces: lexer.odd_spaces,
            range: start..self.at,
        })
    }
}

/// The end of `{% name %}` at `start`, if that is what is there.
fn basic_tag(text: &str, start: usize, name: &str) -> Option<usize> {
    let rest = text.get(start..)?.strip_prefix("{%")?;
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_ascii_start();
    let rest = rest.strip_prefix(name)?.trim_ascii_start();
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

fn end_of_raw(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += text[at..].find("{%")?;
        if let Some(end) = basic_tag(text, at, "endraw") {
            return Some(end);
        }
        at += 2;
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    close: &'static str,
    open: Vec<u8>,
    tokens: Vec<Token>,
    odd_spaces: Vec<Range<usize>>,
    failure: Option<Failure>,
}

impl Lexer<'_> {
    /// Reads tokens to the closing mark; `None` when there is none or brackets do not match.
    fn run(&mut self) -> Option<()> {
        loop {
            let rest = &self.text[self.at..];
            let first = rest.chars().next()?;
            if self.open.is_empty() {
                let unsigned = rest.strip_prefix(['-', '+']).unwrap_or(rest);
                if unsigned.starts_with(self.close) {
                    self.at += rest.len() - unsigned.len() + self.close.len();
                    return Some(());
                }
            }
            match first {
                c if c.is_ascii_whitespace() => self.at += 1,
                c if c.is_whitespace() => {
                    self.odd_spaces.push(self.at..self.at + c.len_utf8());
                    self.at += c.len_utf8();
                }
                '\'' | '"' => {
                    let Some(length) = string_length(rest) else {
                        self.failure = Some(Failure::Quote { at: self.at, got: first });
                        return None;
                    };
                    self.push(Kind::Text, length);
                }
                c if c.is_ascii_digit() => {
                    let length = rest
                        .bytes()
                        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                        .count();
                    self.push(Kind::Number, length);
                }
                c if c == '_' || c.is_alphanumeric() => {
                    let length = rest
                        .chars()
                        .take_while(|c| *c == '_' || c.is_alphanumeric())
                        .map(char::len_utf8)
                        .sum();
                    self.push(Kind::Name, length);
                }
                c if c.is_ascii() => self.operator(c as u8, rest)?,
                _ => return None,
            }
        }
    }

    fn operator(&mut self, first: u8, rest: &str) -> Option<()> {
        match first {
            b'(' | b'[' | b'{' => {
                self.push(Kind::Op(first), 1);
                self.open.push(first);
            }
            b')' | b']' | b'}' => {
                let expected = self.open.pop().map(|opening| match opening {
                    b'(' => ')',
                    b'[' => ']',
                    _ => '}',
                });
                let got = char::from(first);
                if expected != Some(got) {
                    self.failure = Some(Failure::Bracket { at: self.at, got, expected });
                    return None;
                }
                self.push(Kind::Op(first), 1);
            }
            _ => {
                let two = ["//", "**", "==", "!=", ">=", "<="];
                let length = if two.iter().any(|op| rest.starts_with(op)) { 2 } else { 1 };
                self.push(Kind::Op(first), length);
            }
        }
        Some(())
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let range = self.at..self.at + length;
        self.at = range.end;
        self.tokens.push(Token { kind, range, depth: self.open.len() });
    }
}

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
