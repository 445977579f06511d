//! A session: statements in, results out, several of them in one round trip.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::cancel::CancelToken;
use super::connect::{Address, Connector, Session};
use super::error::{ConnectCause, DbError, Error, PipelineError};
use super::options::ConnectOptions;
use super::reading::{Outcome, Reading, columns};
use super::result::{Column, StatementResult, TransactionStatus};
use super::statement::flight;
use super::stream::{Incoming, Stream};

/// A session with the server. It belongs to one thread at a time.
pub struct Connection {
    pub(super) stream: Stream,
    pub(super) out: BytesMut,
    connector: Arc<Connector>,
    address: Address,
    process_id: i32,
    secret_key: i32,
    parameters: HashMap<String, String>,
    status: TransactionStatus,
    broken: bool,
    /// Settings that go ahead of the first statement, in the same flight.
    preamble: Vec<&'static str>,
}

impl Connection {
    /// Opens a session. A configured `role` is set before this returns, because a statement
    /// must never run under the wrong one.
    pub fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        Self::open(&Arc::new(Connector::new(options.clone())))
    }

    pub(super) fn open(connector: &Arc<Connector>) -> Result<Self, Error> {
        let Session { stream, address, process_id, secret_key, parameters } =
            connector.connect()?;
        let mut connection = Self {
            stream,
            out: BytesMut::new(),
            connector: Arc::clone(connector),
            address,
            process_id,
            secret_key,
            parameters,
            status: TransactionStatus::Idle,
            broken: false,
            preamble: Vec::new(),
        };
        connection.prepare()?;
        Ok(connection)
    }

    /// The settings a session starts with.
    fn prepare(&mut self) -> Result<(), Error> {
        // Text forms of dates are read as ISO, which psycopg2 sees to as well.
        if self.parameter("DateStyle").is_some_and(|style| !style.starts_with("ISO")) {
            self.preamble.push("set datestyle to 'ISO'");
        }
        // When gdbt is killed, what it runs should stop too. Some platforms refuse it.
        if self.server_version() >= 140_000 {
            self.preamble.push("set client_connection_check_interval = '2s'");
        }
        let role = self.connector.options.role.as_deref().filter(|role| !role.is_empty());
        if let Some(role) = role.map(|role| format!("set role {role}")) {
            // The name is not quoted: dbt takes it as SQL.
            self.query(&role).map_err(as_connect_failure)?;
        }
        Ok(())
    }

    /// Makes the session as good as new: no settings, temporary relations, prepared
    /// statements or locks of what ran before. A session that cannot be reset is ended.
    pub fn reset(&mut self) -> Result<(), Error> {
        let outcome = self.rollback_and_discard().and_then(|()| self.prepare());
        self.broken |= outcome.is_err();
        outcome
    }

    fn rollback_and_discard(&mut self) -> Result<(), Error> {
        if self.status != TransactionStatus::Idle {
            self.query("rollback")?;
        }
        self.query("discard all").map(|_| ())
    }

    /// Runs one statement text, which may hold several commands.
    pub fn query(&mut self, sql: &str) -> Result<StatementResult, Error> {
        match self.pipeline(&[sql]) {
            Ok(mut results) => Ok(results.pop().unwrap_or_default()),
            Err(failed) => Err(failed.error),
        }
    }

    /// Runs statement texts in order, in as few round trips as is safe: a statement is sent
    /// ahead of the outcomes before it only where their failure stops it, that is inside
    /// one transaction. The first failure ends the pipeline; no statement after it has run.
    /// The transaction is left as it is: failed, or ended if the batch also held its commit.
    pub fn pipeline<S: AsRef<str>>(
        &mut self,
        statements: &[S],
    ) -> Result<Vec<StatementResult>, PipelineError> {
        let mut completed = Vec::with_capacity(statements.len());
        while completed.len() < statements.len() {
            let first = completed.len();
            let flight = flight(self.status, &statements[first..]);
            if let Err(error) = self.fly(&statements[first..first + flight], &mut completed) {
                return Err(PipelineError { index: completed.len(), error, completed });
            }
        }
        Ok(completed)
    }

    /// Sends statements together and reads all their outcomes.
    fn fly<S: AsRef<str>>(
        &mut self,
        statements: &[S],
        completed: &mut Vec<StatementResult>,
    ) -> Result<(), Error> {
        let ahead = self.begin_flight()?;
        for statement in statements {
            self.encode(|out| frontend::query(statement.as_ref(), out))?;
        }
        self.send()?;
        self.skip_preamble(ahead)?;

        let mut failure = None;
        for index in 0..statements.len() {
            match self.read_outcome()? {
                Outcome::Done(result) if failure.is_none() => completed.push(result),
                Outcome::Done(_) => {}
                Outcome::Failed(error) => failure = failure.or(Some(error)),
                Outcome::CopyIn if index + 1 < statements.len() => {
                    // The server has taken the next statement for COPY data.
                    self.broken = true;
                    return Err(Error::Protocol(
                        "COPY FROM STDIN cannot run as part of a batch".to_owned(),
                    ));
                }
                Outcome::CopyIn => {
                    self.encode(|out| frontend::copy_fail("no data was provided", out))?;
                    self.send()?;
                    if let Outcome::Failed(error) = self.read_outcome()? {
                        failure = failure.or(Some(error));
                    }
                }
            }
        }
        match failure {
            Some(error) => Err(Error::Db(error)),
            None => Ok(()),
        }
    }

    /// Runs one command with text parameters `$1`, `$2` … in one round trip.
    pub fn query_params(
        &mut self,
        sql: &str,
        parameters: &[Option<&str>],
    ) -> Result<StatementResult, Error> {
        let ahead = self.begin_flight()?;
        self.encode(|out| {
            frontend::parse("", sql, [], out)?;
            frontend::bind(
                "",
                "",
                [],
                parameters,
                |value, out| match value {
                    Some(text) => {
                        out.extend_from_slice(text.as_bytes());
                        Ok(IsNull::No)
                    }
                    None => Ok(IsNull::Yes),
                },
                [],
                out,
            )
            .map_err(|error| match error {
                frontend::BindError::Conversion(error) => io::Error::other(error),
                frontend::BindError::Serialization(error) => error,
            })?;
            frontend::describe(b'P', "", out)?;
            frontend::execute("", 0, out)?;
            frontend::sync(out);
            Ok(())
        })?;
        self.send()?;
        self.skip_preamble(ahead)?;
        self.read_result()
    }

    /// The columns one command would return, without running it. Empty for a command that
    /// returns no rows.
    pub fn describe(&mut self, sql: &str) -> Result<Vec<Column>, Error> {
        let ahead = self.begin_flight()?;
        self.encode(|out| {
            frontend::parse("", sql, [], out)?;
            frontend::describe(b'S', "", out)?;
            frontend::sync(out);
            Ok(())
        })?;
        self.send()?;
        self.skip_preamble(ahead)?;
        let result = self.read_result()?;
        Ok(result.into_last().map(|set| set.columns).unwrap_or_default())
    }

    /// Whether the session is in a transaction.
    pub fn transaction_status(&self) -> TransactionStatus {
        self.status
    }

    /// Whether the session has ended and can only be dropped.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the session cannot be used for new work: ended, in a transaction, or closed
    /// by the server while it was idle. No round trip.
    pub(super) fn is_stale(&mut self) -> bool {
        self.broken || self.status != TransactionStatus::Idle || self.stream.is_disturbed()
    }

    /// A handle that cancels what this session runs, from any thread.
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken {
            connector: Arc::clone(&self.connector),
            address: self.address.clone(),
            encrypted: self.stream.is_encrypted(),
            process_id: self.process_id,
            secret_key: self.secret_key,
        }
    }

    /// The server process of this session, as in `pg_stat_activity.pid`.
    pub fn backend_pid(&self) -> i32 {
        self.process_id
    }

    /// The server's version as a number, such as 150018 for 15.18; 0 when unknown.
    pub fn server_version(&self) -> u32 {
        self.parameter("server_version").and_then(version_number).unwrap_or(0)
    }

    /// A setting the server reports, such as `server_version` or `TimeZone`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Starts a flight with the settings that ride along; returns how many outcomes they
    /// will have.
    pub(super) fn begin_flight(&mut self) -> Result<usize, Error> {
        if self.broken {
            return Err(lost_before());
        }
        self.out.clear();
        let preamble = std::mem::take(&mut self.preamble);
        for setting in &preamble {
            self.encode(|out| frontend::query(setting, out))?;
        }
        Ok(preamble.len())
    }

    pub(super) fn skip_preamble(&mut self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            // A refused setting is only an optimisation less.
            self.read_outcome()?;
        }
        Ok(())
    }

    /// Adds a message to the flight. Fails only on texts that cannot be sent.
    pub(super) fn encode(
        &mut self,
        message: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), Error> {
        message(&mut self.out).map_err(Error::Unsendable)
    }

    pub(super) fn send(&mut self) -> Result<(), Error> {
        let sent = self.stream.send(&self.out);
        self.out.clear();
        sent.map_err(|error| self.lost(error, None))
    }

    pub(super) fn read_result(&mut self) -> Result<StatementResult, Error> {
        match self.read_outcome()? {
            Outcome::Done(result) => Ok(result),
            Outcome::Failed(error) => Err(Error::Db(error)),
            Outcome::CopyIn => {
                self.broken = true;
                Err(Error::Protocol("COPY FROM STDIN is not possible here".to_owned()))
            }
        }
    }

    /// Reads up to the next ReadyForQuery, or to the server's wish for COPY data.
    pub(super) fn read_outcome(&mut self) -> Result<Outcome, Error> {
        let mut reading = Reading::default();
        loop {
            let step = match self.stream.receive() {
                Ok(Incoming::Row(body)) => reading.row(body).map(|()| None),
                Ok(Incoming::Other(message)) => self.handle(message, &mut reading),
                Err(error) => Err(error),
            };
            match step {
                Ok(None) => {}
                Ok(Some(outcome)) => return Ok(outcome),
                Err(error) => return Err(self.lost(error, reading.error)),
            }
        }
    }

    /// Takes one message into what has been read so far.
    pub(super) fn handle(
        &mut self,
        message: Message,
        reading: &mut Reading,
    ) -> io::Result<Option<Outcome>> {
        match message {
            Message::RowDescription(body) => reading.start(columns(&body)?),
            Message::CommandComplete(body) => reading.finish(body.tag()?),
            Message::ErrorResponse(body) => {
                reading.error = Some(Box::new(DbError::parse(body.fields())?));
            }
            Message::NoticeResponse(body) => {
                reading.result.notices.push(DbError::parse(body.fields())?);
            }
            Message::ParameterStatus(body) => {
                self.parameters.insert(body.name()?.to_owned(), body.value()?.to_owned());
            }
            Message::CopyInResponse(_) => return Ok(Some(Outcome::CopyIn)),
            Message::ReadyForQuery(body) => {
                self.status = match body.status() {
                    b'T' => TransactionStatus::InTransaction,
                    b'E' => TransactionStatus::Failed,
                    _ => TransactionStatus::Idle,
                };
                return Ok(Some(std::mem::take(reading).end()));
            }
            // COPY TO STDOUT has no reader here; the rest carries nothing.
            _ => {}
        }
        Ok(None)
    }

    /// Gives the session up. The server's last words, if any, explain more than the socket.
    pub(super) fn lost(&mut self, source: io::Error, reason: Option<Box<DbError>>) -> Error {
        self.broken = true;
        let reason = reason.or_else(|| self.last_words()).filter(|error| error.is_fatal());
        match source.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if reason.is_none() => {
                Error::Protocol(source.to_string())
            }
            _ => Error::Lost { reason, source },
        }
    }

    fn last_words(&mut self) -> Option<Box<DbError>> {
        while let Ok(Some(message)) = self.stream.try_receive() {
            if let Incoming::Other(Message::ErrorResponse(body)) = message {
                return DbError::parse(body.fields()).ok().map(Box::new);
            }
        }
        None
    }
}

impl Drop for Connection {
    /// Says goodbye, so that the server does not log a lost client.
    fn drop(&mut self) {
        if !self.broken {
            self.out.clear();
            frontend::terminate(&mut self.out);
            let _ = self.stream.send(&self.out);
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("address", &self.address)
            .field("process_id", &self.process_id)
            .field("status", &self.status)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

/// `server_version` as libpq's number: 13.4 is 130004.
fn version_number(text: &str) -> Option<u32> {
    let digits = text.split(|char: char| !char.is_ascii_digit() && char != '.').next()?;
    let mut parts = digits.split('.');
    let major: u32 = parts.next()?.parse().ok()?;
    let minor: u32 = parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    Some(major * 10_000 + minor)
}

/// A session without its role is no session.
fn as_connect_failure(error: Error) -> Error {
    match error {
        Error::Db(error) => {
            Error::Connect { message: error.message.clone(), cause: ConnectCause::Refused(error) }
        }
        other => other,
    }
}

fn lost_before() -> Error {
    let source = io::Error::new(io::ErrorKind::NotConnected, "the session has ended");
    Error::Lost { reason: None, source }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_libpqs_numbers() {
        assert_eq!(version_number("15.18 (Debian 15.18-0+deb12u1)"), Some(150_018));
        assert_eq!(version_number("18beta1"), Some(180_000));
        assert_eq!(version_number("x"), None);
    }

    /// A session with a peer that sends `bytes` and closes.
    fn session(bytes: &[u8]) -> Connection {
        use std::io::Write as _;
        use std::os::unix::net::UnixStream;
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(bytes).unwrap();
        Connection {
            stream: Stream::new(super::super::stream::Socket::Unix(ours), None).unwrap(),
            out: BytesMut::new(),
            connector: Arc::new(Connector::new(ConnectOptions::new("/", 1, "u", "d"))),
            address: Address::Unix("/".into()),
            process_id: 0,
            secret_key: 0,
            parameters: HashMap::new(),
            status: TransactionStatus::Idle,
            broken: false,
            preamble: Vec::new(),
        }
    }

    /// Well-framed messages of any kind with any body.
    fn messages() -> impl Strategy<Value = Vec<u8>> {
        let tags = b"1237ACDEGHIKNRSTVWZcdnst".to_vec();
        let message =
            (proptest::sample::select(tags), vec(any::<u8>(), 0..40)).prop_map(|(tag, body)| {
                let length = u32::try_from(body.len() + 4).unwrap();
                [&[tag][..], &length.to_be_bytes(), &body].concat()
            });
        vec(message, 0..8).prop_map(|all| all.concat())
    }

    proptest! {
        #[test]
        fn whatever_a_peer_sends_is_an_outcome_or_an_error(
            bytes in prop_oneof![messages(), vec(any::<u8>(), 0..200)]
        ) {
            let mut connection = session(&bytes);
            while connection.read_outcome().is_ok() {}
            prop_assert!(connection.is_broken());
        }
    }

    #[test]
    fn a_fatal_error_is_the_reason_of_the_loss() {
        let body = b"SFATAL\0VFATAL\0C57P01\0Mbye\0\0";
        let length = u32::try_from(body.len() + 4).unwrap();
        let bytes = [b"E", &length.to_be_bytes()[..], body].concat();
        let error = session(&bytes).read_outcome().err().unwrap();
        assert_eq!(error.db().unwrap().sqlstate, "57P01");
        assert!(error.to_string().starts_with("bye\nserver closed the connection unexpectedly\n"));
    }
}
