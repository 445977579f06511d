//! Versioned models: one `models:` entry that describes several files
//! (<https://docs.getdbt.com/docs/mesh/govern/model-versions>).

use super::properties::{ColumnProperties, ModelVersion, NodeProperties, VersionProperties};
use super::property_file::{Entry, Step};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{JsonMap, version_text};
use serde::Deserialize;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

/// The entry itself, or one entry for each of its versions.
pub fn expand(mut entry: Entry<NodeProperties>) -> Result<Vec<Entry<NodeProperties>>> {
    let versions = std::mem::take(&mut entry.value.versions);
    if versions.is_empty() {
        return Ok(vec![entry]);
    }
    let latest = latest(&entry, &versions)?;
    let nodes = entry.node.get("versions").and_then(crate::project::yaml::Node::as_seq);
    let nodes: Vec<_> = nodes.map(<[_]>::to_vec).unwrap_or_default();
    versions
        .into_iter()
        .enumerate()
        .map(|(index, version)| {
            let span = || entry.span_of(&[Step::Key("versions"), Step::Index(index)]);
            let value = of_version(&entry.value, version, &latest)
                .map_err(|error| error.with_span(span()))?;
            let node = nodes.get(index).unwrap_or(&entry.node).clone();
            Ok(Entry { value, node, source: Arc::clone(&entry.source) })
        })
        .collect()
}

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::PropertyInvalid, message)
}

/// The version that an unpinned `ref` means: the one named, else the highest.
fn latest(entry: &Entry<NodeProperties>, versions: &[VersionProperties]) -> Result<Json> {
    let name = &entry.value.name;
    let mut seen = HashSet::new();
    for (index, version) in versions.iter().enumerate() {
        if !seen.insert(version_text(&version.v)) {
            let message = format!(
                "Found duplicate version: '{}' in versions list of model '{name}'",
                version_text(&version.v)
            );
            let span = entry.span_of(&[Step::Key("versions"), Step::Index(index)]);
            return Err(invalid(message).with_span(span));
        }
    }
    if let Some(latest) = entry.value.latest_version.as_ref().filter(|it| !it.is_null()) {
        if versions.iter().any(|version| version.v == *latest) {
            return Ok(latest.clone());
        }
        let values: Json = versions.iter().map(|version| version.v.clone()).collect();
        let message = format!(
            "latest_version: {} is not one of model '{name}' versions: {} ",
            version_text(latest),
            crate::context::json::from_json(&values).repr()
        );
        return Err(invalid(message).with_span(entry.span_of(&[Step::Key("latest_version")])));
    }
    let highest = versions.iter().map(|version| &version.v).reduce(|highest, version| {
        if order(highest, version) == Ordering::Less { version } else { highest }
    });
    Ok(highest.cloned().unwrap_or_default())
}

/// dbt compares versions as numbers where both are numbers, else as texts.
fn order(left: &Json, right: &Json) -> Ordering {
    let number = |version: &Json| version_text(version).parse::<f64>().ok();
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        _ => version_text(left).cmp(&version_text(right)),
    }
}

/// The properties of one version: the model's, with the version's own on top.
fn of_version(
    model: &NodeProperties,
    version: VersionProperties,
    latest: &Json,
) -> Result<NodeProperties> {
    let mut properties = model.clone();
    properties.columns = columns(&model.columns, &version.columns)?;
    if !version.description.is_empty() {
        properties.description = version.description;
    }
    if let Some(tests) = version.data_tests {
        properties.data_tests = tests;
    }
    if !version.constraints.is_empty() {
        properties.constraints = version.constraints;
    }
    deep_merge(&mut properties.config, version.config);
    properties.deprecation_date = version.deprecation_date;
    properties.time_spine = None;
    properties.version = Some(ModelVersion {
        is_latest: version.v == *latest,
        latest: latest.clone(),
        file: version
            .defined_in
            .unwrap_or_else(|| format!("{}_v{}", model.name, version_text(&version.v))),
        own: version.v,
    });
    Ok(properties)
}

/// `include` and `exclude` say which of the model's columns a version has.
#[derive(Deserialize)]
struct Inherited {
    include: Json,
    #[serde(default)]
    exclude: Vec<String>,
}

fn columns(model: &[ColumnProperties], written: &[Json]) -> Result<Vec<ColumnProperties>> {
    let mut inherited = Inherited { include: "*".into(), exclude: Vec::new() };
    let mut own = Vec::new();
    let mut has_inherited = false;
    for column in written {
        if column.get("include").is_none() {
            own.push(ColumnProperties::deserialize(column).map_err(|e| invalid(e.to_string()))?);
            continue;
        }
        if std::mem::replace(&mut has_inherited, true) {
            return Err(invalid("version can have at most one include/exclude element"));
        }
        inherited = Inherited::deserialize(column).map_err(|e| invalid(e.to_string()))?;
    }
    let all = match &inherited.include {
        Json::String(text) if text == "all" || text == "*" => true,
        Json::Array(_) => false,
        _ => {
            let message = "include must be one of ('all', '*') or a list of strings";
            return Err(invalid(message));
        }
    };
    if !all && !inherited.exclude.is_empty() {
        let message = "exclude can only be specified if include is one of ('all', '*')";
        return Err(invalid(message));
    }
    let names = inherited.include.as_array();
    let has = |name: &str| {
        let listed = names.is_some_and(|names| names.iter().any(|it| it.as_str() == Some(name)));
        (all || listed) && !inherited.exclude.iter().any(|excluded| excluded == name)
    };
    let base = model.iter().filter(|column| has(&column.name)).cloned();
    Ok(base.chain(own).collect())
}

/// Objects are merged at every level, lists are joined, the later one's first; other values of
/// the later one win.
fn deep_merge(earlier: &mut JsonMap, later: JsonMap) {
    for (key, value) in later {
        match (earlier.get_mut(&key), value) {
            (Some(Json::Object(earlier)), Json::Object(later)) => deep_merge(earlier, later),
            (Some(Json::Array(earlier)), Json::Array(later)) => {
                earlier.splice(0..0, later);
            }
            (_, value) => {
                earlier.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_ordered_as_numbers_and_else_as_texts() {
        assert_eq!(order(&json!(10), &json!(9)), Ordering::Greater);
        assert_eq!(order(&json!("2"), &json!(10)), Ordering::Less);
        assert_eq!(order(&json!("a"), &json!(1)), Ordering::Greater);
    }

    #[test]
    fn columns_are_those_included_and_the_versions_own() {
        let base = ["a", "b", "c"]
            .map(|name| ColumnProperties { name: name.to_owned(), ..ColumnProperties::default() });
        let names = |written: &[Json]| -> Vec<String> {
            columns(&base, written).unwrap().into_iter().map(|column| column.name).collect()
        };
        assert_eq!(names(&[]), ["a", "b", "c"]);
        assert_eq!(names(&[json!({"include": "all", "exclude": ["a"]})]), ["b", "c"]);
        assert_eq!(names(&[json!({"include": ["c"]}), json!({"name": "d"})]), ["c", "d"]);
        let twice = [json!({"include": "*"}), json!({"include": "*"})];
        assert!(columns(&base, &twice).is_err());
    }
}
