//! The database as a run sees it: sessions from one pool, each with its comment.

use super::comment::QueryComments;
use crate::adapter::{Session, SessionOptions};
use crate::context::Shared;
use crate::diagnostic::Result;
use crate::event::{NodeInfo, Sink};
use crate::manifest::{Node, UniqueId};
use crate::postgres::{ConnectOptions, Pool, lock};
use std::sync::Arc;

/// Shared by all threads of a run.
pub struct Database {
    /// The connections to the server.
    pub pool: Pool,
    comments: QueryComments,
    sink: Arc<dyn Sink>,
}

impl Database {
    /// A database that is not connected to yet. A query comment that cannot be rendered is an
    /// error of the whole run, as in dbt.
    pub fn new(
        shared: &Arc<Shared>,
        options: ConnectOptions,
        sink: &Arc<dyn Sink>,
    ) -> Result<Self> {
        let comments = QueryComments::new(shared);
        comments.of("master", None)?;
        Ok(Self { pool: Pool::new(options), comments, sink: Arc::clone(sink) })
    }

    /// A session for a node.
    pub fn session(&self, node: &Arc<Node>, info: &NodeInfo) -> Result<Arc<Session>> {
        let name = node.unique_id.to_string();
        let comment = self.comments.of(&name, Some(node))?;
        let lock = Some(lock::relation(&node.relation.schema, &node.relation.identifier));
        let node = Some(info.clone());
        let sink = Arc::clone(&self.sink);
        Ok(Session::open(&self.pool, SessionOptions { name, comment, node, lock, sink }))
    }

    /// A session for a source or a unit test.
    pub fn session_for(&self, id: &UniqueId, info: &NodeInfo) -> Result<Arc<Session>> {
        let name = id.to_string();
        let comment = self.comments.of(&name, None)?;
        let node = Some(info.clone());
        let sink = Arc::clone(&self.sink);
        let options = SessionOptions { name, comment, node, lock: None, sink };
        Ok(Session::open(&self.pool, options))
    }

    /// A session that works for no node.
    pub fn session_named(&self, name: String) -> Result<Arc<Session>> {
        let comment = self.comments.of(&name, None)?;
        let sink = Arc::clone(&self.sink);
        let options = SessionOptions { name, comment, node: None, lock: None, sink };
        Ok(Session::open(&self.pool, options))
    }
}
