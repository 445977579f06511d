//! Described columns.

use super::JsonMap;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// A column as described in a property file.
#[derive(Debug, Clone, Default)]
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
    /// `config:` as written. What is shown holds meta and tags, too: see [`Column::config`].
    pub written_config: JsonMap,
    /// Tags; tests on the column inherit them.
    pub tags: Vec<String>,
    /// Time granularity, for semantic models.
    pub granularity: Option<String>,
    /// Ids of docs blocks the description used.
    pub doc_blocks: Vec<String>,
    /// Keys that dbt does not know, as written.
    pub extra: JsonMap,
    /// The byte of the property file where the column is described.
    pub offset: u32,
}

impl Column {
    /// The column's configuration as dbt 1.11 shows it: with its meta and its tags. It is made
    /// when asked for, as a project has more columns than anything else.
    pub fn config(&self) -> JsonMap {
        let mut config = self.written_config.clone();
        config.insert("meta".into(), self.meta.clone().into());
        config.insert("tags".into(), self.tags.clone().into());
        config
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("description", &self.description)?;
        map.serialize_entry("meta", &self.meta)?;
        map.serialize_entry("data_type", &self.data_type)?;
        map.serialize_entry("constraints", &self.constraints)?;
        map.serialize_entry("quote", &self.quote)?;
        map.serialize_entry("config", &self.config())?;
        map.serialize_entry("tags", &self.tags)?;
        map.serialize_entry("granularity", &self.granularity)?;
        map.serialize_entry("doc_blocks", &self.doc_blocks)?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
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
