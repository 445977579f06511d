//! From parsed resources to one manifest.

use super::{Parse, checks, exposures};
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::manifest::{Disabled, Manifest, Node, NodeKind, ResourceType, Source};
use std::sync::Arc;

/// What was parsed file by file.
pub(super) struct Parts {
    /// All nodes but generic tests.
    pub nodes: Vec<Arc<Node>>,
    /// Generic tests.
    pub tests: Vec<Arc<Node>>,
    /// Source tables.
    pub sources: Vec<Source>,
}

impl Parse<'_> {
    /// Puts everything into a manifest, enabled and disabled apart.
    pub(super) fn assemble(&mut self, parts: Parts) -> Result<Manifest, Vec<Diagnostic>> {
        let Parts { mut nodes, tests, sources } = parts;
        let root = Arc::clone(self.parser.shared.project_name());
        let mut manifest = Manifest { project_name: root, ..Manifest::default() };
        let mut errors = Vec::new();
        let mut warnings = Vec::new();
        infer_primary_keys(&mut nodes, &tests);
        for node in nodes.into_iter().chain(tests) {
            let id = node.unique_id.clone();
            if matches!(node.kind, NodeKind::Function { .. }) {
                if !node.config.enabled() {
                    manifest.disabled_others.push(Disabled::Function(node));
                } else if let Some(first) = manifest.functions.get(&id) {
                    errors.push(*checks::duplicate_name(first, &node));
                } else {
                    manifest.functions.insert(id, node);
                }
                continue;
            }
            if !node.config.enabled() {
                manifest.disabled.entry(id).or_default().push(node);
                continue;
            }
            if let Some(first) = manifest.nodes.get(&id) {
                errors.push(*checks::duplicate_name(first, &node));
                continue;
            }
            manifest.nodes.insert(id, node);
        }
        for source in sources {
            let id = source.unique_id.clone();
            if !source.config.enabled() {
                manifest.disabled_sources.entry(id).or_default().push(Arc::new(source));
            } else if let Some(first) = manifest.sources.insert(id, Arc::new(source)) {
                errors.push(*duplicate_source(&first));
            }
        }
        for file in self.properties {
            for entry in &file.groups {
                match self.parser.group(file, entry) {
                    Ok(group) => {
                        if let Some(first) = manifest.groups.get(&group.unique_id) {
                            let error = checks::duplicate_resource(
                                ResourceType::Group.plural(),
                                &group.name,
                                (first.unique_id.as_str(), &first.original_file_path),
                                (group.unique_id.as_str(), &group.original_file_path),
                            );
                            errors.push(*error.with_span(entry.span()));
                        } else {
                            manifest.groups.insert(group.unique_id.clone(), Arc::new(group));
                        }
                    }
                    Err(error) => errors.push(*error.with_span(entry.span())),
                }
            }
            for entry in &file.exposures {
                warnings.extend(exposures::odd_name(entry));
                match self.parser.exposure(file, entry) {
                    Ok(exposure) if exposure.config.enabled() => {
                        if let Some(first) = manifest.exposures.get(&exposure.unique_id) {
                            let error = checks::duplicate_resource(
                                ResourceType::Exposure.plural(),
                                &exposure.name,
                                (first.unique_id.as_str(), &first.original_file_path),
                                (exposure.unique_id.as_str(), &exposure.original_file_path),
                            );
                            errors.push(*error.with_span(entry.span()));
                            continue;
                        }
                        manifest.exposures.insert(exposure.unique_id.clone(), Arc::new(exposure));
                    }
                    Ok(exposure) => {
                        manifest.disabled_others.push(Disabled::Exposure(Arc::new(exposure)));
                    }
                    Err(error) => errors.push(*error.with_span(entry.span())),
                }
            }
        }
        let root = &self.parser.shared.workspace.root;
        let unique = root.flag("require_unique_project_resource_names").unwrap_or(false);
        let (collisions, told) = checks::collisions(&manifest, unique);
        errors.extend(collisions);
        warnings.extend(told);
        self.warnings.extend(warnings);
        if errors.is_empty() { Ok(manifest) } else { Err(errors) }
    }
}

fn duplicate_source(source: &Source) -> Box<Diagnostic> {
    let message = format!(
        "dbt found two sources with the name \"{}_{}\".\n\nSince these resources have the same \
         name, dbt will be unable to find the correct resource\nwhen looking for source(\"{}\", \
         \"{}\").\n\nTo fix this, change the name of one of these resources.",
        source.source_name, source.name, source.source_name, source.name
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(Span::line(Arc::clone(&source.original_file_path), 1))
}

fn infer_primary_keys(nodes: &mut [Arc<Node>], tests: &[Arc<Node>]) {
    let by_node = checks::tests_by_node(tests.iter().map(|test| &**test));
    for node in nodes.iter_mut().filter(|node| node.config.enabled()) {
        let tests = by_node.get(&node.unique_id).map_or(&[][..], Vec::as_slice);
        let mut key = checks::primary_key(node, tests);
        key.sort();
        if let NodeKind::Model { primary_key, .. } = &mut Arc::make_mut(node).kind {
            *primary_key = key;
        }
    }
}
