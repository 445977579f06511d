//! What can be told of an SQL text without parsing it: where its commands begin, and what
//! their first words say. Comments, strings and quoted names are not mistaken for commands.

/// What a statement text does, as far as a session must know before it sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// It begins or ends a transaction somewhere in it.
    pub controls_transaction: bool,
    /// It is a commit and nothing else.
    pub only_commits: bool,
    /// It only reads, so that a transaction around it would change nothing.
    pub only_reads: bool,
    /// It may change what relations there are, or their columns; a new temporary relation
    /// does not count.
    pub changes_relations: bool,
    /// It may give rows. Otherwise its result is known to be empty.
    pub may_return_rows: bool,
    /// It changes the session for those who use it later: settings, prepared statements,
    /// advisory locks.
    pub changes_session: bool,
    /// How many temporary relations it may create.
    pub temporary_relations: usize,
}

/// Looks at a text.
pub(super) fn facts(sql: &str) -> Facts {
    let commands: Vec<Command<'_>> = commands(sql).map(Command).collect();
    let commands = commands.as_slice();
    Facts {
        controls_transaction: commands.iter().any(Command::controls_transaction),
        only_commits: !commands.is_empty() && commands.iter().all(|it| it.is(&["commit", "end"])),
        only_reads: commands.iter().all(Command::only_reads),
        changes_relations: commands.iter().any(|it| !it.only_reads() && !it.creates_temporary()),
        may_return_rows: commands.iter().any(Command::may_return_rows),
        changes_session: commands.iter().any(Command::changes_session),
        temporary_relations: commands.iter().filter(|it| it.creates_temporary()).count(),
    }
}

/// One command of a text, without the comments before it.
struct Command<'a>(&'a str);

impl<'a> Command<'a> {
    fn words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0
            .split(|char: char| !char.is_alphanumeric() && char != '_')
            .filter(|word| !word.is_empty())
    }

    fn word(&self, at: usize) -> &'a str {
        self.words().nth(at).unwrap_or_default()
    }

    /// Whether it begins with one of these words.
    fn is(&self, any_of: &[&str]) -> bool {
        is(self.word(0), any_of)
    }

    /// Whether one of these words stands anywhere in it, even where it is only text.
    fn mentions(&self, any_of: &[&str]) -> bool {
        self.words().any(|word| is(word, any_of))
    }

    fn controls_transaction(&self) -> bool {
        match self.word(0).to_ascii_lowercase().as_str() {
            // A procedure may commit.
            "begin" | "commit" | "end" | "abort" | "call" => true,
            "start" | "prepare" => is(self.word(1), &["transaction"]),
            "rollback" => !self.words().take(3).any(|word| is(word, &["to"])),
            _ => false,
        }
    }

    fn only_reads(&self) -> bool {
        self.is(&["select", "with", "values", "table", "show"])
            && !self.mentions(&["insert", "update", "delete", "merge", "into"])
    }

    fn may_return_rows(&self) -> bool {
        const SILENT: &[&str] = &[
            "alter", "analyze", "cluster", "comment", "create", "discard", "do", "drop", "grant",
            "lock", "notify", "refresh", "reindex", "reset", "revoke", "security", "set",
            "truncate", "vacuum",
        ];
        if self.is(&["insert", "update", "delete", "merge"]) {
            return self.mentions(&["returning"]);
        }
        !self.is(SILENT)
    }

    fn changes_session(&self) -> bool {
        let by_command = match self.word(0).to_ascii_lowercase().as_str() {
            "set" => !is(self.word(1), &["local", "transaction", "constraints"]),
            "reset" | "listen" | "load" | "declare" => true,
            "prepare" => !is(self.word(1), &["transaction"]),
            _ => false,
        };
        by_command
            || self.words().any(|word| {
                let word = word.to_ascii_lowercase();
                word == "set_config" || word.contains("advisory_lock")
            })
    }

    fn creates_temporary(&self) -> bool {
        let head = || self.words().take(5);
        self.is(&["create"]) && head().any(|word| is(word, &["temp", "temporary"]))
    }
}

fn is(word: &str, any_of: &[&str]) -> bool {
    any_of.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The commands of a text, split at the semicolons between them.
fn commands(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = command_end(rest);
            let command = skip_blank(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or_default();
            if !command.is_empty() {
                return Some(command);
            }
        }
        None
    })
}

/// The text after white space and comments.
fn skip_blank(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        let comment = comment_length(sql);
        if comment == 0 {
            return sql.trim_end();
        }
        sql = &sql[comment..];
    }
}

/// Where the first command ends: at a semicolon or the end.
fn command_end(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            b';' => return at,
            b'\'' => string_length(&sql[at..], escapes(&bytes[..at])),
            b'"' => string_length(&sql[at..], false),
            b'$' => dollar_length(&sql[at..], &bytes[..at]),
            b'-' | b'/' => comment_length(&sql[at..]).max(1),
            _ => 1,
        };
    }
    bytes.len()
}

/// Whether what stands before a quote makes it an `E''` string.
fn escapes(before: &[u8]) -> bool {
    match before {
        [] => false,
        [only] => only.eq_ignore_ascii_case(&b'e'),
        [.., previous, last] => {
            last.eq_ignore_ascii_case(&b'e')
                && !previous.is_ascii_alphanumeric()
                && *previous != b'_'
        }
    }
}

/// The length of a quoted string or name. A doubled quote reads as two strings in a row,
/// which comes to the same.
fn string_length(sql: &str, escapes: bool) -> usize {
    let bytes = sql.as_bytes();
    let quote = bytes[0];
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The length of a `$tag$…$tag$` string; 1 when the dollar is something else.
fn dollar_length(sql: &str, before: &[u8]) -> usize {
    let in_word = before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let Some(tag_end) = sql[1..].find('$').filter(|_| !in_word) else { return 1 };
    let tag = &sql[..tag_end + 2];
    let name = &tag[1..tag.len() - 1];
    let is_name = name.chars().all(|char| char.is_alphanumeric() || char == '_')
        && !name.starts_with(|char: char| char.is_ascii_digit());
    if !is_name {
        return 1;
    }
    sql[tag.len()..].find(tag).map_or(sql.len(), |end| tag.len() + end + tag.len())
}

/// The length of the comment a text begins with; 0 when it begins with something else.
fn comment_length(sql: &str) -> usize {
    if sql.starts_with("--") {
        return sql.find('\n').unwrap_or(sql.len());
    }
    if !sql.starts_with("/*") {
        return 0;
    }
    let bytes = sql.as_bytes();
    let (mut at, mut depth) = (2, 1);
    while at < bytes.len() && depth > 0 {
        match bytes.get(at..at + 2) {
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(sql: &str) -> Vec<&str> {
        commands(sql).collect()
    }

    #[test]
    fn commands_end_at_semicolons_outside_of_quotes() {
        assert_eq!(split("a; b;\n"), ["a", "b"]);
        assert_eq!(
            split("a ';' \";\" -- ;\n /* ; /* ; */ */ b; c"),
            ["a ';' \";\" -- ;\n /* ; /* ; */ */ b", "c"]
        );
        assert_eq!(split("do $$ begin; end $$; x"), ["do $$ begin; end $$", "x"]);
        assert_eq!(split("do $a$ ; $$ ; $a$; x"), ["do $a$ ; $$ ; $a$", "x"]);
        assert_eq!(split(r"select E'\';'; x"), [r"select E'\';'", "x"]);
        assert_eq!(split(r"select name'\'; x"), [r"select name'\'", "x"]);
        assert_eq!(
            split("select 'it''s;'; select $1; select a$b;"),
            ["select 'it''s;'", "select $1", "select a$b"]
        );
        assert_eq!(split(" -- only\n /* this */ ;;"), [""; 0]);
        assert_eq!(split("select 'open; end"), ["select 'open; end"]);
    }

    #[test]
    fn reads_are_told_from_writes() {
        assert!(facts("/* app */ -- x\n select 1").only_reads);
        assert!(facts("with a as (select 1) select * from a").only_reads);
        assert!(!facts("with a as (delete from t returning 1) select 1").only_reads);
        assert!(!facts("select 1 into t").only_reads);
        assert!(!facts("select 1; drop table t").only_reads);
    }

    #[test]
    fn transaction_control_is_seen() {
        assert!(facts("commit;").only_commits);
        assert!(!facts("begin; insert into t values (1); commit;").only_commits);
        assert!(facts("begin; insert into t values (1); commit;").controls_transaction);
        assert!(!facts("select case when true then 1 end").controls_transaction);
        assert!(!facts("rollback to savepoint a").controls_transaction);
        assert!(facts("rollback").controls_transaction);
        assert!(
            !facts("create function f() returns int as 'begin; end' language plpgsql")
                .controls_transaction
        );
    }

    #[test]
    fn silent_commands_are_known() {
        assert!(!facts("create table t as (select 1); comment on table t is 'x';").may_return_rows);
        assert!(!facts("insert into t select 1").may_return_rows);
        assert!(facts("insert into t select 1 returning a").may_return_rows);
        assert!(facts("create table t (); select 1").may_return_rows);
    }

    #[test]
    fn lasting_changes_of_the_session_are_seen() {
        assert!(facts("set work_mem = '1GB'; select 1").changes_session);
        assert!(!facts("set local work_mem = '1GB'").changes_session);
        assert!(facts("select set_config('a.b', 'c', false)").changes_session);
        assert!(facts("select pg_try_advisory_lock(1)").changes_session);
        assert_eq!(
            facts("create temporary table a as (select 1); select 1").temporary_relations,
            1
        );
        assert_eq!(facts("create table a as (select temp from b)").temporary_relations, 0);
    }
}
