//! `overrides:` of a source: the root project changes what a package says of its source
//! (<https://docs.getdbt.com/reference/resource-properties/overrides>).

use super::patches;
use super::properties::{SourceProperties, TableProperties};
use super::property_file::{Entry, PropertyFile};
use crate::diagnostic::{Code, Diagnostic};
use crate::event::Warning;
use crate::project::yaml::Node;
use serde_json::json;
use std::collections::HashSet;

/// An override and the file it stands in.
struct Override {
    entry: Entry<SourceProperties>,
    path: String,
    package: String,
}

/// Puts overrides on top of what they override; tells those that have no target.
pub fn apply(files: &mut [PropertyFile]) -> (Vec<Warning>, Vec<Diagnostic>) {
    let mut overrides: Vec<Override> = Vec::new();
    let mut errors = Vec::new();
    for file in files.iter_mut() {
        let (own, more): (Vec<_>, Vec<_>) = std::mem::take(&mut file.sources)
            .into_iter()
            .partition(|entry| entry.value.overrides.is_none());
        file.sources = own;
        for entry in more {
            let package = entry.value.overrides.clone().unwrap_or_default();
            let path = file.path.to_string();
            let twice = overrides
                .iter()
                .find(|it| it.package == package && it.entry.value.name == entry.value.name);
            if let Some(first) = twice {
                errors.push(*described_twice(first, &entry, &path));
            }
            overrides.push(Override { entry, path, package });
        }
    }
    if overrides.is_empty() {
        return (Vec::new(), errors);
    }
    let mut used: HashSet<(usize, Option<String>)> = HashSet::new();
    for file in files {
        for source in &mut file.sources {
            let found = overrides.iter().position(|it| {
                it.package == *file.package && it.entry.value.name == source.value.name
            });
            let Some(at) = found else { continue };
            used.insert((at, None));
            let tables = source.value.tables.iter().map(|table| table.name.clone());
            used.extend(tables.map(|name| (at, Some(name))));
            overlay(&mut source.value, &overrides[at].entry);
        }
    }
    (unused(&overrides, &used).into_iter().collect(), errors)
}

fn described_twice(
    first: &Override,
    second: &Entry<SourceProperties>,
    path: &str,
) -> Box<Diagnostic> {
    let source = &second.value.name;
    let name = format!("{}.{source}", first.package);
    let fix = patches::remove_one(&name, "sources", &first.path, path);
    let message = format!(
        "dbt found two schema.yml entries for the same source named {source} in package {}. \
         Sources may only be overridden a single time. To fix this, {fix}",
        first.package
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(second.span())
        .with_related(first.entry.span(), "first overridden here")
}

/// dbt takes over every field that is written; `config` and `freshness` are replaced even when
/// they are not.
fn overlay(source: &mut SourceProperties, patch: &Entry<SourceProperties>) {
    let given = &patch.value;
    let is_written = |key: &str| patch.node.get(key).is_some_and(|node| !node.is_null());
    macro_rules! take {
        ($($field:ident),*) => {$(
            if is_written(stringify!($field)) {
                source.$field = given.$field.clone();
            }
        )*};
    }
    take!(
        description,
        meta,
        database,
        schema,
        loader,
        quoting,
        loaded_at_field,
        loaded_at_query,
        tags
    );
    source.config.clone_from(&given.config);
    source.freshness.clone_from(&given.freshness);
    let nodes = patch.node.get("tables").and_then(Node::as_seq).unwrap_or_default();
    for (table, node) in given.tables.iter().zip(nodes) {
        let targets = source.tables.iter_mut().filter(|target| target.name == table.name);
        targets.for_each(|target| overlay_table(target, table, node));
    }
}

fn overlay_table(target: &mut TableProperties, given: &TableProperties, node: &Node) {
    let is_written = |key: &str| node.get(key).is_some_and(|node| !node.is_null());
    macro_rules! take {
        ($($field:ident),*) => {$(
            if is_written(stringify!($field)) {
                target.$field = given.$field.clone();
            }
        )*};
    }
    take!(
        description,
        meta,
        identifier,
        quoting,
        loaded_at_field,
        loaded_at_query,
        external,
        tags,
        columns
    );
    if is_written("data_tests") || is_written("tests") {
        target.data_tests.clone_from(&given.data_tests);
    }
    target.freshness.clone_from(&given.freshness);
}

fn unused(overrides: &[Override], used: &HashSet<(usize, Option<String>)>) -> Option<Warning> {
    let mut lines = Vec::new();
    for (at, it) in overrides.iter().enumerate() {
        let name = format!("{}.{}", it.package, it.entry.value.name);
        if !used.contains(&(at, None)) {
            lines.push(format!("  - Source {name} (in {})", it.path));
            continue;
        }
        let mut tables: Vec<&str> = it
            .entry
            .value
            .tables
            .iter()
            .map(|table| table.name.as_str())
            .filter(|table| !used.contains(&(at, Some((*table).to_owned()))))
            .collect();
        tables.sort_unstable();
        let line = |table: &&str| format!("  - Source table {name}.{table} (in {})", it.path);
        lines.extend(tables.iter().map(line));
    }
    if lines.is_empty() {
        return None;
    }
    let message = format!(
        "During parsing, dbt encountered source overrides that had no target:\n{}\n",
        lines.join("\n")
    );
    let mut diagnostic = Diagnostic::new(Code::PatchTargetMissing, message);
    diagnostic.span = overrides.first().map(|it| it.entry.span());
    let warning = Warning::new("UnusedTables", "I056", *diagnostic);
    Some(warning.with_data(json!({"unused_tables": lines})))
}
