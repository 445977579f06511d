//! Unit tests: a model's SQL with given rows instead of what it reads
//! (<https://docs.getdbt.com/docs/build/unit-tests>).

use super::{Config, DependsOn, JsonMap, ResourceType, UniqueId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::sync::Arc;

/// How the rows of a fixture are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixtureFormat {
    /// A list of objects.
    #[default]
    Dict,
    /// Comma-separated text.
    Csv,
    /// A query.
    Sql,
}

/// Rows that stand for something the model reads.
#[derive(Debug, Clone, Serialize)]
pub struct GivenInput {
    /// `ref('…')`, `source('…', '…')` or `this`, as written.
    pub input: String,
    /// The rows.
    #[serde(flatten)]
    pub fixture: Fixture,
}

/// Given or expected rows.
#[derive(Debug, Clone, Serialize)]
pub struct Fixture {
    /// A list of objects; for [`FixtureFormat::Sql`] the query. CSV is read into objects, and
    /// the first row without nulls comes first, as dbt has it.
    pub rows: Json,
    /// How they were written.
    pub format: FixtureFormat,
    /// The name of the fixture file they come from.
    pub fixture: Option<String>,
}

/// What a unit test replaces in the model's context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overrides {
    /// What macros return, by name or `package.name`.
    #[serde(default)]
    pub macros: JsonMap,
    /// Variables.
    #[serde(default)]
    pub vars: JsonMap,
    /// Environment variables.
    #[serde(default)]
    pub env_vars: JsonMap,
}

/// Which versions of a model are tested. At most one of the lists is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitTestVersions {
    /// Only these.
    #[serde(default)]
    pub include: Option<Vec<Json>>,
    /// All but these.
    #[serde(default)]
    pub exclude: Option<Vec<Json>>,
}

/// A `unit_tests:` entry, for one version of its model.
#[derive(Debug, Clone, Serialize)]
pub struct UnitTest {
    /// The tested model's name, as written.
    pub model: String,
    /// Rows that stand for what the model reads.
    pub given: Vec<GivenInput>,
    /// Rows that it must give.
    pub expect: Fixture,
    /// Its name.
    pub name: Arc<str>,
    /// Always `unit_test`.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its model path.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `unit_test.package.model.name`, with `_v…` for a version.
    pub unique_id: UniqueId,
    /// Package, folders, model, name.
    pub fqn: Vec<String>,
    /// Its description, as written.
    pub description: String,
    /// What it replaces in the model's context.
    pub overrides: Option<Overrides>,
    /// The tested model is the only node.
    pub depends_on: DependsOn,
    /// The final configuration.
    pub config: Config,
    /// SHA-256 of everything but the description, as dbt makes it.
    pub checksum: Option<String>,
    /// The tested model's schema.
    pub schema: Option<String>,
    /// Seconds since 1970.
    pub created_at: f64,
    /// Which versions are tested.
    pub versions: Option<UnitTestVersions>,
    /// The tested version.
    pub version: Option<Json>,
    /// Tags, from the configuration.
    #[serde(skip)]
    pub tags: Vec<String>,
}

impl UnitTest {
    /// The tested model.
    pub fn tested_node(&self) -> Option<&UniqueId> {
        self.depends_on.nodes.first()
    }

    /// Its name with the version that it tests: `name_v2`.
    pub fn versioned_name(&self) -> String {
        match &self.version {
            Some(version) => format!("{}_v{}", self.name, super::version_text(version)),
            None => self.name.to_string(),
        }
    }
}
