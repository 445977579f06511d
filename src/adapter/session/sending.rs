//! Sending what waits, and what comes of it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::inner::{Inner, Kind, Queued};
use super::lost::{self, Fate};
use super::{Session, SqlFailure};
use crate::adapter::response::AdapterResponse;
use crate::adapter::sql_text::facts;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Level};
use crate::postgres::{DbError, Error, PipelineError, ResultSet, StatementResult, blockers};

/// The SQLSTATE of `lock_timeout` and `nowait`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

impl Session {
    pub(super) fn begin_inner(&self, inner: &mut Inner) {
        inner.in_transaction = true;
        // One message: the lock comes first of all in the transaction.
        let begin = match &self.options.lock {
            Some(lock) => format!("BEGIN; {lock}").into(),
            None => "BEGIN".into(),
        };
        inner.push(begin, Kind::Begin);
    }

    pub(super) fn commit_inner(&self, inner: &mut Inner) -> Result<()> {
        inner.has_committed = true;
        if !inner.in_transaction {
            return Ok(());
        }
        inner.push("COMMIT".into(), Kind::Commit);
        // Without an answer, the server was asked and said that it did.
        match self.flush_inner(inner)? {
            Some(set) if set.tag.as_str() != "COMMIT" => {
                let message = "the server rolled the transaction back instead of committing it";
                Err(Diagnostic::new(Code::SqlFailed, message))
            }
            _ => Ok(()),
        }
    }

    /// Sends the queue; the last statement's last result.
    pub(super) fn flush_inner(&self, inner: &mut Inner) -> Result<Option<ResultSet>> {
        let queue = std::mem::take(&mut inner.queue);
        if queue.is_empty() {
            return Ok(None);
        }
        let texts: Vec<String> = queue
            .iter()
            .map(|queued| match queued.kind {
                Kind::Read(_) | Kind::Statement(_) => self.with_comment(&queued.sql),
                Kind::Begin | Kind::Commit | Kind::Rollback => queued.sql.to_string(),
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
        self.options.sink.settle();
        let started = Instant::now();
        match connection.pipeline(&texts) {
            Ok(results) => {
                let elapsed = started.elapsed();
                let mut last = None;
                for (queued, result) in queue.iter().zip(results) {
                    self.complete(inner, queued, &result, elapsed);
                    last = result.into_last();
                }
                Ok(last)
            }
            Err(failed) => self.stopped(inner, &queue, failed, started.elapsed()),
        }
    }

    fn complete(
        &self,
        inner: &mut Inner,
        queued: &Queued,
        result: &StatementResult,
        elapsed: Duration,
    ) {
        match (&queued.kind, result.last()) {
            (Kind::Statement(response), last) => response.fill(AdapterResponse::from_result(last)),
            (Kind::Read(rows), Some(set)) => {
                // A query is answered once.
                let _ = rows.set(set.clone());
            }
            _ => {}
        }
        inner.passed(&queued.kind, result);
        self.tell_cascades(inner, result);
        self.emit_status(result.tag().to_owned(), elapsed);
    }

    /// Takes note of statements that were sent together and of which one failed.
    fn stopped(
        &self,
        inner: &mut Inner,
        queue: &[Queued],
        failed: PipelineError,
        elapsed: Duration,
    ) -> Result<Option<ResultSet>> {
        for (queued, result) in queue.iter().zip(&failed.completed) {
            self.complete(inner, queued, result, elapsed);
        }
        let rest = queue.get(failed.index..).unwrap_or_default();
        let sql: Arc<str> = rest.first().map_or_else(|| "".into(), |it| Arc::clone(&it.sql));
        let error = self.fail(inner, &sql, failed.error, elapsed);
        let is_lost = inner.connection.as_ref().is_some_and(|connection| connection.is_broken());
        if !is_lost {
            return Err(error);
        }
        if rest.iter().any(|queued| matches!(queued.kind, Kind::Commit)) {
            return self.commit_lost(inner, error);
        }
        // Outside of a transaction, what was under way may have taken effect.
        let writes = |it: &Queued| !facts(&it.sql).only_reads;
        let is_open =
            inner.transaction.is_some() || queue.iter().any(|it| matches!(it.kind, Kind::Begin));
        inner.has_effect |= !is_open && rest.first().is_some_and(writes);
        Err(error)
    }

    /// Asks what became of a transaction whose COMMIT was not answered.
    fn commit_lost(&self, inner: &mut Inner, error: Box<Diagnostic>) -> Result<Option<ResultSet>> {
        let process_id = inner.connection.take().map(|connection| connection.backend_pid());
        let fate = match (&inner.transaction, process_id) {
            (Some(transaction), Some(process_id)) => {
                lost::fate(&self.pool, process_id, transaction)
            }
            _ => Fate::Unknown,
        };
        match fate {
            Fate::Committed => {
                let message = "The connection was lost while the transaction was committed; the \
                               server says that it did commit."
                    .to_owned();
                self.options.sink.emit(Event::Note { level: Level::Info, message });
                inner.obstacle = None;
                inner.failure = None;
                inner.has_committed = true;
                inner.took_effect();
                Ok(None)
            }
            Fate::RolledBack => Err(error),
            Fate::Unknown => {
                inner.has_effect = true;
                let mut error = error;
                error.message.push_str(
                    "\nThe connection was lost while the transaction was being committed, and \
                     the server cannot say what became of it. The relation is either as it was \
                     or as it should be.",
                );
                Err(error)
            }
        }
    }

    /// Takes note of a failure, ends the transaction and words the error.
    pub(super) fn fail(
        &self,
        inner: &mut Inner,
        sql: &Arc<str>,
        error: Error,
        elapsed: Duration,
    ) -> Box<Diagnostic> {
        let prefix = self.options.comment.as_ref().map_or(0, |it| it.prefix().chars().count());
        inner.obstacle = error.obstacle();
        let error = match error {
            Error::Db(mut error) => {
                error.position = error.position.and_then(|at| at.checked_sub(prefix));
                inner.failure = Some(failure(sql, &error));
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
        let timed_out = error.db().is_some_and(|error| error.sqlstate == LOCK_NOT_AVAILABLE);
        let mut error = error.into_diagnostic_for(Some(sql));
        if timed_out && let Some(connection) = &mut inner.connection {
            for holder in blockers::holders(connection, sql).unwrap_or_default() {
                let _ = write!(error.message, "\nThe lock may be held by {holder}");
            }
        }
        error
    }

    pub(super) fn with_comment(&self, sql: &str) -> String {
        self.options.comment.as_ref().map_or_else(|| sql.to_owned(), |comment| comment.apply(sql))
    }

    /// Tells of a statement as it is sent.
    pub(super) fn emit_query(&self, sql: &str) {
        self.options.sink.emit(Event::SqlQuery {
            connection: self.options.name.clone(),
            sql: sql.to_owned(),
            node: self.options.node.clone(),
        });
    }

    pub(super) fn emit_status(&self, status: String, elapsed: Duration) {
        let node = self.options.node.clone();
        self.options.sink.emit(Event::SqlQueryStatus { status, elapsed, node });
    }
}

fn failure(sql: &Arc<str>, error: &DbError) -> SqlFailure {
    SqlFailure { sql: Arc::clone(sql), position: error.position, sqlstate: error.sqlstate.clone() }
}
