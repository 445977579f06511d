//! What the site shows, as one JSON value. `site/src/data.ts` has its TypeScript types.

use super::catalog::{Catalog, CatalogTable};
use super::er::Er;
use super::runs::{Run, RunResult};
use super::tests;
use crate::manifest::{Compiled, Manifest, Node, Resource, ResourceType, Severity, UniqueId};
use crate::report::lineage::{Lineage, LineageNode};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;

/// How many runs the history of a test shows.
const HISTORY: usize = 30;
/// Parts of a resource's JSON form that the site shows as they are, where there are any.
const DETAILS: [&str; 12] = [
    "group",
    "access",
    "version",
    "latest_version",
    "deprecation_date",
    "url",
    "maturity",
    "label",
    "loader",
    "source_description",
    "freshness",
    "loaded_at_field",
];

/// What the site is made from.
#[derive(Debug, Clone, Copy)]
pub struct SiteInput<'a> {
    /// The project.
    pub manifest: &'a Manifest,
    /// The compiled form of what was compiled.
    pub compiled: &'a HashMap<UniqueId, Arc<Compiled>>,
    /// What the database has.
    pub catalog: &'a Catalog,
    /// Earlier runs, the oldest first.
    pub runs: &'a [Run],
    /// What `source freshness` found out last, by source.
    pub freshness: &'a HashMap<String, Json>,
    /// What the columns of models derive from, as in `lineage.json`.
    pub columns: &'a Json,
    /// The packages that are part of gdbt; their macros are not shown.
    pub built_in: &'a [&'a str],
}

/// The site's data.
pub fn data(input: SiteInput<'_>) -> Json {
    let manifest = input.manifest;
    let lineage = Lineage::new(manifest, |resource| is_shown(resource.resource_type()));
    let runs = &input.runs[input.runs.len().saturating_sub(HISTORY)..];
    let last = last_results(input.runs);
    let nodes: Vec<Json> = lineage
        .nodes
        .iter()
        .filter_map(|node| Some(node_json(input, manifest.resource(node.unique_id)?, node, &last)))
        .collect();
    let place: HashMap<&UniqueId, usize> =
        lineage.nodes.iter().enumerate().map(|(at, node)| (node.unique_id, at)).collect();
    json!({
        "project": manifest.project_name,
        "version": env!("CARGO_PKG_VERSION"),
        "generated_at": Timestamp::now().to_string(),
        "overview": overview(manifest),
        "nodes": nodes,
        "edges": lineage.edges,
        "tests": tests_json(input, &place, runs, &last),
        "runs": runs.iter().map(run_json).collect::<Vec<_>>(),
        "er": Er::new(manifest, &lineage, input.catalog),
        "columns": input.columns,
        "macros": macros(input),
    })
}

fn is_shown(kind: ResourceType) -> bool {
    !matches!(
        kind,
        ResourceType::Test
            | ResourceType::UnitTest
            | ResourceType::Operation
            | ResourceType::SqlOperation
    )
}

/// A JSON object without what is null or empty.
fn compact(value: Json) -> Json {
    let Json::Object(map) = value else { return value };
    let is_empty = |value: &Json| match value {
        Json::Null => true,
        Json::Bool(truth) => !truth,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Number(_) => false,
    };
    Json::Object(map.into_iter().filter(|(_, value)| !is_empty(value)).collect())
}

/// The text of the project's `__overview__` block, the first page of the site.
fn overview(manifest: &Manifest) -> Option<&str> {
    let mut blocks = manifest.docs.values().filter(|doc| &*doc.name == "__overview__");
    let own = blocks.find(|doc| doc.package_name == manifest.project_name);
    own.map(|doc| doc.block_contents.as_ref())
}

type LastResults<'a> = HashMap<&'a str, (&'a Run, &'a RunResult)>;

/// The newest result of every node.
fn last_results(runs: &[Run]) -> LastResults<'_> {
    let results = runs.iter().flat_map(|run| run.results.iter().map(move |result| (run, result)));
    results.map(|(run, result)| (result.unique_id.as_str(), (run, result))).collect()
}

fn node_json(
    input: SiteInput<'_>,
    resource: Resource<'_>,
    node: &LineageNode<'_>,
    last: &LastResults<'_>,
) -> Json {
    let whole = resource.to_json().unwrap_or_default();
    let part = |key: &str| whole.get(key).cloned().unwrap_or_default();
    let table = input.catalog.nodes.get(node.unique_id);
    let table = table.or_else(|| input.catalog.sources.get(node.unique_id));
    let details: Map<String, Json> = DETAILS
        .into_iter()
        .map(|key| (key.to_owned(), part(key)))
        .filter(|(_, value)| !value.is_null() && value != "")
        .collect();
    let compiled = input.compiled.get(node.unique_id);
    let materialized = match resource {
        Resource::Node(it) if it.has_relation() || it.is_ephemeral() => {
            Json::from(it.config.materialized_name())
        }
        _ => Json::Null,
    };
    compact(json!({
        "id": node.unique_id,
        "name": node.name,
        "type": node.resource_type,
        "package": resource.package_name(),
        "layer": node.layer,
        "database": part("database"),
        "schema": node.schema,
        "relation": node.relation,
        "path": node.path,
        "fqn": resource.fqn(),
        "description": part("description"),
        "materialized": materialized,
        "tags": resource.tags(),
        "meta": part("meta"),
        "owner": owner(input.manifest, &whole, resource.group()),
        "columns": columns(resource, table),
        "raw": part("raw_code"),
        "compiled": compiled.map(|compiled| compiled.code.as_str()),
        "language": part("language"),
        "config": config(&part("config")),
        "details": details,
        "table": table.map(table_json),
        "last": last.get(node.unique_id.as_str()).map(|(run, result)| last_json(run, result)),
        "fresh": input.freshness.get(node.unique_id.as_str()).map(fresh_json),
        "params": part("type_params"),
        "color": node_color(&whole),
        "hidden": whole.pointer("/docs/show") == Some(&Json::Bool(false)),
    }))
}

/// Who to talk to: of an exposure its own owner, else that of the group or of the metadata.
fn owner(manifest: &Manifest, whole: &Json, group: Option<&str>) -> Json {
    let own = whole.get("owner").or_else(|| whole.pointer("/meta/owner"));
    let of_group = || {
        let group = manifest.groups.values().find(|it| Some(&*it.name) == group)?;
        Some(&group.owner)
    };
    own.or_else(of_group).cloned().unwrap_or_default()
}

fn node_color(whole: &Json) -> Json {
    whole.pointer("/docs/node_color").cloned().unwrap_or_default()
}

/// The configuration that says something: without dbt's defaults.
fn config(config: &Json) -> Json {
    let Json::Object(map) = config else { return Json::Null };
    let shown_elsewhere = ["tags", "meta", "docs", "group", "enabled", "materialized", "access"];
    let is_default = |key: &str, value: &Json| match key {
        "on_schema_change" => value == "ignore",
        "on_configuration_change" => value == "apply",
        "contract" => value.get("enforced") != Some(&Json::Bool(true)),
        "concurrent_batches" | "batch_size" | "lookback" => {
            map.get("event_time").is_none_or(Json::is_null)
        }
        _ => shown_elsewhere.contains(&key),
    };
    let kept = map.iter().filter(|(key, value)| !is_default(key, value));
    compact(Json::Object(kept.map(|(key, value)| (key.clone(), compact(value.clone()))).collect()))
}

/// What the database knows of a relation.
fn table_json(table: &CatalogTable) -> Json {
    let stats = table.stats.iter().filter(|(id, _)| *id != "has_stats");
    compact(json!({
        "type": table.metadata.kind,
        "owner": table.metadata.owner,
        "comment": table.metadata.comment,
        "stats": stats.map(|(_, stat)| stat).collect::<Vec<_>>(),
    }))
}

/// The columns of the database with what is said of them, then those that are only described.
fn columns(resource: Resource<'_>, table: Option<&CatalogTable>) -> Vec<Json> {
    let described = match resource {
        Resource::Node(node) => Some(&node.columns),
        Resource::Source(source) => Some(&source.columns),
        _ => None,
    };
    let mut columns: IndexMap<String, Json> = IndexMap::new();
    for column in table.into_iter().flat_map(|table| table.columns.values()) {
        let json = json!({"name": column.name, "type": column.kind, "description": column.comment});
        columns.insert(column.name.to_lowercase(), json);
    }
    for column in described.into_iter().flat_map(IndexMap::values) {
        let name = tests::plain(&column.name);
        let entry = columns.entry(name.to_lowercase()).or_insert_with(
            || json!({"name": name, "type": column.data_type, "absent": table.is_some()}),
        );
        let constraints: Vec<&Json> =
            column.constraints.iter().filter_map(|it| it.get("type")).collect();
        if let Json::Object(entry) = entry {
            entry.insert("description".to_owned(), json!(column.description));
            entry.insert("meta".to_owned(), json!(column.meta));
            entry.insert("tags".to_owned(), json!(column.tags));
            entry.insert("constraints".to_owned(), json!(constraints));
        }
    }
    columns.into_values().map(compact).collect()
}

fn fresh_json(entry: &Json) -> Json {
    let part = |key: &str| entry.get(key);
    compact(json!({
        "status": part("status"),
        "loaded_at": part("max_loaded_at"),
        "at": part("snapshotted_at"),
    }))
}

fn last_json(run: &Run, result: &RunResult) -> Json {
    let rows = result.adapter_response.get("rows_affected");
    compact(json!({
        "at": run.metadata.generated_at,
        "which": run.args.which,
        "status": result.status,
        "seconds": result.execution_time,
        "rows": rows,
        "message": result.message,
        "failures": result.failures,
    }))
}

fn run_json(run: &Run) -> Json {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    for result in &run.results {
        *counts.entry(&result.status).or_default() += 1;
    }
    json!({
        "at": run.metadata.generated_at,
        "which": run.args.which,
        "seconds": run.elapsed_time,
        "counts": counts,
    })
}

fn tests_json(
    input: SiteInput<'_>,
    place: &HashMap<&UniqueId, usize>,
    runs: &[Run],
    last: &LastResults<'_>,
) -> Vec<Json> {
    let by_run: Vec<HashMap<&str, &str>> = runs
        .iter()
        .map(|run| {
            run.results.iter().map(|it| (it.unique_id.as_str(), it.status.as_str())).collect()
        })
        .collect();
    let history = |id: &str| -> Option<Vec<Option<&str>>> {
        let statuses: Vec<_> = by_run.iter().map(|run| run.get(id).copied()).collect();
        statuses.iter().any(Option::is_some).then_some(statuses)
    };
    let last = |id: &str| last.get(id).map(|(run, result)| last_json(run, result));
    let places = |ids: &[UniqueId]| -> Vec<usize> {
        ids.iter().filter_map(|id| place.get(id).copied()).collect()
    };
    let data_tests = tests::data_tests(input.manifest).map(|test: &Node| {
        let id = test.unique_id.as_str();
        let generic = test.generic_test();
        let compiled = input.compiled.get(&test.unique_id);
        compact(json!({
            "id": id,
            "name": test.name,
            "kind": tests::kind(test),
            "node": tests::tested(input.manifest, test).and_then(|id| place.get(id)),
            "reads": places(&test.depends_on.nodes),
            "column": generic.and_then(|it| it.column_name.as_deref()).map(tests::plain),
            "arguments": generic.map(|it| arguments(&it.kwargs)),
            "severity": if test.config.severity() == Severity::Warn { "warn" } else { "error" },
            "tags": test.tags,
            "description": test.description,
            "path": test.original_file_path,
            "sql": compiled.map_or(test.raw_code.as_ref(), |compiled| compiled.code.as_str()),
            "last": last(id),
            "history": history(id),
        }))
    });
    let unit_tests = input.manifest.unit_tests.values().map(|test| {
        let id = test.unique_id.as_str();
        let node = test.depends_on.nodes.first().and_then(|id| place.get(id));
        let whole = serde_json::to_value(test.as_ref()).unwrap_or_default();
        compact(json!({
            "id": id,
            "name": test.name,
            "kind": "unit test",
            "node": node,
            "reads": places(&test.depends_on.nodes),
            "severity": "error",
            "description": whole.get("description"),
            "path": test.original_file_path,
            "given": whole.get("given"),
            "expect": whole.get("expect"),
            "last": last(id),
            "history": history(id),
        }))
    });
    data_tests.chain(unit_tests).collect()
}

/// A generic test's own arguments.
fn arguments(kwargs: &Map<String, Json>) -> Json {
    let own = kwargs.iter().filter(|(name, _)| !matches!(name.as_str(), "model" | "column_name"));
    own.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}

/// The macros of the project and its packages.
fn macros(input: SiteInput<'_>) -> Vec<Json> {
    let shown = input.manifest.macros.values();
    let shown = shown.filter(|it| !input.built_in.contains(&&*it.package_name) && it.docs.show);
    let json = shown.map(|it| {
        compact(json!({
            "id": it.unique_id,
            "name": it.name,
            "package": it.package_name,
            "path": it.original_file_path,
            "description": it.description,
            "arguments": it.arguments,
            "sql": it.macro_sql,
        }))
    });
    json.collect()
}
