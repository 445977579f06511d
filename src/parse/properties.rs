//! The shapes of property files (`schema.yml`), after rendering.
//!
//! <https://docs.getdbt.com/reference/configs-and-properties>

use crate::manifest::{
    FixtureFormat, FunctionArgument, FunctionReturns, JsonMap, Overrides, UnitTestVersions,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

/// A described model, seed, snapshot, analysis or singular test.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct NodeProperties {
    /// The resource's name.
    pub name: String,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// `config:`.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// Described columns.
    #[serde(default, deserialize_with = "or_default")]
    pub columns: Vec<ColumnProperties>,
    /// Data tests on the whole relation.
    #[serde(default, alias = "tests", deserialize_with = "or_default")]
    pub data_tests: Vec<Json>,
    /// Constraints of a contract.
    #[serde(default, deserialize_with = "or_default")]
    pub constraints: Vec<Json>,
    /// Whether columns are quoted in tests, unless they say otherwise.
    #[serde(default, deserialize_with = "or_default")]
    pub quote_columns: bool,
    /// What a snapshot copies, such as `ref('orders')`.
    pub relation: Option<String>,
    /// Versions of a model.
    #[serde(default, deserialize_with = "or_default")]
    pub versions: Vec<VersionProperties>,
    /// The version that an unpinned `ref` means.
    #[serde(default)]
    pub latest_version: Option<Json>,
    /// Which version this is, where the entry was one of several.
    #[serde(skip)]
    pub version: Option<ModelVersion>,
    /// When the model goes away.
    pub deprecation_date: Option<String>,
    /// Time-spine properties.
    pub time_spine: Option<TimeSpine>,
    /// Arguments of a function.
    #[serde(default, deserialize_with = "or_default")]
    pub arguments: Vec<FunctionArgument>,
    /// What a function gives.
    #[serde(default)]
    pub returns: Option<FunctionReturns>,
    /// Keys that moved into `config` (`meta`, `docs`, `group`, `access`, `contract`)
    /// and unknown ones.
    #[serde(flatten)]
    pub other: JsonMap,
}

/// A model that has a row for every moment of time
/// (<https://docs.getdbt.com/docs/build/metricflow-time-spine>).
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct TimeSpine {
    /// The column of the standard granularity.
    pub standard_granularity_column: String,
    /// Columns of granularities of one's own.
    #[serde(default)]
    pub custom_granularities: Vec<CustomGranularity>,
}

/// A granularity of one's own.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct CustomGranularity {
    /// Its name.
    pub name: String,
    /// Its column; the name, when absent.
    #[serde(default)]
    pub column_name: Option<String>,
}

/// Keys that dbt also takes outside of `config`.
const CONFIG_KEYS: [&str; 5] = ["meta", "docs", "group", "access", "contract"];

impl NodeProperties {
    /// Moves the keys that belong to `config` there. Gives the key that stands in both places.
    pub fn settle_config(&mut self) -> Result<(), &'static str> {
        for key in CONFIG_KEYS {
            let Some(value) = self.other.shift_remove(key) else { continue };
            if self.config.contains_key(key) {
                return Err(key);
            }
            self.config.insert(key.to_owned(), value);
        }
        Ok(())
    }
}

/// A version of a model.
#[derive(Debug, Clone, Deserialize)]
pub struct VersionProperties {
    /// The version.
    pub v: Json,
    /// The file's name without ending.
    #[serde(default)]
    pub defined_in: Option<String>,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// `config:`, on top of the model's.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// Columns, and which of the model's columns it has.
    #[serde(default, deserialize_with = "or_default")]
    pub columns: Vec<Json>,
    /// Data tests instead of the model's.
    #[serde(default, alias = "tests")]
    pub data_tests: Option<Vec<Json>>,
    /// Constraints instead of the model's.
    #[serde(default, deserialize_with = "or_default")]
    pub constraints: Vec<Json>,
    /// When the version goes away.
    #[serde(default)]
    pub deprecation_date: Option<String>,
}

/// Which version of a model an entry describes.
#[derive(Debug, Clone)]
pub struct ModelVersion {
    /// The version.
    pub own: Json,
    /// The model's latest version.
    pub latest: Json,
    /// Whether it is the latest one.
    pub is_latest: bool,
    /// The name of its file, unless the latest version has the model's own name.
    pub file: String,
}

/// A described column.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ColumnProperties {
    /// Its name.
    pub name: String,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Declared SQL type.
    #[serde(default)]
    pub data_type: Option<String>,
    /// Whether the name must be quoted.
    #[serde(default)]
    pub quote: Option<bool>,
    /// `config:`; holds meta and tags.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// Free metadata.
    #[serde(default, deserialize_with = "or_default")]
    pub meta: JsonMap,
    /// Tags that the column's tests inherit.
    #[serde(default, deserialize_with = "text_list")]
    pub tags: Vec<String>,
    /// Data tests on the column.
    #[serde(default, alias = "tests", deserialize_with = "or_default")]
    pub data_tests: Vec<Json>,
    /// Constraints of a contract.
    #[serde(default, deserialize_with = "or_default")]
    pub constraints: Vec<Json>,
    /// Time granularity.
    #[serde(default)]
    pub granularity: Option<String>,
    /// Everything else; dbt keeps it in artifacts, `docs` aside.
    #[serde(flatten)]
    pub extra: JsonMap,
}

/// A `sources:` entry.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceProperties {
    /// The source's name.
    pub name: String,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Database; the target's when absent.
    #[serde(default)]
    pub database: Option<String>,
    /// Schema; the source's name when absent.
    #[serde(default)]
    pub schema: Option<String>,
    /// What loads it.
    #[serde(default, deserialize_with = "or_default")]
    pub loader: String,
    /// Free metadata.
    #[serde(default, deserialize_with = "or_default")]
    pub meta: JsonMap,
    /// Tags.
    #[serde(default, deserialize_with = "text_list")]
    pub tags: Vec<String>,
    /// `config:`.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// Quoting of database, schema and identifier.
    #[serde(default, deserialize_with = "or_default")]
    pub quoting: JsonMap,
    /// Column or expression that dates a row.
    #[serde(default)]
    pub loaded_at_field: Option<String>,
    /// Query that dates a table.
    #[serde(default)]
    pub loaded_at_query: Option<String>,
    /// Freshness of every table, unless it has its own. `null` turns it off.
    #[serde(default, deserialize_with = "present")]
    pub freshness: Option<Json>,
    /// The package whose source this one overrides.
    #[serde(default)]
    pub overrides: Option<String>,
    /// Its tables.
    #[serde(default, deserialize_with = "or_default")]
    pub tables: Vec<TableProperties>,
}

/// A table of a source.
#[derive(Debug, Clone, Deserialize)]
pub struct TableProperties {
    /// The name by which `source()` knows it.
    pub name: String,
    /// The table's name in the database.
    #[serde(default)]
    pub identifier: Option<String>,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Free metadata.
    #[serde(default, deserialize_with = "or_default")]
    pub meta: JsonMap,
    /// Tags.
    #[serde(default, deserialize_with = "text_list")]
    pub tags: Vec<String>,
    /// `config:`.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// Quoting of database, schema and identifier.
    #[serde(default, deserialize_with = "or_default")]
    pub quoting: JsonMap,
    /// Column or expression that dates a row. `null` turns the source's off.
    #[serde(default, deserialize_with = "present")]
    pub loaded_at_field: Option<Json>,
    /// Query that dates the table.
    #[serde(default)]
    pub loaded_at_query: Option<String>,
    /// Freshness. `null` turns the source's off.
    #[serde(default, deserialize_with = "present")]
    pub freshness: Option<Json>,
    /// Where the rows come from.
    #[serde(default)]
    pub external: Option<JsonMap>,
    /// Described columns.
    #[serde(default, deserialize_with = "or_default")]
    pub columns: Vec<ColumnProperties>,
    /// Data tests on the whole table.
    #[serde(default, alias = "tests", deserialize_with = "or_default")]
    pub data_tests: Vec<Json>,
    /// Whether columns are quoted in tests, unless they say otherwise.
    #[serde(default, deserialize_with = "or_default")]
    pub quote_columns: bool,
}

impl SourceProperties {
    /// Whether what dates the rows is said as dbt wants it.
    ///
    /// # Errors
    /// dbt's text.
    pub fn check_dates(&self) -> Result<(), String> {
        let has = |config: &JsonMap, key: &str| config.get(key).is_some_and(|it| !it.is_null());
        let both = |level: &str, field: bool, query: bool| match (field, query) {
            (true, true) => Err(format!(
                "Cannot specify both loaded_at_field and loaded_at_query at {level} level."
            )),
            _ => Ok(()),
        };
        let is_empty = |field: Option<&str>| field == Some("");
        let fields = self.tables.iter().map(|table| table.loaded_at_field.as_ref());
        let mut fields = fields.map(|field| field.and_then(Json::as_str));
        if is_empty(self.loaded_at_field.as_deref()) || fields.any(is_empty) {
            return Err("loaded_at_field cannot be an empty string.".to_owned());
        }
        both(
            "source",
            self.loaded_at_field.is_some() || has(&self.config, "loaded_at_field"),
            self.loaded_at_query.is_some() || has(&self.config, "loaded_at_query"),
        )?;
        self.tables.iter().try_for_each(|table| {
            both(
                "table",
                table.loaded_at_field.is_some() || has(&table.config, "loaded_at_field"),
                table.loaded_at_query.is_some() || has(&table.config, "loaded_at_query"),
            )
        })
    }
}

/// A described macro.
#[derive(Debug, Clone, Deserialize)]
pub struct MacroProperties {
    /// The macro's name.
    pub name: String,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Free metadata.
    #[serde(default, deserialize_with = "or_default")]
    pub meta: JsonMap,
    /// `docs:`.
    #[serde(default)]
    pub docs: Option<JsonMap>,
    /// `config:`.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// Described arguments.
    #[serde(default, deserialize_with = "or_default")]
    pub arguments: Vec<ArgumentProperties>,
}

/// A described argument of a macro.
#[derive(Debug, Clone, Deserialize)]
pub struct ArgumentProperties {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(default, rename = "type")]
    pub type_: Option<String>,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
}

/// An `exposures:` entry.
#[derive(Debug, Clone, Deserialize)]
pub struct ExposureProperties {
    /// Its name.
    pub name: String,
    /// Its type, such as `dashboard`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Who to talk to.
    pub owner: JsonMap,
    /// Unrendered description.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// A friendly name.
    #[serde(default)]
    pub label: Option<String>,
    /// `high`, `medium` or `low`.
    #[serde(default)]
    pub maturity: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub url: Option<String>,
    /// Free metadata.
    #[serde(default, deserialize_with = "or_default")]
    pub meta: JsonMap,
    /// Tags.
    #[serde(default, deserialize_with = "text_list")]
    pub tags: Vec<String>,
    /// `config:`.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
    /// What it reads: texts such as `ref('orders')`.
    #[serde(default, deserialize_with = "or_default")]
    pub depends_on: Vec<String>,
}

/// A `unit_tests:` entry.
#[derive(Debug, Clone, Deserialize)]
pub struct UnitTestProperties {
    /// Its name.
    pub name: String,
    /// The tested model.
    pub model: String,
    /// Rows for what the model reads.
    pub given: Vec<GivenProperties>,
    /// Rows that it must give.
    pub expect: FixtureProperties,
    /// Its description.
    #[serde(default)]
    pub description: String,
    /// What it replaces in the model's context.
    #[serde(default)]
    pub overrides: Option<Overrides>,
    /// `config:`.
    #[serde(default)]
    pub config: JsonMap,
    /// Which versions of the model are tested.
    #[serde(default)]
    pub versions: Option<UnitTestVersions>,
}

/// An item of `given:`.
#[derive(Debug, Clone, Deserialize)]
pub struct GivenProperties {
    /// `ref('…')`, `source('…', '…')` or `this`.
    pub input: String,
    /// Its rows.
    #[serde(flatten)]
    pub fixture: FixtureProperties,
}

/// Rows, in one of the formats, or the name of a file with them.
#[derive(Debug, Clone, Deserialize)]
pub struct FixtureProperties {
    /// The rows.
    #[serde(default)]
    pub rows: Option<Json>,
    /// How they are written.
    #[serde(default)]
    pub format: FixtureFormat,
    /// The name of a fixture file.
    #[serde(default)]
    pub fixture: Option<String>,
}

/// A `groups:` entry.
#[derive(Debug, Clone, Deserialize)]
pub struct GroupProperties {
    /// Its name.
    pub name: String,
    /// Who to talk to.
    pub owner: JsonMap,
    /// Unrendered description.
    #[serde(default)]
    pub description: Option<String>,
    /// `config:`.
    #[serde(default, deserialize_with = "or_default")]
    pub config: JsonMap,
}

/// `null` means the same as an absent key.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Tells an explicit `null` (`Some(Null)`) from an absent key (`None`).
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// One text or a list of texts.
fn text_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::<OneOrMany>::deserialize(deserializer)? {
        Some(OneOrMany::One(text)) => vec![text],
        Some(OneOrMany::Many(texts)) => texts,
        None => Vec::new(),
    })
}
