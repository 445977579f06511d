//! Which properties belong to which node.

use super::nodes::Patch;
use super::property_file::PropertyFile;
use super::sql_file::Draft;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::Warning;
use crate::manifest::{Node, NodeKind};
use crate::suggest::nearest;
use serde_json::{Value as Json, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Section, package and name.
type Key<'a> = (&'static str, &'a str, &'a str);

/// Property entries of nodes.
#[derive(Default)]
pub struct Patches<'a>(HashMap<Key<'a>, Patch<'a>>);

impl<'a> Patches<'a> {
    /// The entries of all files, and what is wrong with them together.
    pub fn of(files: &'a [PropertyFile], drafts: &[Draft]) -> (Self, Vec<Diagnostic>) {
        let names = names(drafts);
        let mut patches = Self::default();
        let mut errors = Vec::new();
        for file in files {
            let sections = [
                ("models", &file.models),
                ("seeds", &file.seeds),
                ("snapshots", &file.snapshots),
                ("analyses", &file.analyses),
                ("data_tests", &file.singular_tests),
                ("functions", &file.functions),
            ];
            for (section, entries) in sections {
                for entry in entries {
                    let patch = Patch { entry, file };
                    let key = (section, &*file.package, file_name(patch, &names));
                    if let Some(first) = patches.0.insert(key, patch) {
                        errors.push(*described_twice(section, first, patch));
                    }
                }
            }
        }
        (patches, errors)
    }

    /// The properties of a node.
    pub fn find(&self, draft: &Draft) -> Option<Patch<'a>> {
        self.0.get(&(section(&draft.kind)?, &*draft.package, &*draft.name)).copied()
    }

    /// Entries that enable what several files of one name disable: nothing says which is meant.
    pub fn undecided(&self, nodes: &[Arc<Node>]) -> Vec<Diagnostic> {
        let enables = |patch: &&Patch<'_>| {
            let properties = &patch.entry.value;
            properties.config.get("enabled") == Some(&Json::Bool(true))
                && properties.version.is_none()
        };
        let mut errors = Vec::new();
        for patch in self.0.values().filter(enables) {
            let name = &patch.entry.value.name;
            let mut found = nodes.iter().map(|node| &**node).filter(|node| {
                *node.name == **name
                    && node.package_name == patch.file.package
                    && self.describes(*patch, &node.kind)
            });
            let disabled: Vec<&Node> = found.clone().filter(|it| !it.config.enabled()).collect();
            let [first, _, ..] = disabled.as_slice() else { continue };
            if found.any(|node| node.config.enabled()) {
                continue;
            }
            let message = format!(
                "Found {} matching disabled nodes for {} '{name}'. Multiple nodes for the same \
                 unique id cannot be enabled in the schema file. They must be enabled in \
                 `dbt_project.yml` or in the sql files.",
                disabled.len(),
                first.resource_type()
            );
            errors.push(
                *Diagnostic::new(Code::PropertyInvalid, message).with_span(patch.entry.span()),
            );
        }
        errors
    }

    /// Whether an entry stands in the section of this kind of node.
    fn describes(&self, patch: Patch<'_>, kind: &NodeKind) -> bool {
        section(kind).is_some_and(|section| {
            let key = (section, &*patch.file.package, &*patch.entry.value.name);
            self.0.get(&key).is_some_and(|found| std::ptr::eq(found.entry, patch.entry))
        })
    }

    /// Warnings about properties of what does not exist: most often a typo.
    pub fn unused(&self, drafts: &[Draft]) -> Vec<Warning> {
        let names = names(drafts);
        let mut unused: Vec<_> = self.0.iter().filter(|(key, _)| !names.contains(*key)).collect();
        unused.sort_by_key(|(key, _)| **key);
        unused.into_iter().map(|(key, patch)| unused_patch(*key, *patch, &names)).collect()
    }
}

fn names(drafts: &[Draft]) -> HashSet<Key<'_>> {
    drafts
        .iter()
        .filter_map(|draft| Some((section(&draft.kind)?, &*draft.package, &*draft.name)))
        .collect()
}

/// The name of the file that an entry describes. The latest version of a model may stand in a
/// file with the model's own name.
fn file_name<'a>(patch: Patch<'a>, files: &HashSet<Key<'_>>) -> &'a str {
    let properties = &patch.entry.value;
    match &properties.version {
        Some(version)
            if version.is_latest
                && !files.contains(&("models", &*patch.file.package, version.file.as_str())) =>
        {
            let own = ("models", &*patch.file.package, properties.name.as_str());
            if files.contains(&own) { &properties.name } else { &version.file }
        }
        Some(version) => &version.file,
        None => &properties.name,
    }
}

fn unused_patch(key: Key<'_>, patch: Patch<'_>, names: &HashSet<Key<'_>>) -> Warning {
    let (section, package, name) = key;
    if let Some(warning) = wrong_section(key, patch, names) {
        return warning;
    }
    let message = format!(
        "Did not find matching node for patch with name '{name}' in the '{section}' section of \
         file '{}'",
        patch.file.path
    );
    let mut diagnostic =
        Diagnostic::new(Code::PatchTargetMissing, message).with_span(patch.entry.span());
    let known = names.iter().filter(|known| (known.0, known.1) == (section, package));
    if let Some(near) = nearest(name, known.map(|known| known.2)) {
        diagnostic = diagnostic.with_help(format!("Did you mean '{near}'?"));
    }
    Warning::new("NoNodeForYamlKey", "I058", *diagnostic).with_data(json!({
        "patch_name": name, "yaml_key": section, "file_path": &*patch.file.path,
    }))
}

/// The entry of a model under `seeds:`, or the like.
fn wrong_section(key: Key<'_>, patch: Patch<'_>, names: &HashSet<Key<'_>>) -> Option<Warning> {
    const SECTIONS: [(&str, &str); 3] =
        [("models", "model"), ("seeds", "seed"), ("snapshots", "snapshot")];
    let (section, package, name) = key;
    if SECTIONS.iter().all(|(known, _)| *known != section) {
        return None;
    }
    let (right, kind) =
        SECTIONS.into_iter().find(|(it, _)| names.contains(&(*it, package, name)))?;
    let file = &patch.file.path;
    let message = format!(
        "'{name}' is a {kind} node, but it is specified in the {section} section of {file}. To fix \
         this error, place the `{name}` specification under the {right} key instead."
    );
    let diagnostic =
        Diagnostic::new(Code::PatchTargetMissing, message).with_span(patch.entry.span());
    Some(Warning::new("WrongResourceSchemaFile", "I057", *diagnostic).with_data(json!({
        "patch_name": name, "resource_type": kind, "plural_resource_type": right,
        "yaml_key": section, "file_path": &**file,
    })))
}

/// The section of property files that describes nodes of a kind.
fn section(kind: &NodeKind) -> Option<&'static str> {
    match kind {
        NodeKind::Model { .. } => Some("models"),
        NodeKind::Seed { .. } => Some("seeds"),
        NodeKind::Snapshot => Some("snapshots"),
        NodeKind::Analysis => Some("analyses"),
        NodeKind::SingularTest => Some("data_tests"),
        NodeKind::Function { .. } => Some("functions"),
        NodeKind::GenericTest(_) | NodeKind::Operation { .. } | NodeKind::SqlOperation => None,
    }
}

/// How to resolve what stands twice, in dbt's words.
pub fn remove_one(name: &str, section: &str, first: &str, second: &str) -> String {
    if first == second {
        return format!("remove one of the {section} entries for {name} in this file:\n - {first}");
    }
    format!("remove the {section} entry for {name} in one of these files:\n - {first}\n - {second}")
}

fn described_twice(section: &str, first: Patch<'_>, second: Patch<'_>) -> Box<Diagnostic> {
    let name = &second.entry.value.name;
    let message = format!(
        "dbt found two schema.yml entries for the same resource named {name}. Resources and their \
         associated columns may only be described a single time. To fix this, {}",
        remove_one(name, section, &first.file.path, &second.file.path)
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(second.entry.span())
        .with_related(first.entry.span(), "first described here")
}
