//! From the names in `ref` and `source` to the ids of what is meant.

use crate::context::{Found, References};
use crate::diagnostic::Diagnostic;
use crate::manifest::{DependsOn, RefArgs, SourceArgs, UniqueId};

/// Whose references are resolved.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// As errors name it: `Model 'model.shop.orders' (models/orders.sql)`.
    pub description: &'a str,
    /// Its package.
    pub package: &'a str,
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
        resolution.take(found, error);
    }
    for args in sources {
        let found = references.resolve_source(&args.0, &args.1, caller.package);
        let error = references.source_error(&found, caller.description, &args.0, &args.1);
        resolution.take(found, error);
    }
    resolution
}

impl Resolution {
    fn take(&mut self, found: Found, error: Option<Box<Diagnostic>>) {
        match found {
            Found::Enabled(id) if !self.nodes.contains(&id) => self.nodes.push(id),
            Found::Enabled(_) => {}
            Found::Disabled(_) | Found::Missing | Found::Ambiguous(_) => {
                self.errors.extend(error.map(|error| *error));
            }
        }
    }

    /// Stores the ids.
    pub fn apply(self, depends_on: &mut DependsOn) -> Vec<Diagnostic> {
        depends_on.nodes = self.nodes;
        self.errors
    }
}
