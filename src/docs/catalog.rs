//! dbt's catalog: the relations and columns that the database has for a project's nodes
//! (<https://docs.getdbt.com/reference/artifacts/catalog-json>).

use crate::adapter::Table;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::Value;
use crate::manifest::{Manifest, RelationName, UniqueId};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// The columns of a catalog's table that dbt reads as text whatever they hold.
const TEXTS: [&str; 9] = [
    "table_database",
    "table_schema",
    "table_name",
    "table_type",
    "table_comment",
    "table_owner",
    "column_name",
    "column_type",
    "column_comment",
];

/// A relation as the database has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogTable {
    /// What and where it is.
    pub metadata: TableMetadata,
    /// Its columns by name.
    pub columns: IndexMap<String, ColumnMetadata>,
    /// Figures about it, by id. PostgreSQL's catalog has none; a project's own
    /// `get_catalog` may.
    pub stats: IndexMap<String, Json>,
    /// The node or source it belongs to.
    pub unique_id: Option<UniqueId>,
}

/// What and where a relation is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TableMetadata {
    /// `BASE TABLE`, `VIEW` or `MATERIALIZED VIEW`.
    #[serde(rename = "type")]
    pub kind: String,
    pub schema: String,
    pub name: String,
    pub database: Option<String>,
    pub comment: Option<String>,
    pub owner: Option<String>,
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ColumnMetadata {
    /// The type as SQL writes it, such as `character varying(20)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its number in the relation.
    pub index: i64,
    pub name: String,
    pub comment: Option<String>,
}

/// Database, schema and name.
type Key = (Option<String>, String, String);

/// What the database has for nodes and sources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// By node.
    pub nodes: IndexMap<UniqueId, CatalogTable>,
    /// By source.
    pub sources: IndexMap<UniqueId, CatalogTable>,
    /// What went wrong while it was read; none when nothing did.
    pub errors: Option<Vec<String>>,
}

impl Catalog {
    /// The catalog that was written before; none when there is none that can be read.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// The catalog of the manifest's nodes and sources, or of those selected, from what
    /// `get_catalog` returned: one row for each column of each relation.
    ///
    /// # Errors
    /// A row lacks a value that the catalog needs; two relations match one source.
    pub fn new(
        manifest: &Manifest,
        rows: &Table,
        selected: Option<&BTreeSet<UniqueId>>,
        errors: Vec<String>,
    ) -> Result<Self> {
        let used = used_schemas(manifest);
        let mut tables: IndexMap<Key, CatalogTable> = IndexMap::new();
        rows_of(rows, |row| {
            let database = row.lower("table_database").unwrap_or_default();
            let Some(schema) = row.lower("table_schema") else { return Ok(()) };
            if used.contains(&(database, schema)) { add(&mut tables, row) } else { Ok(()) }
        })?;
        let mut catalog =
            Self { errors: Some(errors).filter(|it| !it.is_empty()), ..Self::default() };
        let wanted = |id: &UniqueId| selected.is_none_or(|selected| selected.contains(id));
        // Of two nodes with one relation the last one has it, as in dbt.
        let nodes: HashMap<Key, &UniqueId> =
            manifest.nodes.values().map(|node| (key(&node.relation), &node.unique_id)).collect();
        let mut sources: HashMap<Key, Vec<&UniqueId>> = HashMap::new();
        for source in manifest.sources.values() {
            sources.entry(key(&source.relation)).or_default().push(&source.unique_id);
        }
        for (found, table) in tables {
            // Names that differ in case alone are one to dbt.
            let found = lower(found);
            let of = |id: &UniqueId| CatalogTable { unique_id: Some(id.clone()), ..table.clone() };
            if let Some(id) = nodes.get(&found).filter(|id| wanted(id)) {
                catalog.nodes.insert((*id).clone(), of(id));
            }
            for id in sources.get(&found).into_iter().flatten() {
                if let Some(first) = catalog.sources.get(*id) {
                    return Err(ambiguous(id, first, &table));
                }
                if wanted(id) {
                    catalog.sources.insert((*id).clone(), of(id));
                }
            }
        }
        Ok(catalog)
    }
}

fn used_schemas(manifest: &Manifest) -> HashSet<(String, String)> {
    let nodes = manifest.nodes.values().map(|node| &node.relation);
    let sources = manifest.sources.values().map(|source| &source.relation);
    nodes.chain(sources).map(|it| (it.database.to_lowercase(), it.schema.to_lowercase())).collect()
}

fn key(relation: &RelationName) -> Key {
    let text = |part: &Arc<str>| part.to_string();
    let RelationName { database, schema, identifier } = relation;
    lower((Some(text(database)), text(schema), text(identifier)))
}

fn lower((database, schema, name): Key) -> Key {
    (database.map(|it| it.to_lowercase()), schema.to_lowercase(), name.to_lowercase())
}

/// Shows every row to `take`, in order.
fn rows_of(table: &Table, mut take: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let columns: HashMap<String, usize> =
        table.names().iter().enumerate().map(|(at, name)| (name.to_string(), at)).collect();
    table.rows().try_for_each(|values| take(&Row { columns: &columns, values }))
}

/// Takes up a row: a column, and its table when it is the first one.
fn add(tables: &mut IndexMap<Key, CatalogTable>, row: &Row<'_>) -> Result<()> {
    let place = (row.text("table_database"), row.need("table_schema")?, row.need("table_name")?);
    let table = match tables.entry(place) {
        indexmap::map::Entry::Occupied(entry) => entry.into_mut(),
        indexmap::map::Entry::Vacant(entry) => entry.insert(CatalogTable {
            metadata: TableMetadata {
                kind: row.need("table_type")?,
                schema: row.need("table_schema")?,
                name: row.need("table_name")?,
                database: row.text("table_database"),
                comment: row.text("table_comment"),
                owner: row.text("table_owner"),
            },
            columns: IndexMap::new(),
            stats: stats(row),
            unique_id: None,
        }),
    };
    let index = row.need("column_index")?;
    let column = ColumnMetadata {
        kind: row.need("column_type")?,
        index: index.parse().map_err(|_| row.lacking("column_index"))?,
        name: row.need("column_name")?,
        comment: row.text("column_comment"),
    };
    table.columns.insert(column.name.clone(), column);
    Ok(())
}

/// What columns such as `stats:size:value` say, and dbt's `has_stats`.
fn stats(row: &Row<'_>) -> IndexMap<String, Json> {
    let mut ids: Vec<&str> = Vec::new();
    for name in row.columns.keys() {
        let id = name.strip_prefix("stats:").and_then(|it| Some(it.split_once(':')?.0));
        ids.extend(id.filter(|id| !ids.contains(id)));
    }
    let mut stats = IndexMap::new();
    for id in ids {
        let part = |name: &str| row.value(&format!("stats:{id}:{name}"));
        if part("include").is_some_and(Value::truthy) {
            let text = |name: &str| part(name).map(ToString::to_string);
            let value = part("value").map_or(Json::Null, plain);
            let item = json!({
                "id": id, "label": text("label"), "value": value, "include": true,
                "description": text("description"),
            });
            stats.insert(id.to_owned(), item);
        }
    }
    let has_stats = json!({
        "id": "has_stats", "label": "Has Stats?", "value": !stats.is_empty(), "include": false,
        "description": "Indicates whether there are statistics for this table",
    });
    stats.insert("has_stats".to_owned(), has_stats);
    stats
}

/// A figure as JSON: what is no truth, number or text becomes text.
fn plain(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        other => {
            let text = other.to_string();
            match text.parse::<f64>() {
                Ok(number) if other.as_str().is_none() => json!(number),
                _ => json!(text),
            }
        }
    }
}

/// A row of the catalog with its columns by name.
struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    values: Arc<[Value]>,
}

impl Row<'_> {
    fn value(&self, column: &str) -> Option<&Value> {
        self.values.get(*self.columns.get(column)?).filter(|value| !value.is_none())
    }

    /// A text. To dbt, empty ones and `null` are none.
    fn text(&self, column: &str) -> Option<String> {
        let text = self.value(column)?.to_string();
        let word = text.trim();
        let is_null = word.is_empty() || word.eq_ignore_ascii_case("null");
        (!(is_null && TEXTS.contains(&column))).then_some(text)
    }

    fn lower(&self, column: &str) -> Option<String> {
        self.text(column).map(|text| text.to_lowercase())
    }

    fn need(&self, column: &str) -> Result<String> {
        self.text(column).ok_or_else(|| self.lacking(column))
    }

    fn lacking(&self, column: &str) -> Box<Diagnostic> {
        let mut names: Vec<&String> = self.columns.keys().collect();
        names.sort_by_key(|name| self.columns.get(*name));
        let got: Vec<String> = names
            .into_iter()
            .map(|name| format!("{name}: {}", self.text(name).unwrap_or_default()))
            .collect();
        let message = format!(
            "Catalog information missing required key '{column}' (got {{{}}})",
            got.join(", ")
        );
        Diagnostic::new(Code::CatalogInvalid, message)
            .with_help("A project's own get_catalog has to return what dbt's returns.")
    }
}

fn ambiguous(source: &UniqueId, first: &CatalogTable, second: &CatalogTable) -> Box<Diagnostic> {
    let name = |table: &CatalogTable| {
        let TableMetadata { database, schema, name, .. } = &table.metadata;
        format!("{}.{schema}.{name}", database.as_deref().unwrap_or_default())
    };
    let message = format!(
        "dbt found two relations in your database with similar database identifiers, and so \
         cannot tell which is the source {source}: {} and {}",
        name(first),
        name(second)
    );
    Diagnostic::new(Code::CatalogInvalid, message)
        .with_help("Delete one of them, or give it another name.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::table::ColumnType;

    fn table(rows: &[[&str; 4]]) -> Table {
        let names = ["table_database", "table_schema", "table_name", "column_name"];
        let more = ["table_type", "column_index", "column_type", "stats:rows:value"];
        let last = ["stats:rows:include", "stats:rows:label", "stats:rows:description"];
        let names: Vec<Value> =
            names.into_iter().chain(more).chain(last).map(Value::from).collect();
        let types = vec![ColumnType::Text; names.len()];
        let rows = rows.iter().map(|row| {
            let values = row.map(Value::from).into_iter();
            let more = [Value::from("VIEW"), 1.into(), Value::from("text"), 7.into(), true.into()];
            let last = ["Rows", "How many"].map(Value::from);
            values.chain(more).chain(last).collect()
        });
        Table::new(names.clone(), types, rows.collect())
    }

    #[test]
    fn relations_of_other_schemas_and_of_no_node_are_left_out() {
        let rows = table(&[["db", "other", "orders", "id"]]);
        let catalog = Catalog::new(&Manifest::default(), &rows, None, Vec::new()).unwrap();
        assert_eq!(catalog, Catalog::default());
    }

    #[test]
    fn columns_become_a_table_with_its_figures() {
        let rows = table(&[["db", "dwh", "orders", "id"], ["db", "dwh", "orders", "Total"]]);
        let mut tables = IndexMap::new();
        rows_of(&rows, |row| add(&mut tables, row)).unwrap();
        let found = tables.values().next().unwrap();
        assert_eq!(found.columns.keys().collect::<Vec<_>>(), ["id", "Total"]);
        assert_eq!(found.stats["rows"]["value"], json!(7));
        assert_eq!(found.stats["has_stats"]["value"], json!(true));
    }

    #[test]
    fn a_row_without_a_name_says_what_it_lacks() {
        let rows = table(&[["db", "dwh", "", "id"]]);
        let error = rows_of(&rows, |row| add(&mut IndexMap::new(), row)).unwrap_err();
        assert!(error.message.contains("missing required key 'table_name'"), "{error}");
    }
}
