//! Declared source tables.

use super::{Column, Config, JsonMap, QuotePolicy, RelationName, ResourceType, UniqueId};
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A freshness limit: `count` of `period` (minute, hour or day).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FreshnessThreshold {
    /// How many periods.
    pub count: Option<i64>,
    /// `minute`, `hour` or `day`.
    pub period: Option<String>,
}

/// Where a source's rows come from: dbt's free `external:` property, as the
/// dbt-external-tables package made it a convention.
#[derive(Debug, Clone, Default)]
pub struct External {
    /// A file, or a pattern of files, relative to the project's root.
    pub location: Option<String>,
    /// Everything as written.
    pub raw: JsonMap,
}

impl External {
    /// The property with dbt's own keys, whether written or not, and any others.
    fn artifact(&self) -> JsonMap {
        const KEYS: [&str; 5] =
            ["location", "file_format", "row_format", "tbl_properties", "partitions"];
        let mut all: JsonMap = KEYS.into_iter().map(|key| (key.to_owned(), Json::Null)).collect();
        all.extend(self.raw.clone());
        all
    }
}

/// A source's column with what is needed to create its table.
#[derive(Debug, Clone)]
pub struct ExternalColumn {
    /// Name.
    pub name: String,
    /// SQL type; text when not declared.
    pub data_type: Option<String>,
    /// A default expression.
    pub default: Option<String>,
}

/// A table declared under `sources:`.
#[derive(Debug)]
pub struct Source {
    /// `source.package.source.table`.
    pub unique_id: UniqueId,
    /// The source's name.
    pub source_name: Arc<str>,
    /// The table's name, by which `source()` knows it.
    pub name: Arc<str>,
    /// The package that declares it.
    pub package_name: Arc<str>,
    /// The property file, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// Package, folders, source, table.
    pub fqn: Vec<String>,
    /// Where the table is.
    pub relation: RelationName,
    /// Explicit quoting of database, schema, identifier and column, as written.
    pub quoting: JsonMap,
    /// The quoting that applies in SQL.
    pub quote_policy: QuotePolicy,
    /// The quoting of its name in artifacts and events: there, as in dbt, the project's
    /// `quoting:` applies to what the source does not say itself.
    pub listed_quote_policy: QuotePolicy,
    /// Rendered description of the table.
    pub description: String,
    /// Rendered description of the source.
    pub source_description: String,
    /// What loads it, as written.
    pub loader: String,
    /// Column or expression that dates a row.
    pub loaded_at_field: Option<String>,
    /// Query that dates the table.
    pub loaded_at_query: Option<String>,
    /// Freshness: `warn_after`, `error_after`, `filter`.
    pub freshness: Option<Json>,
    /// The `external:` property.
    pub external: Option<External>,
    /// Described columns.
    pub columns: IndexMap<String, Column>,
    /// Free metadata of source and table together.
    pub meta: JsonMap,
    /// Free metadata of the source.
    pub source_meta: JsonMap,
    /// Tags of source and table together.
    pub tags: Vec<String>,
    /// The final configuration.
    pub config: Config,
    /// Configuration as written.
    pub unrendered_config: Arc<JsonMap>,
    /// Seconds since 1970.
    pub created_at: f64,
    /// Database as written.
    pub unrendered_database: Option<String>,
    /// Schema as written.
    pub unrendered_schema: Option<String>,
    /// Ids of docs blocks the description used.
    pub doc_blocks: Vec<String>,
}

impl Source {
    /// The name as artifacts and events tell it.
    pub fn relation_name(&self) -> String {
        self.relation.render(self.listed_quote_policy)
    }

    /// The columns as `source load` creates them.
    pub fn external_columns(&self) -> Vec<ExternalColumn> {
        self.columns
            .values()
            .map(|column| ExternalColumn {
                name: column.name.clone(),
                data_type: column.data_type.clone(),
                default: declared_default(column),
            })
            .collect()
    }
}

/// A column's default: a custom constraint such as `default current_timestamp`, dbt's only
/// place for it, or `default` in the column's meta.
fn declared_default(column: &Column) -> Option<String> {
    let is_default = |expression: &&str| {
        expression.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("default "))
    };
    let constraint = column
        .constraints
        .iter()
        .filter(|constraint| constraint.get("type").and_then(Json::as_str) == Some("custom"))
        .filter_map(|constraint| constraint.get("expression")?.as_str())
        .find(is_default)
        .map(|expression| expression[8..].trim().to_owned());
    let meta = || {
        let value = column.meta.get("default")?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    constraint.or_else(meta)
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({
            "database": self.relation.database,
            "schema": self.relation.schema,
            "name": self.name,
            "resource_type": ResourceType::Source,
            "package_name": self.package_name,
            "path": self.original_file_path,
            "original_file_path": self.original_file_path,
            "unique_id": self.unique_id,
            "fqn": self.fqn,
            "source_name": self.source_name,
            "source_description": self.source_description,
            "loader": self.loader,
            "identifier": self.relation.identifier,
            "quoting": self.quoting,
            "loaded_at_field": self.loaded_at_field,
            "loaded_at_query": self.loaded_at_query,
            "freshness": self.freshness,
            "external": self.external.as_ref().map(External::artifact),
            "description": self.description,
            "columns": self.columns,
            "meta": self.meta,
            "source_meta": self.source_meta,
            "tags": self.tags,
            "config": self.config,
            "patch_path": null,
            "unrendered_config": self.unrendered_config,
            "relation_name": self.relation_name(),
            "created_at": self.created_at,
            "unrendered_database": self.unrendered_database,
            "unrendered_schema": self.unrendered_schema,
            "doc_blocks": self.doc_blocks,
        })
        .serialize(serializer)
    }
}
