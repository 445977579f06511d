//! Identifiers as PostgreSQL stores them.

use std::fmt;
use std::sync::Arc;

/// The longest identifier, in bytes; PostgreSQL cuts longer ones (`NAMEDATALEN` - 1).
const LONGEST: usize = 63;

/// An identifier after folding: lower case unless it was quoted, at most 63 bytes
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// An identifier that was not quoted.
    pub fn folded(text: &str) -> Self {
        Self(cut(&text.to_ascii_lowercase()).into())
    }

    /// An identifier that was quoted, or one that PostgreSQL gave.
    pub fn exact(text: &str) -> Self {
        Self(cut(text).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_and_are_cut_at_whole_characters() {
        assert_eq!(Name::folded("Order_ID").as_str(), "order_id");
        assert_eq!(Name::exact("Order_ID").as_str(), "Order_ID");
        let long = "a".repeat(62) + "é";
        assert_eq!(Name::folded(&long).as_str(), "a".repeat(62));
    }
}
