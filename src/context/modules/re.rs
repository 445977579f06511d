//! `modules.re`: Python's regular expressions on `fancy_regex`.

mod objects;
mod syntax;

use crate::jinja::{Args, Error, ExceptionKind, Result, State, Value};
use objects::Pattern;

type Native = fn(&mut State<'_>, Args) -> Result<Value>;

/// Flags by name, with Python's values.
const FLAGS: [(&str, i64); 12] = [
    ("IGNORECASE", 2),
    ("I", 2),
    ("LOCALE", 4),
    ("L", 4),
    ("MULTILINE", 8),
    ("M", 8),
    ("DOTALL", 16),
    ("S", 16),
    ("UNICODE", 32),
    ("U", 32),
    ("VERBOSE", 64),
    ("X", 64),
];
const ASCII: i64 = 256;

/// The module as a value.
pub fn module() -> Value {
    let functions: [(&'static str, Native); 10] = [
        ("compile", |_, args| {
            let ([pattern], [flags]) = args.bind("compile", ["pattern"], ["flags"])?;
            Ok(Value::object(Pattern::of(&pattern, flags.as_ref())?))
        }),
        ("match", |state, args| of_pattern(state, "match", args)),
        ("fullmatch", |state, args| of_pattern(state, "fullmatch", args)),
        ("search", |state, args| of_pattern(state, "search", args)),
        ("findall", |state, args| of_pattern(state, "findall", args)),
        ("finditer", |state, args| of_pattern(state, "finditer", args)),
        ("split", |state, args| of_pattern(state, "split", args)),
        ("sub", |state, args| of_pattern(state, "sub", args)),
        ("subn", |state, args| of_pattern(state, "subn", args)),
        ("escape", |_, args| {
            let ([text], []) = args.bind("escape", ["pattern"], [])?;
            Ok(Value::from(syntax::escape(&text.to_string())))
        }),
    ];
    let functions = functions.map(|(name, function)| (name, Value::function(name, function)));
    let flags = FLAGS.map(|(name, flag)| (name, Value::Int(flag)));
    let ascii = [("ASCII", Value::Int(ASCII)), ("A", Value::Int(ASCII))];
    Value::dict(functions.into_iter().chain(flags).chain(ascii))
}

/// `re.function(pattern, …, flags=…)`, by way of the pattern's method.
fn of_pattern(state: &mut State<'_>, name: &str, mut args: Args) -> Result<Value> {
    // Flags come after the method's own parameters.
    let at = match name {
        "sub" | "subn" => 4,
        "split" => 3,
        _ => 2,
    };
    let mut flags = args.take_keyword("flags");
    if args.positional.len() == at + 1 {
        flags = args.positional.pop();
    }
    let pattern = if args.positional.is_empty() {
        args.take_keyword("pattern").ok_or_else(|| {
            Error::type_error(format!("{name}() missing 1 required positional argument: 'pattern'"))
        })?
    } else {
        args.positional.remove(0)
    };
    Pattern::of(&pattern, flags.as_ref())?.method(state, name, args)
}

fn regex_error(message: impl Into<String>) -> Error {
    Error::new(ExceptionKind::ValueError, message)
}
