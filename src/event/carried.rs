//! What events carry: nodes, results, counts, and texts with a name.

use super::{Event, Level};
use crate::diagnostic::Diagnostic;
use crate::result::NodeStatus;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::Duration;

/// What events tell about a node, and never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeIdentity {
    /// `kind.package.name`.
    pub unique_id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// File, relative to its resource path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `model`, `seed`, `test` and so on.
    pub resource_type: &'static str,
    /// Its materialization; `test` and `seed` for those.
    pub materialized: String,
    /// Free metadata.
    pub meta: Map<String, Json>,
    /// Database of its relation.
    pub database: Arc<str>,
    /// Schema of its relation.
    pub schema: Arc<str>,
    /// Its relation's own name.
    pub alias: Arc<str>,
    /// Its relation as it stands in SQL.
    pub relation_name: Option<String>,
    /// Checksum of its raw code.
    pub checksum: String,
    /// The group it belongs to: name, package and owner.
    pub group: Option<Map<String, Json>>,
}

/// A node and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeInfo {
    /// Which node.
    pub node: Arc<NodeIdentity>,
    /// dbt's `node_status`: `started`, `compiling`, `executing`, or the final status.
    pub status: &'static str,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Which of how many, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which.
    pub index: usize,
    /// Of how many.
    pub total: usize,
}

/// A line about the end of one node.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultLine {
    /// The node.
    pub node: NodeInfo,
    /// Such as `sql table model dwh.dim_user`.
    pub description: String,
    /// Its place in the run.
    pub position: Position,
    /// How it ended.
    pub status: NodeStatus,
    /// What the server said, such as `SELECT 1234`; the error's text for errors.
    pub message: Option<String>,
    /// Failing rows of a test.
    pub failures: Option<i64>,
    /// How long it took.
    pub execution_time: Duration,
}

/// The counts of dbt's `Done. PASS=…` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Stats {
    pub pass: usize,
    pub warn: usize,
    pub error: usize,
    pub skip: usize,
    pub noop: usize,
    pub total: usize,
}

/// A warning about the project; `name` and `code` are dbt's for its kind, such as
/// `UnusedResourceConfigPath` and `I051`.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// dbt's event name, which `--warn-error-options` lists.
    pub name: &'static str,
    /// dbt's event code.
    pub code: &'static str,
    /// What and where. Its own code is gdbt's.
    pub diagnostic: Diagnostic,
    /// dbt's data fields of the event.
    pub data: Map<String, Json>,
}

impl Warning {
    /// A warning without data fields.
    pub fn new(name: &'static str, code: &'static str, diagnostic: impl Into<Diagnostic>) -> Self {
        Self { name, code, diagnostic: diagnostic.into(), data: Map::new() }
    }

    /// With dbt's data fields, a JSON object.
    #[must_use]
    pub fn with_data(mut self, data: Json) -> Self {
        if let Json::Object(data) = data {
            self.data.extend(data);
        }
        self
    }

    /// Whether it is about an old form. Of these each kind is shown once, and all are counted
    /// at the end of the command.
    pub fn is_deprecation(&self) -> bool {
        self.code.starts_with('D')
    }

    /// Whether it is counted with its kind, and then shown once. Each name with spaces is told.
    pub fn is_counted(&self) -> bool {
        self.is_deprecation() && self.name != "SpacesInResourceNameDeprecation"
    }
}

/// An event that has nothing but a text and fields; name and code are dbt's.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedEvent {
    /// dbt's event name.
    pub name: &'static str,
    /// dbt's event code.
    pub code: &'static str,
    /// How important it is.
    pub level: Level,
    /// The text.
    pub message: String,
    /// dbt's fields.
    pub data: Map<String, Json>,
}

impl NamedEvent {
    /// An event without fields.
    pub fn new(
        name: &'static str,
        code: &'static str,
        level: Level,
        message: impl Into<String>,
    ) -> Self {
        Self { name, code, level, message: message.into(), data: Map::new() }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }
}

impl From<NamedEvent> for Event {
    fn from(event: NamedEvent) -> Self {
        Self::Named(Box::new(event))
    }
}
