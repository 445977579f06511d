//! The final configuration of a resource.
//!
//! dbt's configs are open: any key may be set, and some have meaning. So a config is
//! an ordered JSON object, merged and validated by `parse`, with typed readers here.

use super::JsonMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::sync::Arc;

/// A resource's configuration after all layers are merged. Resources that set nothing
/// themselves share one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Config(Arc<JsonMap>);

/// How a node becomes a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Materialization {
    /// Inlined as a common table expression into what refers to it.
    Ephemeral,
    /// Made by the materialization macro of this name.
    Named(String),
}

/// What a failing test means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It stops what is downstream.
    Error,
    /// It only alerts.
    Warn,
}

/// What an incremental model does when its columns change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSchemaChange {
    /// Nothing.
    Ignore,
    /// Refuse to run.
    Fail,
    /// Add new columns.
    AppendNewColumns,
    /// Add new and drop removed columns.
    SyncAllColumns,
}

/// A `pre-hook`, `post-hook` or project hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Unrendered SQL.
    pub sql: String,
    /// Whether it runs inside the node's transaction.
    pub transaction: bool,
    /// Its place among its kind.
    pub index: Option<usize>,
}

impl Config {
    /// A configuration of these values.
    pub fn new(values: JsonMap) -> Self {
        Self(Arc::new(values))
    }

    /// All values.
    pub fn map(&self) -> &JsonMap {
        &self.0
    }

    /// All values, to be changed for this resource alone.
    pub fn map_mut(&mut self) -> &mut JsonMap {
        Arc::make_mut(&mut self.0)
    }

    /// The value of a key, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text value.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// A true-or-false value.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// Whether the resource takes part at all.
    pub fn enabled(&self) -> bool {
        self.flag("enabled").unwrap_or(true)
    }

    /// Takes the resource out.
    pub fn disable(&mut self) {
        self.map_mut().insert("enabled".to_owned(), false.into());
    }

    /// How the node becomes a relation.
    pub fn materialized(&self) -> Materialization {
        match self.text("materialized").unwrap_or("view") {
            "ephemeral" => Materialization::Ephemeral,
            name => Materialization::Named(name.to_owned()),
        }
    }

    /// The name of the materialization, `view` when unset.
    pub fn materialized_name(&self) -> &str {
        self.text("materialized").unwrap_or("view")
    }

    /// A test's severity; `ERROR` when unset.
    pub fn severity(&self) -> Severity {
        match self.text("severity") {
            Some(text) if text.eq_ignore_ascii_case("warn") => Severity::Warn,
            _ => Severity::Error,
        }
    }

    /// Hooks under `pre-hook` or `post-hook`.
    pub fn hooks(&self, key: &str) -> Vec<Hook> {
        self.get(key).and_then(|value| Vec::<Hook>::deserialize(value).ok()).unwrap_or_default()
    }
}
