//! Models, seeds, snapshots, analyses, tests and operations.

use super::foreign_key::{ForeignKeys, with_relations};
use super::{
    Column, Config, DocsConfig, JsonMap, QuotePolicy, RelationName, ResourceType, UniqueId,
};
use crate::diagnostic::Span;
use indexmap::IndexMap;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::sync::Arc;

/// A file's checksum as dbt writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// `sha256`, `path` for big seeds, or `none`.
    pub name: &'static str,
    /// Lower-case hexadecimal.
    pub checksum: String,
}

impl Checksum {
    /// The checksum of something that has no file of its own.
    pub fn none() -> Self {
        Self { name: "none", checksum: String::new() }
    }
}

/// What a resource depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DependsOn {
    /// Macros that it calls.
    pub macros: Vec<UniqueId>,
    /// Nodes and sources, in the order of first use.
    pub nodes: Vec<UniqueId>,
}

/// The arguments of a `ref` call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct RefArgs {
    /// The model's name.
    pub name: String,
    /// The package or project it must come from.
    pub package: Option<String>,
    /// The version asked for.
    pub version: Option<Json>,
}

/// The arguments of a `source` call: source name, table name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct SourceArgs(pub String, pub String);

/// What a generic test looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestedRelation {
    /// A model, seed or snapshot, by name and version.
    Node(String, Option<Json>),
    /// A source's table.
    Source(String, String),
}

/// What makes a test a generic one.
#[derive(Debug, Clone)]
pub struct GenericTest {
    /// What it looks at.
    pub target: TestedRelation,
    /// The test's name without `test_`, such as `unique`.
    pub name: String,
    /// The package named before the dot, as in `dbt_utils.equality`.
    pub namespace: Option<String>,
    /// Arguments as dbt writes them: `model`, `column_name` and the test's own.
    pub kwargs: JsonMap,
    /// The tested column.
    pub column_name: Option<String>,
    /// The tested model, seed or snapshot; none for sources.
    pub attached_node: Option<UniqueId>,
    /// Property-file key and resource name, such as `models.orders`.
    pub file_key_name: String,
    /// A macro that is known to be called only when the test is compiled.
    pub called_late: Option<UniqueId>,
}

/// What only some kinds of nodes have.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A model.
    Model {
        /// `private`, `protected` or `public`.
        access: String,
        /// Model-level constraints, as written.
        constraints: Vec<Json>,
        /// The version, of a versioned model.
        version: Option<Json>,
        /// The latest version, of a versioned model.
        latest_version: Option<Json>,
        /// When the model goes away.
        deprecation_date: Option<String>,
        /// Columns that identify a row, inferred from constraints and tests.
        primary_key: Vec<String>,
        /// Time-spine properties.
        time_spine: Option<Json>,
        /// SHA-256 of the columns and constraints of an enforced contract, as dbt makes it.
        contract_checksum: Option<String>,
    },
    /// A seed.
    Seed {
        /// The package's root; the CSV is at `root_path/original_file_path`.
        root_path: PathBuf,
    },
    /// A snapshot.
    Snapshot,
    /// An analysis.
    Analysis,
    /// A test with a file of its own.
    SingularTest,
    /// A test made from a property file.
    GenericTest(GenericTest),
    /// A project hook.
    Operation {
        /// Its place among the hooks of its kind.
        index: usize,
    },
    /// A query given on the command line.
    SqlOperation,
    /// A user-defined function; its code is the body.
    Function {
        /// What it takes, in order.
        arguments: Vec<FunctionArgument>,
        /// What it gives.
        returns: FunctionReturns,
    },
}

/// An argument of a function.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct FunctionArgument {
    /// Its name.
    pub name: String,
    /// SQL type.
    pub data_type: String,
    /// What it means.
    #[serde(default)]
    pub description: Option<String>,
    /// Its value when it is left out.
    #[serde(default)]
    pub default_value: Option<Json>,
}

/// What a function gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct FunctionReturns {
    /// SQL type.
    pub data_type: String,
    /// What it means.
    #[serde(default)]
    pub description: Option<String>,
}

/// A version as it stands in names: `2`, `2.1`, `beta`.
pub fn version_text(version: &Json) -> String {
    version.as_str().map_or_else(|| version.to_string(), str::to_owned)
}

impl NodeKind {
    /// The resource type of nodes of this kind.
    pub fn resource_type(&self) -> ResourceType {
        match self {
            Self::Model { .. } => ResourceType::Model,
            Self::Seed { .. } => ResourceType::Seed,
            Self::Snapshot => ResourceType::Snapshot,
            Self::Analysis => ResourceType::Analysis,
            Self::SingularTest | Self::GenericTest(_) => ResourceType::Test,
            Self::Operation { .. } => ResourceType::Operation,
            Self::SqlOperation => ResourceType::SqlOperation,
            Self::Function { .. } => ResourceType::Function,
        }
    }
}

/// A compiled or executable resource.
#[derive(Debug, Clone)]
pub struct Node {
    /// The id.
    pub unique_id: UniqueId,
    /// Name, by which `ref` knows it.
    pub name: Arc<str>,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to its resource path (`models/`, …).
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// Package, folders, name.
    pub fqn: Vec<String>,
    /// The database name of the relation, before schema and database are added.
    pub alias: Arc<str>,
    /// Where it lives (or would live).
    pub relation: RelationName,
    /// How its name is quoted.
    pub quote_policy: QuotePolicy,
    /// Of the raw code.
    pub checksum: Checksum,
    /// The final configuration.
    pub config: Config,
    /// Configuration as written, before rendering.
    pub unrendered_config: Arc<JsonMap>,
    /// Tags.
    pub tags: Vec<String>,
    /// Rendered description.
    pub description: String,
    /// Described columns.
    pub columns: IndexMap<String, Column>,
    /// Free metadata.
    pub meta: JsonMap,
    /// The group it belongs to.
    pub group: Option<String>,
    /// How the docs site shows it.
    pub docs: DocsConfig,
    /// The property file that describes it, `package://path`.
    pub patch_path: Option<String>,
    /// Ids of docs blocks the description used.
    pub doc_blocks: Vec<String>,
    /// Seconds since 1970.
    pub created_at: f64,
    /// The template.
    pub raw_code: Arc<str>,
    /// `sql` or `python`.
    pub language: &'static str,
    /// Its `ref` calls.
    pub refs: Vec<RefArgs>,
    /// Its `source` calls.
    pub sources: Vec<SourceArgs>,
    /// Its `metric` calls: name, or package and name.
    pub metrics: Vec<Vec<String>>,
    /// Its `function` calls: name, or package and name.
    pub functions: Vec<Vec<String>>,
    /// Macros and nodes it depends on.
    pub depends_on: DependsOn,
    /// Where a property file defines it (generic tests), or the block of a file.
    pub defined_at: Option<Span>,
    /// The template, parsed.
    pub template: Option<Arc<crate::jinja::Template>>,
    /// What only its kind has.
    pub kind: NodeKind,
}

impl Node {
    /// What kind of resource this is.
    pub fn resource_type(&self) -> ResourceType {
        self.kind.resource_type()
    }

    /// Whether it is inlined rather than built.
    pub fn is_ephemeral(&self) -> bool {
        matches!(self.kind, NodeKind::Model { .. })
            && self.config.materialized() == super::Materialization::Ephemeral
    }

    /// Whether a relation of its own exists or will exist for it.
    pub fn has_relation(&self) -> bool {
        match self.kind {
            NodeKind::Model { .. } => !self.is_ephemeral(),
            NodeKind::Seed { .. } | NodeKind::Snapshot | NodeKind::Function { .. } => true,
            NodeKind::SingularTest | NodeKind::GenericTest(_) => self.stores_failures(),
            NodeKind::Analysis | NodeKind::Operation { .. } | NodeKind::SqlOperation => false,
        }
    }

    /// Whether a test keeps its failing rows. The command-line flag is not considered.
    pub fn stores_failures(&self) -> bool {
        match self.config.text("store_failures_as") {
            Some(kind) => kind != "ephemeral",
            None => self.config.flag("store_failures").unwrap_or(false),
        }
    }

    /// The name as it stands in SQL, for nodes that have a relation. Functions have none, in
    /// dbt's artifacts.
    pub fn relation_name(&self) -> Option<String> {
        (self.has_relation() && !matches!(self.kind, NodeKind::Function { .. }))
            .then(|| self.relation.render(self.quote_policy))
    }

    /// The version, of a versioned model.
    pub fn version(&self) -> Option<&Json> {
        match &self.kind {
            NodeKind::Model { version, .. } => version.as_ref(),
            _ => None,
        }
    }

    /// The name by which `ref` and tests of a certain version know it: `orders.v2`.
    pub fn search_name(&self) -> String {
        match self.version() {
            Some(version) => format!("{}.v{}", self.name, version_text(version)),
            None => self.name.to_string(),
        }
    }

    /// The generic-test part, if it is one.
    pub fn generic_test(&self) -> Option<&GenericTest> {
        match &self.kind {
            NodeKind::GenericTest(test) => Some(test),
            _ => None,
        }
    }

    /// dbt's label in error headers, such as `model orders (models/orders.sql)`.
    pub fn label(&self) -> String {
        format!("{} {} ({})", self.resource_type(), self.name, self.original_file_path)
    }
}

/// A common table expression that inlines an ephemeral model.
#[derive(Debug, Clone, Serialize)]
pub struct ExtraCte {
    /// The ephemeral model.
    pub id: UniqueId,
    /// `__dbt__cte__name as (…)`.
    pub sql: String,
}

/// What compiling a node gives.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// SQL with all templates rendered and ephemeral models inlined.
    pub code: String,
    /// Where it was written, relative to the project's root.
    pub path: Option<String>,
    /// Inlined ephemeral models.
    pub extra_ctes: Vec<ExtraCte>,
    /// Whether the inlining was done.
    pub extra_ctes_injected: bool,
    /// What the foreign keys of the contract refer to.
    pub foreign_keys: ForeignKeys,
}

/// A node in its JSON form: with what compiling found, where it was compiled.
#[derive(Debug, Clone, Copy)]
pub struct NodeView<'a> {
    /// The node.
    pub node: &'a Node,
    /// Its compiled form.
    pub compiled: Option<&'a Compiled>,
}

impl Serialize for NodeView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = self.node;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("database", &node.relation.database)?;
        map.serialize_entry("schema", &node.relation.schema)?;
        map.serialize_entry("name", &node.name)?;
        map.serialize_entry("resource_type", &node.resource_type())?;
        map.serialize_entry("package_name", &node.package_name)?;
        map.serialize_entry("path", &node.path)?;
        map.serialize_entry("original_file_path", &node.original_file_path)?;
        map.serialize_entry("unique_id", &node.unique_id)?;
        map.serialize_entry("fqn", &node.fqn)?;
        map.serialize_entry("alias", &node.alias)?;
        map.serialize_entry("checksum", &node.checksum)?;
        map.serialize_entry("config", &node.config)?;
        map.serialize_entry("tags", &node.tags)?;
        map.serialize_entry("description", &node.description)?;
        self.serialize_columns(&mut map)?;
        map.serialize_entry("meta", &node.meta)?;
        map.serialize_entry("group", &node.group)?;
        map.serialize_entry("docs", &node.docs)?;
        map.serialize_entry("patch_path", &node.patch_path)?;
        map.serialize_entry("build_path", &Json::Null)?;
        map.serialize_entry("unrendered_config", &node.unrendered_config)?;
        map.serialize_entry("created_at", &node.created_at)?;
        map.serialize_entry("relation_name", &node.relation_name())?;
        map.serialize_entry("raw_code", &node.raw_code)?;
        map.serialize_entry("doc_blocks", &node.doc_blocks)?;
        if let NodeKind::Seed { root_path } = &node.kind {
            map.serialize_entry("root_path", root_path)?;
            map.serialize_entry("depends_on", &json!({"macros": node.depends_on.macros}))?;
            return map.end();
        }
        map.serialize_entry("language", node.language)?;
        map.serialize_entry("refs", &node.refs)?;
        map.serialize_entry("sources", &node.sources)?;
        map.serialize_entry("metrics", &node.metrics)?;
        map.serialize_entry("functions", &node.functions)?;
        let late = node.generic_test().and_then(|test| test.called_late.as_ref());
        let late = late.filter(|_| self.compiled.is_some());
        let macros: Vec<&UniqueId> = node.depends_on.macros.iter().chain(late).collect();
        let depends_on = json!({"macros": macros, "nodes": node.depends_on.nodes});
        map.serialize_entry("depends_on", &depends_on)?;
        self.serialize_compiled(&mut map)?;
        let contract = node.config.get("contract");
        let contract_part = |key: &str| contract.and_then(|contract| contract.get(key));
        let contract = json!({
            "enforced": contract_part("enforced").and_then(Json::as_bool).unwrap_or(false),
            "alias_types": contract_part("alias_types").and_then(Json::as_bool).unwrap_or(true),
            "checksum": match &node.kind {
                NodeKind::Model { contract_checksum, .. } => contract_checksum.as_deref(),
                _ => None,
            },
        });
        map.serialize_entry("contract", &contract)?;
        self.serialize_kind(&mut map)?;
        map.end()
    }
}

impl NodeView<'_> {
    fn foreign_keys(&self) -> Option<&ForeignKeys> {
        self.compiled.map(|compiled| &compiled.foreign_keys).filter(|keys| !keys.is_empty())
    }

    fn serialize_columns<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(keys) = self.foreign_keys() else {
            return map.serialize_entry("columns", &self.node.columns);
        };
        let mut columns = self.node.columns.clone();
        for column in columns.values_mut() {
            column.constraints = with_relations(&column.constraints, keys);
        }
        map.serialize_entry("columns", &columns)
    }

    fn serialize_compiled<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(compiled) = self.compiled else {
            return map.serialize_entry("compiled_path", &Json::Null);
        };
        map.serialize_entry("compiled_path", &compiled.path)?;
        map.serialize_entry("compiled", &true)?;
        map.serialize_entry("compiled_code", &compiled.code)?;
        map.serialize_entry("extra_ctes_injected", &compiled.extra_ctes_injected)?;
        map.serialize_entry("extra_ctes", &compiled.extra_ctes)
    }

    fn serialize_kind<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match &self.node.kind {
            NodeKind::Model {
                access,
                constraints,
                version,
                latest_version,
                deprecation_date,
                primary_key,
                time_spine,
                contract_checksum: _,
            } => {
                map.serialize_entry("access", access)?;
                match self.foreign_keys() {
                    Some(keys) => {
                        map.serialize_entry("constraints", &with_relations(constraints, keys))?;
                    }
                    None => map.serialize_entry("constraints", constraints)?,
                }
                map.serialize_entry("version", version)?;
                map.serialize_entry("latest_version", latest_version)?;
                map.serialize_entry("deprecation_date", deprecation_date)?;
                map.serialize_entry("primary_key", primary_key)?;
                map.serialize_entry("time_spine", time_spine)
            }
            NodeKind::GenericTest(test) => {
                map.serialize_entry("column_name", &test.column_name)?;
                map.serialize_entry("file_key_name", &test.file_key_name)?;
                map.serialize_entry("attached_node", &test.attached_node)?;
                let metadata = json!({
                    "name": test.name, "kwargs": test.kwargs, "namespace": test.namespace,
                });
                map.serialize_entry("test_metadata", &metadata)
            }
            NodeKind::Operation { index } => map.serialize_entry("index", index),
            NodeKind::Function { arguments, returns } => {
                map.serialize_entry("arguments", arguments)?;
                map.serialize_entry("returns", returns)
            }
            NodeKind::Seed { .. }
            | NodeKind::Snapshot
            | NodeKind::Analysis
            | NodeKind::SingularTest
            | NodeKind::SqlOperation => Ok(()),
        }
    }
}
