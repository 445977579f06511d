//! `gdbt ls`: lists resources, or draws them.

use crate::cli::ExitStatus;
use crate::cli::args::{ListArgs, ListOutput};
use crate::cli::loaded::Loaded;
use crate::cli::session::Session;
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Sink};
use crate::manifest::{Resource, ResourceType, UniqueId};
use crate::python_json;
use crate::report::lineage::{Lineage, is_data};
use crate::report::{dot, mermaid};
use serde_json::{Map, Value as Json};
use std::collections::{HashMap, HashSet};

/// What can be listed.
const ALL: &[ResourceType] = &[
    ResourceType::Model,
    ResourceType::Snapshot,
    ResourceType::Seed,
    ResourceType::Test,
    ResourceType::Source,
    ResourceType::Exposure,
    ResourceType::Metric,
    ResourceType::SavedQuery,
    ResourceType::SemanticModel,
    ResourceType::UnitTest,
    ResourceType::Function,
    ResourceType::Analysis,
];
/// What is listed unless asked otherwise: all but analyses, which are last.
const DEFAULT: &[ResourceType] = ALL.split_at(ALL.len() - 1).0;
/// Keys of `--output json` without `--output-keys`.
const KEYS: [&str; 10] = [
    "alias",
    "name",
    "package_name",
    "depends_on",
    "tags",
    "config",
    "resource_type",
    "source_name",
    "original_file_path",
    "unique_id",
];

/// Prints the selected resources, sorted by id, or a diagram of them.
pub fn run(args: &ListArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    let types = session.settings.selection.types(DEFAULT, ALL);
    let mut ids = loaded.select(session, &types, true)?;
    ids.sort();
    if ids.is_empty() {
        session.report.warn(Event::NoNodesSelected)?;
    }
    let print = |message: String| session.emit(Event::Output { message });
    match args.output {
        ListOutput::Mermaid => print(trimmed(&mermaid::draw(&lineage(&loaded, &ids, session)))),
        ListOutput::Dot => print(trimmed(&dot::draw(&lineage(&loaded, &ids, session)))),
        output => {
            let resources = ids.iter().filter_map(|id| loaded.manifest.resource(id));
            resources.for_each(|resource| print(line(resource, output, &args.output_keys)));
        }
    }
    loaded.write_artifacts(session, &HashMap::new())?;
    Ok(ExitStatus::Success)
}

/// The text of a diagram without its last line end, which printing adds.
fn trimmed(diagram: &str) -> String {
    diagram.trim_end().to_owned()
}

/// The diagram's nodes: tests and analyses only where they were asked for by type.
fn lineage<'a>(loaded: &'a Loaded, ids: &[UniqueId], session: &Session) -> Lineage<'a> {
    let ids: HashSet<&UniqueId> = ids.iter().collect();
    let by_type = !session.settings.selection.resource_types.is_empty();
    Lineage::new(&loaded.manifest, |resource| {
        ids.contains(resource.unique_id()) && (by_type || is_data(resource.resource_type()))
    })
}

fn line(resource: Resource<'_>, output: ListOutput, keys: &[String]) -> String {
    match output {
        ListOutput::Name => search_name(resource),
        ListOutput::Path => resource.original_file_path().to_string(),
        ListOutput::Json => python_json::dumps(&Json::Object(object(resource, keys))),
        _ => selector(resource),
    }
}

/// What `--select` finds the resource by.
fn selector(resource: Resource<'_>) -> String {
    match resource {
        Resource::Source(source) => {
            format!("source:{}.{}.{}", source.package_name, source.source_name, source.name)
        }
        Resource::Exposure(exposure) => {
            format!("exposure:{}.{}", exposure.package_name, exposure.name)
        }
        Resource::Metric(it) => format!("metric:{}.{}", it.package_name, it.name),
        Resource::SemanticModel(it) => format!("semantic_model:{}.{}", it.package_name, it.name),
        Resource::SavedQuery(it) => format!("saved_query:{}.{}", it.package_name, it.name),
        Resource::UnitTest(it) => format!("unit_test:{}.{}", it.package_name, it.versioned_name()),
        Resource::Node(node) => node.fqn.join("."),
    }
}

fn search_name(resource: Resource<'_>) -> String {
    match resource {
        Resource::Source(source) => format!("{}.{}", source.source_name, source.name),
        Resource::Node(node) => node.search_name(),
        other => other.name().to_string(),
    }
}

fn object(resource: Resource<'_>, keys: &[String]) -> Map<String, Json> {
    let Ok(Json::Object(whole)) = resource.to_json() else { return Map::new() };
    if keys.is_empty() {
        return whole.into_iter().filter(|(key, _)| KEYS.contains(&key.as_str())).collect();
    }
    let words = keys.iter().flat_map(|key| key.split_whitespace());
    words.filter_map(|key| Some((key.to_owned(), nested(&whole, key)?.clone()))).collect()
}

/// The value of a key such as `config.materialized`.
fn nested<'a>(object: &'a Map<String, Json>, key: &str) -> Option<&'a Json> {
    let mut parts = key.split('.');
    let first = object.get(parts.next()?)?;
    let value = parts.try_fold(first, |value, part| value.get(part))?;
    // dbt leaves out nested keys that are null, and keeps plain ones.
    (!key.contains('.') || !value.is_null()).then_some(value)
}
