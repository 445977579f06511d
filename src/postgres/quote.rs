//! Quoting for SQL text: the only two functions that do it.

use std::borrow::Cow;

/// An identifier in double quotes, whatever it contains
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>).
pub fn identifier(name: &str) -> String {
    quoted(name, '"')
}

/// A string literal. Backslashes make it an `E''` literal, so that it reads the same
/// whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    if text.contains('\\') {
        let escaped: Cow<'_, str> = text.replace('\\', "\\\\").into();
        format!("E{}", quoted(&escaped, '\''))
    } else {
        quoted(text, '\'')
    }
}

fn quoted(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for char in text.chars() {
        if char == quote {
            out.push(quote);
        }
        out.push(char);
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier("plain"), r#""plain""#);
        assert_eq!(identifier(r#"a"b c"#), r#""a""b c""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
    }
}
