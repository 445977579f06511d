//! The manifest: what parsing produces and everything later reads.
//!
//! After parsing it is shared read-only by all threads; what compiling and running
//! find out is kept beside it, never in it. The JSON form is dbt's manifest v12
//! (<https://schemas.getdbt.com/dbt/manifest/v12.json>).

mod column;
mod config;
mod documentation;
pub mod foreign_key;
mod id;
mod macro_node;
mod node;
mod relation;
mod source;

pub use column::{Column, DocsConfig};
pub use config::{Config, Hook, Materialization, OnSchemaChange, Severity};
pub use documentation::{Documentation, Exposure, Group};
pub use id::{ResourceType, UniqueId};
pub use macro_node::{MacroArgument, MacroNode};
pub use node::{
    Checksum, Compiled, DependsOn, ExtraCte, GenericTest, Node, NodeKind, NodeView, RefArgs,
    SourceArgs, TestedRelation,
};
pub use relation::{QuotePolicy, RelationName};
pub use source::{External, ExternalColumn, FreshnessThreshold, Source};

use indexmap::IndexMap;
use std::sync::Arc;

/// A JSON object in the order it was written.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;

/// All resources of a project and its packages.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The root project's name.
    pub project_name: Arc<str>,
    /// Models, seeds, snapshots, analyses, tests and operations, in dbt's order of reading.
    pub nodes: IndexMap<UniqueId, Arc<Node>>,
    /// Declared source tables.
    pub sources: IndexMap<UniqueId, Arc<Source>>,
    /// Macros of the root project, its packages and the built-in packages.
    pub macros: IndexMap<UniqueId, Arc<MacroNode>>,
    /// Docs blocks.
    pub docs: IndexMap<UniqueId, Arc<Documentation>>,
    /// Exposures: what outside of dbt reads the models.
    pub exposures: IndexMap<UniqueId, Arc<Exposure>>,
    /// Groups: who owns which models.
    pub groups: IndexMap<UniqueId, Arc<Group>>,
    /// Nodes with `enabled: false`; one id may have several definitions.
    pub disabled: IndexMap<UniqueId, Vec<Arc<Node>>>,
    /// Sources with `enabled: false`.
    pub disabled_sources: IndexMap<UniqueId, Vec<Arc<Source>>>,
}

/// Anything of the manifest that can be a parent in the graph.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// A model, seed, snapshot, analysis, test or operation.
    Node(&'a Arc<Node>),
    /// A source table.
    Source(&'a Arc<Source>),
    /// An exposure.
    Exposure(&'a Arc<Exposure>),
}

impl<'a> Resource<'a> {
    /// The id other resources refer to.
    pub fn unique_id(self) -> &'a UniqueId {
        match self {
            Self::Node(node) => &node.unique_id,
            Self::Source(source) => &source.unique_id,
            Self::Exposure(exposure) => &exposure.unique_id,
        }
    }

    /// What kind of resource this is.
    pub fn resource_type(self) -> ResourceType {
        match self {
            Self::Node(node) => node.resource_type(),
            Self::Source(_) => ResourceType::Source,
            Self::Exposure(_) => ResourceType::Exposure,
        }
    }

    /// Names from the package down, as selectors see them.
    pub fn fqn(self) -> &'a [String] {
        match self {
            Self::Node(node) => &node.fqn,
            Self::Source(source) => &source.fqn,
            Self::Exposure(exposure) => &exposure.fqn,
        }
    }

    /// The package that defines it.
    pub fn package_name(self) -> &'a Arc<str> {
        match self {
            Self::Node(node) => &node.package_name,
            Self::Source(source) => &source.package_name,
            Self::Exposure(exposure) => &exposure.package_name,
        }
    }

    /// The defining file, relative to its package's root.
    pub fn original_file_path(self) -> &'a Arc<str> {
        match self {
            Self::Node(node) => &node.original_file_path,
            Self::Source(source) => &source.original_file_path,
            Self::Exposure(exposure) => &exposure.original_file_path,
        }
    }

    /// Tags, from properties, project file and the file itself.
    pub fn tags(self) -> &'a [String] {
        match self {
            Self::Node(node) => &node.tags,
            Self::Source(source) => &source.tags,
            Self::Exposure(exposure) => &exposure.tags,
        }
    }

    /// The final configuration.
    pub fn config(self) -> &'a Config {
        match self {
            Self::Node(node) => &node.config,
            Self::Source(source) => &source.config,
            Self::Exposure(exposure) => &exposure.config,
        }
    }

    /// Ids of what it directly depends on, in the order of first use.
    pub fn parents(self) -> &'a [UniqueId] {
        match self {
            Self::Node(node) => &node.depends_on.nodes,
            Self::Source(_) => &[],
            Self::Exposure(exposure) => &exposure.depends_on.nodes,
        }
    }
}

impl Manifest {
    /// Every resource: nodes, then sources, then exposures.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let nodes = self.nodes.values().map(Resource::Node);
        let sources = self.sources.values().map(Resource::Source);
        nodes.chain(sources).chain(self.exposures.values().map(Resource::Exposure))
    }

    /// The resource with this id.
    pub fn resource(&self, id: &UniqueId) -> Option<Resource<'_>> {
        if let Some(node) = self.nodes.get(id) {
            return Some(Resource::Node(node));
        }
        if let Some(source) = self.sources.get(id) {
            return Some(Resource::Source(source));
        }
        self.exposures.get(id).map(Resource::Exposure)
    }
}
