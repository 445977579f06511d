//! One view of everything that can stand in the graph.

use super::{
    Config, Exposure, Metric, Node, NodeView, ResourceType, SavedQuery, SemanticModel, Source,
    UniqueId, UnitTest,
};
use serde_json::Value as Json;
use std::sync::Arc;

/// Anything of the manifest that can be a parent or a child in the graph.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// A model, seed, snapshot, analysis, test, operation or function.
    Node(&'a Arc<Node>),
    /// A source table.
    Source(&'a Arc<Source>),
    /// An exposure.
    Exposure(&'a Arc<Exposure>),
    /// A unit test.
    UnitTest(&'a Arc<UnitTest>),
    /// A metric.
    Metric(&'a Arc<Metric>),
    /// A semantic model.
    SemanticModel(&'a Arc<SemanticModel>),
    /// A saved query.
    SavedQuery(&'a Arc<SavedQuery>),
}

/// The same expression for whatever the resource is.
macro_rules! each {
    ($resource:expr, $it:ident => $value:expr) => {
        match $resource {
            Resource::Node($it) => $value,
            Resource::Source($it) => $value,
            Resource::Exposure($it) => $value,
            Resource::UnitTest($it) => $value,
            Resource::Metric($it) => $value,
            Resource::SemanticModel($it) => $value,
            Resource::SavedQuery($it) => $value,
        }
    };
}

impl<'a> Resource<'a> {
    /// The id other resources refer to.
    pub fn unique_id(self) -> &'a UniqueId {
        each!(self, it => &it.unique_id)
    }

    /// Its own name; of a source, the table's.
    pub fn name(self) -> &'a Arc<str> {
        each!(self, it => &it.name)
    }

    /// What kind of resource this is.
    pub fn resource_type(self) -> ResourceType {
        match self {
            Self::Node(node) => node.resource_type(),
            Self::Source(_) => ResourceType::Source,
            Self::Exposure(_) => ResourceType::Exposure,
            Self::UnitTest(_) => ResourceType::UnitTest,
            Self::Metric(_) => ResourceType::Metric,
            Self::SemanticModel(_) => ResourceType::SemanticModel,
            Self::SavedQuery(_) => ResourceType::SavedQuery,
        }
    }

    /// Names from the package down, as selectors see them.
    pub fn fqn(self) -> &'a [String] {
        each!(self, it => &it.fqn)
    }

    /// The package that defines it.
    pub fn package_name(self) -> &'a Arc<str> {
        each!(self, it => &it.package_name)
    }

    /// The defining file, relative to its package's root.
    pub fn original_file_path(self) -> &'a Arc<str> {
        each!(self, it => &it.original_file_path)
    }

    /// Tags, from properties, project file and the file itself. Semantic models have none.
    pub fn tags(self) -> &'a [String] {
        match self {
            Self::Node(it) => &it.tags,
            Self::Source(it) => &it.tags,
            Self::Exposure(it) => &it.tags,
            Self::UnitTest(it) => &it.tags,
            Self::Metric(it) => &it.tags,
            Self::SavedQuery(it) => &it.tags,
            Self::SemanticModel(_) => &[],
        }
    }

    /// The group it belongs to.
    pub fn group(self) -> Option<&'a str> {
        match self {
            Self::Node(it) => it.group.as_deref(),
            Self::Metric(it) => it.group.as_deref(),
            Self::SemanticModel(it) => it.group.as_deref(),
            Self::SavedQuery(it) => it.group.as_deref(),
            Self::Source(_) | Self::Exposure(_) | Self::UnitTest(_) => None,
        }
    }

    /// The final configuration.
    pub fn config(self) -> &'a Config {
        each!(self, it => &it.config)
    }

    /// Ids of what it directly depends on, in the order of first use.
    pub fn parents(self) -> &'a [UniqueId] {
        match self {
            Self::Node(it) => &it.depends_on.nodes,
            Self::Source(_) => &[],
            Self::Exposure(it) => &it.depends_on.nodes,
            Self::UnitTest(it) => &it.depends_on.nodes,
            Self::Metric(it) => &it.depends_on.nodes,
            Self::SemanticModel(it) => &it.depends_on.nodes,
            Self::SavedQuery(it) => &it.depends_on.nodes,
        }
    }

    /// Its form in artifacts, before anything is compiled.
    pub fn to_json(self) -> serde_json::Result<Json> {
        match self {
            Self::Node(node) => serde_json::to_value(NodeView { node, compiled: None }),
            Self::Source(it) => serde_json::to_value(it.as_ref()),
            Self::Exposure(it) => serde_json::to_value(it.as_ref()),
            Self::UnitTest(it) => serde_json::to_value(it.as_ref()),
            Self::Metric(it) => serde_json::to_value(it.as_ref()),
            Self::SemanticModel(it) => serde_json::to_value(it.as_ref()),
            Self::SavedQuery(it) => serde_json::to_value(it.as_ref()),
        }
    }
}
