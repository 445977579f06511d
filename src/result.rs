//! How running a node ended: read by `on-run-end` hooks, artifacts and the report.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use std::fmt;

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

/// How long a phase of a node took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// `compile` or `execute`.
    pub name: &'static str,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
}
