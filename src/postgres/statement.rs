//! Which statements may be sent before the outcomes of those ahead of them are known.

use super::result::TransactionStatus;

/// What a statement text does to the transaction it runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It starts one.
    Begins,
    /// It may end it. Texts that only look like it cost a round trip, nothing else.
    MayEnd,
    /// It stays within it.
    Stays,
}

/// How many of the statements, at least one, can go in one flight so that the failure of
/// any of them keeps all later ones from running: those inside one transaction, up to and
/// including what ends it.
pub(super) fn flight<S: AsRef<str>>(status: TransactionStatus, statements: &[S]) -> usize {
    let mut inside = status == TransactionStatus::InTransaction;
    for (index, statement) in statements.iter().enumerate() {
        match effect(statement.as_ref()) {
            Effect::Begins => inside = true,
            Effect::Stays => {}
            Effect::MayEnd => return index + 1,
        }
        if !inside {
            return index + 1;
        }
    }
    statements.len()
}

fn effect(sql: &str) -> Effect {
    let mut words = words(sql).peekable();
    let first = words.peek().copied().unwrap_or_default();
    let begins = is(first, &["begin", "start"]);
    // `end` also closes CASE, so there it must be the whole command.
    if is(first, &["end"])
        || words.any(|word| is(word, &["commit", "rollback", "abort", "prepare"]))
    {
        return Effect::MayEnd;
    }
    if sql.contains(';') && commands(sql).any(|command| is(command, &["end"])) {
        return Effect::MayEnd;
    }
    if begins { Effect::Begins } else { Effect::Stays }
}

fn is(word: &str, any_of: &[&str]) -> bool {
    any_of.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The words of a text, whatever they stand in, after leading comments.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    skip_comments(sql)
        .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .filter(|word| !word.is_empty())
}

/// The first word after each semicolon.
fn commands(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(';').skip(1).filter_map(|command| words(command).next())
}

fn skip_comments(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches(|char: char| char.is_whitespace() || char == ';');
        if let Some(comment) = sql.strip_prefix("--") {
            sql = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = sql.strip_prefix("/*") {
            let Some(rest) = after_block_comment(comment) else { return "" };
            sql = rest;
        } else {
            return sql;
        }
    }
}

/// The text after a block comment whose opening was taken off. Comments nest.
fn after_block_comment(mut text: &str) -> Option<&str> {
    let mut depth = 1;
    while depth > 0 {
        let at = text.find("*/")?;
        match text.find("/*") {
            Some(open) if open < at => {
                depth += 1;
                text = &text[open + 2..];
            }
            _ => {
                depth -= 1;
                text = &text[at + 2..];
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransactionStatus::{Idle, InTransaction};

    #[test]
    fn one_transaction_is_one_flight() {
        assert_eq!(flight(Idle, &["begin", "create view v as select 1", "commit"]), 3);
        assert_eq!(flight(InTransaction, &["insert into t values (1)", "select 1"]), 2);
        let commented = "/* {\"app\": \"dbt\"} /* nested */ */ -- x\n BEGIN; select 1";
        assert_eq!(flight(Idle, &[commented, "select 2"]), 2);
    }

    #[test]
    fn nothing_is_sent_ahead_outside_a_transaction() {
        assert_eq!(flight(Idle, &["select 1", "select 2"]), 1);
        assert_eq!(flight(Idle, &["begin", "select 1", "commit", "vacuum t"]), 3);
        assert_eq!(flight(InTransaction, &["select 1; end; select 2", "drop table t"]), 1);
        assert_eq!(flight(TransactionStatus::Failed, &["rollback", "select 1"]), 1);
    }

    #[test]
    fn an_expressions_end_ends_nothing() {
        let sql = "select case when x then 1 end from t; select 2";
        assert_eq!(flight(InTransaction, &[sql, "select 3"]), 2);
    }
}
