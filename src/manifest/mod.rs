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
mod resource;
mod semantic;
mod source;
mod unit_test;

pub use column::{Column, DocsConfig};
pub use config::{Config, Hook, Materialization, OnSchemaChange, Severity};
pub use documentation::{Documentation, Exposure, Group};
pub use id::{ResourceType, UniqueId};
pub use macro_node::{MacroArgument, MacroConfig, MacroNode};
pub use node::{
    Checksum, Compiled, DependsOn, ExtraCte, FunctionArgument, FunctionReturns, GenericTest, Node,
    NodeKind, NodeView, RefArgs, SourceArgs, TestedRelation, version_text,
};
pub use relation::{QuotePolicy, RelationName};
pub use resource::Resource;
pub use semantic::{Metric, SavedQuery, SemanticModel};
pub use source::{External, ExternalColumn, FreshnessThreshold, Source};
pub use unit_test::{Fixture, FixtureFormat, GivenInput, Overrides, UnitTest, UnitTestVersions};

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
    /// Unit tests.
    pub unit_tests: IndexMap<UniqueId, Arc<UnitTest>>,
    /// Metrics of the semantic layer.
    pub metrics: IndexMap<UniqueId, Arc<Metric>>,
    /// Semantic models.
    pub semantic_models: IndexMap<UniqueId, Arc<SemanticModel>>,
    /// Saved queries.
    pub saved_queries: IndexMap<UniqueId, Arc<SavedQuery>>,
    /// User-defined functions; nodes of [`NodeKind::Function`].
    pub functions: IndexMap<UniqueId, Arc<Node>>,
    /// Everything else with `enabled: false`.
    pub disabled_others: Vec<Disabled>,
    /// Selectors of selectors.yml in the form that artifacts have.
    pub selectors: JsonMap,
}

/// A disabled resource that is neither node nor source.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Disabled {
    Exposure(Arc<Exposure>),
    UnitTest(Arc<UnitTest>),
    Metric(Arc<Metric>),
    SemanticModel(Arc<SemanticModel>),
    SavedQuery(Arc<SavedQuery>),
    Function(Arc<Node>),
}

impl Disabled {
    /// The resource.
    pub fn resource(&self) -> Resource<'_> {
        match self {
            Self::Exposure(it) => Resource::Exposure(it),
            Self::UnitTest(it) => Resource::UnitTest(it),
            Self::Metric(it) => Resource::Metric(it),
            Self::SemanticModel(it) => Resource::SemanticModel(it),
            Self::SavedQuery(it) => Resource::SavedQuery(it),
            Self::Function(it) => Resource::Node(it),
        }
    }
}

impl Manifest {
    /// Whether there is any `on-run-start` or `on-run-end` hook.
    pub fn has_hooks(&self) -> bool {
        self.nodes.values().any(|node| matches!(node.kind, NodeKind::Operation { .. }))
    }

    /// Every enabled resource: nodes, sources, exposures, metrics, semantic models, saved
    /// queries, unit tests, functions.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let nodes = self.nodes.values().map(Resource::Node);
        let sources = self.sources.values().map(Resource::Source);
        let metrics = self.metrics.values().map(Resource::Metric);
        nodes
            .chain(sources)
            .chain(self.exposures.values().map(Resource::Exposure))
            .chain(metrics)
            .chain(self.semantic_models.values().map(Resource::SemanticModel))
            .chain(self.saved_queries.values().map(Resource::SavedQuery))
            .chain(self.unit_tests.values().map(Resource::UnitTest))
            .chain(self.functions.values().map(Resource::Node))
    }

    /// Every disabled resource.
    pub fn disabled_resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let nodes = self.disabled.values().flatten().map(Resource::Node);
        let sources = self.disabled_sources.values().flatten().map(Resource::Source);
        nodes.chain(sources).chain(self.disabled_others.iter().map(Disabled::resource))
    }

    /// The enabled resource with this id.
    pub fn resource(&self, id: &UniqueId) -> Option<Resource<'_>> {
        let node = self.nodes.get(id).or_else(|| self.functions.get(id)).map(Resource::Node);
        node.or_else(|| self.sources.get(id).map(Resource::Source))
            .or_else(|| self.exposures.get(id).map(Resource::Exposure))
            .or_else(|| self.metrics.get(id).map(Resource::Metric))
            .or_else(|| self.semantic_models.get(id).map(Resource::SemanticModel))
            .or_else(|| self.saved_queries.get(id).map(Resource::SavedQuery))
            .or_else(|| self.unit_tests.get(id).map(Resource::UnitTest))
    }
}
