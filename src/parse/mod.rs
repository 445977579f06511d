//! Parsing: files → nodes with merged configuration → the manifest.
//!
//! [`Sources::read`] reads all files and compiles the macros, which every other template may
//! call. [`parse`] makes everything else. Work on one file does not depend on other files, so
//! it runs on all cores; every mistake that can be found is reported, not only the first.

mod checks;
mod columns;
mod config;
mod docs;
mod exposures;
mod generic_test;
mod hooks;
mod layers;
mod macros;
mod nodes;
mod properties;
mod property_file;
mod relation_names;
mod resolve;
mod sources;
mod sql_file;
mod tests;

use crate::context::json::to_json;
use crate::context::{Docs, NodeContext, References, Shared, describe};
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event::Warning;
use crate::jinja::{Error, SourceFile as TemplateFile, Template};
use crate::manifest::{MacroArgument, MacroNode, Manifest, Node, NodeKind, Source, UniqueId};
use crate::project::yaml::Yaml;
use crate::project::{FileKind, SourceFile, Workspace};
use crate::suggest::nearest;
use layers::ProjectLayers;
use nodes::{NodeParser, Patch};
use property_file::{Findings, PropertyFile, Step};
use rayon::prelude::*;
use serde_json::Value as Json;
use sql_file::Draft;
use std::collections::HashMap;
use std::sync::Arc;

/// The files of all packages, and the macros in them.
pub struct Sources {
    files: Vec<SourceFile>,
    macros: Vec<Arc<MacroNode>>,
    created_at: f64,
}

/// What parsing gives.
#[derive(Debug)]
pub struct Parsed {
    /// All resources.
    pub manifest: Arc<Manifest>,
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
                let text = TemplateFile::new(Arc::clone(&file.path), Arc::clone(&file.contents));
                macros::parse_file(&file.package, &text, created_at)
            })
            .collect::<Vec<_>>();
        let macros = all(parsed)?.into_iter().flatten().map(Arc::new).collect();
        Ok(Self { files, macros, created_at })
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
    let mut values = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.extend(error.into()),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// Parses everything but the macros, which `shared` already knows.
pub fn parse(shared: &Arc<Shared>, sources: &Sources) -> Result<Parsed, Vec<Diagnostic>> {
    let workspace = &shared.workspace;
    let (properties, warnings) = read_properties(shared, sources)?;
    let blocks = all(sources.of_kind(FileKind::Docs).map(docs::parse_file).collect::<Vec<_>>())?;
    let blocks: Vec<_> = blocks.into_iter().flatten().map(Arc::new).collect();
    let docs = Arc::new(Docs::new(blocks.iter().cloned()));
    let layers =
        ProjectLayers::new(&workspace.root.name, workspace.packages.values().map(|p| &**p));
    let parser = NodeParser {
        shared,
        layers: &layers,
        docs: &docs,
        database: shared.default_database().into(),
        schema: shared.default_schema().into(),
        quoting: shared.quoting(),
        created_at: sources.created_at,
    };
    let mut parse = Parse { parser, properties: &properties, warnings };
    let nodes = parse.file_nodes(sources)?;
    let source_tables = parse.source_tables()?;
    let tests = parse.tests(&nodes, shared)?;
    let mut manifest = parse.assemble(nodes, tests, source_tables)?;
    manifest.macros = parse.patched_macros(sources)?;
    parse.resolve(&mut manifest)?;
    let warnings = parse.warnings;
    manifest.docs = blocks.into_iter().map(|block| (block.unique_id.clone(), block)).collect();
    Ok(Parsed { manifest: Arc::new(manifest), warnings })
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
            let yaml = Yaml::parse(Arc::clone(&file.path), Arc::clone(&file.contents))
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
    Ok((files, warnings.into_iter().flatten().map(property_warning).collect()))
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

fn property_warning(diagnostic: Diagnostic) -> Warning {
    Warning { name: "ValidationWarning", code: "I073", diagnostic }
}

/// One parse under way.
struct Parse<'a> {
    parser: NodeParser<'a>,
    properties: &'a [PropertyFile],
    warnings: Vec<Warning>,
}

/// Property entries by section, package and name.
type Patches<'a> = HashMap<(&'static str, &'a str, &'a str), Patch<'a>>;

impl<'a> Parse<'a> {
    /// Models, seeds, snapshots, analyses, singular tests and hooks.
    fn file_nodes(&mut self, sources: &Sources) -> Result<Vec<Node>, Vec<Diagnostic>> {
        let workspace = &self.parser.shared.workspace;
        let (patches, mut errors) = self.patches();
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
        let mut drafts: Vec<Draft> = Vec::new();
        for result in results {
            match result {
                Ok(more) => drafts.extend(more),
                Err(more) => errors.extend(more),
            }
        }
        self.warn_unused(&patches, &drafts);
        let parser = &self.parser;
        let nodes: Vec<Result<Node>> = drafts
            .into_par_iter()
            .map(|draft| {
                let patch = section(&draft.kind)
                    .and_then(|section| patches.get(&(section, &*draft.package, &*draft.name)))
                    .copied();
                parser.node(draft, patch)
            })
            .collect();
        match all(nodes) {
            Ok(nodes) if errors.is_empty() => Ok(nodes),
            Ok(_) => Err(errors),
            Err(more) => Err([errors, more].concat()),
        }
    }

    fn patches(&self) -> (Patches<'a>, Vec<Diagnostic>) {
        let mut patches = Patches::new();
        let mut errors = Vec::new();
        for file in self.properties {
            let sections = [
                ("models", &file.models),
                ("seeds", &file.seeds),
                ("snapshots", &file.snapshots),
                ("analyses", &file.analyses),
                ("data_tests", &file.singular_tests),
            ];
            for (section, entries) in sections {
                for entry in entries {
                    if let Some(error) = unsupported(entry) {
                        errors.push(*error);
                    }
                    let key = (section, &*file.package, entry.value.name.as_str());
                    if let Some(first) = patches.insert(key, Patch { entry, file }) {
                        errors.push(*described_twice(section, first, Patch { entry, file }));
                    }
                }
            }
        }
        (patches, errors)
    }

    /// Properties of something that does not exist are most often a typo.
    fn warn_unused(&mut self, patches: &Patches<'_>, drafts: &[Draft]) {
        let names: HashMap<(&str, &str, &str), &Draft> = drafts
            .iter()
            .filter_map(|draft| {
                Some(((section(&draft.kind)?, &*draft.package, &*draft.name), draft))
            })
            .collect();
        let mut unused: Vec<_> =
            patches.iter().filter(|(key, _)| !names.contains_key(*key)).collect();
        unused.sort_by_key(|(key, _)| **key);
        for ((section_name, package, name), patch) in unused {
            let message = format!(
                "Did not find matching node for patch with name '{name}' in the '{section_name}' \
                 section of file '{}'",
                patch.file.path
            );
            let mut diagnostic =
                Diagnostic::new(Code::PatchTargetMissing, message).with_span(patch.entry.span());
            let known = names.keys().filter(|key| (key.0, key.1) == (*section_name, *package));
            if let Some(near) = nearest(name, known.map(|key| key.2)) {
                diagnostic = diagnostic.with_help(format!("Did you mean '{near}'?"));
            }
            self.warnings.push(Warning {
                name: "NoNodeForYamlKey",
                code: "I058",
                diagnostic: *diagnostic,
            });
        }
    }

    fn source_tables(&self) -> Result<Vec<Source>, Vec<Diagnostic>> {
        let entries = self.properties.iter().flat_map(|file| {
            file.sources.iter().map(move |entry| self.parser.sources(file, entry))
        });
        Ok(all(entries)?.into_iter().flatten().collect())
    }

    /// Generic tests of all described relations.
    fn tests(&self, nodes: &[Node], shared: &Arc<Shared>) -> Result<Vec<Node>, Vec<Diagnostic>> {
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
        let made: Vec<Result<Node>> = requests
            .par_iter()
            .map(|request| {
                let render = text_renderer(shared, request.package());
                self.parser.test(request, &render, &attached)
            })
            .collect();
        all(made)
    }

    /// Puts everything into a manifest, enabled and disabled apart.
    fn assemble(
        &mut self,
        nodes: Vec<Node>,
        tests: Vec<Node>,
        sources: Vec<Source>,
    ) -> Result<Manifest, Vec<Diagnostic>> {
        let root = Arc::clone(&self.parser.shared.workspace.root.name);
        let mut manifest = Manifest { project_name: root, ..Manifest::default() };
        let mut errors = Vec::new();
        let mut nodes = nodes;
        infer_primary_keys(&mut nodes, &tests);
        for node in nodes.into_iter().chain(tests) {
            let id = node.unique_id.clone();
            if !node.config.enabled() {
                manifest.disabled.entry(id).or_default().push(Arc::new(node));
                continue;
            }
            if let Some(first) = manifest.nodes.get(&id) {
                errors.push(*checks::duplicate_name(first, &node));
                continue;
            }
            manifest.nodes.insert(id, Arc::new(node));
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
                let group = exposures::group(file, entry);
                manifest.groups.insert(group.unique_id.clone(), Arc::new(group));
            }
            for entry in &file.exposures {
                match self.parser.exposure(file, entry) {
                    Ok(exposure) if exposure.config.enabled() => {
                        manifest.exposures.insert(exposure.unique_id.clone(), Arc::new(exposure));
                    }
                    Ok(_) => {}
                    Err(error) => errors.push(*error.with_span(entry.span())),
                }
            }
        }
        errors.extend(checks::collisions(&manifest));
        if errors.is_empty() { Ok(manifest) } else { Err(errors) }
    }

    /// Macros with their dependencies and descriptions.
    fn patched_macros(
        &mut self,
        sources: &Sources,
    ) -> Result<indexmap::IndexMap<UniqueId, Arc<MacroNode>>, Vec<Diagnostic>> {
        let index = &self.parser.shared.macros;
        let depends_on: Vec<_> =
            sources.macros.par_iter().map(|node| index.dependencies(node)).collect();
        let mut macros: indexmap::IndexMap<UniqueId, MacroNode> = sources
            .macros
            .iter()
            .zip(depends_on)
            .map(|(node, macros)| {
                let mut node = MacroNode::clone(node);
                node.depends_on.macros = macros;
                (node.unique_id.clone(), node)
            })
            .collect();
        let mut errors = Vec::new();
        for file in self.properties {
            for entry in &file.macros {
                let id = format!("macro.{}.{}", file.package, entry.value.name);
                let Some(node) = macros.get_mut(id.as_str()) else {
                    let message = format!(
                        "Found patch for macro \"{}\" which was not found",
                        entry.value.name
                    );
                    let diagnostic =
                        *Diagnostic::new(Code::PatchTargetMissing, message).with_span(entry.span());
                    let warning =
                        Warning { name: "MacroNotFoundForPatch", code: "I059", diagnostic };
                    self.warnings.push(warning);
                    continue;
                };
                if let Err(error) = self.describe_macro(node, file, entry) {
                    errors.push(*error);
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(macros.into_iter().map(|(id, node)| (id, Arc::new(node))).collect())
    }

    fn describe_macro(
        &self,
        node: &mut MacroNode,
        file: &PropertyFile,
        entry: &property_file::Entry<properties::MacroProperties>,
    ) -> Result<()> {
        let given = &entry.value;
        let describer = self.parser.describer(&file.package, &given.name);
        let describe = |text: &str| describer.describe(text, &entry.span());
        node.description = describe(&given.description)?.text;
        node.meta.clone_from(&given.meta);
        node.config.clone_from(&given.config);
        if let Some(docs) = &given.docs {
            node.docs = nodes::docs_config(docs);
        }
        node.patch_path = Some(format!("{}://{}", file.package, file.path));
        node.arguments = given
            .arguments
            .iter()
            .map(|argument| {
                Ok(MacroArgument {
                    name: argument.name.clone(),
                    type_: argument.type_.clone(),
                    description: describe(&argument.description)?.text,
                })
            })
            .collect::<Result<_>>()?;
        Ok(())
    }

    /// Resolves `ref` and `source` everywhere. What a node refers to must exist; a test whose
    /// model does not exist is left out with a warning, as dbt does.
    fn resolve(&mut self, manifest: &mut Manifest) -> Result<(), Vec<Diagnostic>> {
        let references = References::of_manifest(manifest, false);
        let mut errors = Vec::new();
        let mut unresolved: Vec<(UniqueId, Vec<Diagnostic>)> = Vec::new();
        for (id, node) in &mut manifest.nodes {
            let node = Arc::make_mut(node);
            let kind = node.resource_type().as_str();
            let description = describe(kind, &node.unique_id, &node.original_file_path);
            let in_file = !matches!(node.kind, NodeKind::GenericTest(_));
            let caller = resolve::Caller {
                description: &description,
                package: &node.package_name,
                template: node.template.as_deref().filter(|_| in_file),
            };
            let found = resolve::resolve(&references, caller, &node.refs, &node.sources);
            let is_test = matches!(node.kind, NodeKind::GenericTest(_) | NodeKind::SingularTest);
            let problems = found.apply(&mut node.depends_on);
            match problems.is_empty() {
                true => {}
                false if is_test => unresolved.push((id.clone(), problems)),
                false => {
                    let label = node.label();
                    errors.extend(
                        problems
                            .into_iter()
                            .map(|problem| *Box::new(problem).with_node(label.as_str())),
                    );
                }
            }
        }
        for (id, problems) in unresolved {
            let node = manifest.nodes.shift_remove(&id);
            let place = node.as_ref().and_then(|node| node.defined_at.clone());
            manifest.disabled.entry(id).or_default().extend(node);
            self.warnings.extend(problems.into_iter().map(|mut diagnostic| {
                diagnostic.span = diagnostic.span.or_else(|| place.clone());
                Warning { name: "NodeNotFoundOrDisabled", code: "I060", diagnostic }
            }));
        }
        for exposure in manifest.exposures.values_mut() {
            let exposure = Arc::make_mut(exposure);
            let description =
                format!("Exposure '{}' ({})", exposure.unique_id, exposure.original_file_path);
            let caller = resolve::Caller {
                description: &description,
                package: &exposure.package_name,
                template: None,
            };
            let found = resolve::resolve(&references, caller, &exposure.refs, &exposure.sources);
            errors.extend(found.apply(&mut exposure.depends_on));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The section of property files that describes nodes of a kind.
fn section(kind: &NodeKind) -> Option<&'static str> {
    match kind {
        NodeKind::Model { .. } => Some("models"),
        NodeKind::Seed { .. } => Some("seeds"),
        NodeKind::Snapshot => Some("snapshots"),
        NodeKind::Analysis => Some("analyses"),
        NodeKind::SingularTest => Some("data_tests"),
        NodeKind::GenericTest(_) | NodeKind::Operation { .. } | NodeKind::SqlOperation => None,
    }
}

/// What a property file asks for and gdbt does not do yet.
fn unsupported(
    entry: &property_file::Entry<properties::NodeProperties>,
) -> Option<Box<Diagnostic>> {
    entry.value.versions.as_ref()?;
    let span = entry.span_of(&[Step::Key("versions")]);
    let message = "Versioned models are not supported yet";
    Some(Diagnostic::new(Code::Unsupported, message).with_span(span))
}

fn described_twice(section: &str, first: Patch<'_>, second: Patch<'_>) -> Box<Diagnostic> {
    let name = &second.entry.value.name;
    let message = format!(
        "dbt found two schema.yml entries for the same resource named {name}. Resources and their \
         associated columns may only be described a single time. To fix this, remove one of the \
         resource entries for {name} in the '{section}' sections of {} and {}",
        first.file.path, second.file.path
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(second.entry.span())
        .with_related(first.entry.span(), "first described here")
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

fn infer_primary_keys(nodes: &mut [Node], tests: &[Node]) {
    let by_node = checks::tests_by_node(tests);
    for node in nodes {
        let tests = by_node.get(&node.unique_id).map_or(&[][..], Vec::as_slice);
        let key = checks::primary_key(node, tests);
        if let NodeKind::Model { primary_key, .. } = &mut node.kind {
            *primary_key = key;
        }
    }
}
