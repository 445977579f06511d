//! What a unit test changes in the context of the model it tests: what it reads, and what
//! macros, variables and the environment say
//! (<https://docs.getdbt.com/reference/resource-properties/unit-test-overrides>).

use super::json::from_json;
use super::namespace::{LazyDict, NameMap};
use super::node::Inner;
use crate::adapter::Relation;
use crate::jinja::Value;
use crate::manifest::{JsonMap, Overrides, UniqueId};
use indexmap::IndexMap;
use std::sync::Arc;

/// The changes of one unit test.
#[derive(Debug, Default)]
pub struct UnitScope {
    /// The expressions that stand for nodes and sources, by the id of what they stand for.
    pub inputs: IndexMap<UniqueId, Arc<str>>,
    /// The tested model, when rows are given for `this`.
    pub this: Option<UniqueId>,
    /// What is overridden.
    pub overrides: Overrides,
}

impl UnitScope {
    /// The expression that stands for a resource.
    pub(super) fn input(&self, id: &UniqueId) -> Option<Value> {
        self.inputs.get(id).map(|name| Relation::ephemeral(name).into_value())
    }

    /// What a name means instead of `original`; none when it is not overridden.
    pub(super) fn overridden(&self, name: &str, original: Option<&Value>) -> Option<Value> {
        let macros = &self.overrides.macros;
        if macros.is_empty() {
            return None;
        }
        let of_dbt = || macros.get(&format!("dbt.{name}"));
        if let Some(value) = macros.get(name).or_else(of_dbt) {
            return original.map(|original| replaced(original, value));
        }
        let prefix = format!("{name}.");
        let mut own: JsonMap = macros
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())))
            .collect();
        if name == "dbt" {
            // A macro of dbt's that is overridden by its name alone is so in its package.
            let bare = macros.iter().filter(|entry| !entry.0.contains('.'));
            own.extend(bare.map(|(key, value)| (key.clone(), value.clone())));
        }
        let base = original?.clone();
        (!own.is_empty()).then(|| Value::object(LazyDict(Overlaid { base, own })))
    }
}

/// A macro gives the value when it is called; anything else is the value.
fn replaced(original: &Value, value: &serde_json::Value) -> Value {
    let value = from_json(value);
    if matches!(original, Value::Macro(_)) {
        return Value::function("macro", move |_, _| Ok(value.clone()));
    }
    value
}

/// A package some of whose macros are overridden.
#[derive(Debug)]
struct Overlaid {
    base: Value,
    own: JsonMap,
}

impl NameMap for Overlaid {
    fn value_of(&self, name: &str) -> Option<Value> {
        let package = self.base.downcast::<LazyDict<super::namespace::PackageNamespace>>();
        let original = package.and_then(|package| package.0.value_of(name))?;
        match self.own.get(name) {
            Some(value) => Some(replaced(&original, value)),
            None => Some(original),
        }
    }

    fn names(&self) -> Vec<String> {
        let package = self.base.downcast::<LazyDict<super::namespace::PackageNamespace>>();
        package.map(|package| package.0.names()).unwrap_or_default()
    }
}

impl Inner {
    /// The changes of the unit test, if one is being compiled.
    pub(super) fn unit(&self) -> Option<&Arc<UnitScope>> {
        match &self.phase {
            super::node::Phase::Run(run) => run.unit.as_ref(),
            _ => None,
        }
    }
}
