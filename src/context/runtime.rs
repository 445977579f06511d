//! What templates do while nodes run: results of statements, files, nested rendering.

use super::calls::compilation;
use super::node::{Inner, Phase};
use super::results::MAIN;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Result, State, Template, Value};
use std::sync::Arc;

/// A function of the runtime.
pub fn member(inner: &Arc<Inner>, name: &str) -> Option<Value> {
    let held = inner.clone();
    Some(match name {
        "load_result" => Value::function("load_result", move |_, args| {
            let ([name], []) = args.bind("load_result", ["name"], [])?;
            held.results.load(&name.to_string())
        }),
        "store_result" => Value::function("store_result", move |_, args| {
            let ([name, response], [table]) =
                args.bind("store_result", ["name", "response"], ["agate_table"])?;
            store(&held, &name, response, table);
            Ok(Value::str(""))
        }),
        "store_raw_result" => {
            Value::function("store_raw_result", move |_, args| store_raw_result(&held, args))
        }
        "render" => Value::function("render", |state, args| {
            let ([text], []) = args.bind("render", ["string"], [])?;
            render(state, &text)
        }),
        "write" => Value::function("write", move |_, args| {
            let ([payload], []) = args.bind("write", ["payload"], [])?;
            write(&held, &payload)
        }),
        "try_or_compiler_error" => Value::function("try_or_compiler_error", |state, args| {
            try_or_compiler_error(state, args)
        }),
        "submit_python_job" => Value::function("submit_python_job", |_, _| {
            let message = "PostgreSQL cannot run Python models";
            Err(Diagnostic::new(Code::Unsupported, message).into())
        }),
        "load_agate_table" => Value::function("load_agate_table", move |_, args| {
            args.bind("load_agate_table", [], []).map(|([], [])| ())?;
            super::relations::seed_table(&held)
        }),
        "_sql_results" => Value::dict(
            [MAIN].into_iter().filter_map(|name| Some((name, inner.results.peek(name)?))),
        ),
        "context_macro_stack" => Value::None,
        _ => return None,
    })
}

fn store(inner: &Inner, name: &Value, response: Value, table: Option<Value>) {
    let table = table.filter(|table| !table.is_none());
    let result = super::relations::statement_result(response, table);
    inner.results.store(name.to_string(), result);
}

fn store_raw_result(inner: &Inner, args: Args) -> Result<Value> {
    let names = ["message", "code", "rows_affected", "agate_table"];
    let ([name], [message, code, rows, table]) = args.bind("store_raw_result", ["name"], names)?;
    let text = |value: Option<Value>| value.filter(|value| !value.is_none());
    let response = super::relations::raw_response(
        text(message).map(|message| message.to_string()).unwrap_or_default(),
        text(code).map(|code| code.to_string()),
        text(rows).and_then(|rows| {
            rows.as_int().or_else(|| rows.as_str().and_then(|rows| rows.parse().ok()))
        }),
    );
    store(inner, &name, response, table);
    Ok(Value::str(""))
}

/// `render(text)`: a text rendered with the same context.
fn render(state: &mut State<'_>, text: &Value) -> Result<Value> {
    let Some(text) = text.as_str() else { return Ok(text.clone()) };
    if !super::var::has_jinja(text) {
        return Ok(Value::str(text));
    }
    let template = Template::from_text("render()", text)?;
    Ok(Value::from(template.render(state.globals())?))
}

/// `write(payload)`: the SQL that runs goes to `target/run`.
fn write(inner: &Inner, payload: &Value) -> Result<Value> {
    let Phase::Run(run) = &inner.phase else {
        return Err(compilation("cannot \"write\" macros or sources"));
    };
    let root = &inner.shared.workspace.root;
    let path = crate::compile::paths::target_path(&root.target_path, "run", &run.node, run.batch);
    crate::compile::paths::write(&inner.shared.workspace, &path, &payload.to_string())?;
    *inner.written.lock() = Some(path);
    Ok(Value::str(""))
}

/// `try_or_compiler_error(message, function, …)`.
fn try_or_compiler_error(state: &mut State<'_>, mut args: Args) -> Result<Value> {
    if args.positional.len() < 2 {
        return Err(Error::type_error("try_or_compiler_error() takes a message and a function"));
    }
    let message = args.positional.remove(0);
    let function = args.positional.remove(0);
    match function.call(state, args) {
        Err(Error::Exception(_)) => Err(compilation(message.to_string())),
        result => result,
    }
}
