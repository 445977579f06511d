//! What a session knows at a moment, and how that changes.

use std::sync::{Arc, OnceLock};

use super::{SessionOptions, SqlFailure};
use crate::adapter::cache::Undo;
use crate::adapter::response::Response;
use crate::adapter::sql_text::Facts;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, thread_name};
use crate::postgres::{
    Connection, Error, Pool, PooledConnection, ResultSet, StatementResult, TransactionStatus,
};

#[derive(Default)]
pub(super) struct Inner {
    pub(super) connection: Option<PooledConnection>,
    /// A transaction is open, or will be when the queue is sent.
    pub(super) in_transaction: bool,
    /// A transaction was committed, so dbt's connection commits by itself from now on.
    pub(super) has_committed: bool,
    /// Every statement commits by itself, whatever asks for a transaction.
    pub(super) commits_each: bool,
    pub(super) queue: Vec<Queued>,
    /// Settings or temporary relations must not reach the next node.
    pub(super) changed_session: bool,
    pub(super) temporary_relations: usize,
    /// Statements so far that may have changed relations.
    pub(super) changes: u64,
    /// A failure that nobody has been told of yet.
    pub(super) unreported: Option<Box<Diagnostic>>,
    pub(super) failure: Option<SqlFailure>,
    /// Changes of the relation cache that hold only if the transaction commits.
    pub(super) cache_changes: Vec<Undo>,
    /// Names of views that drops take along and that were told of.
    pub(super) falling_views: Vec<Arc<str>>,
    /// The open transaction's number, as `pg_current_xact_id()` gives it.
    pub(super) transaction: Option<String>,
    /// Something that may write was sent and is not committed yet.
    pub(super) uncommitted_writes: bool,
    /// Something that may have written took effect, or may have.
    pub(super) has_effect: bool,
    /// What passing thing was in the way when a statement failed.
    pub(super) obstacle: Option<String>,
}

/// A statement that waits to be sent.
pub(super) struct Queued {
    pub(super) sql: Arc<str>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Begin,
    Commit,
    Rollback,
    /// A query of [`super::Session::read_together`].
    Read(Arc<OnceLock<ResultSet>>),
    Statement(Response),
}

impl Inner {
    pub(super) fn push(&mut self, sql: Arc<str>, kind: Kind) {
        self.queue.push(Queued { sql, kind });
    }

    /// Takes note of a statement that is going to be sent.
    pub(super) fn note(&mut self, facts: Facts) {
        self.changed_session |= facts.changes_session;
        // Who knows what a text commits that commits by itself.
        self.has_effect |= facts.controls_transaction;
        self.uncommitted_writes |= !facts.only_reads;
        self.temporary_relations += facts.temporary_relations;
        self.changes += u64::from(facts.changes_relations);
    }

    /// Takes note of a statement that succeeded.
    pub(super) fn passed(&mut self, kind: &Kind, result: &StatementResult) {
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
            // The second column of `lock::relation`, where there is a lock.
            Kind::Begin => {
                let number = result.last().and_then(|set| set.rows.get(0, 1));
                self.transaction = number.map(str::to_owned);
            }
            Kind::Read(_) | Kind::Statement(_) => {}
        }
    }

    pub(super) fn took_effect(&mut self) {
        self.has_effect |= std::mem::take(&mut self.uncommitted_writes);
        self.cache_changes.clear();
    }

    /// After a text that began or ended a transaction itself.
    pub(super) fn follow_server(&mut self) {
        self.in_transaction = self.server_in_transaction();
        self.has_committed |= !self.in_transaction;
    }

    pub(super) fn server_in_transaction(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| {
            !connection.is_broken() && connection.transaction_status() != TransactionStatus::Idle
        })
    }

    pub(super) fn report_failure(&mut self) -> Result<()> {
        self.unreported.take().map_or(Ok(()), Err)
    }

    pub(super) fn connection(
        &mut self,
        pool: &Pool,
        options: &SessionOptions,
    ) -> Result<&mut Connection> {
        if self.connection.is_none() {
            if !options.introspects {
                let message = format!("connection never acquired for thread {}", thread_name());
                return Err(Diagnostic::new(Code::Unsupported, message)
                    .with_help("The template asks the database, which --no-introspect forbids."));
            }
            self.connection = Some(take_connection(pool, options)?);
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            None => Err(Diagnostic::new(Code::Internal, "the session has no connection")),
        }
    }
}

/// An idle connection, or a new one. Tells which.
fn take_connection(pool: &Pool, options: &SessionOptions) -> Result<PooledConnection> {
    let name = options.name.clone();
    let Some((connection, former)) = pool.reuse(&name) else {
        options.sink.emit(Event::NewConnection { name, node: options.node.clone() });
        return pool.open(&options.name).map_err(Error::into_diagnostic);
    };
    if former != name {
        options.sink.emit(Event::ConnectionReused { former, name });
    }
    Ok(connection)
}
