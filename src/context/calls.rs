//! The arguments of `ref`, `source` and `metric`, with dbt's checks and messages.

use crate::jinja::{Args, Error, Result, Value};
use crate::manifest::{RefArgs, SourceArgs};
use serde_json::Value as Json;

/// `ref(name)`, `ref(package, name)`, both with `version=` or `v=`.
///
/// # Errors
/// dbt's messages for a wrong number or type of arguments.
pub fn ref_args(mut args: Args) -> Result<RefArgs> {
    let version = [args.take_keyword("version"), args.take_keyword("v")]
        .into_iter()
        .flatten()
        .find(Value::truthy);
    let (package, name) = match args.positional.as_slice() {
        [name] => (None, name),
        [package, name] => (Some(package).filter(|package| !package.is_none()), name),
        other => {
            return Err(compilation(format!(
                "ref() takes at most two arguments ({} given)",
                other.len()
            )));
        }
    };
    let text = |what: &str, wanted: &str, value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| {
            compilation(format!(
                "The {what} argument to ref() must be {wanted}, got {}",
                type_of(value)
            ))
        })
    };
    Ok(RefArgs {
        name: text("name", "a string", name)?,
        package: package.map(|value| text("package", "a string or None", value)).transpose()?,
        version: version.map(|value| version_json(&value)).transpose()?,
    })
}

fn version_json(value: &Value) -> Result<Json> {
    match value {
        Value::Str(text) => Ok(Json::String(text.to_string())),
        Value::Int(number) => Ok(Json::from(*number)),
        Value::Float(number) => Ok(Json::from(*number)),
        Value::Bool(truth) => Ok(Json::from(*truth)),
        other => Err(compilation(format!(
            "The version argument to ref() must be a string, int, float, or None - got {}",
            type_of(other)
        ))),
    }
}

/// `source(source_name, table_name)`.
///
/// # Errors
/// dbt's messages for a wrong number or type of arguments.
pub fn source_args(args: &Args) -> Result<SourceArgs> {
    let [source, table] = args.positional.as_slice() else {
        return Err(compilation(format!(
            "source() takes exactly two arguments ({} given)",
            args.positional.len()
        )));
    };
    let text = |what: &str, value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| {
            compilation(format!(
                "The {what} argument to source() must be a string, got {}",
                type_of(value)
            ))
        })
    };
    Ok(SourceArgs(text("source name (first)", source)?, text("table name (second)", table)?))
}

/// `metric(name)` or `metric(package, name)`.
///
/// # Errors
/// dbt's messages for a wrong number or type of arguments.
pub fn metric_args(args: &Args) -> Result<Vec<String>> {
    name_args("metric", args)
}

/// `function(name)` or `function(package, name)`.
///
/// # Errors
/// dbt's messages for a wrong number or type of arguments.
pub fn function_args(args: &Args) -> Result<Vec<String>> {
    name_args("function", args)
}

fn name_args(function: &str, args: &Args) -> Result<Vec<String>> {
    let given = args.positional.as_slice();
    if !matches!(given.len(), 1 | 2) {
        let given = given.len();
        return Err(compilation(format!(
            "{function}() takes at most two arguments ({given} given)"
        )));
    }
    let text = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| {
            compilation(format!(
                "The name argument to {function}() must be a string, got {}",
                type_of(value)
            ))
        })
    };
    given.iter().map(text).collect()
}

/// `str(type(value))`.
pub fn type_of(value: &Value) -> String {
    format!("<class '{}'>", value.type_name())
}

/// A dbt compilation error raised by a function of the context.
pub fn compilation(message: impl Into<String>) -> Error {
    crate::diagnostic::Diagnostic::new(crate::diagnostic::Code::JinjaRuntime, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_takes_a_package_and_a_version() {
        let args = Args::positional(["shop".into(), "orders".into()]).with("v", 2_i64);
        let RefArgs { name, package, version } = ref_args(args).unwrap();
        assert_eq!((name.as_str(), package.as_deref()), ("orders", Some("shop")));
        assert_eq!(version, Some(Json::from(2)));
    }

    #[test]
    fn wrong_arguments_get_dbts_words() {
        let message = |error: Error| error.message().to_owned();
        assert_eq!(
            message(ref_args(Args::none()).unwrap_err()),
            "ref() takes at most two arguments (0 given)"
        );
        assert_eq!(
            message(ref_args(Args::positional([Value::Int(1)])).unwrap_err()),
            "The name argument to ref() must be a string, got <class 'int'>"
        );
        assert_eq!(
            message(source_args(&Args::positional(["a".into()])).unwrap_err()),
            "source() takes exactly two arguments (1 given)"
        );
    }
}
