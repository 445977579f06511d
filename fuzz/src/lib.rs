//! Runs a text as every kind of template there is.

pub mod corpus;
pub mod mutation;
pub mod rng;

use std::collections::HashMap;

use gdbt::jinja::blocks::{BlockKind, scan};
use gdbt::jinja::{Args, Error, Globals, SourceFile, Template, UndefinedMode, Value};

const BLOCKS: [BlockKind; 3] = [BlockKind::Macro, BlockKind::Test, BlockKind::Materialization];

struct Context {
    names: HashMap<String, Value>,
    mode: UndefinedMode,
}

impl Globals for Context {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.names.get(name).cloned()
    }

    fn undefined_mode(&self) -> UndefinedMode {
        self.mode
    }
}

fn last(mut args: Args) -> Value {
    args.positional.pop().unwrap_or(Value::None)
}

/// One value of each kind that a template may meet.
fn names() -> HashMap<String, Value> {
    let text = Value::str("a text, é, %s {}");
    let list = Value::list([Value::Int(3), Value::Int(-1), Value::None, text.clone()]);
    let dict = Value::dict([("a", Value::Int(1)), ("items", list.clone()), ("b", 2.5.into())]);
    [
        ("return", Value::function("return", |_, args| Err(Error::Return(last(args))))),
        ("ref", Value::function("ref", |_, args| Ok(last(args)))),
        ("config", dict.clone()),
        ("x", Value::Int(7)),
        ("y", text),
        ("items", list),
        ("d", dict),
        ("pair", Value::tuple([Value::Int(1), Value::str("b")])),
        ("big", Value::Int(i64::MIN)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Compiles and renders a text as a model, as a YAML value and as a file of macros, in both
/// modes of undefined values. Errors are fine; panics, hangs and overflows are not.
/// Gives how many of the compilations and renders succeeded.
pub fn exercise(input: &str) -> usize {
    let mut succeeded = 0;
    let mut names = names();
    let file = SourceFile::new("fuzz.sql", input);
    let mut macros = Vec::new();
    for block in scan(&file, &BLOCKS).unwrap_or_default() {
        let Ok(definition) = block.macro_def(&file) else { continue };
        names.insert(definition.name.to_string(), Value::from_macro(definition.clone()));
        macros.push(definition);
    }
    let values: Vec<Value> =
        ["y", "d", "items", "x"].iter().filter_map(|name| names.get(*name).cloned()).collect();
    let mut context = Context { names, mode: UndefinedMode::Permissive };
    let template = Template::compile(&file, 0..input.len());
    for mode in [UndefinedMode::Permissive, UndefinedMode::Strict] {
        context.mode = mode;
        if let Ok(template) = &template {
            succeeded += usize::from(template.render(&context).is_ok());
        }
        for definition in &macros {
            let count = definition.params.len().min(values.len());
            let args = Args::positional(values[..count].iter().cloned());
            succeeded += usize::from(definition.call(args, &context).is_ok());
        }
    }
    if let Ok(template) = &template {
        succeeded += usize::from(template.render_native(&context).is_ok());
    }
    succeeded
}
