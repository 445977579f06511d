//! What statements of a node gave: `store_result` and `load_result`.

use super::calls::compilation;
use crate::jinja::{Result, Value};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Results by name. A result can be loaded once, but `main` as often as one likes.
#[derive(Debug, Default)]
pub struct SqlResults(Mutex<HashMap<String, Option<Value>>>);

/// The result by which a materialization tells how it went.
pub const MAIN: &str = "main";

impl SqlResults {
    /// Stores a result.
    pub fn store(&self, name: String, result: Value) {
        self.0.lock().insert(name, Some(result));
    }

    /// The result of a name; `None` when there is none.
    ///
    /// # Errors
    /// dbt's text for a result that was loaded before.
    pub fn load(&self, name: &str) -> Result<Value> {
        let mut results = self.0.lock();
        let Some(stored) = results.get_mut(name) else { return Ok(Value::None) };
        let found = if name == MAIN { stored.clone() } else { stored.take() };
        found.ok_or_else(|| {
            compilation(format!(
                "The 'statement' result named '{name}' has already been loaded into a variable"
            ))
        })
    }

    /// The result of a name, for the code that ran the templates.
    pub fn peek(&self, name: &str) -> Option<Value> {
        self.0.lock().get(name).cloned().flatten()
    }
}
