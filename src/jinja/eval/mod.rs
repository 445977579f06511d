//! Runs the tree of [`super::ir`] with Python's rules.

use std::sync::Arc;

use super::error::{Error, Result};
use super::globals::{Globals, UndefinedMode};
use super::template::MacroDef;
use super::value::{Args, Undefined, Value};

/// What a running template and the natives it calls share.
pub struct State<'g> {
    globals: &'g dyn Globals,
}

impl<'g> State<'g> {
    /// A fresh state for calling natives or macros from outside a template.
    pub fn new(globals: &'g dyn Globals) -> Self {
        Self { globals }
    }

    /// The names the caller supplied.
    pub fn globals(&self) -> &'g dyn Globals {
        self.globals
    }

    /// The value of a global name, or an undefined value.
    pub fn lookup(&self, name: &str) -> Value {
        self.globals.lookup(name).unwrap_or_else(|| self.undefined(name))
    }

    /// An undefined value that behaves as the globals say.
    pub fn undefined(&self, name: &str) -> Value {
        Value::Undefined(Arc::new(Undefined {
            name: name.into(),
            hint: None,
            permissive: self.globals.undefined_mode() == UndefinedMode::Permissive,
        }))
    }

    /// The macros that are running, outermost first.
    pub fn macro_stack(&self) -> &[Arc<MacroDef>] {
        &[]
    }
}

/// A macro as a value.
#[derive(Debug)]
pub struct MacroValue {
    definition: Arc<MacroDef>,
}

impl MacroValue {
    /// The macro's definition.
    pub fn definition(&self) -> &Arc<MacroDef> {
        &self.definition
    }

    /// `repr(macro)`.
    pub fn repr(&self) -> String {
        format!("<Macro '{}'>", self.definition.name)
    }
}

impl Value {
    /// A macro of a project, callable like a function.
    pub fn from_macro(definition: Arc<MacroDef>) -> Self {
        Self::Macro(Arc::new(MacroValue { definition }))
    }

    /// `x(args)`.
    pub fn call(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        match self {
            Self::Function(function) => function.call(state, args),
            Self::Object(object) => object.call(state, args),
            Self::Undefined(undefined) if undefined.permissive => Ok(self.clone()),
            Self::Undefined(undefined) => Err(undefined.error()),
            other => {
                Err(Error::type_error(format!("'{}' object is not callable", other.type_name())))
            }
        }
    }

    /// `x.name(args)`.
    pub fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match self {
            Self::Object(object) => object.call_method(state, name, args),
            other => other.get_attr(state, name)?.call(state, args),
        }
    }

    /// `x.name` as Jinja does it: the attribute, else the item, else undefined.
    pub fn get_attr(&self, state: &mut State<'_>, name: &str) -> Result<Value> {
        let found = match self {
            Self::Object(object) => object.get_attr(state, name)?,
            Self::Dict(dict) => dict.get_str(name),
            _ => None,
        };
        Ok(found.unwrap_or_else(|| state.undefined(name)))
    }

    /// `x[key]` as Jinja does it: the item, else the attribute, else undefined.
    pub fn get_item(&self, state: &mut State<'_>, key: &Value) -> Result<Value> {
        let found = match self {
            Self::Object(object) => object.get_item(state, key)?,
            Self::Dict(dict) => dict.get(key),
            _ => None,
        };
        Ok(found.unwrap_or_else(|| state.undefined(key.as_str().unwrap_or_default())))
    }

    /// `list(x)`.
    pub fn iterate(&self, state: &mut State<'_>) -> Result<Vec<Value>> {
        let items = match self {
            Self::List(list) => Some(list.snapshot()),
            Self::Tuple(items) => Some(items.to_vec()),
            Self::Dict(dict) => Some(dict.keys()),
            Self::Set(set) => Some(set.snapshot()),
            Self::Str(text) => {
                Some(text.chars().map(|c| Value::str(c.encode_utf8(&mut [0; 4]))).collect())
            }
            Self::Undefined(_) => Some(Vec::new()),
            Self::Object(object) => object.iterate(state)?,
            _ => None,
        };
        items.ok_or_else(|| {
            Error::type_error(format!("'{}' object is not iterable", self.type_name()))
        })
    }
}
