//! `var` and `env_var`.

use super::node::Inner;
use super::yaml;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Object, Result, State, Template, Value};
use crate::project::Env;
use std::any::Any;
use std::sync::Arc;

/// `var(name, default)` and `var.has_var(name)`
/// (<https://docs.getdbt.com/reference/dbt-jinja-functions/var>).
#[derive(Debug)]
pub struct Var(pub Arc<Inner>);

impl Var {
    fn get(&self, state: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let inner = &self.0;
        if let Some(value) = inner.unit().and_then(|unit| unit.overrides.vars.get(name)) {
            return Ok(Some(super::json::from_json(value)));
        }
        let Some(node) = inner.shared.workspace.vars.get(&inner.package, name) else {
            return Ok(None);
        };
        match node.as_str() {
            // dbt renders texts again, with the context of the node.
            Some(text) if has_jinja(text) => {
                let template = Template::from_text(format!("var '{name}'"), text)?;
                Ok(Some(Value::from(template.render(state.globals())?)))
            }
            _ => Ok(Some(yaml::from_node(node))),
        }
    }

    fn missing(&self, name: &str) -> Error {
        let inner = &self.0;
        let mut given = inner.shared.workspace.vars.all(&inner.package);
        given.sort_keys();
        let given = serde_json::Value::Object(given);
        let text = serde_json::to_string_pretty(&given).unwrap_or_default().replace("  ", "    ");
        let message = format!(
            "Required var '{name}' not found in config:\nVars supplied to {} = {text}",
            inner.phase.name()
        );
        Diagnostic::new(Code::VarMissing, message)
            .with_help(format!("Pass it with --vars '{{{name}: ...}}', or give var() a default."))
            .into()
    }
}

/// Whether a text needs rendering at all.
pub fn has_jinja(text: &str) -> bool {
    ["{{", "{%", "{#", "}}", "%}", "#}"].iter().any(|mark| text.contains(mark))
}

impl Object for Var {
    fn type_name(&self) -> &'static str {
        "Var"
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn call(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([name], [default]) = args.bind("__call__", ["var_name"], ["default"])?;
        let name = name.to_string();
        match (self.get(state, &name)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default),
            (None, None) if self.0.phase.is_parse() => Ok(Value::None),
            (None, None) => Err(self.missing(&name)),
        }
    }

    fn has_method(&self, name: &str) -> bool {
        name == "has_var"
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if name != "has_var" {
            return Err(Error::undefined(format!("'Var object' has no attribute '{name}'")));
        }
        let ([name], []) = args.bind("has_var", ["var_name"], [])?;
        let vars = &self.0.shared.workspace.vars;
        let name = name.to_string();
        if self.0.unit().is_some_and(|unit| unit.overrides.vars.contains_key(&name)) {
            return Ok(Value::Bool(true));
        }
        Ok(Value::Bool(vars.get(&self.0.package, &name).is_some()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `env_var(name, default)`; secrets are refused
/// (<https://docs.getdbt.com/reference/dbt-jinja-functions/env_var>).
pub fn env_var(inner: Arc<Inner>) -> Value {
    Value::function("env_var", move |_, args| {
        let ([name], [default]) = args.bind("env_var", ["var"], ["default"])?;
        let name = name.to_string();
        if let Some(value) = inner.unit().and_then(|unit| unit.overrides.env_vars.get(&name)) {
            return Ok(super::json::from_json(value));
        }
        let value = inner.shared.workspace.env.env_var(&name)?;
        if let Some(capture) = inner.phase.capture() {
            capture.add_env_var(&name, value);
        }
        match (value, default) {
            (Some(value), _) => Ok(Value::str(value)),
            (None, Some(default)) if !default.is_none() => Ok(default),
            (None, _) => Err(Env::missing(&name).into()),
        }
    })
}
