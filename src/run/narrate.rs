//! What is told about nodes: dbt's descriptions, start and result lines.

use super::execute::Action;
use crate::event::{Event, NodeIdentity, NodeInfo, Position, ResultLine};
use crate::manifest::{
    Exposure, MacroNode, Manifest, Node, NodeKind, ResourceType, Source, UniqueId, UnitTest,
};
use crate::result::{NodeResult, NodeStatus, Subject};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What events tell about a node or an exposure.
fn identity(subject: &Subject, manifest: &Manifest) -> Arc<NodeIdentity> {
    Arc::new(match subject {
        Subject::Node(node) => NodeIdentity { group: group(node, manifest), ..of_node(node) },
        Subject::Exposure(exposure) => of_exposure(exposure),
        Subject::Macro(node) => of_macro(node),
        Subject::Source(source) => of_source(source),
        Subject::UnitTest(test) => NodeIdentity {
            path: Arc::clone(&test.path),
            original_file_path: Arc::clone(&test.original_file_path),
            schema: test.schema.as_deref().unwrap_or_default().into(),
            ..without_relation(&test.unique_id, &test.name, ResourceType::UnitTest)
        },
    })
}

/// The group of a node, or of what a test is attached to, in dbt's form.
fn group(node: &Node, manifest: &Manifest) -> Option<Map<String, Json>> {
    if manifest.groups.is_empty() {
        return None;
    }
    let name = node.group.as_deref()?;
    let group = manifest.groups.values().find(|group| *group.name == *name)?;
    // dbt's event has texts only; a list is written as Python shows it.
    let owner = group.owner.as_object().map(|owner| {
        let texts = owner.iter().filter(|pair| !pair.1.is_null()).map(|(key, value)| {
            (key.clone(), Json::from(crate::context::json::from_json(value).to_string()))
        });
        texts.collect::<Map<String, Json>>()
    });
    let mut map = Map::new();
    map.insert("name".to_owned(), Json::from(&*group.name));
    map.insert("package_name".to_owned(), Json::from(&*group.package_name));
    map.insert("owner".to_owned(), Json::Object(owner.unwrap_or_default()));
    Some(map)
}

fn of_exposure(exposure: &Exposure) -> NodeIdentity {
    NodeIdentity {
        path: Arc::clone(&exposure.path),
        original_file_path: Arc::clone(&exposure.original_file_path),
        meta: exposure.meta.clone(),
        ..without_relation(&exposure.unique_id, &exposure.name, ResourceType::Exposure)
    }
}

fn of_source(source: &Source) -> NodeIdentity {
    NodeIdentity {
        path: Arc::clone(&source.original_file_path),
        original_file_path: Arc::clone(&source.original_file_path),
        meta: source.meta.clone(),
        database: Arc::clone(&source.relation.database),
        schema: Arc::clone(&source.relation.schema),
        relation_name: Some(source.relation_name()),
        ..without_relation(&source.unique_id, &source.name, ResourceType::Source)
    }
}

fn of_macro(node: &MacroNode) -> NodeIdentity {
    NodeIdentity {
        path: Arc::clone(&node.original_file_path),
        original_file_path: Arc::clone(&node.original_file_path),
        meta: node.meta.clone(),
        ..without_relation(&node.unique_id, &node.name, ResourceType::Macro)
    }
}

fn without_relation(id: &UniqueId, name: &Arc<str>, kind: ResourceType) -> NodeIdentity {
    NodeIdentity {
        unique_id: id.as_str().into(),
        name: Arc::clone(name),
        path: "".into(),
        original_file_path: "".into(),
        resource_type: kind.as_str(),
        materialized: String::new(),
        meta: Map::new(),
        database: "".into(),
        schema: "".into(),
        alias: "".into(),
        relation_name: None,
        checksum: String::new(),
        group: None,
    }
}

fn of_node(node: &Node) -> NodeIdentity {
    NodeIdentity {
        unique_id: node.unique_id.as_str().into(),
        name: Arc::clone(&node.name),
        path: Arc::clone(&node.path),
        original_file_path: Arc::clone(&node.original_file_path),
        resource_type: node.resource_type().as_str(),
        materialized: node.config.materialized_name().to_owned(),
        meta: node.meta.clone(),
        database: Arc::clone(&node.relation.database),
        schema: Arc::clone(&node.relation.schema),
        alias: Arc::clone(&node.alias),
        relation_name: node.relation_name(),
        checksum: node.checksum.checksum.clone(),
        group: None,
    }
}

/// A node that has just begun.
pub fn started(subject: &Subject, manifest: &Manifest) -> NodeInfo {
    NodeInfo {
        node: identity(subject, manifest),
        status: "started",
        started_at: Some(Timestamp::now()),
        finished_at: None,
    }
}

/// A node outside of its run, as in summaries.
pub fn at_rest(subject: &Subject, manifest: &Manifest) -> NodeInfo {
    let node = identity(subject, manifest);
    NodeInfo { node, status: "None", started_at: None, finished_at: None }
}

/// The node of a result line: how it ended and when.
pub fn finished(info: &NodeInfo, status: NodeStatus) -> NodeInfo {
    NodeInfo { status: status.as_str(), finished_at: Some(Timestamp::now()), ..info.clone() }
}

/// dbt's description of a node, such as `sql table model dwh.dim_user`. The database is
/// named when it is not the target's.
pub fn describe(node: &Node, database: &str) -> String {
    let relation = relation(node, database);
    match &node.kind {
        NodeKind::Model { .. } => {
            let materialized = node.config.materialized_name();
            let strategy = node.config.text("incremental_strategy");
            let kind = match strategy.filter(|_| materialized == "incremental") {
                Some("microbatch") => "microbatch",
                _ => materialized,
            };
            format!("{} {kind} model {relation}", node.language)
        }
        NodeKind::Seed { .. } => format!("seed file {relation}"),
        NodeKind::Snapshot => format!("snapshot {relation}"),
        NodeKind::Function { .. } => format!("function {relation}"),
        NodeKind::SingularTest | NodeKind::GenericTest(_) => format!("test {}", node.name),
        _ => format!("{} {}", node.resource_type(), node.name),
    }
}

pub(super) fn relation(node: &Node, database: &str) -> String {
    let name = &node.relation;
    if *name.database == *database {
        format!("{}.{}", name.schema, node.alias)
    } else {
        format!("{}.{}.{}", name.database, name.schema, node.alias)
    }
}

/// dbt's `run_result` of a node in events.
pub fn record(result: &NodeResult) -> Map<String, Json> {
    let value = json!({
        "status": result.status,
        "message": result.message.as_deref().unwrap_or(""),
        "thread": result.thread_id,
        "execution_time": result.execution_time.as_secs_f64(),
        "num_failures": result.failures.unwrap_or(0),
        "timing_info": result.timing,
        "adapter_response": result.adapter_response,
    });
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// The `START` line of a node.
pub fn start_line(
    subject: &Subject,
    action: Action,
    info: &NodeInfo,
    position: Position,
    database: &str,
) -> Event {
    let description = match subject {
        _ if action == Action::Freshness => format!("freshness of {}", dated_name(subject)),
        Subject::Node(node) => describe(node, database),
        Subject::UnitTest(test) => format!("unit_test {}", unit_test_name(test)),
        _ => format!("{} {}", subject.resource_type(), subject.name()),
    };
    Event::LogStartLine { node: info.clone(), description, position }
}

/// The name of what is dated: source and table, or schema and table of a model.
fn dated_name(subject: &Subject) -> String {
    match subject {
        Subject::Source(source) => format!("{}.{}", source.source_name, source.name),
        Subject::Node(node) => format!("{}.{}", node.relation.schema, node.alias),
        _ => subject.name().to_owned(),
    }
}

/// `model::test`, as dbt names unit tests.
fn unit_test_name(test: &UnitTest) -> String {
    format!("{}::{}", test.model, test.versioned_name())
}

/// The line about the end of a node; none for those that dbt says nothing of.
pub fn result_line(
    result: &NodeResult,
    info: &NodeInfo,
    position: Position,
    database: &str,
) -> Option<Event> {
    let is_dated = result.freshness.is_some() || result.status == NodeStatus::RuntimeError;
    let description = match &result.subject {
        subject if is_dated => dated_name(subject),
        Subject::Node(node) => describe(node, database),
        Subject::UnitTest(test) => unit_test_name(test),
        subject => format!("{} {}", subject.resource_type(), subject.name()),
    };
    let line = ResultLine {
        node: finished(info, result.status),
        description,
        position,
        status: result.status,
        message: result.message.clone(),
        failures: result.failures,
        execution_time: result.execution_time,
    };
    if is_dated {
        return Some(Event::LogFreshnessResult(line));
    }
    let node = match &result.subject {
        Subject::Node(node) => node,
        Subject::UnitTest(test) => {
            let attached_node = test.tested_node().map(ToString::to_string);
            return Some(Event::LogTestResult { line, attached_node });
        }
        _ => return Some(Event::LogNodeNoOpResult(line)),
    };
    Some(match &node.kind {
        NodeKind::Model { .. } => Event::LogModelResult(line),
        NodeKind::Function { .. } => Event::LogFunctionResult(line),
        NodeKind::Seed { .. } => Event::LogSeedResult(line),
        NodeKind::Snapshot => Event::LogSnapshotResult {
            line: ResultLine { description: relation(node, database), ..line },
            config: node.config.map().clone(),
        },
        NodeKind::SingularTest => Event::LogTestResult {
            line: ResultLine { description: node.name.to_string(), ..line },
            attached_node: None,
        },
        NodeKind::GenericTest(test) => Event::LogTestResult {
            line: ResultLine { description: node.name.to_string(), ..line },
            attached_node: test.attached_node.as_ref().map(ToString::to_string),
        },
        NodeKind::Analysis | NodeKind::Operation { .. } | NodeKind::SqlOperation => return None,
    })
}

/// `2 project hooks, 1 seed, 1 table model`: what was run, counted by kind and sorted.
pub fn run_counts<'a>(subjects: impl Iterator<Item = &'a Subject>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for subject in subjects {
        let kind = match subject.resource_type() {
            ResourceType::Model => {
                let materialized = subject.node().map(|node| node.config.materialized_name());
                format!("{} model", materialized.unwrap_or_default())
            }
            ResourceType::Operation => "project hook".to_owned(),
            kind => kind.as_str().to_owned(),
        };
        *counts.entry(kind).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(kind, count)| counted(count, &kind).replace('_', " "));
    counts.collect::<Vec<_>>().join(", ")
}

/// `8 models, 1 seed, 25 data tests, 480 macros`: what the project has, in dbt's order.
pub fn project_counts(manifest: &Manifest) -> String {
    let mut counts: indexmap::IndexMap<ResourceType, usize> = indexmap::IndexMap::new();
    for node in manifest.nodes.values().filter(|node| node.config.enabled()) {
        *counts.entry(node.resource_type()).or_default() += 1;
    }
    for (kind, count) in [
        (ResourceType::Source, manifest.sources.len()),
        (ResourceType::Exposure, manifest.exposures.len()),
        (ResourceType::Macro, manifest.macros.len()),
        (ResourceType::Group, manifest.groups.len()),
        (ResourceType::UnitTest, manifest.unit_tests.len()),
    ] {
        counts.insert(kind, count);
    }
    let counts = counts.into_iter().filter(|it| it.1 > 0).map(|(kind, count)| {
        let name = if kind == ResourceType::Test { "data test" } else { kind.as_str() };
        counted(count, name).replace('_', " ")
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, kind: &str) -> String {
    match (count, kind) {
        // In dbt the plural of a test has another name.
        (0 | 2.., "test") => format!("{count} data tests"),
        (1, kind) => format!("1 {kind}"),
        (_, "analysis") => format!("{count} analyses"),
        (_, kind) => format!("{count} {kind}s"),
    }
}
