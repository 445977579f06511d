//! From the names in `ref` and `source` to the ids of what is meant.

use crate::context::{Found, References};
use crate::diagnostic::{Diagnostic, Span};
use crate::jinja::analysis::static_calls;
use crate::jinja::{Template, Value};
use crate::manifest::{DependsOn, RefArgs, SourceArgs, UniqueId};

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
    for args in refs {
        let found = references.resolve_ref(args, caller.package);
        let error = references.ref_error(&found, caller.description, args);
        resolution.take(found, error, || caller.place("ref", &[&args.name]));
    }
    for args in sources {
        let found = references.resolve_source(&args.0, &args.1, caller.package);
        let error = references.source_error(&found, caller.description, &args.0, &args.1);
        resolution.take(found, error, || caller.place("source", &[&args.0, &args.1]));
    }
    resolution
}

impl Resolution {
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
