//! Names that are the same in every phase and need nothing of it.

use super::calls::compilation;
use super::json::{dumps, loads};
use super::modules;
use super::yaml;
use crate::jinja::{Args, Error, ExceptionKind, Result, Set, State, Value};
use crate::project::version::DBT_VERSION;
use md5::{Digest, Md5};
use std::collections::HashMap;
use std::sync::LazyLock;

static BASE: LazyLock<foldhash::HashMap<&'static str, Value>> = LazyLock::new(|| {
    let functions = [
        Value::function("return", |_, args| {
            let ([value], []) = args.bind("_return", ["data"], [])?;
            Err(Error::Return(value))
        }),
        Value::function("fromjson", |_, args| fromjson(args)),
        Value::function("tojson", |_, args| tojson(args)),
        Value::function("fromyaml", |_, args| fromyaml(args)),
        Value::function("toyaml", |_, args| toyaml(args)),
        Value::function("set", set),
        Value::function("set_strict", set_strict),
        Value::function("zip", zip),
        Value::function("zip_strict", |state, args| python_zip(state, &args).map_err(strict)),
        Value::function("diff_of_two_dicts", diff_of_two_dicts),
        Value::function("local_md5", |_, args| local_md5(args)),
        Value::function("adapter_macro", |_, args| adapter_macro(&args)),
    ];
    let mut base: foldhash::HashMap<&'static str, Value> = functions
        .into_iter()
        .filter_map(|value| match &value {
            Value::Function(function) => Some((function.name, value.clone())),
            _ => None,
        })
        .collect();
    base.insert("dbt_version", Value::str(DBT_VERSION));
    base.insert(
        "validation",
        Value::dict([("any", Value::function("any", |_, args| Ok(validator(args.positional))))]),
    );
    base
});

/// The value of a name that every phase has.
pub fn base(name: &str) -> Option<Value> {
    BASE.get(name).cloned()
}

/// The library of templates in project files, profiles and selectors: what needs neither a
/// project nor a server.
pub fn library(name: &str) -> Option<Value> {
    match name {
        "modules" => Some(modules::library()),
        "thread_id" => Some(Value::str("MainThread")),
        _ => base(name),
    }
}

/// Whether [`base`] knows a name.
pub fn is_base(name: &str) -> bool {
    BASE.contains_key(name)
}

/// The names that [`base`] knows.
pub fn base_names() -> impl Iterator<Item = &'static str> {
    BASE.keys().copied()
}

fn fromjson(args: Args) -> Result<Value> {
    let ([text], [default]) = args.bind("fromjson", ["string"], ["default"])?;
    let Some(text) = text.as_str() else {
        return Err(Error::type_error(format!(
            "the JSON object must be str, bytes or bytearray, not {}",
            text.type_name()
        )));
    };
    Ok(loads(text).unwrap_or_else(|| default.unwrap_or(Value::None)))
}

fn tojson(args: Args) -> Result<Value> {
    let ([value], [default, sort_keys]) =
        args.bind("tojson", ["value"], ["default", "sort_keys"])?;
    match dumps(&value, sort_keys.is_some_and(|sort| sort.truthy())) {
        Err(error) if error.kind() == Some(ExceptionKind::ValueError) => {
            Ok(default.unwrap_or(Value::None))
        }
        result => result.map(Value::from),
    }
}

fn fromyaml(args: Args) -> Result<Value> {
    let ([text], [default]) = args.bind("fromyaml", ["value"], ["default"])?;
    let parsed = text.as_str().and_then(yaml::load);
    Ok(parsed.unwrap_or_else(|| default.unwrap_or(Value::None)))
}

fn toyaml(args: Args) -> Result<Value> {
    let ([value], [default, sort_keys]) =
        args.bind("toyaml", ["value"], ["default", "sort_keys"])?;
    let text = yaml::dump(&value, sort_keys.is_some_and(|sort| sort.truthy()))?;
    Ok(text.map_or_else(|| default.unwrap_or(Value::None), Value::from))
}

fn set(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([value], [default]) = args.bind("set", ["value"], ["default"])?;
    match python_set(state, &value) {
        Err(error) if error.kind() == Some(ExceptionKind::TypeError) => {
            Ok(default.unwrap_or(Value::None))
        }
        result => result,
    }
}

fn set_strict(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([value], []) = args.bind("set_strict", ["value"], [])?;
    python_set(state, &value).map_err(strict)
}

fn python_set(state: &mut State<'_>, value: &Value) -> Result<Value> {
    Ok(Value::Set(Set::new(value.iterate(state)?)?))
}

/// The `_strict` functions turn a `TypeError` into dbt's compilation error.
fn strict(error: Error) -> Error {
    match error.kind() {
        Some(ExceptionKind::TypeError) => compilation(error.message()),
        _ => error,
    }
}

fn zip(state: &mut State<'_>, mut args: Args) -> Result<Value> {
    let default = args.take_keyword("default");
    match python_zip(state, &args) {
        Err(error) if error.kind() == Some(ExceptionKind::TypeError) => {
            Ok(default.unwrap_or(Value::None))
        }
        result => result,
    }
}

fn python_zip(state: &mut State<'_>, args: &Args) -> Result<Value> {
    let columns = modules::finite_columns(state, &args.positional)?;
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    let row = |at: usize| Value::tuple(columns.iter().map(|column| column[at].clone()));
    Ok(Value::list((0..rows).map(row)))
}

/// What of one dict of lists is not in another, without regard to letter case.
fn diff_of_two_dicts(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([left, right], []) = args.bind("diff_of_two_dicts", ["dict_a", "dict_b"], [])?;
    let (Value::Dict(left), Value::Dict(right)) = (&left, &right) else {
        return Err(Error::type_error("diff_of_two_dicts() takes two dicts"));
    };
    let fold = |value: &Value| value.to_string().to_lowercase();
    let mut known: HashMap<String, Vec<String>> = HashMap::new();
    for (key, values) in right.items() {
        known.insert(fold(&key), values.iterate(state)?.iter().map(fold).collect());
    }
    let mut diff = Vec::new();
    for (key, values) in left.items() {
        let values = match known.get(&fold(&key)) {
            None => values,
            Some(known) => {
                let items = values.iterate(state)?.into_iter();
                let new: Vec<Value> = items.filter(|value| !known.contains(&fold(value))).collect();
                if new.is_empty() {
                    continue;
                }
                Value::list(new)
            }
        };
        diff.push((key.to_string(), values));
    }
    Ok(Value::dict(diff))
}

fn local_md5(args: Args) -> Result<Value> {
    let ([value], []) = args.bind("local_md5", ["value"], [])?;
    let Some(text) = value.as_str() else {
        return Err(Error::attribute_error(value.type_name(), "encode"));
    };
    Ok(Value::from(format!("{:x}", Md5::digest(text.as_bytes()))))
}

fn adapter_macro(args: &Args) -> Result<Value> {
    let name = args.positional.first().map(ToString::to_string).unwrap_or_default();
    Err(compilation(format!(
        "The \"adapter_macro\" macro has been deprecated. Instead, call adapter.dispatch('{name}')"
    )))
}

/// `validation.any[...]`-style checks: a validator that accepts any of the given values.
fn validator(accepted: Vec<Value>) -> Value {
    Value::function("inner", move |_, args| {
        let ([value], []) = args.bind("inner", ["value"], [])?;
        if accepted.contains(&value) {
            return Ok(Value::None);
        }
        let listed: Vec<String> = accepted.iter().map(ToString::to_string).collect();
        Err(crate::diagnostic::Diagnostic::new(
            crate::diagnostic::Code::ConfigInvalid,
            format!("Expected value \"{value}\" to be one of {}", listed.join(",")),
        )
        .into())
    })
}
