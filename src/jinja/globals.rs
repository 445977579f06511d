//! What a template's caller supplies.

use std::sync::Arc;

use super::template::MacroDef;
use super::value::Value;

/// How an undefined name behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UndefinedMode {
    /// Jinja's default: it renders as nothing, and calling it or asking it for an attribute
    /// is an error. dbt compiles and runs with it.
    #[default]
    Strict,
    /// dbt's parse mode (`capture_macros`): attributes, items and calls of an undefined
    /// value are undefined again.
    Permissive,
}

/// The names a template sees besides its own. dbt's context.
pub trait Globals {
    /// The value of a name; `None` makes it undefined. Asked once per use, so it is cheap.
    fn lookup(&self, name: &str) -> Option<Value>;

    /// How undefined names behave.
    fn undefined_mode(&self) -> UndefinedMode {
        UndefinedMode::Strict
    }

    /// Tells that a macro is called; `depth` is 0 when the template itself calls it. dbt
    /// notes the dependency of the node here.
    fn macro_called(&self, definition: &Arc<MacroDef>, depth: usize) {
        let _ = (definition, depth);
    }
}

/// No globals at all.
impl Globals for () {
    fn lookup(&self, _name: &str) -> Option<Value> {
        None
    }
}

/// Globals from a map, for tests and small renders.
impl<S: std::hash::BuildHasher> Globals for std::collections::HashMap<String, Value, S> {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.get(name).cloned()
    }
}
