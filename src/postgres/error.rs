//! Errors of the database, typed; and the one place that words them for the user.

use std::fmt::{self, Write as _};
use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;
use thiserror::Error;

use crate::diagnostic::{Code, Diagnostic};

/// An error or notice as the server reports it
/// (<https://www.postgresql.org/docs/current/protocol-error-fields.html>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DbError {
    /// `ERROR`, `FATAL`, `WARNING`, `NOTICE` and so on, never localised.
    pub severity: String,
    /// The five characters of SQLSTATE.
    pub sqlstate: String,
    /// The primary message, one line.
    pub message: String,
    /// More about the cause.
    pub detail: Option<String>,
    /// What the server suggests.
    pub hint: Option<String>,
    /// Character offset into the statement's text, from 0.
    pub position: Option<usize>,
    /// Position and text of a statement the server made itself (in a function, say).
    pub internal: Option<(usize, String)>,
    /// The call stack: functions, COPY line and column.
    pub context: Option<String>,
    /// Schema of the object concerned.
    pub schema: Option<String>,
    /// Table concerned.
    pub table: Option<String>,
    /// Column concerned.
    pub column: Option<String>,
    /// Data type concerned.
    pub data_type: Option<String>,
    /// Constraint concerned.
    pub constraint: Option<String>,
    /// The function of the server's source that reports it, the same in every language.
    pub routine: Option<String>,
}

impl DbError {
    pub(super) fn parse(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        let mut error = Self::default();
        let mut internal_position = None;
        let mut internal_query = None;
        while let Some(field) = fields.next()? {
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                // V is S without localisation, and comes after it.
                b'S' | b'V' => error.severity = value,
                b'C' => error.sqlstate = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                b'P' => error.position = offset(&value),
                b'p' => internal_position = offset(&value),
                b'q' => internal_query = Some(value),
                b'W' => error.context = Some(value),
                b's' => error.schema = Some(value),
                b't' => error.table = Some(value),
                b'c' => error.column = Some(value),
                b'd' => error.data_type = Some(value),
                b'n' => error.constraint = Some(value),
                b'R' => error.routine = Some(value),
                _ => {}
            }
        }
        error.internal = internal_position.zip(internal_query);
        Ok(error)
    }

    /// The line and column, both from 1, of [`DbError::position`] in the statement.
    pub fn line_column(&self, sql: &str) -> Option<(u32, u32)> {
        let before: Vec<char> = sql.chars().take(self.position?).collect();
        let newlines = before.iter().filter(|char| **char == '\n').count();
        let column = before.iter().rev().take_while(|char| **char != '\n').count();
        Some((u32::try_from(newlines + 1).ok()?, u32::try_from(column + 1).ok()?))
    }

    /// The text psycopg2 gives an exception, which dbt prints: message, the line with a
    /// caret below the place, then DETAIL, HINT and CONTEXT.
    pub fn report(&self, sql: Option<&str>) -> String {
        let mut out = self.message.clone();
        match (self.position, sql, &self.internal) {
            (Some(position), Some(sql), _) => excerpt(&mut out, sql, position),
            (None, _, Some((position, query))) => excerpt(&mut out, query, *position),
            _ => {}
        }
        let query = self.internal.as_ref().map(|(_, query)| query);
        let parts = [
            ("DETAIL", self.detail.as_ref()),
            ("HINT", self.hint.as_ref()),
            ("QUERY", query),
            ("CONTEXT", self.context.as_ref()),
        ];
        for (label, text) in parts {
            if let Some(text) = text {
                let _ = write!(out, "\n{label}:  {text}");
            }
        }
        out
    }

    /// Whether the error ends the session.
    pub fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }

    /// A diagnostic for an error raised by `sql`.
    pub fn into_diagnostic(self, sql: Option<&str>) -> Box<Diagnostic> {
        let diagnostic = Diagnostic::new(Code::SqlFailed, self.report(sql));
        match sql_help(&self.sqlstate) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:  {}", self.severity, self.message)
    }
}

fn offset(text: &str) -> Option<usize> {
    text.parse::<usize>().ok()?.checked_sub(1)
}

/// How many characters of a long line libpq shows around the place.
const EXCERPT_WIDTH: usize = 60;
/// How many of them at least lie right of the place.
const EXCERPT_RIGHT: usize = 10;

/// Adds libpq's `LINE n: …` and the caret below it.
fn excerpt(out: &mut String, sql: &str, position: usize) {
    let chars: Vec<char> = sql.chars().collect();
    let position = position.min(chars.len());
    let line_number = chars[..position].iter().filter(|char| **char == '\n').count() + 1;
    let start = chars[..position].iter().rposition(|char| *char == '\n').map_or(0, |at| at + 1);
    let end = chars[position..].iter().position(|char| matches!(char, '\n' | '\r'));
    let line = &chars[start..end.map_or(chars.len(), |length| position + length)];
    let at = position - start;

    let (mut from, mut to) = (0, line.len());
    if line.len() > EXCERPT_WIDTH {
        if at + EXCERPT_RIGHT <= EXCERPT_WIDTH {
            to = EXCERPT_WIDTH;
        } else {
            to = (at + EXCERPT_RIGHT).min(line.len());
            from = to.saturating_sub(EXCERPT_WIDTH);
        }
    }
    let label = format!("LINE {line_number}: {}", if from > 0 { "..." } else { "" });
    let shown: String = line[from..to].iter().collect::<String>().replace('\t', " ");
    let tail = if to < line.len() { "..." } else { "" };
    let indent = label.chars().count() + (at - from);
    let _ = write!(out, "\n{label}{shown}{tail}\n{:indent$}^", "");
}

const LOST_HELP: &str = "The server closed the session: it was restarted, ran out of memory, or an administrator \
     ended it. The server's log says which. Run the command again.";

const UNSENDABLE_HELP: &str = "A text of PostgreSQL has no NUL character (U+0000) in it and is shorter than 1 GiB. Look for \
     it in the compiled SQL, and in the values that are rendered into it.";

/// What to do about the SQLSTATEs users meet most.
fn sql_help(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "42501" => {
            "The role of the profile lacks a privilege. Ask the owner of the object or database \
             to GRANT it, or set `role` in the profile."
        }
        "53100" => "The server's disk is full.",
        "53200" => "The server is out of memory.",
        "55P03" => "Another session holds the lock; see pg_locks and pg_blocking_pids().",
        "57014" => "The statement was cancelled or ran into statement_timeout.",
        "40P01" => "Two sessions waited for each other. Running again usually works.",
        _ => return None,
    })
}

/// Why no session could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectCause {
    /// The host name has no address.
    UnknownHost,
    /// Nothing listens, or the network does not lead there.
    Unreachable,
    /// No answer within `connect_timeout`.
    TimedOut,
    /// The server answered and refused.
    Refused(Box<DbError>),
    /// TLS could not be agreed on.
    Tls,
    /// The server wants a login method or file that is not there.
    Login,
}

/// An error of a session.
#[derive(Debug, Error)]
pub enum Error {
    /// No session could be opened. The message is libpq's.
    #[error("{message}")]
    Connect {
        /// The whole text, one line per address tried.
        message: String,
        /// Why, from the last address.
        cause: ConnectCause,
    },
    /// The server refused a statement.
    #[error("{0}")]
    Db(Box<DbError>),
    /// The session ended while it was in use. Statements without an outcome may have run.
    #[error("{}", lost_text(.reason.as_deref(), .source))]
    Lost {
        /// The server's last words, such as `57P01` when an administrator ended it.
        reason: Option<Box<DbError>>,
        /// What the socket said.
        source: io::Error,
    },
    /// The server sent something that is not PostgreSQL's protocol.
    #[error("unexpected message from the server: {0}")]
    Protocol(String),
    /// A statement that the protocol has no message for. Nothing was sent.
    #[error("the statement cannot be sent to PostgreSQL: {0}")]
    Unsendable(io::Error),
    /// The server could not be started.
    #[error("{0}")]
    Server(Box<Diagnostic>),
    /// The data to be copied could not be read; the COPY was ended without effect.
    #[error("{0}")]
    Source(#[source] io::Error),
}

impl Error {
    /// The server's error, where the server reported one.
    pub fn db(&self) -> Option<&DbError> {
        match self {
            Self::Db(error)
            | Self::Lost { reason: Some(error), .. }
            | Self::Connect { cause: ConnectCause::Refused(error), .. } => Some(error),
            _ => None,
        }
    }

    /// A diagnostic for an error that no statement of the user's caused.
    pub fn into_diagnostic(self) -> Box<Diagnostic> {
        self.into_diagnostic_for(None)
    }

    /// A diagnostic for an error raised by `sql`.
    pub fn into_diagnostic_for(self, sql: Option<&str>) -> Box<Diagnostic> {
        match self {
            Self::Db(error) => error.into_diagnostic(sql),
            Self::Connect { message, cause } => {
                let diagnostic = Diagnostic::new(Code::ConnectFailed, message);
                match connect_help(&cause) {
                    Some(help) => diagnostic.with_help(help),
                    None => diagnostic,
                }
            }
            Self::Lost { .. } => {
                Diagnostic::new(Code::ConnectionLost, self.to_string()).with_help(LOST_HELP)
            }
            Self::Protocol(_) => Diagnostic::new(Code::ConnectionLost, self.to_string())
                .with_help("Is it really PostgreSQL that listens at the profile's host and port?"),
            Self::Unsendable(_) => {
                Diagnostic::new(Code::SqlFailed, self.to_string()).with_help(UNSENDABLE_HELP)
            }
            Self::Server(diagnostic) => diagnostic,
            Self::Source(_) => Diagnostic::new(Code::Io, self.to_string()),
        }
    }
}

/// libpq's text for a lost connection, after the server's last words if it had any.
fn lost_text(reason: Option<&DbError>, source: &io::Error) -> String {
    let last_words = reason.map_or_else(String::new, |error| format!("{}\n", error.message));
    let detail = match source.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => String::new(),
        _ => format!(" ({})", plain(source)),
    };
    format!(
        "{last_words}server closed the connection unexpectedly{detail}\n\tThis probably means the \
         server terminated abnormally\n\tbefore or while processing the request."
    )
}

/// An operating system's message without Rust's `(os error 111)`.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.find(" (os error ").map_or_else(|| text.clone(), |at| text[..at].to_owned())
}

fn connect_help(cause: &ConnectCause) -> Option<&'static str> {
    Some(match cause {
        ConnectCause::UnknownHost => "Check `host` in the profile.",
        ConnectCause::Unreachable => {
            "Check `host` and `port` in the profile, and that the server runs and accepts \
             connections there."
        }
        ConnectCause::TimedOut => {
            "Check `host` and `port` in the profile, firewalls and VPN; `connect_timeout` sets \
             how long to wait."
        }
        ConnectCause::Tls => {
            "Check `sslmode`, `sslrootcert`, `sslcert` and `sslkey` in the profile."
        }
        ConnectCause::Login => return None,
        ConnectCause::Refused(error) => match error.sqlstate.as_str() {
            "28P01" => "Check `user` and `password` in the profile.",
            "28000" if error.message.contains("SSL") || error.message.contains("encryption") => {
                "The server does not accept this user, database, address and encryption together \
                 (pg_hba.conf). Check `sslmode` in the profile."
            }
            "28000" => "Check `user` and `role` in the profile, and the server's pg_hba.conf.",
            "3D000" => "Check `dbname` in the profile, or create the database.",
            "53300" => {
                "The server has no connection left. Lower `threads`, or raise max_connections."
            }
            "57P03" => "The server is starting or shutting down. Try again in a moment.",
            "42704" | "22023" | "42501" => "Check `role` and `search_path` in the profile.",
            _ if error.message.contains("unsupported startup parameter") => {
                "A pooler such as PgBouncer stands before the server and refuses `search_path`. \
                 Remove it from the profile and set it on the server: alter role … set search_path."
            }
            _ => return None,
        },
    })
}

/// A pipeline that stopped.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct PipelineError {
    /// Which statement failed, from 0. For a lost session: the first without an outcome.
    pub index: usize,
    /// Why.
    pub error: Error,
    /// The outcomes of the statements before it.
    pub completed: Vec<super::StatementResult>,
}

impl PipelineError {
    /// A diagnostic that shows the place in the statement that failed. `statements` are the
    /// pipeline's.
    pub fn into_diagnostic<S: AsRef<str>>(self, statements: &[S]) -> Box<Diagnostic> {
        self.error.into_diagnostic_for(statements.get(self.index).map(AsRef::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: usize) -> DbError {
        DbError {
            severity: "ERROR".into(),
            message: "column \"x\" does not exist".into(),
            position: Some(position),
            hint: Some("Perhaps y.".into()),
            ..DbError::default()
        }
    }

    #[test]
    fn the_report_is_psycopgs() {
        let report = at("select é,\n  ".chars().count()).report(Some("select é,\n  x from t\n"));
        assert_eq!(
            report,
            "column \"x\" does not exist\nLINE 2:   x from t\n          ^\nHINT:  Perhaps y."
        );
        assert_eq!(at(12).line_column("select é,\n  x from t\n"), Some((2, 3)));
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let sql = format!("select {} x {}", "a,".repeat(50), "b".repeat(50));
        let report = at(108).report(Some(&sql));
        let lines: Vec<&str> = report.lines().collect();
        assert!(lines[1].starts_with("LINE 1: ...,a") && lines[1].ends_with("bbb..."));
        assert_eq!(lines[1].find(" x ").unwrap() + 1, lines[2].find('^').unwrap());
    }

    #[test]
    fn a_position_past_the_end_is_harmless() {
        assert!(at(1000).report(Some("select")).contains("LINE 1: select"));
    }
}
