//! The config trees of dbt_project.yml: configs by folder
//! (<https://docs.getdbt.com/reference/configs-and-properties>).

use super::yaml::Node;

/// The kinds of resources that dbt_project.yml can configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ConfigKind {
    Models,
    Seeds,
    Snapshots,
    Analyses,
    Sources,
    DataTests,
    UnitTests,
    Metrics,
    SemanticModels,
    SavedQueries,
    Exposures,
    Functions,
}

impl ConfigKind {
    /// All kinds.
    pub const ALL: &[Self] = &[
        Self::Models,
        Self::Seeds,
        Self::Snapshots,
        Self::Analyses,
        Self::Sources,
        Self::DataTests,
        Self::UnitTests,
        Self::Metrics,
        Self::SemanticModels,
        Self::SavedQueries,
        Self::Exposures,
        Self::Functions,
    ];

    /// Its key in dbt_project.yml.
    pub fn key(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Seeds => "seeds",
            Self::Snapshots => "snapshots",
            Self::Analyses => "analyses",
            Self::Sources => "sources",
            Self::DataTests => "data_tests",
            Self::UnitTests => "unit_tests",
            Self::Metrics => "metrics",
            Self::SemanticModels => "semantic-models",
            Self::SavedQueries => "saved-queries",
            Self::Exposures => "exposures",
            Self::Functions => "functions",
        }
    }

    /// Its former key.
    pub fn old_key(self) -> Option<&'static str> {
        (self == Self::DataTests).then_some("tests")
    }
}

/// Configs for the resources of one kind: nested mappings of folder names, in which `+key`
/// is always a config and a plain key is one when its value is not a mapping.
#[derive(Debug, Clone)]
pub struct ConfigTree {
    /// With Jinja rendered, except hooks, which are rendered when they run.
    pub rendered: Node,
    /// As written.
    pub unrendered: Node,
}
