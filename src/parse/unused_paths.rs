//! Configuration in `dbt_project.yml` that reaches nothing: most often a mistyped folder.

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Warning;
use crate::manifest::{JsonMap, Manifest, ResourceType};
use crate::project::{ConfigKind, Project};
use serde_json::{Value as Json, json};

/// Sections whose resources are all parsed.
const SECTIONS: [(ConfigKind, ResourceType); 11] = [
    (ConfigKind::Models, ResourceType::Model),
    (ConfigKind::Seeds, ResourceType::Seed),
    (ConfigKind::Snapshots, ResourceType::Snapshot),
    (ConfigKind::Sources, ResourceType::Source),
    (ConfigKind::DataTests, ResourceType::Test),
    (ConfigKind::Exposures, ResourceType::Exposure),
    (ConfigKind::UnitTests, ResourceType::UnitTest),
    (ConfigKind::Functions, ResourceType::Function),
    (ConfigKind::Metrics, ResourceType::Metric),
    (ConfigKind::SemanticModels, ResourceType::SemanticModel),
    (ConfigKind::SavedQueries, ResourceType::SavedQuery),
];

/// The warning about paths of the root project's configuration that no resource has.
pub fn warning(project: &Project, manifest: &Manifest) -> Option<Warning> {
    let unused: Vec<String> = SECTIONS
        .into_iter()
        .filter_map(|(section, kind)| Some((section, kind, project.configs.get(&section)?)))
        .flat_map(|(section, kind, tree)| {
            let paths = match tree.rendered.to_json() {
                Json::Object(section) => config_paths(&section),
                _ => Vec::new(),
            };
            let unused = paths.into_iter().filter(move |path| !is_used(path, kind, manifest));
            unused.map(move |path| {
                let levels = std::iter::once(section.key()).chain(path.iter().map(String::as_str));
                levels.collect::<Vec<_>>().join(".")
            })
        })
        .collect();
    if unused.is_empty() {
        return None;
    }
    let list: Vec<String> = unused.iter().map(|path| format!("- {path}")).collect();
    let message = format!(
        "Configuration paths exist in your dbt_project.yml file which do not apply to any \
         resources.\nThere are {} unused configuration paths:\n{}",
        unused.len(),
        list.join("\n")
    );
    let diagnostic = *Diagnostic::new(Code::ConfigInvalid, message);
    let warning = Warning::new("UnusedResourceConfigPath", "I051", diagnostic);
    Some(warning.with_data(json!({"unused_config_paths": unused})))
}

/// The levels of a section that set something themselves.
fn config_paths(section: &JsonMap) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut levels = vec![(Vec::new(), section)];
    while let Some((path, level)) = levels.pop() {
        let mut configures = false;
        for (key, value) in level {
            match value {
                Json::Object(next) if !key.starts_with('+') => {
                    let mut path = path.clone();
                    path.push(key.clone());
                    levels.push((path, next));
                }
                _ => configures = true,
            }
        }
        if configures {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

fn is_used(path: &[String], kind: ResourceType, manifest: &Manifest) -> bool {
    manifest
        .resources()
        .chain(manifest.disabled_resources())
        .filter(|resource| resource.resource_type() == kind)
        .any(|resource| resource.fqn().starts_with(path))
}
