//! Parsing: files → nodes with merged configuration → the manifest.
//!
//! [`Sources::read`] reads all files and compiles the macros, which every other template may
//! call. [`parse`] makes everything else. Work on one file does not depend on other files, so
//! it runs on all cores; every mistake that can be found is reported, not only the first.

mod assemble;
mod checks;
mod colors;
mod columns;
mod config;
mod config_kind;
mod contract;
mod docs;
mod exposures;
mod fixtures;
mod foreign_keys;
mod generic_test;
mod hooks;
mod inline;
mod layers;
mod lifecycle;
mod macro_arguments;
mod macros;
mod microbatch;
mod nodes;
mod patches;
mod properties;
mod property_file;
mod python_model;
mod relation_names;
mod resolve;
pub mod semantic;
mod source_overrides;
mod sources;
mod sql_file;
pub mod static_reference;
mod tests;
mod unit_tests;
mod unrendered;
mod unused_paths;
mod versions;

use crate::context::json::to_json;
use crate::context::{Docs, NodeContext, Shared};
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event::{Event, Level, NamedEvent, Warning};
use crate::jinja::{Error, SourceFile as TemplateFile, Template};
use crate::manifest::{MacroNode, Manifest, Node, Source};
use crate::project::yaml::Yaml;
use crate::project::{FileKind, SourceFile, Workspace};
use assemble::Parts;
pub use inline::{INLINE_NAME, inline};
use layers::ProjectLayers;
use nodes::NodeParser;
use patches::Patches;
use property_file::{Findings, PropertyFile};
use rayon::prelude::*;
use serde_json::Value as Json;
use sql_file::Draft;
use std::sync::Arc;

/// The files of all packages, and the macros in them.
pub struct Sources {
    files: Vec<SourceFile>,
    macros: Vec<Arc<MacroNode>>,
    warnings: Vec<Warning>,
    created_at: f64,
}

/// What parsing gives.
#[derive(Debug)]
pub struct Parsed {
    /// All resources.
    pub manifest: Manifest,
    /// What is not wrong enough to stop.
    pub warnings: Vec<Warning>,
}

impl Sources {
    /// Reads the files of a project and its packages.
    pub fn read(workspace: &Workspace) -> Result<Self, Vec<Diagnostic>> {
        let files = workspace.read_files()?;
        let created_at =
            jiff::Timestamp::now().duration_since(jiff::Timestamp::UNIX_EPOCH).as_secs_f64();
        let parsed = files
            .par_iter()
            .filter(|file| matches!(file.kind, FileKind::Macro | FileKind::GenericTest))
            .map(|file| {
                let text = TemplateFile::new(Arc::clone(&file.path), without_end(&file.contents));
                macros::parse_file(&file.package, &text, created_at).map(|(macros, warnings)| {
                    // Files of tests may hold anything beside them.
                    let told = file.kind == FileKind::Macro;
                    (macros, if told { warnings } else { Vec::new() })
                })
            })
            .collect::<Vec<_>>();
        let (macros, warnings): (Vec<_>, Vec<_>) = all(parsed)?.into_iter().unzip();
        let macros = macros.into_iter().flatten().map(Arc::new).collect();
        let warnings = warnings.into_iter().flatten().collect();
        Ok(Self { files, macros, warnings, created_at })
    }

    /// The macros of all packages.
    pub fn macros(&self) -> &[Arc<MacroNode>] {
        &self.macros
    }

    fn of_kind(&self, kind: FileKind) -> impl ParallelIterator<Item = &SourceFile> {
        self.files.par_iter().filter(move |file| file.kind == kind)
    }
}

/// Every result, or every error.
fn all<T, E: Into<Vec<Diagnostic>>>(
    results: impl IntoIterator<Item = Result<T, E>>,
) -> Result<Vec<T>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    // Collected rather than pushed: nodes stay where they are instead of being copied.
    let values = results
        .into_iter()
        .filter_map(|result| result.map_err(|error| errors.extend(error.into())).ok())
        .collect();
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// Parses everything but the macros, which `shared` already knows.
pub fn parse(shared: &Arc<Shared>, sources: &Sources) -> Result<Parsed, Vec<Diagnostic>> {
    let workspace = &shared.workspace;
    let (mut properties, mut warnings) = read_properties(shared, sources)?;
    warnings.extend(sources.warnings.iter().cloned());
    let (unused_overrides, twice) = source_overrides::apply(&mut properties);
    warnings.extend(unused_overrides);
    if !twice.is_empty() {
        return Err(twice);
    }
    let blocks = all(sources.of_kind(FileKind::Docs).map(docs::parse_file).collect::<Vec<_>>())?;
    let blocks: Vec<_> = blocks.into_iter().flatten().map(Arc::new).collect();
    let docs = Arc::new(Docs::new(blocks.iter().cloned()));
    let layers =
        ProjectLayers::new(&workspace.root.name, workspace.packages.values().map(|p| &**p));
    let parser = NodeParser::new(shared, &layers, &docs, sources.created_at);
    let mut parse = Parse { parser, properties: &properties, warnings };
    let nodes = parse.file_nodes(sources)?;
    let source_tables = parse.source_tables()?;
    let tests = parse.tests(&nodes, shared)?;
    let fixtures = fixtures::Fixtures::new(workspace, sources, &nodes).map_err(|it| vec![*it])?;
    let unit_tests = parse.unit_tests(&fixtures)?;
    let mut manifest = parse.assemble(Parts { nodes, tests, sources: source_tables })?;
    manifest.macros = parse.patched_macros(sources)?;
    parse.semantic_layer(&mut manifest)?;
    parse.link_semantic_layer(&mut manifest)?;
    parse.resolve(&mut manifest)?;
    parse.place_unit_tests(&mut manifest, unit_tests)?;
    let found = lifecycle::check(&manifest, lifecycle::Switches::of(shared), &shared.macros);
    if !found.errors.is_empty() {
        return Err(found.errors);
    }
    validate_semantic_layer(shared, &manifest)?;
    let mut warnings = parse.warnings;
    warnings.extend(found.warnings);
    warnings.extend(unused_paths::warning(&workspace.root, &manifest));
    manifest.docs = blocks.into_iter().map(|block| (block.unique_id.clone(), block)).collect();
    Ok(Parsed { manifest, warnings })
}

/// Tells each broken rule of the semantic layer, then fails.
fn validate_semantic_layer(shared: &Shared, manifest: &Manifest) -> Result<(), Vec<Diagnostic>> {
    let failures = semantic::failures(manifest);
    if failures.is_empty() {
        return Ok(());
    }
    for message in failures {
        let event = NamedEvent::new("SemanticValidationFailure", "I070", Level::Error, &*message);
        shared.sink.emit(Event::Named(Box::new(event.with("msg", message))));
    }
    let message = "Semantic Manifest validation failed.";
    Err(vec![*Diagnostic::new(Code::SemanticInvalid, message)])
}

/// Reads all property files.
fn read_properties(
    shared: &Arc<Shared>,
    sources: &Sources,
) -> Result<(Vec<PropertyFile>, Vec<Warning>), Vec<Diagnostic>> {
    let results: Vec<_> = sources
        .of_kind(FileKind::Properties)
        .map(|file| {
            let mut findings = Findings::default();
            let yaml = Yaml::parse(Arc::clone(&file.path), without_end(&file.contents))
                .map_err(Vec::<Diagnostic>::from)?;
            let render = text_renderer(shared, &file.package);
            let mut properties = property_file::read(yaml, &render, &mut findings);
            properties.package = Arc::clone(&file.package);
            properties.relative_path = file.relative_path().into();
            if findings.errors.is_empty() {
                Ok((properties, findings.warnings))
            } else {
                Err(findings.errors)
            }
        })
        .collect();
    let (files, warnings): (Vec<_>, Vec<_>) = all(results)?.into_iter().unzip();
    Ok((files, warnings.into_iter().flatten().collect()))
}

/// The text without white space at its end, as dbt reads it: a block scalar that is the last
/// thing in a file has no newline then.
fn without_end(text: &str) -> Arc<str> {
    let stripped = crate::project::files::strip(text);
    let start = stripped.as_ptr() as usize - text.as_ptr() as usize;
    text[..start + stripped.len()].into()
}

/// Renders texts of a package's property files to native values.
fn text_renderer(
    shared: &Arc<Shared>,
    package: &Arc<str>,
) -> impl Fn(&str, Span) -> Result<Json> + Sync {
    let context = NodeContext::properties(shared, Arc::clone(package));
    move |text, span| {
        Template::from_text(Arc::clone(&span.path), text)
            .and_then(|template| template.render_native(&context))
            .and_then(|value| to_json(&value).map_err(Error::into_diagnostic))
            .map_err(|error| error.relocated(span))
    }
}

/// One parse under way.
struct Parse<'a> {
    parser: NodeParser<'a>,
    properties: &'a [PropertyFile],
    warnings: Vec<Warning>,
}

impl Parse<'_> {
    /// Models, seeds, snapshots, analyses, singular tests and hooks.
    fn file_nodes(&mut self, sources: &Sources) -> Result<Vec<Arc<Node>>, Vec<Diagnostic>> {
        let workspace = &self.parser.shared.workspace;
        let drafts =
            sources.files.par_iter().filter(|file| sql_file::holds_nodes(file.kind)).map(|file| {
                let project = workspace.package(&file.package);
                project.map_or_else(|| Ok(Vec::new()), |project| sql_file::drafts(project, file))
            });
        let mut results: Vec<_> = drafts.collect();
        for project in workspace.packages.values() {
            results.push(hooks::drafts(project).map_err(Vec::from));
        }
        for file in self.properties {
            for entry in &file.snapshots {
                let Some(relation) = &entry.value.relation else { continue };
                let draft = sql_file::yaml_snapshot(file, entry, relation);
                results.push(draft.map(|draft| vec![draft]).map_err(Vec::from));
            }
        }
        let mut errors = Vec::new();
        let mut drafts: Vec<Draft> = Vec::new();
        for result in results {
            match result {
                Ok(more) => drafts.extend(more),
                Err(more) => errors.extend(more),
            }
        }
        let (patches, duplicates) = Patches::of(self.properties, &drafts);
        errors.extend(duplicates);
        self.warnings.extend(patches.unused(&drafts));
        let parser = &self.parser;
        let nodes: Vec<Result<Arc<Node>>> = drafts
            .into_par_iter()
            .map(|draft| {
                let patch = patches.find(&draft);
                parser.node(draft, patch).map(Arc::new)
            })
            .collect();
        match all(nodes) {
            Ok(nodes) => {
                errors.extend(patches.undecided(&nodes));
                if errors.is_empty() { Ok(nodes) } else { Err(errors) }
            }
            Err(more) => Err([errors, more].concat()),
        }
    }

    fn source_tables(&self) -> Result<Vec<Source>, Vec<Diagnostic>> {
        let entries = self.properties.iter().flat_map(|file| {
            file.sources.iter().map(move |entry| self.parser.sources(file, entry))
        });
        Ok(all(entries)?.into_iter().flatten().collect())
    }

    /// Generic tests of all described relations.
    fn tests(
        &mut self,
        nodes: &[Arc<Node>],
        shared: &Arc<Shared>,
    ) -> Result<Vec<Arc<Node>>, Vec<Diagnostic>> {
        let attached = tests::ByName::new(nodes);
        let requests: Vec<_> = self
            .properties
            .iter()
            .flat_map(|file| {
                let described = [
                    ("models", &file.models),
                    ("seeds", &file.seeds),
                    ("snapshots", &file.snapshots),
                ];
                let on_nodes = described.into_iter().flat_map(move |(section, entries)| {
                    entries.iter().flat_map(move |entry| tests::node_tests(file, section, entry))
                });
                let on_sources =
                    file.sources.iter().flat_map(move |entry| tests::source_tests(file, entry));
                on_nodes.chain(on_sources)
            })
            .collect();
        let nests = tests::nests_arguments(self.parser.shared);
        let old_forms = requests.iter().flat_map(|request| request.deprecations(nests));
        self.warnings.extend(old_forms);
        let made: Vec<Result<Arc<Node>>> = requests
            .par_iter()
            .map(|request| {
                let render = text_renderer(shared, request.package());
                self.parser.test(request, &render, &attached).map(Arc::new)
            })
            .collect();
        all(made)
    }
}
