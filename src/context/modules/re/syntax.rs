//! From Python's syntax of regular expressions to `fancy_regex`'s, and of replacements.

use super::regex_error;
use crate::jinja::Result;

/// Python's flags as a group at the start of the pattern.
pub fn translate(pattern: &str, flags: i64) -> String {
    let multiline = flags & 8 != 0;
    let mut out = String::new();
    let letters = [(2, 'i'), (8, 'm'), (16, 's'), (64, 'x')];
    let set: String =
        letters.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, l)| *l).collect();
    if !set.is_empty() {
        out.extend(["(?", &set, ")"]);
    }
    let mut chars = pattern.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // The end of the text: `\z` here.
                Some((_, 'Z')) => out.push_str("\\z"),
                Some((_, escaped)) => {
                    out.push('\\');
                    out.push(escaped);
                }
                None => out.push('\\'),
            },
            '[' => {
                let end = class_end(pattern, at);
                out.push_str(&class(&pattern[at..end]));
                while chars.peek().is_some_and(|(next, _)| *next < end) {
                    chars.next();
                }
            }
            // In Python it also matches before a line break at the end.
            '$' if !multiline && !has_inline_flag(pattern, 'm') => out.push_str("(?=\\n?\\z)"),
            '{' if !is_repetition(&pattern[at..]) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

fn has_inline_flag(pattern: &str, flag: char) -> bool {
    let Some(rest) = pattern.strip_prefix("(?") else { return false };
    let flags = rest.split(')').next().unwrap_or_default();
    flags.chars().all(|c| c.is_ascii_lowercase()) && flags.contains(flag)
}

/// Whether `{` begins a count such as `{2}`, `{2,}`, `{,3}` or `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let Some(end) = text.find('}') else { return false };
    let inner = &text[1..end];
    inner.chars().any(|c| c.is_ascii_digit())
        && inner.chars().all(|c| c.is_ascii_digit() || c == ',')
        && inner.matches(',').count() <= 1
        && !inner.starts_with(',')
}

/// The end of the class that begins at `at`: after its `]`.
fn class_end(pattern: &str, at: usize) -> usize {
    let mut chars = pattern[at + 1..].char_indices().peekable();
    if chars.peek().is_some_and(|(_, c)| *c == '^') {
        chars.next();
    }
    let mut first = true;
    while let Some((offset, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            // A `]` that comes first stands for itself.
            ']' if !first => return at + 1 + offset + 1,
            _ => {}
        }
        first = false;
    }
    pattern.len()
}

/// A class; what only `fancy_regex` gives a meaning is escaped.
fn class(class: &str) -> String {
    let mut out = String::from("[");
    let mut chars = class[1..].chars().peekable();
    if chars.peek() == Some(&'^') {
        chars.next();
        out.push('^');
    }
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push('\\');
                out.extend(chars.next());
            }
            ']' if first => out.push_str("\\]"),
            '[' => out.push_str("\\["),
            '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        first = false;
    }
    out
}

/// A part of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A group by number.
    Group(usize),
    /// A group by name.
    Named(String),
}

/// The parts of a replacement such as `\1-\g<name>`.
///
/// # Errors
/// Python's error for a bad escape.
pub fn replacement(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        literal.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            return Err(regex_error("bad escape (end of pattern)"));
        };
        let piece = match c {
            'g' => {
                let inner = rest[1..].strip_prefix('<').and_then(|rest| rest.split_once('>'));
                let Some((name, after)) = inner else {
                    return Err(regex_error("missing <"));
                };
                rest = after;
                Some(name.parse().map_or_else(|_| Piece::Named(name.to_owned()), Piece::Group))
            }
            '1'..='9' => {
                let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
                let group = rest[..digits].parse().unwrap_or_default();
                rest = &rest[digits..];
                Some(Piece::Group(group))
            }
            _ => {
                let escaped = match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'v' => '\u{b}',
                    '0' => '\0',
                    '\\' => '\\',
                    c if c.is_ascii_alphabetic() => {
                        return Err(regex_error(format!("bad escape \\{c}")));
                    }
                    c => {
                        literal.push('\\');
                        c
                    }
                };
                literal.push(escaped);
                rest = &rest[c.len_utf8()..];
                None
            }
        };
        if let Some(piece) = piece {
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

/// `re.escape(text)`.
pub fn escape(text: &str) -> String {
    let special = |c: char| "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c);
    let mut out = String::new();
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
