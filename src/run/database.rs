//! The database as a run sees it: sessions from one pool, each with its comment.

use super::comment::QueryComments;
use crate::adapter::{Dependents, QueryComment, Session, SessionOptions};
use crate::context::Shared;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{NodeInfo, Sink};
use crate::manifest::{Config, Node, NodeView};
use crate::postgres::{Pool, lock};
use crate::result::Subject;
use serde_json::Value as Json;
use std::sync::Arc;

/// Shared by all threads of a run.
pub struct Database {
    /// The connections to the server.
    pub pool: Pool,
    comments: QueryComments,
    introspects: bool,
    sink: Arc<dyn Sink>,
}

impl Database {
    /// A database that is not connected to yet. A query comment that cannot be rendered is an
    /// error of the whole run, as in dbt.
    pub fn new(shared: &Arc<Shared>, pool: Pool, sink: &Arc<dyn Sink>) -> Result<Self> {
        let comments = QueryComments::new(shared);
        comments.of_connection("master")?;
        let introspects = shared.invocation.flags.get("INTROSPECT") != Some(&Json::Bool(false));
        Ok(Self { pool, comments, introspects, sink: Arc::clone(sink) })
    }

    /// A session for a node, or for a part of it while others load its other parts.
    pub fn session(
        &self,
        node: &Arc<Node>,
        part: Option<&str>,
        info: &NodeInfo,
    ) -> Result<Arc<Session>> {
        let name = node.unique_id.to_string();
        let comment = self.comments.of_node(&name, &NodeView { node, compiled: None })?;
        let timeout = lock_timeout(&node.config);
        let relation = &node.relation;
        let (schema, identifier) = (&relation.schema, &relation.identifier);
        let lock = match part {
            Some(part) => lock::part(schema, identifier, part, timeout.as_deref()),
            None => lock::relation(schema, identifier, timeout.as_deref()),
        };
        let dependents = match node.config.text("dependent_views") {
            Some(text) => text.parse().map_err(|error| Diagnostic::new(Code::ConfigInvalid, error)),
            None => Ok(Dependents::default()),
        }?;
        let options = SessionOptions {
            name,
            comment,
            node: Some(info.clone()),
            lock: Some(lock),
            dependents,
            introspects: self.introspects,
            sink: Arc::clone(&self.sink),
        };
        Ok(Session::open(&self.pool, options))
    }

    /// A session for a source or a unit test.
    pub fn session_for(&self, subject: &Subject, info: &NodeInfo) -> Result<Arc<Session>> {
        let name = subject.unique_id().to_string();
        let comment = self.comments.of_node(&name, subject)?;
        let node = Some(info.clone());
        Ok(self.open(name, comment, node))
    }

    /// A session that works for no node.
    pub fn session_named(&self, name: String) -> Result<Arc<Session>> {
        let comment = self.comments.of_connection(&name)?;
        Ok(self.open(name, comment, None))
    }

    fn open(
        &self,
        name: String,
        comment: Option<QueryComment>,
        node: Option<NodeInfo>,
    ) -> Arc<Session> {
        let sink = Arc::clone(&self.sink);
        let dependents = Dependents::default();
        let lock = None;
        let options =
            SessionOptions { name, comment, node, lock, dependents, introspects: true, sink };
        Session::open(&self.pool, options)
    }
}

/// The config `lock_timeout`: seconds, or a time as PostgreSQL writes it. It is how long a node
/// waits for locks of others, besides those of other runs that build the same relation.
fn lock_timeout(config: &Config) -> Option<String> {
    let value = config.get("lock_timeout")?;
    match (value.as_f64(), value.as_str()) {
        (Some(seconds), _) => Some(format!("{:.0}ms", seconds * 1000.0)),
        (None, Some(text)) => Some(text.to_owned()),
        (None, None) => None,
    }
}
