//! What one node does with the database: statements in, results out, in few round trips.
//!
//! Statements whose result nobody waits for are kept back and sent together with the next
//! one whose result is needed, or with the commit. BEGIN goes the same way. Nothing is lost
//! by that: kept-back statements are always inside a transaction, so the failure of one
//! stops all later ones, and a commit is always the last of what is sent together.
//!
//! What a node makes is locked in each of its transactions, first of all, so that two runs
//! do not build the same relation at the same time.
//!
//! The transactions are those a project sees under dbt: the first statement of a node
//! begins one, unless it only reads; after a commit, statements commit themselves until a
//! statement with `auto_begin` comes; what is not committed at the end is rolled back.

use std::io::Read;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::cache::Undo;
use super::comment::QueryComment;
use super::response::{AdapterResponse, Response};
use super::sql_text::{Facts, facts};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, NodeInfo, Sink};
use crate::postgres::{
    Connection, DbError, Error, Pool, PooledConnection, ResultSet, StatementResult,
    TransactionStatus,
};

/// For whom a session works.
#[derive(Clone)]
pub struct SessionOptions {
    /// The connection's name in logs: the node's id, or `master`.
    pub name: String,
    /// Text that goes with every statement.
    pub comment: Option<QueryComment>,
    /// The node, for events.
    pub node: Option<NodeInfo>,
    /// The statement that locks what the node makes ([`crate::postgres::lock`]).
    pub lock: Option<String>,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
}

/// A statement that the server refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFailure {
    /// The statement as the macro or model wrote it, without the query comment.
    pub sql: Arc<str>,
    /// Where in it, in characters from 0, when the server says so.
    pub position: Option<usize>,
    /// The five characters of SQLSTATE.
    pub sqlstate: String,
}

/// A session with the database while a node runs.
pub struct Session {
    me: Weak<Self>,
    pool: Pool,
    options: SessionOptions,
    state: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    connection: Option<PooledConnection>,
    /// A transaction is open, or will be when the queue is sent.
    in_transaction: bool,
    /// A transaction was committed, so dbt's connection commits by itself from now on.
    has_committed: bool,
    queue: Vec<Queued>,
    /// Settings or temporary relations must not reach the next node.
    changed_session: bool,
    temporary_relations: usize,
    /// Statements so far that may have changed something.
    writes: u64,
    /// A failure that nobody has been told of yet.
    unreported: Option<Box<Diagnostic>>,
    failure: Option<SqlFailure>,
    /// Changes of the relation cache that hold only if the transaction commits.
    cache_changes: Vec<Undo>,
    /// Something that may write was sent and is not committed yet.
    uncommitted_writes: bool,
    /// Something that may have written took effect.
    has_effect: bool,
    /// Another session was in the way; what it said.
    conflict: Option<String>,
}

struct Queued {
    sql: Arc<str>,
    kind: Kind,
}

enum Kind {
    Begin,
    Lock,
    Commit,
    Rollback,
    Statement(Response),
}

impl Session {
    /// A session that takes a connection from the pool when it first needs one.
    pub fn open(pool: &Pool, options: SessionOptions) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            pool: pool.clone(),
            options,
            state: Mutex::default(),
        })
    }

    /// The node that the session works for, as events tell of it.
    pub fn node_info(&self) -> Option<NodeInfo> {
        self.options.node.clone()
    }

    /// Runs a statement text. With `fetch` its rows come back; they are `None` when it
    /// returned none. Without, or when the text cannot return rows, it may be kept back.
    ///
    /// # Errors
    /// The failure of this statement or of one that was sent with it.
    pub fn execute(
        &self,
        sql: &str,
        auto_begin: bool,
        fetch: bool,
    ) -> Result<(Response, Option<ResultSet>)> {
        let mut inner = self.state.lock();
        inner.report_failure()?;
        let facts = facts(sql);
        if facts.only_commits {
            self.commit_inner(&mut inner)?;
            let response = AdapterResponse {
                message: "COMMIT".to_owned(),
                code: Some("COMMIT".to_owned()),
                rows_affected: Some(-1),
            };
            return Ok((Response::ready(response), None));
        }
        let begins = !inner.in_transaction
            && !facts.controls_transaction
            && (auto_begin || !(inner.has_committed || facts.only_reads));
        if begins {
            self.begin_inner(&mut inner);
        }
        inner.note(facts);
        let response = Response::pending(self.me.clone());
        inner.push(sql.into(), Kind::Statement(response.clone()));
        let can_wait = inner.in_transaction
            && !facts.controls_transaction
            && !(fetch && facts.may_return_rows);
        if can_wait {
            return Ok((response, None));
        }
        let result = self.flush_inner(&mut inner)?;
        if facts.controls_transaction {
            inner.follow_server();
        }
        Ok((response, result.filter(|set| fetch && !set.columns.is_empty())))
    }

    /// Begins a transaction; it is sent with the next statement.
    pub fn begin(&self) {
        let mut inner = self.state.lock();
        if !inner.in_transaction {
            self.begin_inner(&mut inner);
        }
    }

    /// Commits what is open; nothing when nothing is.
    ///
    /// # Errors
    /// The failure of a statement that was kept back, or of the commit itself. The
    /// transaction then had no effect, unless the connection was lost.
    pub fn commit(&self) -> Result<()> {
        let mut inner = self.state.lock();
        inner.report_failure()?;
        self.commit_inner(&mut inner)
    }

    /// Undoes what is open. What was kept back is not sent at all.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn rollback(&self) -> Result<()> {
        let mut inner = self.state.lock();
        inner.queue.clear();
        inner.in_transaction = false;
        inner.has_committed = false;
        if inner.server_in_transaction() {
            inner.push("ROLLBACK".into(), Kind::Rollback);
            self.flush_inner(&mut inner)?;
        }
        Ok(())
    }

    /// Feeds a `COPY … FROM STDIN`, in a transaction; returns how many rows went in.
    ///
    /// # Errors
    /// A row that the server refuses, or a source that cannot be read. No row stays.
    pub fn copy(&self, sql: &str, source: impl Read) -> Result<u64> {
        let mut inner = self.state.lock();
        inner.report_failure()?;
        if !inner.in_transaction {
            self.begin_inner(&mut inner);
        }
        self.flush_inner(&mut inner)?;
        let sql: Arc<str> = sql.into();
        let text = self.with_comment(&sql);
        self.emit_query(&text);
        let started = Instant::now();
        let connection = inner.connection(&self.pool, &self.options)?;
        let outcome = connection.copy_in(&text, source, |_| ());
        inner.uncommitted_writes = true;
        match outcome {
            Ok(rows) => {
                self.emit_status(format!("COPY {rows}"), started.elapsed());
                Ok(rows)
            }
            Err(error) => Err(self.fail(&mut inner, &sql, error, started.elapsed())),
        }
    }

    /// Sends what was kept back.
    ///
    /// # Errors
    /// The first statement that fails.
    pub fn flush(&self) -> Result<()> {
        let mut inner = self.state.lock();
        inner.report_failure()?;
        self.flush_inner(&mut inner).map(|_| ())
    }

    /// Sends what was kept back, for a caller that cannot take an error: the next call of
    /// this session returns it.
    pub(super) fn settle(&self) {
        let mut inner = self.state.lock();
        if let Err(error) = self.flush_inner(&mut inner) {
            inner.unreported.get_or_insert(error);
        }
    }

    /// Ends the session and gives the connection back. When the node succeeded, what is
    /// kept back is sent, and what dbt's connection would have committed by itself is
    /// committed; all else is rolled back.
    ///
    /// # Errors
    /// The failure of a statement that was kept back.
    pub fn finish(&self, success: bool) -> Result<()> {
        let mut inner = self.state.lock();
        let outcome = inner.report_failure().and_then(|()| {
            if !success {
                inner.queue.clear();
                Ok(())
            } else if inner.has_committed {
                self.commit_inner(&mut inner)
            } else if inner.in_transaction {
                inner.push("ROLLBACK".into(), Kind::Rollback);
                self.flush_inner(&mut inner).map(|_| ())
            } else {
                Ok(())
            }
        });
        inner.queue.clear();
        inner.in_transaction = false;
        let changed = inner.changed_session || inner.temporary_relations > 0;
        if let Some(mut connection) = inner.connection.take()
            && changed
            && !connection.is_broken()
        {
            // A session that cannot be reset is not lent again.
            let _ = connection.reset();
        }
        outcome
    }

    /// The statement that failed, once one has.
    pub fn failure(&self) -> Option<SqlFailure> {
        self.state.lock().failure.clone()
    }

    /// What another session did that made this one fail, when it is certain that nothing of
    /// this one took effect. The node may then be run again.
    pub fn conflict(&self) -> Option<String> {
        let inner = self.state.lock();
        inner.conflict.clone().filter(|_| !inner.has_effect)
    }

    /// Takes note of a change of the relation cache.
    pub(super) fn cache_changed(&self, change: Undo) {
        self.state.lock().cache_changes.push(change);
    }

    /// The changes of the relation cache that no commit made true.
    pub fn take_uncommitted_changes(&self) -> Vec<Undo> {
        std::mem::take(&mut self.state.lock().cache_changes)
    }

    /// The server's version, such as 150018; asks for a connection.
    ///
    /// # Errors
    /// No connection can be opened.
    pub fn server_version(&self) -> Result<u32> {
        let mut inner = self.state.lock();
        Ok(inner.connection(&self.pool, &self.options)?.server_version())
    }

    /// The session's time zone, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// No connection can be opened.
    pub fn time_zone(&self) -> Result<Option<String>> {
        let mut inner = self.state.lock();
        let connection = inner.connection(&self.pool, &self.options)?;
        Ok(connection.parameter("TimeZone").map(str::to_owned))
    }

    /// How many statements so far may have changed something.
    pub(super) fn writes(&self) -> u64 {
        self.state.lock().writes
    }

    /// Notes that a temporary relation was dropped by name.
    pub(super) fn temporary_dropped(&self) {
        let mut inner = self.state.lock();
        inner.temporary_relations = inner.temporary_relations.saturating_sub(1);
    }

    /// The connection's name in logs.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Where events go.
    pub fn sink(&self) -> &Arc<dyn Sink> {
        &self.options.sink
    }

    fn begin_inner(&self, inner: &mut Inner) {
        inner.in_transaction = true;
        inner.push("BEGIN".into(), Kind::Begin);
        if let Some(lock) = &self.options.lock {
            inner.push(lock.as_str().into(), Kind::Lock);
        }
    }

    fn commit_inner(&self, inner: &mut Inner) -> Result<()> {
        inner.has_committed = true;
        if !inner.in_transaction {
            return Ok(());
        }
        inner.push("COMMIT".into(), Kind::Commit);
        let result = self.flush_inner(inner)?;
        let tag = result.map_or_else(String::new, |set| set.tag.as_str().to_owned());
        if tag != "COMMIT" {
            let message = "the server rolled the transaction back instead of committing it";
            return Err(Diagnostic::new(Code::SqlFailed, message));
        }
        Ok(())
    }

    /// Sends the queue; the last statement's last result.
    fn flush_inner(&self, inner: &mut Inner) -> Result<Option<ResultSet>> {
        let queue = std::mem::take(&mut inner.queue);
        if queue.is_empty() {
            return Ok(None);
        }
        let texts: Vec<String> = queue
            .iter()
            .map(|queued| match queued.kind {
                Kind::Statement(_) => self.with_comment(&queued.sql),
                Kind::Begin | Kind::Lock | Kind::Commit | Kind::Rollback => queued.sql.to_string(),
            })
            .collect();
        let connection = match inner.connection(&self.pool, &self.options) {
            Ok(connection) => connection,
            Err(error) => {
                inner.in_transaction = false;
                return Err(error);
            }
        };
        for text in &texts {
            self.emit_query(text);
        }
        let started = Instant::now();
        match connection.pipeline(&texts) {
            Ok(results) => {
                let elapsed = started.elapsed();
                let mut last = None;
                for (queued, result) in queue.iter().zip(results) {
                    self.complete(queued, &result, elapsed);
                    inner.passed(&queued.kind);
                    last = result.into_last();
                }
                Ok(last)
            }
            Err(failed) => {
                let elapsed = started.elapsed();
                for (queued, result) in queue.iter().zip(&failed.completed) {
                    self.complete(queued, result, elapsed);
                }
                let sql = queue.get(failed.index).map_or_else(|| "".into(), |it| it.sql.clone());
                Err(self.fail(inner, &sql, failed.error, elapsed))
            }
        }
    }

    fn complete(&self, queued: &Queued, result: &StatementResult, elapsed: Duration) {
        if let Kind::Statement(response) = &queued.kind {
            response.fill(AdapterResponse::from_result(result.last()));
        }
        self.emit_status(result.tag().to_owned(), elapsed);
    }

    /// Takes note of a failure, ends the transaction and words the error.
    fn fail(
        &self,
        inner: &mut Inner,
        sql: &Arc<str>,
        error: Error,
        elapsed: Duration,
    ) -> Box<Diagnostic> {
        let prefix = self.options.comment.as_ref().map_or(0, |it| it.prefix().chars().count());
        let error = match error {
            Error::Db(mut error) => {
                error.position = error.position.and_then(|at| at.checked_sub(prefix));
                inner.failure = Some(failure(sql, &error));
                inner.conflict = error.is_conflict().then(|| error.message.clone());
                Error::Db(error)
            }
            other => other,
        };
        self.emit_status(format!("{error}"), elapsed);
        inner.in_transaction = false;
        inner.has_committed = false;
        if inner.server_in_transaction()
            && let Some(connection) = &mut inner.connection
        {
            // When this fails the connection is lost, and with it the transaction.
            let _ = connection.query("ROLLBACK");
        }
        error.into_diagnostic_for(Some(sql))
    }

    fn with_comment(&self, sql: &str) -> String {
        self.options.comment.as_ref().map_or_else(|| sql.to_owned(), |comment| comment.apply(sql))
    }

    /// Tells of a statement as it is sent.
    fn emit_query(&self, sql: &str) {
        self.options.sink.emit(Event::SqlQuery {
            connection: self.options.name.clone(),
            sql: sql.to_owned(),
            node: self.options.node.clone(),
        });
    }

    fn emit_status(&self, status: String, elapsed: Duration) {
        let node = self.options.node.clone();
        self.options.sink.emit(Event::SqlQueryStatus { status, elapsed, node });
    }
}

/// A session that nobody finished, because its thread failed, leaves nothing behind.
impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.finish(false);
    }
}

impl Inner {
    fn push(&mut self, sql: Arc<str>, kind: Kind) {
        self.queue.push(Queued { sql, kind });
    }

    fn note(&mut self, facts: Facts) {
        self.changed_session |= facts.changes_session;
        // Who knows what a text commits that commits by itself.
        self.has_effect |= facts.controls_transaction;
        self.uncommitted_writes |= !facts.only_reads;
        self.temporary_relations += facts.temporary_relations;
        self.writes += u64::from(!facts.only_reads);
    }

    fn passed(&mut self, kind: &Kind) {
        match kind {
            Kind::Commit => {
                self.in_transaction = false;
                self.took_effect();
            }
            Kind::Rollback => {
                self.in_transaction = false;
                self.uncommitted_writes = false;
            }
            Kind::Statement(_) if !self.in_transaction => self.took_effect(),
            Kind::Begin | Kind::Lock | Kind::Statement(_) => {}
        }
    }

    fn took_effect(&mut self) {
        self.has_effect |= std::mem::take(&mut self.uncommitted_writes);
        self.cache_changes.clear();
    }

    /// After a text that began or ended a transaction itself.
    fn follow_server(&mut self) {
        self.in_transaction = self.server_in_transaction();
        self.has_committed |= !self.in_transaction;
    }

    fn server_in_transaction(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| {
            !connection.is_broken() && connection.transaction_status() != TransactionStatus::Idle
        })
    }

    fn report_failure(&mut self) -> Result<()> {
        self.unreported.take().map_or(Ok(()), Err)
    }

    fn connection(&mut self, pool: &Pool, options: &SessionOptions) -> Result<&mut Connection> {
        if self.connection.is_none() {
            options.sink.emit(Event::NewConnection { name: options.name.clone() });
            let connection = pool.get().map_err(Error::into_diagnostic)?;
            self.connection = Some(connection);
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            None => Err(Diagnostic::new(Code::Internal, "the session has no connection")),
        }
    }
}

fn failure(sql: &Arc<str>, error: &DbError) -> SqlFailure {
    SqlFailure { sql: Arc::clone(sql), position: error.position, sqlstate: error.sqlstate.clone() }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("name", &self.options.name).finish_non_exhaustive()
    }
}
