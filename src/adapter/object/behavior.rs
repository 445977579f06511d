//! `adapter.behavior`: flags that switch between old and new behaviour of macros.

use std::any::Any;
use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Object, Result, State, Value};

/// Flags that dbt's adapter defines, and their defaults.
const KNOWN: [(&str, bool); 3] = [
    ("require_batched_execution_for_custom_microbatch_strategy", false),
    ("enable_truthy_nulls_equals_macro", false),
    ("postgres_skip_autocommit_transaction_statements", true),
];

/// The settings of the flags.
#[derive(Debug, Clone, Default)]
pub struct BehaviorFlags(HashMap<String, bool>);

impl BehaviorFlags {
    /// The `flags:` of dbt_project.yml; those that are not the adapter's are ignored.
    pub fn new(settings: impl IntoIterator<Item = (String, bool)>) -> Self {
        let known = |name: &str| KNOWN.iter().any(|(known, _)| *known == name);
        Self(settings.into_iter().filter(|(name, _)| known(name)).collect())
    }

    /// Whether a flag is on; `None` when there is no such flag.
    pub fn get(&self, name: &str) -> Option<bool> {
        let (_, default) = KNOWN.iter().find(|(known, _)| *known == name)?;
        Some(self.0.get(name).copied().unwrap_or(*default))
    }

    pub(super) fn into_value(self) -> Value {
        Value::object(self)
    }
}

impl Object for BehaviorFlags {
    fn type_name(&self) -> &'static str {
        "Behavior"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        match self.get(name) {
            Some(setting) => Ok(Some(Value::object(BehaviorFlag { setting }))),
            None => Err(Diagnostic::new(
                Code::JinjaRuntime,
                format!("The flag {name} has not be registered."),
            )
            .into()),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One flag.
#[derive(Debug)]
struct BehaviorFlag {
    setting: bool,
}

impl Object for BehaviorFlag {
    fn type_name(&self) -> &'static str {
        "BehaviorFlagRendered"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(matches!(name, "setting" | "no_warn").then(|| Value::from(self.setting)))
    }

    fn truthy(&self) -> bool {
        self.setting
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
