//! The comment that marks dbt's statements in the server's logs.

use crate::diagnostic::{Code, Diagnostic, Result};

/// dbt's `query-comment:`
/// (<https://docs.getdbt.com/reference/project-configs/query-comment>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryComment {
    text: String,
    append: bool,
}

impl QueryComment {
    /// A comment, before or after the statements.
    ///
    /// # Errors
    /// A text that would end the comment.
    pub fn new(text: &str, append: bool) -> Result<Option<Self>> {
        if text.contains("*/") {
            let message = format!("query comment contains illegal value \"*/\": {text}");
            return Err(Diagnostic::new(Code::ConfigInvalid, message));
        }
        let text = text.trim().to_owned();
        Ok((!text.is_empty()).then_some(Self { text, append }))
    }

    /// What stands before a statement.
    pub(super) fn prefix(&self) -> String {
        if self.append { String::new() } else { format!("/* {} */\n", self.text) }
    }

    /// The statement with the comment.
    pub(super) fn apply(&self, sql: &str) -> String {
        if !self.append {
            return self.prefix() + sql;
        }
        let sql = sql.trim_end();
        match sql.strip_suffix(';') {
            Some(sql) => format!("{sql}\n/* {} */;", self.text),
            None => format!("{sql}\n/* {} */", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stand_before_or_after() {
        let comment = |append| QueryComment::new(" x ", append).unwrap().unwrap();
        assert_eq!(comment(false).apply("select 1"), "/* x */\nselect 1");
        assert_eq!(comment(true).apply("select 1;\n"), "select 1\n/* x */;");
        assert_eq!(comment(true).apply("select 1"), "select 1\n/* x */");
        assert_eq!(comment(true).prefix(), "");
        assert!(QueryComment::new("a */ drop table t", false).is_err());
        assert_eq!(QueryComment::new("  ", false).unwrap(), None);
    }
}
