//! What rendering a file tells about it: its references, configuration and macros.

use crate::manifest::{JsonMap, RefArgs, SourceArgs, UniqueId};
use parking_lot::Mutex;

/// What a template asked for while it was rendered in the parse phase, in order.
#[derive(Debug, Default, Clone)]
pub struct Captured {
    /// Every `ref` call, repeated ones included.
    pub refs: Vec<RefArgs>,
    /// Every `source` call, repeated ones included.
    pub sources: Vec<SourceArgs>,
    /// Every `metric` call.
    pub metrics: Vec<Vec<String>>,
    /// Every `function` call: name, or package and name.
    pub functions: Vec<Vec<String>>,
    /// The arguments of each `config` call; `pre_hook` and `post_hook` are spelled with a
    /// dash. Joining them is up to `parse`.
    pub configs: Vec<JsonMap>,
    /// Macros that the template itself called, each once.
    pub macros: Vec<UniqueId>,
    /// Environment variables that were read, each once; `None` when a default was used.
    pub env_vars: Vec<(String, Option<String>)>,
}

/// A [`Captured`] being filled.
#[derive(Debug, Default)]
pub struct Capture(Mutex<Captured>);

impl Capture {
    /// What was captured so far; the capture starts again.
    pub fn take(&self) -> Captured {
        std::mem::take(&mut self.0.lock())
    }

    pub(super) fn add_ref(&self, args: RefArgs) {
        self.0.lock().refs.push(args);
    }

    pub(super) fn add_source(&self, args: SourceArgs) {
        self.0.lock().sources.push(args);
    }

    pub(super) fn add_metric(&self, args: Vec<String>) {
        self.0.lock().metrics.push(args);
    }

    pub(super) fn add_function(&self, args: Vec<String>) {
        self.0.lock().functions.push(args);
    }

    pub(super) fn add_config(&self, config: JsonMap) {
        self.0.lock().configs.push(config);
    }

    pub(super) fn add_macro(&self, id: &UniqueId) {
        let mut captured = self.0.lock();
        if !captured.macros.contains(id) {
            captured.macros.push(id.clone());
        }
    }

    pub(super) fn add_env_var(&self, name: &str, value: Option<&str>) {
        let mut captured = self.0.lock();
        if captured.env_vars.iter().all(|(known, _)| known != name) {
            captured.env_vars.push((name.to_owned(), value.map(str::to_owned)));
        }
    }
}
