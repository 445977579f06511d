//! Ids and kinds of resources.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The id of a resource, such as `model.shop.orders`; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueId(Arc<str>);

impl UniqueId {
    /// `kind.package.name`.
    pub fn new(kind: ResourceType, package: &str, name: &str) -> Self {
        Self(format!("{kind}.{package}.{name}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UniqueId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for UniqueId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for UniqueId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for UniqueId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UniqueId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// dbt's resource types; the names are those of artifacts and `--resource-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceType {
    /// A model file.
    Model,
    /// A seed CSV.
    Seed,
    /// A snapshot.
    Snapshot,
    /// An analysis: compiled, never run.
    Analysis,
    /// A data test, singular or generic.
    Test,
    /// A project hook (`on-run-start`, `on-run-end`).
    Operation,
    /// A query given on the command line.
    SqlOperation,
    /// A source table.
    Source,
    /// An exposure.
    Exposure,
    /// A macro.
    Macro,
    /// A docs block.
    Doc,
    /// A group.
    Group,
    /// A unit test.
    UnitTest,
    /// A metric.
    Metric,
    /// A semantic model.
    SemanticModel,
    /// A saved query.
    SavedQuery,
    /// A user-defined function.
    Function,
}

impl ResourceType {
    /// dbt's name of the type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Seed => "seed",
            Self::Snapshot => "snapshot",
            Self::Analysis => "analysis",
            Self::Test => "test",
            Self::Operation => "operation",
            Self::SqlOperation => "sql_operation",
            Self::Source => "source",
            Self::Exposure => "exposure",
            Self::Macro => "macro",
            Self::Doc => "doc",
            Self::Group => "group",
            Self::UnitTest => "unit_test",
            Self::Metric => "metric",
            Self::SemanticModel => "semantic_model",
            Self::SavedQuery => "saved_query",
            Self::Function => "function",
        }
    }

    /// dbt's plural, as in messages and property files.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Seed => "seeds",
            Self::Snapshot => "snapshots",
            Self::Analysis => "analyses",
            Self::Test => "tests",
            Self::Operation => "operations",
            Self::SqlOperation => "sql operations",
            Self::Source => "sources",
            Self::Exposure => "exposures",
            Self::Macro => "macros",
            Self::Doc => "docs",
            Self::Group => "groups",
            Self::UnitTest => "unit_tests",
            Self::Metric => "metrics",
            Self::SemanticModel => "semantic_models",
            Self::SavedQuery => "saved_queries",
            Self::Function => "functions",
        }
    }

    /// Whether resources of this type are relations that `ref` can name.
    pub fn is_refable(self) -> bool {
        matches!(self, Self::Model | Self::Seed | Self::Snapshot)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ResourceType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
