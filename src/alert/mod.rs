//! `gdbt alert`: what the last run found, posted to a webhook.

mod payload;
mod send;

pub use payload::{Form, payload};
pub use send::post;

use crate::quality::Record;
use serde::Deserialize;

/// What an alert is about.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Findings {
    /// The run's id.
    pub invocation_id: String,
    /// The project's name.
    pub project: String,
    /// The target's name.
    pub target: String,
    /// When it ended.
    pub generated_at: String,
    /// Tests that warn or fail.
    pub records: Vec<Record>,
    /// Nodes that could not be built: id and message.
    pub errors: Vec<(String, String)>,
}

impl Findings {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.errors.is_empty()
    }
}
