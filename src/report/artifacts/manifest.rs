//! `manifest.json`, version 12.

use super::{Invocation, write_aside};
use crate::diagnostic::Result;
use crate::manifest::{Compiled, Manifest, Node, NodeView, UniqueId};
use crate::project::secret::Secrets;
use crate::report::clock;
use rayon::prelude::*;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::io::Write;
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

/// Writes the manifest. Nodes, which are most of it, are put into JSON on all cores, some
/// thousands at a time: the whole text would double the memory that is needed. Secrets are
/// scrubbed from free texts.
pub fn write_manifest(path: &Path, view: ManifestView<'_>) -> Result<()> {
    const AT_ONCE: usize = 4096;
    const TOGETHER: usize = 128;
    let nodes: Vec<_> = view.manifest.nodes.iter().collect();
    let secrets = &view.invocation.secrets;
    write_aside(path, |writer| {
        write!(writer, "{{\"metadata\":{},\"nodes\":{{", Json::Object(view.metadata()))?;
        let mut separator: &[u8] = b"";
        for nodes in nodes.chunks(AT_ONCE) {
            let texts: Vec<_> = nodes
                .par_chunks(TOGETHER)
                .map(|nodes| json_text(&Nodes { nodes, compiled: view.compiled }, secrets))
                .collect();
            for text in texts {
                writer.write_all(separator)?;
                writer.write_all(inside(&text?))?;
                separator = b",";
            }
        }
        writer.write_all(b"},")?;
        writer.write_all(rest_of_object(&json_text(&Others(view), secrets)?))
    })
}

/// The value's text, without secrets.
fn json_text(value: &impl Serialize, secrets: &Secrets) -> serde_json::Result<Vec<u8>> {
    if secrets.is_empty() {
        return serde_json::to_vec(value);
    }
    serde_json::to_vec(&secrets.scrub_free_texts(serde_json::to_value(value)?))
}

/// The entries of an object's text.
fn inside(object: &[u8]) -> &[u8] {
    object.strip_prefix(b"{").and_then(|it| it.strip_suffix(b"}")).unwrap_or(object)
}

/// The entries of an object's text and its end.
fn rest_of_object(object: &[u8]) -> &[u8] {
    object.strip_prefix(b"{").unwrap_or(object)
}

/// Everything that comes after the nodes.
struct Others<'a>(ManifestView<'a>);

impl Serialize for Others<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(view) = self;
        let manifest = view.manifest;
        let functions: Vec<_> = manifest.functions.iter().collect();
        let mut map = serializer.serialize_map(None)?;
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
        map.serialize_entry("functions", &Nodes { nodes: &functions, compiled: view.compiled })?;
        map.end()
    }
}

impl ManifestView<'_> {
    fn metadata(&self) -> Map<String, Json> {
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
        metadata
    }
}

struct Nodes<'a> {
    nodes: &'a [(&'a UniqueId, &'a Arc<Node>)],
    compiled: &'a HashMap<UniqueId, Arc<Compiled>>,
}

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.nodes.iter().map(|(id, node)| {
            let compiled = self.compiled.get(*id).map(Arc::as_ref);
            (*id, NodeView { node: node.as_ref(), compiled })
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

type Edges<'a> = indexmap::IndexMap<&'a UniqueId, Vec<&'a UniqueId>, foldhash::fast::RandomState>;

/// dbt's `parent_map` and `child_map`: all resources, each list sorted.
fn edges(manifest: &Manifest) -> (Edges<'_>, Edges<'_>) {
    let mut parents = Edges::default();
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
