//! Dict-like values that look their items up when asked: packages and the context itself.

use super::macros::PackageMacros;
use crate::jinja::{Args, Error, Object, Result, State, Value};
use std::any::Any;
use std::sync::Arc;

/// A package as a name: `dbt_utils` in `dbt_utils.star(…)`. In dbt it is a dict.
#[derive(Debug)]
pub struct PackageNamespace {
    macros: Arc<PackageMacros>,
}

impl PackageNamespace {
    /// The namespace as a value.
    pub fn value(macros: Arc<PackageMacros>) -> Value {
        Value::object(LazyDict(Self { macros }))
    }
}

/// A mapping from names to values that is not stored but asked for.
pub trait NameMap: Any + Send + Sync + std::fmt::Debug {
    /// The value of a name.
    fn value_of(&self, name: &str) -> Option<Value>;
    /// All names.
    fn names(&self) -> Vec<String>;
}

impl NameMap for PackageNamespace {
    fn value_of(&self, name: &str) -> Option<Value> {
        self.macros.get(name).map(|entry| entry.value.clone())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.macros.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }
}

/// A [`NameMap`] as a dict.
#[derive(Debug)]
pub struct LazyDict<T>(pub T);

/// Methods of a dict that a lazy mapping has.
const METHODS: [&str; 4] = ["get", "keys", "values", "items"];

impl<T: NameMap> Object for LazyDict<T> {
    fn type_name(&self) -> &'static str {
        "dict"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        // A method of the dict hides an item, as in Python.
        Ok(if self.has_method(name) { None } else { self.0.value_of(name) })
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let pairs = || {
            let names = self.0.names().into_iter();
            names.filter_map(|name| Some((self.0.value_of(&name)?, Value::from(name))))
        };
        match name {
            "get" => {
                let ([key], [default]) = args.bind("get", ["key"], ["default"])?;
                let found = key.as_str().and_then(|name| self.0.value_of(name));
                Ok(found.unwrap_or_else(|| default.unwrap_or(Value::None)))
            }
            "keys" => Ok(Value::list(self.0.names().into_iter().map(Value::from))),
            "values" => Ok(Value::list(pairs().map(|(value, _)| value))),
            "items" => Ok(Value::list(pairs().map(|(value, name)| Value::tuple([name, value])))),
            _ => match self.0.value_of(name) {
                Some(value) => value.call(state, args),
                None => Err(Error::undefined(format!("'dict object' has no attribute '{name}'"))),
            },
        }
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        Ok(key.as_str().and_then(|name| self.0.value_of(name)))
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some(self.0.names().into_iter().map(Value::from).collect()))
    }

    fn length(&self) -> Option<usize> {
        Some(self.0.names().len())
    }

    fn truthy(&self) -> bool {
        true
    }

    fn contains(&self, item: &Value) -> Option<bool> {
        Some(item.as_str().is_some_and(|name| self.0.value_of(name).is_some()))
    }

    fn is_mapping(&self) -> bool {
        true
    }

    fn repr(&self) -> String {
        format!("<dict of {} names>", self.0.names().len())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
