//! dbt's native rendering: a YAML value that is one expression keeps that expression's type.
//! The filters `as_bool`, `as_native`, `as_number` and `as_text` say what the text is.

use std::any::Any;

use crate::diagnostic::{Code, Diagnostic, Result};

use super::error;
use super::eval::State;
use super::filters::Filter;
use super::ir::{Expr, Function, Stmt, for_each_child};
use super::literal::literal_eval;
use super::value::{Args, Object, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Native,
    Number,
    Text,
}

/// What the filters give: a str that remembers what it stands for.
#[derive(Debug)]
struct Marker {
    kind: Kind,
    text: String,
}

impl Object for Marker {
    fn type_name(&self) -> &'static str {
        "str"
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> error::Result<Value> {
        Value::str(&self.text).call_method(state, name, args)
    }

    fn get_item(&self, state: &mut State<'_>, key: &Value) -> error::Result<Option<Value>> {
        Value::str(&self.text).get_item(state, key).map(Some)
    }

    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> error::Result<Option<Value>> {
        Value::str(&self.text).slice(start, stop, step).map(Some)
    }

    fn iterate(&self, state: &mut State<'_>) -> error::Result<Option<Vec<Value>>> {
        Value::str(&self.text).iterate(state).map(Some)
    }

    fn length(&self) -> Option<usize> {
        Some(self.text.chars().count())
    }

    fn contains(&self, item: &Value) -> Option<bool> {
        item.as_str().map(|part| self.text.contains(part))
    }

    fn to_str(&self) -> String {
        self.text.clone()
    }

    fn repr(&self) -> String {
        Value::str(&self.text).repr()
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.to_string() == self.text)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The filter of a name. Outside native rendering these do nothing.
pub fn filter(name: &str) -> Option<Filter> {
    Some(match name {
        "as_bool" => |state, input, args| mark(state, input, args, Kind::Bool),
        "as_native" => |state, input, args| mark(state, input, args, Kind::Native),
        "as_number" => |state, input, args| mark(state, input, args, Kind::Number),
        "as_text" => |state, input, args| mark(state, input, args, Kind::Text),
        _ => return None,
    })
}

fn mark(state: &mut State<'_>, input: Value, args: Args, kind: Kind) -> error::Result<Value> {
    let ([], []) = args.bind("as_native", [], [])?;
    Ok(if state.is_native() {
        Value::object(Marker { kind, text: input.to_string() })
    } else {
        input
    })
}

/// The value of the parts of a template's output.
///
/// # Errors
/// dbt's error when `as_bool` or `as_number` does not fit.
pub fn join(function: &Function, mut parts: Vec<Value>) -> Result<Value> {
    if parts.len() != 1 {
        return Ok(parts.iter().map(ToString::to_string).collect::<String>().into());
    }
    let part = parts.remove(0);
    // Jinja2 writes a constant into the template's text, and so it becomes a str.
    if let [Stmt::Emit(_, expr)] = &*function.body
        && is_constant(expr)
        && part.downcast::<Marker>().is_none()
    {
        return Ok(part.to_string().into());
    }
    let Some(marker) = part.downcast::<Marker>() else { return Ok(part) };
    let text = || Value::str(&marker.text);
    if marker.kind == Kind::Text {
        return Ok(text());
    }
    let value = literal_eval(&marker.text).unwrap_or_else(text);
    let (fits, wanted) = match marker.kind {
        Kind::Bool => (matches!(value, Value::Bool(_)), "bool"),
        Kind::Number => {
            (matches!(value, Value::Int(_) | Value::BigInt(_) | Value::Float(_)), "number")
        }
        Kind::Native | Kind::Text => (true, ""),
    };
    if fits {
        return Ok(value);
    }
    let message = format!("Could not convert value '{}' into type '{wanted}'", marker.text);
    Err(Diagnostic::new(Code::JinjaRuntime, message))
}

/// Whether Jinja2 evaluates an expression when it compiles it.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) => return true,
        Expr::Name(..) | Expr::Call(_) => return false,
        Expr::Filter(node) => {
            let needs_context = ["map", "select", "reject", "selectattr", "rejectattr", "random"];
            if node.filter.is_none() || needs_context.contains(&&*node.name) {
                return false;
            }
        }
        Expr::If(node) if node.no.is_none() => return false,
        _ => {}
    }
    let mut all = true;
    for_each_child(expr, &mut |child| all = all && is_constant(child));
    all
}
