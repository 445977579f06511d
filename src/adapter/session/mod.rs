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
//! statement with `auto_begin` comes; what is not committed at the end is rolled back. In an
//! operation each statement commits itself.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use parking_lot::Mutex;

mod cascade;
mod inner;
mod lost;
mod sending;

use self::inner::{Inner, Kind};
use super::cache::Undo;
use super::comment::QueryComment;
use super::dependents::Dependents;
use super::response::{AdapterResponse, Response};
use super::sql_text::facts;
use crate::diagnostic::Result;
use crate::event::{NodeInfo, Sink};
use crate::jinja::Value;
use crate::postgres::{Pool, ResultSet};

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
    /// What becomes of views that read what is dropped.
    pub dependents: Dependents,
    /// Whether templates may ask the database; not with `--no-introspect`.
    pub introspects: bool,
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
    columns: Mutex<KnownColumns>,
}

/// The columns of relations, by the relations as SQL names them, that were asked for since the
/// last statement that may have changed some.
#[derive(Default)]
struct KnownColumns {
    changes: u64,
    known: HashMap<String, Vec<Value>>,
}

impl Session {
    /// A session that takes a connection from the pool when it first needs one.
    pub fn open(pool: &Pool, options: SessionOptions) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            pool: pool.clone(),
            options,
            state: Mutex::default(),
            columns: Mutex::default(),
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
            && !inner.commits_each
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

    /// Runs queries that only read, in one round trip; the last result of each.
    ///
    /// # Errors
    /// The first query that fails.
    pub(super) fn read_together(&self, queries: &[String]) -> Result<Vec<Option<ResultSet>>> {
        let mut inner = self.state.lock();
        inner.report_failure()?;
        // In a transaction the failure of one stops the others, so that all may be sent at once.
        let wraps = !inner.in_transaction;
        if wraps {
            inner.in_transaction = true;
            inner.push("BEGIN".into(), Kind::Begin);
        }
        let mut answers = Vec::with_capacity(queries.len());
        for query in queries {
            let answer = Arc::new(OnceLock::new());
            inner.push(query.as_str().into(), Kind::Read(Arc::clone(&answer)));
            answers.push(answer);
        }
        if wraps {
            inner.push("ROLLBACK".into(), Kind::Rollback);
        }
        self.flush_inner(&mut inner)?;
        Ok(answers.into_iter().map(|answer| answer.get().cloned()).collect())
    }

    /// The columns of a relation, if they were asked for and nothing may have changed them since.
    pub(super) fn known_columns(&self, relation: &str) -> Option<Vec<Value>> {
        let changes = self.changes();
        let columns = self.columns.lock();
        columns.known.get(relation).filter(|_| columns.changes == changes).cloned()
    }

    /// Takes note of the columns of a relation.
    pub(super) fn learn_columns(&self, relation: String, found: Vec<Value>) {
        let changes = self.changes();
        let mut columns = self.columns.lock();
        if columns.changes != changes {
            *columns = KnownColumns { changes, known: HashMap::new() };
        }
        columns.known.insert(relation, found);
    }

    /// All columns that are known, for another session.
    pub fn all_known_columns(&self) -> HashMap<String, Vec<Value>> {
        self.columns.lock().known.clone()
    }

    /// Takes over what another session has found out.
    pub fn know_columns(&self, known: &HashMap<String, Vec<Value>>) {
        self.columns.lock().known.clone_from(known);
    }

    /// Lets every statement commit by itself from now on, as in dbt's operations.
    pub fn commit_each(&self) {
        self.state.lock().commits_each = true;
    }

    /// Begins a transaction; it is sent with the next statement.
    pub fn begin(&self) {
        let mut inner = self.state.lock();
        if !inner.in_transaction && !inner.commits_each {
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
        self.options.sink.settle();
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

    /// The passing thing that made this session fail, such as a conflict with another
    /// session or a lost connection, when it is certain that nothing of this one took
    /// effect. The node may then be run again.
    pub fn obstacle(&self) -> Option<String> {
        let inner = self.state.lock();
        inner.obstacle.clone().filter(|_| !inner.has_effect)
    }

    /// Takes note of views that a drop is going to take along and that were told of.
    pub(super) fn views_fall(&self, names: impl Iterator<Item = Arc<str>>) {
        self.state.lock().falling_views.extend(names);
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

    /// How many statements so far may have changed relations or their columns.
    pub(super) fn changes(&self) -> u64 {
        self.state.lock().changes
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

    /// Whether anything of this session took effect, or may have.
    pub fn has_effect(&self) -> bool {
        self.state.lock().has_effect
    }

    /// What becomes of views that read what is dropped.
    pub fn dependents(&self) -> Dependents {
        self.options.dependents
    }

    /// Where events go.
    pub fn sink(&self) -> &Arc<dyn Sink> {
        &self.options.sink
    }
}

/// A session that nobody finished, because its thread failed, leaves nothing behind.
impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.finish(false);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("name", &self.options.name).finish_non_exhaustive()
    }
}
