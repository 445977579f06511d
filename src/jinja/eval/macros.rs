//! Macros and call blocks as values, and Jinja's rules for calling them.

use std::sync::Arc;

use super::super::error::{Error, ExceptionKind, Result};
use super::super::ir::Function;
use super::super::template::{MacroDef, SourceFile};
use super::super::value::{Args, Reason, Value};
use super::State;
use super::frame::{Cell, Frame};

/// A macro as a value.
pub struct MacroValue {
    function: Arc<Function>,
    file: Arc<SourceFile>,
    /// The variables it shares with the function it is defined in.
    shared: Vec<(u32, Cell)>,
    definition: Option<Arc<MacroDef>>,
}

impl std::fmt::Debug for MacroValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.repr())
    }
}

impl MacroValue {
    /// A macro or call block inside a running function.
    pub(super) fn closure(function: &Arc<Function>, frame: &Frame<'_>) -> Self {
        let shared = function
            .captures
            .iter()
            .filter_map(|(there, here)| Some((*here, frame.cell(*there)?)))
            .collect();
        Self { function: function.clone(), file: frame.file.clone(), shared, definition: None }
    }

    pub(super) fn into_value(self) -> Value {
        Value::Macro(Arc::new(self))
    }

    /// The macro's definition, when it is one of a project.
    pub fn definition(&self) -> Option<&Arc<MacroDef>> {
        self.definition.as_ref()
    }

    /// What Jinja tells about a macro. dbt's macros of a project tell nothing but the name, and
    /// give the macro that does through `get_macro()`.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        let function = &self.function;
        Some(match name {
            "name" => self.name().into(),
            "get_macro" if self.definition.is_some() => self.plain_getter(),
            _ if self.definition.is_some() => return None,
            "arguments" => {
                Value::tuple(function.params.iter().map(|param| Value::Str(param.name.clone())))
            }
            "catch_varargs" => function.varargs.is_some().into(),
            "catch_kwargs" => function.kwargs.is_some().into(),
            "caller" => (function.caller.is_some() || function.explicit_caller()).into(),
            _ => return None,
        })
    }

    fn plain_getter(&self) -> Value {
        let plain = Self {
            function: self.function.clone(),
            file: self.file.clone(),
            shared: self.shared.clone(),
            definition: None,
        };
        let plain = plain.into_value();
        Value::function("get_macro", move |_, _| Ok(plain.clone()))
    }

    /// The macro's name; dbt's prefix included when a template defines it.
    pub fn name(&self) -> &str {
        &self.function.name
    }

    /// `repr(macro)`.
    pub fn repr(&self) -> String {
        match &self.definition {
            Some(_) => "<dbt.clients.jinja.MacroGenerator object>".to_owned(),
            None if self.name().is_empty() => "<Macro anonymous>".to_owned(),
            None => format!("<Macro {}>", Value::str(self.name()).repr()),
        }
    }
}

impl Value {
    /// A macro of a project, callable like a function.
    pub fn from_macro(definition: Arc<MacroDef>) -> Self {
        Self::Macro(Arc::new(MacroValue {
            function: definition.function.clone(),
            file: definition.file.clone(),
            shared: Vec::new(),
            definition: Some(definition),
        }))
    }
}

impl State<'_> {
    /// Calls a macro: gives its text, or what it returns when it is one of a project.
    pub(in super::super) fn call_macro(
        &mut self,
        called: &MacroValue,
        args: Args,
    ) -> Result<Value> {
        let Some(definition) = &called.definition else {
            return self.deeper(|state| state.run_macro(called, args));
        };
        self.globals.macro_called(definition, self.macros.len());
        self.macros.push(definition.clone());
        let native = std::mem::replace(&mut self.native, false);
        let result = self.deeper(|state| state.run_macro(called, args));
        self.native = native;
        self.macros.pop();
        match result {
            Err(Error::Return(value)) => Ok(value),
            Err(error) => Err(error.in_macro(
                || definition.file.span(definition.range.clone()),
                format!("in macro {} ({})", definition.name, definition.file.path),
            )),
            ok => ok,
        }
    }

    fn run_macro(&mut self, called: &MacroValue, args: Args) -> Result<Value> {
        let function = &*called.function;
        let mut frame = Frame::new(function, &called.file, self.next_frame());
        for (slot, cell) in &called.shared {
            frame.share(*slot, cell.clone());
        }
        frame.enter(&function.entry);
        let missing = self.bind(&mut frame, args)?;
        for at in missing {
            let param = &function.params[at];
            let value = match &param.default {
                Some(default) => self.expr(&mut frame, default)?,
                None => {
                    let hint = format!("parameter '{}' was not provided", param.name);
                    self.undefined_because(&param.name, Reason::Hint(hint.into()))
                }
            };
            frame.set(param.slot, Some(value));
        }
        let mut out = String::new();
        self.body(&mut frame, &function.body, &mut out)?;
        Ok(out.into())
    }

    /// Puts arguments into parameters; gives the parameters that got none.
    fn bind(&mut self, frame: &mut Frame<'_>, mut args: Args) -> Result<Vec<usize>> {
        let function = frame.function;
        let rest = args.positional.split_off(args.positional.len().min(function.params.len()));
        let given = args.positional.len();
        let mut missing = Vec::new();
        let mut found_caller = given == function.params.len() && function.explicit_caller();
        for (param, value) in function.params.iter().zip(args.positional) {
            frame.set(param.slot, Some(value));
        }
        for (at, param) in function.params.iter().enumerate().skip(given) {
            let index = args.keyword.iter().position(|(name, _)| *name == param.name);
            match index {
                Some(index) => frame.set(param.slot, Some(args.keyword.remove(index).1)),
                None => missing.push(at),
            }
            found_caller = found_caller || &*param.name == "caller";
        }
        if let Some(slot) = function.caller.filter(|_| !found_caller) {
            let index = args.keyword.iter().position(|(name, _)| &**name == "caller");
            let caller = match index.map(|index| args.keyword.remove(index).1) {
                Some(caller) if !caller.is_none() => caller,
                _ => self.undefined_because("caller", Reason::Hint("No caller defined".into())),
            };
            frame.set(slot, Some(caller));
        }
        if let Some(slot) = function.kwargs {
            frame.set(slot, Some(Value::dict(args.keyword)));
        } else if let Some((name, _)) = args.keyword.first() {
            let message = if args.keyword.iter().any(|(name, _)| &**name == "caller") {
                format!(
                    "macro {} was invoked with two values for the special caller argument. \
                     This is most likely a bug.",
                    function.shown_name()
                )
            } else {
                format!("macro {} takes no keyword argument '{name}'", function.shown_name())
            };
            return Err(Error::new(ExceptionKind::TypeError, message));
        }
        if let Some(slot) = function.varargs {
            frame.set(slot, Some(Value::tuple(rest)));
        } else if !rest.is_empty() {
            return Err(Error::type_error(format!(
                "macro {} takes not more than {} argument(s)",
                function.shown_name(),
                function.params.len()
            )));
        }
        Ok(missing)
    }
}
