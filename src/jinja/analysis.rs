//! What can be said about a template without running it.

use std::ops::Range;
use std::sync::Arc;

use super::ir::{Arg, Call, Expr, Function, Stmt, Target, for_each_child};
use super::template::{MacroDef, Template};
use super::value::{Dict, Value, arithmetic};

/// A call of a plain name, such as `ref('orders')`.
#[derive(Debug, Clone)]
pub struct StaticCall {
    /// The name called.
    pub name: Arc<str>,
    /// Positional arguments; `None` where one is not a constant.
    pub args: Vec<Option<Value>>,
    /// Keyword arguments; `None` where one is not a constant.
    pub kwargs: Vec<(Arc<str>, Option<Value>)>,
    /// Whether it has `*args` or `**kwargs`, which can be anything.
    pub has_spread: bool,
    /// The call in the file.
    pub range: Range<usize>,
}

/// Every call of one of `names` in the template, in order, whatever is around it.
pub fn static_calls(template: &Template, names: &[&str]) -> Vec<StaticCall> {
    let mut found = Vec::new();
    visit_function(&template.function, &mut |expr| {
        if let Expr::Call(call) = expr
            && let Expr::Name(name, _) = &call.callee
            && names.contains(&&**name)
        {
            found.push(static_call(name, call));
        }
    });
    found
}

/// Whether a template is text and calls of these names with literal arguments, and nothing
/// else: then it need not be rendered to know what it asks for.
pub fn is_static(template: &Template, names: &[&str]) -> bool {
    template.function.body.iter().all(|stmt| match stmt {
        Stmt::Text(..) => true,
        Stmt::Emit(_, Expr::Call(call)) => {
            matches!(&call.callee, Expr::Name(name, _) if names.contains(&&**name))
                && call.args.iter().all(|arg| is_literal(arg.expr()))
        }
        _ => false,
    })
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) => true,
        Expr::List(items) | Expr::Tuple(items) => items.iter().all(is_literal),
        Expr::Dict(items) => items.iter().all(|(key, value)| is_literal(key) && is_literal(value)),
        _ => false,
    }
}

/// Whether the template mentions a variable, such as `this`.
pub fn mentions_name(template: &Template, name: &str) -> bool {
    let mut found = false;
    visit_function(&template.function, &mut |expr| {
        found = found || matches!(expr, Expr::Name(other, _) if &**other == name);
    });
    found
}

fn static_call(name: &Arc<str>, call: &Call) -> StaticCall {
    let mut found = StaticCall {
        name: name.clone(),
        args: Vec::new(),
        kwargs: Vec::new(),
        has_spread: false,
        range: call.pos.range(),
    };
    for arg in &call.args {
        match arg {
            Arg::Positional(expr) => found.args.push(constant(expr)),
            Arg::Keyword(name, expr) => found.kwargs.push((name.clone(), constant(expr))),
            Arg::Spread(_) | Arg::SpreadKeyword(_) => found.has_spread = true,
        }
    }
    found
}

/// The value of a literal, containers of literals included.
fn constant(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::Const(value) => Some(value.clone()),
        Expr::List(items) => {
            items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::list)
        }
        Expr::Tuple(items) => {
            items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::tuple)
        }
        Expr::Dict(items) => {
            let dict = Dict::default();
            for (key, value) in items {
                dict.insert(constant(key)?, constant(value)?).ok()?;
            }
            Some(dict.into())
        }
        Expr::Negate(_, inner) => arithmetic::negate(&constant(inner)?).ok(),
        _ => None,
    }
}

/// A call that may be of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MacroCall {
    /// `x()`
    Plain(Arc<str>),
    /// `package.x()`
    Qualified(Arc<str>, Arc<str>),
    /// `adapter.dispatch('x', 'package')`
    Dispatch {
        /// The macro's name without its prefix.
        name: String,
        /// The namespace, when it is a constant.
        namespace: Option<String>,
    },
}

/// The calls in a macro that may be of other macros, each once and in order, as dbt finds
/// them for `depends_on.macros`. Calls of `ref`, `source` and `config`, and of methods of
/// `adapter`, are left out.
pub fn macro_calls(definition: &MacroDef) -> Vec<MacroCall> {
    calls_in(&definition.function)
}

/// As [`macro_calls`], for a template.
pub fn template_macro_calls(template: &Template) -> Vec<MacroCall> {
    calls_in(&template.function)
}

fn calls_in(function: &Function) -> Vec<MacroCall> {
    let mut found = Vec::new();
    visit_function(function, &mut |expr| {
        if let Expr::Call(call) = expr
            && let Some(call) = macro_call(call)
            && !found.contains(&call)
        {
            found.push(call);
        }
    });
    found
}

fn macro_call(call: &Call) -> Option<MacroCall> {
    match &call.callee {
        Expr::Name(name, _) if matches!(&**name, "ref" | "source" | "config") => None,
        Expr::Name(name, _) => Some(MacroCall::Plain(name.clone())),
        Expr::Attr(attr) => match &attr.of {
            Expr::Name(name, _) if &**name == "adapter" => {
                (&*attr.name == "dispatch").then(|| dispatch(call)).flatten()
            }
            Expr::Name(name, _) => Some(MacroCall::Qualified(name.clone(), attr.name.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn dispatch(call: &Call) -> Option<MacroCall> {
    let call = static_call(&Arc::from("dispatch"), call);
    let argument = |at: usize, name: &str| {
        let named = call.kwargs.iter().find(|(key, _)| &**key == name);
        let value = call.args.get(at).or(named.map(|(_, value)| value))?.as_ref()?;
        value.as_str().map(str::to_owned)
    };
    let name = argument(0, "macro_name")?;
    Some(MacroCall::Dispatch { name, namespace: argument(1, "macro_namespace") })
}

/// Calls `visit` with every expression of a function, outer ones first.
pub(super) fn visit_function<'a>(function: &'a Function, visit: &mut dyn FnMut(&'a Expr)) {
    for param in &function.params {
        if let Some(default) = &param.default {
            visit_expr(default, visit);
        }
    }
    visit_body(&function.body, visit);
}

fn visit_body<'a>(body: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr)) {
    for stmt in body {
        stacker::maybe_grow(64 * 1024, 2 << 20, || visit_stmt(stmt, visit));
    }
}

fn visit_stmt<'a>(stmt: &'a Stmt, visit: &mut dyn FnMut(&'a Expr)) {
    match stmt {
        Stmt::Text(..) | Stmt::Break | Stmt::Continue | Stmt::Fail(..) => {}
        Stmt::Emit(_, expr) | Stmt::Do(_, expr) | Stmt::Set(_, Target::Name(..), expr) => {
            visit_expr(expr, visit);
        }
        Stmt::Set(_, _, expr) => visit_expr(expr, visit),
        Stmt::SetBlock(node) => {
            node.filter.iter().for_each(|filter| visit_expr(filter, visit));
            visit_body(&node.body, visit);
        }
        Stmt::For(node) => {
            visit_expr(&node.iter, visit);
            node.test.iter().for_each(|test| visit_expr(test, visit));
            visit_body(&node.body, visit);
            visit_body(&node.otherwise, visit);
        }
        Stmt::If(node) => {
            for (test, body) in &node.branches {
                visit_expr(test, visit);
                visit_body(body, visit);
            }
            visit_body(&node.otherwise, visit);
        }
        Stmt::With(node) => {
            node.assignments.iter().for_each(|(_, value)| visit_expr(value, visit));
            visit_body(&node.body, visit);
        }
        Stmt::FilterBlock(node) => {
            visit_expr(&node.filter, visit);
            visit_body(&node.body, visit);
        }
        Stmt::Macro(node) => visit_function(&node.function, visit),
        Stmt::CallBlock(node) => {
            visit_expr(&node.call, visit);
            visit_function(&node.function, visit);
        }
    }
}

fn visit_expr<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    stacker::maybe_grow(64 * 1024, 2 << 20, || {
        for_each_child(expr, &mut |child| visit_expr(child, visit));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jinja::SourceFile;

    #[test]
    fn literal_arguments_are_read() {
        let text = "{{ config(a=[1, -2], b=x) }}{% if y %}{{ f(ref('p', 'm', v=2)) }}{% endif %}";
        let template = Template::from_text("m.sql", text).unwrap();
        let calls = static_calls(&template, &["ref", "config"]);
        let shown: Vec<String> = calls
            .iter()
            .map(|call| format!("{} {:?} {:?}", call.name, call.args, call.kwargs))
            .collect();
        assert_eq!(
            shown,
            [
                "config [] [(\"a\", Some([1, -2])), (\"b\", None)]",
                "ref [Some('p'), Some('m')] [(\"v\", Some(2))]",
            ]
        );
        assert_eq!(&text[calls[1].range.clone()], "ref('p', 'm', v=2)");
    }

    #[test]
    fn macro_calls_are_dbt_s() {
        let text = "{% macro a() %}{{ b() }}{{ p.c(b()) }}{{ ref('x') }}{{ adapter.quote('x') }}\
                    {{ return(adapter.dispatch('d', 'p')()) }}{% call statement('x') %}{{ e() }}\
                    {% endcall %}{% endmacro %}";
        let file = SourceFile::new("m.sql", text);
        let definition = MacroDef::compile(&file, 0..text.len()).unwrap();
        assert_eq!(
            macro_calls(&definition),
            [
                MacroCall::Plain("b".into()),
                MacroCall::Qualified("p".into(), "c".into()),
                MacroCall::Plain("return".into()),
                MacroCall::Dispatch { name: "d".into(), namespace: Some("p".into()) },
                MacroCall::Plain("statement".into()),
                MacroCall::Plain("e".into()),
            ]
        );
    }
}
