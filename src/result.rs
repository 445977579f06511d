//! How running a node ended: read by `on-run-end` hooks, artifacts and the report.

use crate::adapter::Table;
use crate::compile::SourceMap;
use crate::diagnostic::Diagnostic;
use crate::event_time::{TimeWindow, parse_iso};
use crate::manifest::{
    Compiled, Exposure, MacroNode, Node, NodeView, ResourceType, Source, UniqueId, UnitTest,
};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// dbt's statuses of nodes, in one type for models, tests and hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeStatus {
    /// It was built.
    Success,
    /// It could not be compiled or run.
    Error,
    /// It was not run.
    Skipped,
    /// A microbatch model of which some batches failed.
    PartialSuccess,
    /// It had nothing to do.
    NoOp,
    /// A test that found nothing.
    Pass,
    /// A test that found something, with severity error.
    Fail,
    /// A test that found something, with severity warn.
    Warn,
    /// A freshness check that could not be run.
    RuntimeError,
}

impl NodeStatus {
    /// dbt's name, as in artifacts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::PartialSuccess => "partial success",
            Self::NoOp => "no-op",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::RuntimeError => "runtime error",
        }
    }

    /// Whether a command with such a node exits with 1.
    pub fn is_failure(self) -> bool {
        match self {
            Self::Error
            | Self::Fail
            | Self::Skipped
            | Self::PartialSuccess
            | Self::RuntimeError => true,
            Self::Success | Self::NoOp | Self::Pass | Self::Warn => false,
        }
    }
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for NodeStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How long a phase of a node took. It serialises as dbt's `TimingInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// `compile` or `execute`.
    pub name: &'static str,
    /// When it began.
    #[serde(serialize_with = "in_microseconds")]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "in_microseconds")]
    pub completed_at: Timestamp,
}

fn in_microseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ"))
}

/// What a result is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A model, seed, snapshot, test or hook.
    Node(Arc<Node>),
    /// An exposure, for which there is nothing to do.
    Exposure(Arc<Exposure>),
    /// A source, or a model, whose freshness is asked.
    Source(Arc<Source>),
    /// A unit test.
    UnitTest(Arc<UnitTest>),
    /// A macro that was run by itself.
    Macro(Arc<MacroNode>),
}

impl Subject {
    /// The node, if it is one.
    pub fn node(&self) -> Option<&Arc<Node>> {
        match self {
            Self::Node(node) => Some(node),
            _ => None,
        }
    }

    /// Its id.
    pub fn unique_id(&self) -> &UniqueId {
        match self {
            Self::Node(node) => &node.unique_id,
            Self::Exposure(exposure) => &exposure.unique_id,
            Self::Source(source) => &source.unique_id,
            Self::UnitTest(test) => &test.unique_id,
            Self::Macro(node) => &node.unique_id,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Node(node) => &node.name,
            Self::Exposure(exposure) => &exposure.name,
            Self::Source(source) => &source.name,
            Self::UnitTest(test) => &test.name,
            Self::Macro(node) => &node.name,
        }
    }

    /// What kind of resource it is.
    pub fn resource_type(&self) -> ResourceType {
        match self {
            Self::Node(node) => node.resource_type(),
            Self::Exposure(_) => ResourceType::Exposure,
            Self::Source(_) => ResourceType::Source,
            Self::UnitTest(_) => ResourceType::UnitTest,
            Self::Macro(_) => ResourceType::Macro,
        }
    }
}

/// As templates and artifacts have it, without what compiling adds.
impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Node(node) => NodeView { node, compiled: None }.serialize(serializer),
            Self::Exposure(exposure) => exposure.serialize(serializer),
            Self::Source(source) => source.serialize(serializer),
            Self::UnitTest(test) => test.serialize(serializer),
            Self::Macro(node) => node.serialize(serializer),
        }
    }
}

impl From<Arc<Node>> for Subject {
    fn from(node: Arc<Node>) -> Self {
        Self::Node(node)
    }
}

/// How old the newest row of a table was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When the newest row was loaded.
    pub max_loaded_at: Timestamp,
    /// When that was asked.
    pub snapshotted_at: Timestamp,
}

impl Freshness {
    /// The age in seconds.
    #[allow(clippy::cast_precision_loss)] // exact for the microseconds of 200 years
    pub fn age(&self) -> f64 {
        let age = self.snapshotted_at.duration_since(self.max_loaded_at);
        age.as_micros() as f64 / 1e6
    }
}

/// How running one node ended.
#[derive(Debug, Clone)]
pub struct NodeResult {
    /// The node.
    pub subject: Subject,
    /// Its compiled form; none when compiling failed or it was skipped.
    pub compiled: Option<Arc<Compiled>>,
    /// Where the compiled SQL came from.
    pub source_map: Option<Arc<SourceMap>>,
    /// How it ended.
    pub status: NodeStatus,
    /// Its phases.
    pub timing: Vec<Timing>,
    /// Such as `Thread-1`; `main` for hooks.
    pub thread_id: String,
    /// From its start to its end.
    pub execution_time: Duration,
    /// What the server said: `_message`, `code`, `rows_affected`.
    pub adapter_response: Map<String, Json>,
    /// What the server said, or why it failed.
    pub message: Option<String>,
    /// Failing rows of a test.
    pub failures: Option<i64>,
    /// The error, with its place in the user's file.
    pub diagnostic: Option<Arc<Diagnostic>>,
    /// For checks of freshness.
    pub freshness: Option<Freshness>,
    /// The rows of a node that was only shown.
    pub table: Option<Table>,
    /// Of a microbatch model.
    pub batches: Option<BatchResults>,
}

/// How the batches of a microbatch model ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BatchResults {
    /// Those that are loaded, in order.
    pub successful: Vec<TimeWindow>,
    /// Those that are not, in order.
    pub failed: Vec<TimeWindow>,
}

impl BatchResults {
    /// What run_results.json has of an earlier run; what cannot be read is left out.
    pub fn from_json(json: &Json) -> Self {
        let windows = |key: &str| {
            let pairs = json.get(key).and_then(Json::as_array).into_iter().flatten();
            let moment = |pair: &Json, at: usize| parse_iso(pair.get(at)?.as_str()?);
            pairs
                .filter_map(|pair| {
                    Some(TimeWindow { start: moment(pair, 0)?, end: moment(pair, 1)? })
                })
                .collect()
        };
        Self { successful: windows("successful"), failed: windows("failed") }
    }
}

impl NodeResult {
    /// The result of a node that was not run.
    pub fn skipped(
        subject: impl Into<Subject>,
        thread_id: impl Into<String>,
        message: Option<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            compiled: None,
            source_map: None,
            status: NodeStatus::Skipped,
            timing: Vec::new(),
            thread_id: thread_id.into(),
            execution_time: Duration::ZERO,
            adapter_response: Map::new(),
            message,
            failures: None,
            diagnostic: None,
            table: None,
            batches: None,
            freshness: None,
        }
    }

    /// A success without details yet, on the current thread.
    pub fn begun(subject: impl Into<Subject>) -> Self {
        let result = Self::skipped(subject, crate::event::thread_name(), None);
        Self { status: NodeStatus::Success, ..result }
    }

    /// Whether a command with this result exits with 1. An exposure that is skipped is no
    /// failure of its own.
    pub fn is_failure(&self) -> bool {
        let is_exposure = matches!(self.subject, Subject::Exposure(_));
        self.status.is_failure() && !(is_exposure && self.status == NodeStatus::Skipped)
    }
}
