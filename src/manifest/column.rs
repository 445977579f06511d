//! Described columns.

use super::JsonMap;
use serde::Serialize;
use serde_json::Value as Json;

/// A column as described in a property file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Column {
    /// Its name as written.
    pub name: String,
    /// Rendered description.
    pub description: String,
    /// Free metadata.
    pub meta: JsonMap,
    /// Declared SQL type.
    pub data_type: Option<String>,
    /// Constraints of a contract, as written.
    pub constraints: Vec<Json>,
    /// Whether the name must be quoted.
    pub quote: Option<bool>,
    /// `config:` of the column; holds meta and tags in dbt 1.11.
    pub config: JsonMap,
    /// Tags; tests on the column inherit them.
    pub tags: Vec<String>,
    /// Time granularity, for semantic models.
    pub granularity: Option<String>,
    /// Ids of docs blocks the description used.
    pub doc_blocks: Vec<String>,
    /// Keys that dbt does not know, as written.
    #[serde(flatten)]
    pub extra: JsonMap,
    /// The byte of the property file where the column is described.
    #[serde(skip)]
    pub offset: u32,
}

/// The `docs:` config: how the docs site shows a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocsConfig {
    /// Whether it is shown.
    pub show: bool,
    /// Colour in the lineage graph.
    pub node_color: Option<String>,
}

impl Default for DocsConfig {
    fn default() -> Self {
        Self { show: true, node_color: None }
    }
}
