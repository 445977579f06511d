//! The names every template has: Jinja's own, and dbt's `return`.

use std::any::Any;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::error::{Error, ExceptionKind, Result};
use super::eval::State;
use super::value::{Args, Dict, Object, Value, methods};

/// The most numbers the sandbox lets `range` have.
const MAX_RANGE: i64 = 100_000;

struct Builtins {
    range: Value,
    dict: Value,
    namespace: Value,
    cycler: Value,
    joiner: Value,
    returns: Value,
}

static BUILTINS: LazyLock<Builtins> = LazyLock::new(|| Builtins {
    range: Value::function("range", |_, args| range(&args)),
    dict: Value::function("dict", dict),
    namespace: Value::function("namespace", |state, args| {
        let attributes = Namespace(filled(state, args)?);
        Ok(Value::object(attributes))
    }),
    cycler: Value::function("cycler", |_, args| {
        if args.positional.is_empty() {
            return Err(Error::new(
                ExceptionKind::TemplateRuntime,
                "at least one item has to be provided",
            ));
        }
        Ok(Value::object(Cycler { items: args.positional, at: AtomicUsize::new(0) }))
    }),
    joiner: Value::function("joiner", |_, args| {
        let ([], [separator]) = args.bind("joiner", [], ["sep"])?;
        let separator = separator.unwrap_or_else(|| Value::str(", "));
        Ok(Value::object(Joiner { separator, used: AtomicBool::new(false) }))
    }),
    returns: Value::function("return", |_, args| {
        let ([data], []) = args.bind("_return", ["data"], [])?;
        Err(Error::Return(data))
    }),
});

/// The value of a name every template has.
pub fn builtin(name: &str) -> Option<Value> {
    Some(match name {
        "range" => BUILTINS.range.clone(),
        "dict" => BUILTINS.dict.clone(),
        "namespace" => BUILTINS.namespace.clone(),
        "cycler" => BUILTINS.cycler.clone(),
        "joiner" => BUILTINS.joiner.clone(),
        "return" => BUILTINS.returns.clone(),
        _ => return None,
    })
}

fn filled(state: &mut State<'_>, mut args: Args) -> Result<Dict> {
    let named = std::mem::take(&mut args.keyword);
    let ([], [from]) = args.bind("dict", [], ["iterable"])?;
    let dict = Dict::default();
    for (key, value) in methods::pairs(state, from)? {
        dict.insert(key, value)?;
    }
    for (key, value) in named {
        dict.insert_str(key, value);
    }
    Ok(dict)
}

fn dict(state: &mut State<'_>, args: Args) -> Result<Value> {
    filled(state, args).map(Value::from)
}

/// What `namespace()` gives: attributes that templates may set.
#[derive(Debug, Default)]
pub struct Namespace(Dict);

impl Namespace {
    /// Sets an attribute.
    pub fn set(&self, name: Arc<str>, value: Value) {
        self.0.insert_str(name, value);
    }
}

impl Object for Namespace {
    fn type_name(&self) -> &'static str {
        "Namespace"
    }

    fn qualified_name(&self) -> String {
        "jinja2.utils.Namespace".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(self.0.get_str(name))
    }

    fn repr(&self) -> String {
        format!("<Namespace {}>", Value::Dict(self.0.clone()).repr())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Python's `range` object.
#[derive(Debug)]
struct Range {
    start: i64,
    stop: i64,
    step: i64,
    length: i64,
}

fn range(args: &Args) -> Result<Value> {
    if !args.keyword.is_empty() {
        return Err(Error::type_error("range() takes no keyword arguments"));
    }
    let int = |value: &Value| match value {
        Value::BigInt(_) => Err(too_big()),
        other => other.as_int().ok_or_else(|| {
            Error::type_error(format!(
                "'{}' object cannot be interpreted as an integer",
                other.type_name()
            ))
        }),
    };
    let (start, stop, step) = match args.positional.as_slice() {
        [stop] => (0, int(stop)?, 1),
        [start, stop] => (int(start)?, int(stop)?, 1),
        [start, stop, step] => (int(start)?, int(stop)?, int(step)?),
        [] => return Err(Error::type_error("range expected at least 1 argument, got 0")),
        more => {
            return Err(Error::type_error(format!(
                "range expected at most 3 arguments, got {}",
                more.len()
            )));
        }
    };
    if step == 0 {
        return Err(Error::value_error("range() arg 3 must not be zero"));
    }
    let span = if step > 0 {
        i128::from(stop) - i128::from(start)
    } else {
        i128::from(start) - i128::from(stop)
    };
    let width = i128::from(step.unsigned_abs());
    let length = if span <= 0 { 0 } else { (span + width - 1) / width };
    match i64::try_from(length) {
        Ok(length) if length <= MAX_RANGE => Ok(Value::object(Range { start, stop, step, length })),
        _ => Err(too_big()),
    }
}

fn too_big() -> Error {
    Error::new(
        ExceptionKind::OverflowError,
        format!("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MAX_RANGE})."),
    )
}

impl Range {
    fn items(&self) -> Vec<Value> {
        (0..self.length).map(|at| Value::Int(self.start + at * self.step)).collect()
    }
}

impl Object for Range {
    fn type_name(&self) -> &'static str {
        "range"
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some(self.items()))
    }

    fn length(&self) -> Option<usize> {
        usize::try_from(self.length).ok()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "start" => Some(self.start.into()),
            "stop" => Some(self.stop.into()),
            "step" => Some(self.step.into()),
            _ => None,
        })
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        let length = usize::try_from(self.length).unwrap_or(0);
        let at = key.as_int().and_then(|at| methods::position(at, length));
        Ok(at.and_then(|at| i64::try_from(at).ok()).map(|at| (self.start + at * self.step).into()))
    }

    fn slice(&self, start: &Value, stop: &Value, step: &Value) -> Result<Option<Value>> {
        Value::list(self.items()).slice(start, stop, step).map(Some)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let other = other.downcast::<Self>()?;
        let same_start = self.length == 0 || self.start == other.start;
        let same_step = self.length <= 1 || self.step == other.step;
        Some(self.length == other.length && same_start && same_step)
    }

    fn repr(&self) -> String {
        if self.step == 1 {
            format!("range({}, {})", self.start, self.stop)
        } else {
            format!("range({}, {}, {})", self.start, self.stop, self.step)
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Debug)]
struct Cycler {
    items: Vec<Value>,
    at: AtomicUsize,
}

impl Object for Cycler {
    fn type_name(&self) -> &'static str {
        "Cycler"
    }

    fn qualified_name(&self) -> String {
        "jinja2.utils.Cycler".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let at = self.at.load(Ordering::Relaxed);
        Ok((name == "current").then(|| self.items[at % self.items.len()].clone()))
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "next" | "reset")
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, _: Args) -> Result<Value> {
        match name {
            "next" => {
                let at = self.at.fetch_add(1, Ordering::Relaxed);
                Ok(self.items[at % self.items.len()].clone())
            }
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Value::None)
            }
            _ => Err(state.missing_attribute("jinja2.utils.Cycler object", name)),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Debug)]
struct Joiner {
    separator: Value,
    used: AtomicBool,
}

impl Object for Joiner {
    fn type_name(&self) -> &'static str {
        "Joiner"
    }

    fn call(&self, _: &mut State<'_>, _: Args) -> Result<Value> {
        let used = self.used.swap(true, Ordering::Relaxed);
        Ok(if used { self.separator.clone() } else { Value::str("") })
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
