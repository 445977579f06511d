//! From the names in `ref` and `source` to the ids of what is meant.

use super::Parse;
use crate::context::{Found, References, describe};
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event::Warning;
use crate::jinja::analysis::static_calls;
use crate::jinja::{Template, Value};
use crate::manifest::{DependsOn, Manifest, Node, NodeKind, RefArgs, SourceArgs, UniqueId};
use crate::project::Workspace;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Whose references are resolved.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// As errors name it: `Model 'model.shop.orders' (models/orders.sql)`.
    pub description: &'a str,
    /// Its package.
    pub package: &'a str,
    /// Its template, if that is in the user's file: errors point into it.
    pub template: Option<&'a Template>,
}

impl Caller<'_> {
    /// Where the template calls `function` with these words as its last arguments.
    fn place(&self, function: &str, words: &[&str]) -> Option<Span> {
        let template = self.template?;
        let calls = static_calls(template, &[function]);
        let call = calls.iter().find(|call| {
            let given = call.args.iter().rev().map(|arg| arg.as_ref().and_then(Value::as_str));
            call.args.len() >= words.len()
                && given.zip(words.iter().rev()).all(|(given, word)| given == Some(word))
        })?;
        Some(template.file().span(call.range.clone()))
    }
}

/// What the references of one resource came to.
#[derive(Debug, Default)]
pub struct Resolution {
    /// Ids, each once, in the order of first use.
    pub nodes: Vec<UniqueId>,
    /// References that mean nothing, or something disabled.
    pub errors: Vec<Diagnostic>,
}

/// Resolves the references of one resource.
pub fn resolve(
    references: &References,
    caller: Caller<'_>,
    refs: &[RefArgs],
    sources: &[SourceArgs],
) -> Resolution {
    let mut resolution = Resolution::default();
    // Sources first: `depends_on` is in this order in dbt's artifacts.
    for args in sources {
        let found = references.resolve_source(&args.0, &args.1, caller.package);
        let error = references.source_error(&found, caller.description, &args.0, &args.1);
        resolution.take(found, error, || caller.place("source", &[&args.0, &args.1]));
    }
    for args in refs {
        let found = references.resolve_ref(args, caller.package);
        let error = references.ref_error(&found, caller.description, args);
        resolution.take(found, error, || caller.place("ref", &[&args.name]));
    }
    resolution
}

impl Resolution {
    /// Resolves calls of `metric` and `function`.
    fn add_named(
        &mut self,
        references: &References,
        caller: Caller<'_>,
        metrics: &[Vec<String>],
        functions: &[Vec<String>],
    ) {
        for words in metrics {
            let found = references.resolve_metric(words, caller.package);
            let error = references.named_error(&found, caller.description, "metric", words);
            self.take(found, error, || None);
        }
        for words in functions {
            let found = references.resolve_function(words, caller.package);
            let error = references.named_error(&found, caller.description, "function", words);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.take(found, error, || caller.place("function", &words));
        }
    }

    fn take(
        &mut self,
        found: Found,
        error: Option<Box<Diagnostic>>,
        place: impl Fn() -> Option<Span>,
    ) {
        match found {
            Found::Enabled(id) if !self.nodes.contains(&id) => self.nodes.push(id),
            Found::Enabled(_) => {}
            Found::Disabled(_) | Found::Missing | Found::Ambiguous(_) => {
                let placed = error.map(|error| match place() {
                    Some(span) => error.with_span(span),
                    None => error,
                });
                self.errors.extend(placed.map(|error| *error));
            }
        }
    }

    /// Stores the ids.
    pub fn apply(self, depends_on: &mut DependsOn) -> Vec<Diagnostic> {
        depends_on.nodes = self.nodes;
        self.errors
    }
}

/// Models that not everybody may refer to
/// (<https://docs.getdbt.com/docs/mesh/govern/model-access>).
struct Guarded(HashMap<UniqueId, Guard>);

struct Guard {
    is_private: bool,
    group: Option<String>,
    package: Arc<str>,
    /// Whether its package keeps others from models that are not public.
    restricted: bool,
}

impl Guarded {
    fn of(manifest: &Manifest, workspace: &Workspace) -> Self {
        let guard = |node: &Arc<Node>| {
            let NodeKind::Model { access, .. } = &node.kind else { return None };
            let package = workspace.package(&node.package_name);
            let restricted = package.is_some_and(|package| package.restrict_access);
            let is_private = access == "private";
            let guard = Guard {
                is_private,
                group: node.group.clone(),
                package: Arc::clone(&node.package_name),
                restricted,
            };
            (is_private || restricted && access == "protected").then_some(guard)
        };
        let guards = manifest.nodes.iter();
        Self(guards.filter_map(|(id, node)| Some((id.clone(), guard(node)?))).collect())
    }

    /// The error for the first reference that is not allowed.
    fn denied(
        &self,
        id: &UniqueId,
        package: &Arc<str>,
        group: Option<&str>,
        parents: &[UniqueId],
    ) -> Option<Box<Diagnostic>> {
        let is_denied = |guard: &Guard| {
            let foreign = guard.restricted && guard.package != *package;
            let same_group = group.is_some() && group == guard.group.as_deref();
            foreign || guard.is_private && !same_group
        };
        let (target, guard) = parents
            .iter()
            .filter_map(|parent| Some((parent, self.0.get(parent)?)))
            .find(|(_, guard)| is_denied(guard))?;
        let (access, scope) = if guard.is_private {
            ("private", format!("'{}' group", guard.group.as_deref().unwrap_or_default()))
        } else {
            ("protected", format!("'{}' package", guard.package))
        };
        let message = format!(
            "Node {id} attempted to reference node {target}, which is not allowed because the \
             referenced node is {access} to the {scope}."
        );
        Some(Diagnostic::new(Code::AccessDenied, message))
    }
}

impl Parse<'_> {
    /// Resolves `ref` and `source` everywhere. What a node refers to must exist; a test whose
    /// model does not exist stays, disabled, with a warning, as dbt does.
    pub(super) fn resolve(&mut self, manifest: &mut Manifest) -> Result<(), Vec<Diagnostic>> {
        let references = self.parser.shared.references(manifest);
        let mut errors = Vec::new();
        let guarded = Guarded::of(manifest, &self.parser.shared.workspace);
        let mut unresolved: Vec<(UniqueId, Vec<Diagnostic>)> = Vec::new();
        for (id, node) in manifest.nodes.iter_mut().chain(&mut manifest.functions) {
            let node = Arc::make_mut(node);
            let kind = node.resource_type().as_str();
            let description = describe(kind, &node.unique_id, &node.original_file_path);
            let in_file = !matches!(node.kind, NodeKind::GenericTest(_));
            let caller = Caller {
                description: &description,
                package: &node.package_name,
                template: node.template.as_deref().filter(|_| in_file),
            };
            let mut found = resolve(&references, caller, &node.refs, &node.sources);
            found.add_named(&references, caller, &node.metrics, &node.functions);
            let is_test = matches!(node.kind, NodeKind::GenericTest(_) | NodeKind::SingularTest);
            let problems = found.apply(&mut node.depends_on);
            if problems.is_empty() {
                let group = node.group.as_deref();
                let denied = guarded.denied(
                    &node.unique_id,
                    &node.package_name,
                    group,
                    &node.depends_on.nodes,
                );
                if let Some(denied) = denied {
                    let place = node.defined_at.clone();
                    errors.push(*place.into_iter().fold(denied, Diagnostic::with_span));
                }
            }
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
            let Some(node) = manifest.nodes.get_mut(&id).map(Arc::make_mut) else { continue };
            node.config.disable();
            let place = node.defined_at.clone();
            let data = json!({
                "original_file_path": node.original_file_path,
                "unique_id": node.unique_id,
                "resource_type_title": "Test",
            });
            self.warnings.extend(problems.into_iter().map(|mut diagnostic| {
                diagnostic.span = diagnostic.span.or_else(|| place.clone());
                Warning::new("NodeNotFoundOrDisabled", "I060", diagnostic).with_data(data.clone())
            }));
        }
        for exposure in manifest.exposures.values_mut() {
            let exposure = Arc::make_mut(exposure);
            let description =
                format!("Exposure '{}' ({})", exposure.unique_id, exposure.original_file_path);
            let caller = Caller {
                description: &description,
                package: &exposure.package_name,
                template: None,
            };
            let mut found = resolve(&references, caller, &exposure.refs, &exposure.sources);
            found.add_named(&references, caller, &exposure.metrics, &[]);
            let path = Arc::clone(&exposure.original_file_path);
            let place = || Span::line(Arc::clone(&path), 1);
            errors.extend(found.apply(&mut exposure.depends_on).into_iter().map(|mut error| {
                error.span = error.span.or_else(|| Some(place()));
                error
            }));
            let (id, package) = (&exposure.unique_id, &exposure.package_name);
            let denied = guarded.denied(id, package, None, &exposure.depends_on.nodes);
            errors.extend(denied.map(|denied| *denied.with_span(place())));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}
