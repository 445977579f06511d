//! What the tests of a run found, one record for each test: the part of the results that a
//! data team looks at. `target/dq_results.json` has them, in the form that
//! `docs/dq_results.schema.json` describes.

mod findings;
pub mod junit;

pub use findings::groups;

use crate::manifest::{Manifest, Node, NodeKind, Resource, ResourceType, UniqueId};
use crate::result::{NodeResult, NodeStatus, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// One test and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The test's id.
    pub unique_id: String,
    /// The test's name.
    pub name: String,
    /// What it checks: `unique`, `dbt_utils.equality`, `singular`, `unit`.
    pub kind: String,
    /// The layer of what is tested: the first folder of a model, the name of a source.
    pub layer: String,
    /// Id of what is tested.
    pub tested: Option<String>,
    /// The tested relation as it stands in SQL.
    pub relation: Option<String>,
    /// The tested column.
    pub column: Option<String>,
    /// Who answers for it: `meta.owner` of the test, then of what is tested, then its group.
    pub owner: Option<String>,
    /// The test's tags.
    pub tags: Vec<String>,
    /// `error` or `warn`.
    pub severity: String,
    /// `pass`, `warn`, `fail`, `error` or `skipped`.
    pub status: String,
    /// Failing rows, or what `fail_calc` makes of them.
    pub failures: Option<i64>,
    /// Failures per row of the tested relation, when this run built it and so knows its rows.
    pub failure_rate: Option<f64>,
    /// From where on the test warns, such as `!= 0`.
    pub warn_if: Option<String>,
    /// From where on the test fails.
    pub error_if: Option<String>,
    /// Seconds.
    pub duration: f64,
    /// Where the failing rows are kept.
    pub stored_relation: Option<String>,
    /// What was found, in words.
    pub message: Option<String>,
    /// The compiled SQL's file.
    pub compiled_path: Option<String>,
    /// The file that defines the test.
    pub path: String,
}

impl Record {
    /// Whether somebody should look at it.
    pub fn is_finding(&self) -> bool {
        matches!(self.status.as_str(), "warn" | "fail" | "error")
    }

    /// Whether it is more than a warning.
    pub fn is_failure(&self) -> bool {
        matches!(self.status.as_str(), "fail" | "error")
    }
}

/// The records of a run, in the order the tests ended.
pub fn records(results: &[NodeResult], manifest: &Manifest) -> Vec<Record> {
    results.iter().filter_map(|result| record(result, results, manifest)).collect()
}

fn record(result: &NodeResult, all: &[NodeResult], manifest: &Manifest) -> Option<Record> {
    let test = match &result.subject {
        Subject::Node(node) if node.resource_type() == ResourceType::Test => Test::of_data(node),
        Subject::UnitTest(test) => Test {
            kind: "unit".to_owned(),
            tested: test.tested_node().cloned(),
            meta: test.config.get("meta"),
            tags: test.tags.clone(),
            path: test.original_file_path.to_string(),
            ..Test::default()
        },
        _ => return None,
    };
    let tested = test.tested.as_ref().and_then(|id| resource(manifest, id));
    let relation = tested.and_then(relation_name);
    let found = matches!(result.status, NodeStatus::Fail | NodeStatus::Warn);
    let failures = result.failures.filter(|_| result.status != NodeStatus::Skipped);
    let rows = test.tested.as_ref().and_then(|id| rows_of(id, all));
    let stored = result.subject.node().and_then(|node| node.relation_name());
    Some(Record {
        unique_id: result.subject.unique_id().to_string(),
        name: result.subject.name().to_owned(),
        kind: test.kind,
        layer: tested.map_or_else(|| "tests".to_owned(), crate::report::lineage::layer),
        tested: test.tested.as_ref().map(ToString::to_string),
        relation,
        column: test.column,
        owner: owner_in(test.meta).or_else(|| tested.and_then(|it| owner_of(it, manifest))),
        tags: test.tags,
        severity: test.severity,
        status: result.status.as_str().to_owned(),
        failures,
        failure_rate: failures.zip(rows).map(|(failures, rows)| rate(failures, rows)),
        warn_if: test.warn_if,
        error_if: test.error_if,
        duration: result.execution_time.as_secs_f64(),
        stored_relation: stored.filter(|_| found),
        message: result.message.clone(),
        compiled_path: result.compiled.as_ref().and_then(|compiled| compiled.path.clone()),
        path: test.path,
    })
}

/// What is known of a test without running it.
#[derive(Default)]
struct Test<'a> {
    kind: String,
    tested: Option<UniqueId>,
    column: Option<String>,
    meta: Option<&'a Json>,
    tags: Vec<String>,
    severity: String,
    warn_if: Option<String>,
    error_if: Option<String>,
    path: String,
}

impl<'a> Test<'a> {
    fn of_data(node: &'a Node) -> Self {
        let (kind, attached, column) = match &node.kind {
            NodeKind::GenericTest(test) => {
                let namespace = test.namespace.iter().map(|name| format!("{name}."));
                let kind = namespace.chain([test.name.clone()]).collect();
                (kind, test.attached_node.clone(), test.column_name.clone())
            }
            _ => ("singular".to_owned(), None, None),
        };
        let text = |key: &str| node.config.text(key).map(str::to_owned);
        Self {
            kind,
            // A test without a node of its own is about the first thing that it reads.
            tested: attached.or_else(|| node.depends_on.nodes.first().cloned()),
            column,
            meta: node.config.get("meta"),
            tags: node.tags.clone(),
            severity: text("severity").unwrap_or_default().to_lowercase(),
            warn_if: text("warn_if"),
            error_if: text("error_if"),
            path: node.original_file_path.to_string(),
        }
    }
}

fn resource<'a>(manifest: &'a Manifest, id: &UniqueId) -> Option<Resource<'a>> {
    let node = manifest.nodes.get(id).map(Resource::Node);
    node.or_else(|| manifest.sources.get(id).map(Resource::Source))
}

fn relation_name(resource: Resource<'_>) -> Option<String> {
    match resource {
        Resource::Node(node) => node.relation_name(),
        Resource::Source(source) => Some(source.relation_name()),
        _ => None,
    }
}

fn owner_of(resource: Resource<'_>, manifest: &Manifest) -> Option<String> {
    let (meta, group): (&Map<String, Json>, Option<&str>) = match resource {
        Resource::Node(node) => (&node.meta, node.group.as_deref()),
        Resource::Source(source) => (&source.meta, None),
        _ => return None,
    };
    meta.get("owner").and_then(owner_text).or_else(|| {
        let group = manifest.groups.values().find(|it| Some(&*it.name) == group)?;
        owner_text(&group.owner)
    })
}

fn owner_in(meta: Option<&Json>) -> Option<String> {
    owner_text(meta?.get("owner")?)
}

/// An owner is a name, or an object with a name or an address.
fn owner_text(owner: &Json) -> Option<String> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let part = |key: &str| owner.get(key).and_then(text);
    text(owner).or_else(|| part("name")).or_else(|| part("email"))
}

/// The rows of a table that this run built.
fn rows_of(id: &UniqueId, results: &[NodeResult]) -> Option<i64> {
    let built = results.iter().find(|result| result.subject.unique_id() == id)?;
    let node = built.subject.node()?;
    let is_whole = matches!(node.config.materialized_name(), "table" | "seed");
    let rows = built.adapter_response.get("rows_affected")?.as_i64()?;
    (is_whole && rows > 0).then_some(rows)
}

#[allow(clippy::cast_precision_loss)] // a rate is shown with few digits
fn rate(failures: i64, rows: i64) -> f64 {
    failures as f64 / rows as f64
}
