//! The artifacts of an earlier invocation: manifest.json, run_results.json, sources.json.

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::JsonMap;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The parts of a manifest that hold resources which can be selected.
const SECTIONS: [&str; 8] = [
    "nodes",
    "sources",
    "exposures",
    "metrics",
    "semantic_models",
    "unit_tests",
    "saved_queries",
    "functions",
];

/// An earlier state, as far as its folder has it.
#[derive(Debug, Default)]
pub struct PreviousState {
    /// The folder, as given.
    pub path: PathBuf,
    manifest: Option<JsonMap>,
    results: Option<Vec<(String, String)>>,
    sources: Option<HashMap<String, SourceAge>>,
    current_sources: Option<HashMap<String, SourceAge>>,
}

/// How fresh a source was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAge {
    /// Its newest row; texts of this form compare as times do.
    LoadedAt(String),
    /// It could not be asked.
    Unknown,
}

impl PreviousState {
    /// Reads what there is in a folder. Relative folders are below `root`; `target` is the
    /// folder of the current artifacts, for `source_status`.
    ///
    /// # Errors
    /// A file that is not an artifact of a version that dbt 1.11 can read.
    pub fn load(path: &Path, root: &Path, target: &Path) -> Result<Self> {
        let folder = root.join(path);
        let sources = |folder: &Path| -> Result<_> {
            Ok(read(&folder.join("sources.json"), "sources", 3..=3)?.map(|json| ages(&json)))
        };
        Ok(Self {
            path: path.to_owned(),
            manifest: read(&folder.join("manifest.json"), "manifest", 4..=12)?.map(upgraded),
            results: read(&folder.join("run_results.json"), "run-results", 4..=6)?
                .map(|json| statuses(&json)),
            sources: sources(&folder)?,
            current_sources: sources(&root.join(target))?,
        })
    }

    /// A state that is only a manifest.
    pub fn of_manifest(manifest: JsonMap) -> Self {
        Self { manifest: Some(manifest), ..Self::default() }
    }

    /// Whether there is a manifest to compare with.
    pub fn has_manifest(&self) -> bool {
        self.manifest.is_some()
    }

    /// A section of the manifest, such as `nodes`.
    pub fn section(&self, name: &str) -> Option<&JsonMap> {
        self.manifest.as_ref()?.get(name)?.as_object()
    }

    /// A resource of the manifest.
    pub fn resource(&self, id: &str) -> Option<&Json> {
        SECTIONS.iter().find_map(|section| self.section(section)?.get(id))
    }

    /// Ids and statuses of the results, when there are any.
    pub fn results(&self) -> Option<&[(String, String)]> {
        self.results.as_deref()
    }

    /// What the earlier sources.json found.
    pub fn sources(&self) -> Option<&HashMap<String, SourceAge>> {
        self.sources.as_ref()
    }

    /// What the current sources.json found.
    pub fn current_sources(&self) -> Option<&HashMap<String, SourceAge>> {
        self.current_sources.as_ref()
    }
}

/// An artifact, or nothing when there is no such file.
fn read(
    path: &Path,
    kind: &str,
    versions: std::ops::RangeInclusive<u32>,
) -> Result<Option<JsonMap>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(_) if path.is_dir() => return Ok(None),
        Err(error) => return Err(Diagnostic::io(path, &error)),
    };
    let json: JsonMap = serde_json::from_slice(&text).map_err(|error| {
        Diagnostic::new(
            Code::StateInvalid,
            format!("Could not read {} as JSON: {error}", path.display()),
        )
    })?;
    let schema = json.get("metadata").and_then(|it| it.get("dbt_schema_version"));
    let schema = schema.and_then(Json::as_str).unwrap_or("none");
    let version = schema
        .rsplit_once(&format!("/{kind}/v"))
        .and_then(|(_, rest)| rest.strip_suffix(".json")?.parse::<u32>().ok());
    if version.is_some_and(|version| versions.contains(&version)) {
        return Ok(Some(json));
    }
    let newest = versions.end();
    Err(Diagnostic::new(
        Code::StateInvalid,
        format!(
            "Expected a schema version of \"https://schemas.getdbt.com/dbt/{kind}/v{newest}.json\" \
             in {}, but found \"{schema}\". Are you running with a different version of dbt?",
            path.display()
        ),
    ))
}

/// Older manifests in the form of v12, as far as comparing needs it.
fn upgraded(mut manifest: JsonMap) -> JsonMap {
    if let Some(Json::Object(nodes)) = manifest.get_mut("nodes") {
        for node in nodes.values_mut().filter_map(Json::as_object_mut) {
            for (old, new) in [("raw_sql", "raw_code"), ("compiled_sql", "compiled_code")] {
                if let Some(code) = node.remove(old) {
                    node.insert(new.to_owned(), code);
                }
            }
        }
    }
    manifest
}

fn results_of(json: &JsonMap) -> impl Iterator<Item = &Json> {
    json.get("results").and_then(Json::as_array).into_iter().flatten()
}

fn statuses(json: &JsonMap) -> Vec<(String, String)> {
    let pair = |result: &Json| {
        let text = |key: &str| Some(result.get(key)?.as_str()?.to_owned());
        Some((text("unique_id")?, text("status")?))
    };
    results_of(json).filter_map(pair).collect()
}

fn ages(json: &JsonMap) -> HashMap<String, SourceAge> {
    let pair = |result: &Json| {
        let id = result.get("unique_id")?.as_str()?.to_owned();
        let loaded_at = result.get("max_loaded_at").and_then(Json::as_str);
        let age = loaded_at.map_or(SourceAge::Unknown, |at| SourceAge::LoadedAt(at.to_owned()));
        Some((id, age))
    };
    results_of(json).filter_map(pair).collect()
}
