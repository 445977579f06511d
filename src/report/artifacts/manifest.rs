//! `manifest.json`, version 12.

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::manifest::{Compiled, Manifest, NodeView, UniqueId};
use crate::report::clock;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// What the manifest's metadata tells beside the invocation.
#[derive(Debug, Clone)]
pub struct ManifestDetails {
    /// MD5 of the project's name, as dbt makes it.
    pub project_id: String,
    /// The project's quoting, as it applies.
    pub quoting: Json,
}

/// A manifest in dbt's JSON form.
#[derive(Debug, Clone, Copy)]
pub struct ManifestView<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The compiled form of what was compiled.
    pub compiled: &'a HashMap<UniqueId, Arc<Compiled>>,
    /// More metadata.
    pub details: &'a ManifestDetails,
    /// This run.
    pub invocation: &'a Invocation,
}

/// Writes the manifest.
pub fn write_manifest(path: &Path, view: ManifestView<'_>) -> Result<()> {
    write_json(path, &view)
}

impl Serialize for ManifestView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let manifest = self.manifest;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("metadata", &self.metadata())?;
        map.serialize_entry("nodes", &Nodes(self))?;
        map.serialize_entry("sources", &manifest.sources)?;
        map.serialize_entry("macros", &manifest.macros)?;
        map.serialize_entry("docs", &manifest.docs)?;
        map.serialize_entry("exposures", &manifest.exposures)?;
        map.serialize_entry("metrics", &manifest.metrics)?;
        map.serialize_entry("groups", &manifest.groups)?;
        map.serialize_entry("selectors", &manifest.selectors)?;
        map.serialize_entry("disabled", &Disabled(manifest))?;
        let (parents, children) = edges(manifest);
        map.serialize_entry("parent_map", &parents)?;
        map.serialize_entry("child_map", &children)?;
        map.serialize_entry("group_map", &group_map(manifest))?;
        map.serialize_entry("saved_queries", &manifest.saved_queries)?;
        map.serialize_entry("semantic_models", &manifest.semantic_models)?;
        map.serialize_entry("unit_tests", &manifest.unit_tests)?;
        map.serialize_entry("functions", &Functions(self))?;
        map.end()
    }
}

impl ManifestView<'_> {
    fn metadata(&self) -> Json {
        let mut metadata = self.invocation.metadata("manifest/v12");
        let more = [
            ("project_name", json!(self.manifest.project_name)),
            ("project_id", json!(self.details.project_id)),
            ("user_id", Json::Null),
            ("send_anonymous_usage_stats", json!(false)),
            ("adapter_type", json!("postgres")),
            ("quoting", self.details.quoting.clone()),
            ("run_started_at", json!(clock::with_offset(self.invocation.started_at))),
        ];
        metadata.extend(more.map(|(key, value)| (key.to_owned(), value)));
        Json::Object(metadata)
    }
}

struct Nodes<'a>(&'a ManifestView<'a>);

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.manifest.nodes.iter().map(|(id, node)| {
            let compiled = self.0.compiled.get(id).map(Arc::as_ref);
            (id, NodeView { node, compiled })
        }))
    }
}

struct Functions<'a>(&'a ManifestView<'a>);

impl Serialize for Functions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.manifest.functions.iter().map(|(id, node)| {
            let compiled = self.0.compiled.get(id).map(Arc::as_ref);
            (id, NodeView { node, compiled })
        }))
    }
}

struct Disabled<'a>(&'a Manifest);

impl Serialize for Disabled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut by_id: indexmap::IndexMap<&UniqueId, Vec<Json>> = indexmap::IndexMap::new();
        for resource in self.0.disabled_resources() {
            let json = resource.to_json().map_err(serde::ser::Error::custom)?;
            by_id.entry(resource.unique_id()).or_default().push(json);
        }
        by_id.serialize(serializer)
    }
}

type Edges<'a> = indexmap::IndexMap<&'a UniqueId, Vec<&'a UniqueId>>;

/// dbt's `parent_map` and `child_map`: all resources, each list sorted.
fn edges(manifest: &Manifest) -> (Edges<'_>, Edges<'_>) {
    let mut parents = Edges::new();
    let mut children: Edges<'_> =
        manifest.resources().map(|resource| (resource.unique_id(), Vec::new())).collect();
    for resource in manifest.resources() {
        let mut ids: Vec<&UniqueId> = resource.parents().iter().collect();
        for parent in &ids {
            if let Some(list) = children.get_mut(*parent) {
                list.push(resource.unique_id());
            }
        }
        ids.sort();
        parents.insert(resource.unique_id(), ids);
    }
    children.values_mut().for_each(|list| list.sort());
    (parents, children)
}

/// The resources of every group.
fn group_map(manifest: &Manifest) -> indexmap::IndexMap<&str, Vec<&UniqueId>> {
    let mut map: indexmap::IndexMap<&str, Vec<&UniqueId>> =
        manifest.groups.values().map(|group| (group.name.as_ref(), Vec::new())).collect();
    for resource in manifest.resources() {
        if let Some(list) = resource.group().and_then(|group| map.get_mut(group)) {
            list.push(resource.unique_id());
        }
    }
    map
}
