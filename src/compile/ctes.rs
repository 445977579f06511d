//! Inlining ephemeral models as common table expressions.

use crate::manifest::ExtraCte;

/// Where text goes into a query, and which text.
#[derive(Debug, PartialEq, Eq)]
pub struct Injection {
    /// Byte offset in the query.
    pub at: usize,
    /// What comes before the expressions.
    pub before: &'static str,
    /// What comes after them.
    pub after: &'static str,
}

/// The prefix of the names of inlined models.
pub const CTE_PREFIX: &str = "__dbt__cte__";

/// How common table expressions go into `sql`: into its own `with` (after `recursive`),
/// or before its first word. The result reads as dbt's does, so that compiled files are
/// equal. Unlike dbt, a `with` that is not the statement's first word does not count
/// (`timestamp with time zone` is none), and text after a semicolon is kept.
pub fn injection(sql: &str) -> Injection {
    let first = skip_whitespace(sql, 0);
    let word_at = skip_blank(sql, 0);
    let Some(with_end) = keyword(sql, word_at, "with") else {
        return Injection { at: first, before: "with", after: " " };
    };
    let mut at = skip_whitespace(sql, with_end);
    if let Some(recursive_end) = keyword(sql, at, "recursive") {
        at = skip_whitespace(sql, recursive_end);
    }
    Injection { at, before: "", after: ", " }
}

/// `sql` with the expressions in place.
pub fn inject(sql: &str, ctes: &[ExtraCte]) -> String {
    if ctes.is_empty() {
        return sql.to_owned();
    }
    let Injection { at, before, after } = injection(sql);
    let texts: Vec<&str> = ctes.iter().map(|cte| cte.sql.as_str()).collect();
    format!("{}{before}{}{after}{}", &sql[..at], texts.join(", "), &sql[at..])
}

/// The expression of one inlined model, with dbt's leading space.
pub fn expression(identifier: &str, sql: &str) -> String {
    let (before, after) = around(identifier);
    format!("{before}{sql}{after}")
}

/// What stands before and after the SQL in an expression.
pub fn around(identifier: &str) -> (String, &'static str) {
    (format!(" {CTE_PREFIX}{identifier} as (\n"), "\n)")
}

/// The end of `word` if it stands at `at` as a whole word.
fn keyword(sql: &str, at: usize, word: &str) -> Option<usize> {
    let end = at + word.len();
    let text = sql.get(at..end)?;
    let next = sql[end..].chars().next();
    let whole = next.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '$'));
    (text.eq_ignore_ascii_case(word) && whole).then_some(end)
}

fn skip_whitespace(sql: &str, from: usize) -> usize {
    sql.len() - sql[from..].trim_start().len()
}

/// Skips whitespace and comments; PostgreSQL's block comments nest.
fn skip_blank(sql: &str, from: usize) -> usize {
    let mut at = skip_whitespace(sql, from);
    loop {
        let rest = &sql[at..];
        let comment = if rest.starts_with("--") {
            rest.find('\n').map_or(rest.len(), |end| end + 1)
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else {
            return at;
        };
        at = skip_whitespace(sql, at + comment);
    }
}

/// The length of the block comment that `text` starts with.
fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(sql: &str) -> String {
        let ctes = ["a", "b"].map(|name| ExtraCte {
            id: format!("model.p.{name}").into(),
            sql: expression(name, "select 1"),
        });
        inject(sql, &ctes)
    }

    const BOTH: &str = " __dbt__cte__a as (\nselect 1\n),  __dbt__cte__b as (\nselect 1\n)";

    #[test]
    fn a_query_without_with_gets_one_before_its_first_word() {
        assert_eq!(injected("\n\nselect 2"), format!("\n\nwith{BOTH} select 2"));
        assert_eq!(injected("-- hint\nselect 2"), format!("with{BOTH} -- hint\nselect 2"));
        assert_eq!(
            injected("select now()::timestamp with time zone"),
            format!("with{BOTH} select now()::timestamp with time zone")
        );
        assert_eq!(injected("within"), format!("with{BOTH} within"));
    }

    #[test]
    fn an_existing_with_is_extended() {
        assert_eq!(
            injected("/* /* x */ */ -- y\nWITH c as (select 2) select 3"),
            format!("/* /* x */ */ -- y\nWITH {BOTH}, c as (select 2) select 3")
        );
        assert_eq!(
            injected("with recursive c as (select 2) select 3"),
            format!("with recursive {BOTH}, c as (select 2) select 3")
        );
    }

    #[test]
    fn an_unfinished_comment_is_the_whole_text() {
        assert_eq!(injected("/* with"), format!("with{BOTH} /* with"));
        assert_eq!(injected(""), format!("with{BOTH} "));
    }
}
