//! Docs blocks, exposures and groups.

use super::{Config, DependsOn, JsonMap, RefArgs, ResourceType, SourceArgs, UniqueId};
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;

/// A `{% docs %}` block.
#[derive(Debug, Serialize)]
pub struct Documentation {
    /// The block's name.
    pub name: Arc<str>,
    /// Always `doc`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its docs path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `doc.package.name`.
    pub unique_id: UniqueId,
    /// The text.
    pub block_contents: Arc<str>,
}

/// An exposure (<https://docs.getdbt.com/docs/build/exposures>).
#[derive(Debug, Clone, Serialize)]
pub struct Exposure {
    /// Its name.
    pub name: Arc<str>,
    /// Always `exposure`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its model path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `exposure.package.name`.
    pub unique_id: UniqueId,
    /// Names from the package down.
    pub fqn: Vec<String>,
    /// `dashboard`, `notebook`, `analysis`, `ml` or `application`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Who to talk to: `name`, `email`.
    pub owner: JsonMap,
    /// Rendered description.
    pub description: String,
    /// A friendly name.
    pub label: Option<String>,
    /// `high`, `medium` or `low`.
    pub maturity: Option<String>,
    /// Free metadata.
    pub meta: JsonMap,
    /// Tags.
    pub tags: Vec<String>,
    /// The final configuration.
    pub config: Config,
    /// Configuration as written.
    pub unrendered_config: Arc<JsonMap>,
    /// Where it is.
    pub url: Option<String>,
    /// What it reads.
    pub depends_on: DependsOn,
    /// `ref` calls in `depends_on`.
    pub refs: Vec<RefArgs>,
    /// `source` calls in `depends_on`.
    pub sources: Vec<SourceArgs>,
    /// `metric` calls in `depends_on`.
    pub metrics: Vec<Vec<String>>,
    /// Seconds since 1970.
    pub created_at: f64,
}

/// A group of models with one owner.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Its name.
    pub name: Arc<str>,
    /// Always `group`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its model path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `group.package.name`.
    pub unique_id: UniqueId,
    /// Who to talk to.
    pub owner: Json,
    /// Rendered description.
    pub description: Option<String>,
    /// Its configuration.
    pub config: JsonMap,
}
