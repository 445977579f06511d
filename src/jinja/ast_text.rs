//! Expressions as Jinja2's syntax tree prints itself: what dbt keeps of a `config()` call when
//! `state_modified_compare_more_unrendered_values` is set, and what an earlier state has then.

use super::analysis::visit_function;
use super::ir::{Arg, BinaryOp, CompareOp, Expr};
use super::template::Template;
use super::value::Value;
use std::sync::Arc;

/// A keyword argument's name, and the argument as Jinja2 prints it, such as
/// `Keyword(key='a', value=Const(value=1))`.
pub type KeywordText = (Arc<str>, String);

/// The keyword arguments of the first call of a plain name; `None` when nothing calls it.
pub fn keywords_of_first_call(template: &Template, name: &str) -> Option<Vec<KeywordText>> {
    let mut found = None;
    visit_function(&template.function, &mut |expr| {
        if let Expr::Call(call) = expr
            && let Expr::Name(callee, _) = &call.callee
            && &**callee == name
            && found.is_none()
        {
            found = Some(call.args.iter().filter_map(keyword_text).collect());
        }
    });
    found
}

fn keyword_text(arg: &Arg) -> Option<KeywordText> {
    let Arg::Keyword(name, value) = arg else { return None };
    Some((name.clone(), keyword(name, value)))
}

fn keyword(name: &str, value: &Expr) -> String {
    format!("Keyword(key={}, value={})", quoted(name), text(value))
}

fn quoted(name: &str) -> String {
    Value::str(name).repr()
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

fn optional(expr: Option<&Expr>) -> String {
    expr.map_or_else(|| "None".to_owned(), text)
}

/// `args`, `kwargs`, `dyn_args` and `dyn_kwargs` of calls, filters and tests.
fn arguments(args: &[Arg]) -> String {
    let positional = args.iter().filter_map(|arg| match arg {
        Arg::Positional(expr) => Some(text(expr)),
        _ => None,
    });
    let keywords = args.iter().filter_map(|arg| match arg {
        Arg::Keyword(name, expr) => Some(keyword(name, expr)),
        _ => None,
    });
    let spread = args.iter().find_map(|arg| match arg {
        Arg::Spread(expr) => Some(expr),
        _ => None,
    });
    let spread_keyword = args.iter().find_map(|arg| match arg {
        Arg::SpreadKeyword(expr) => Some(expr),
        _ => None,
    });
    format!(
        "args={}, kwargs={}, dyn_args={}, dyn_kwargs={}",
        list(positional),
        list(keywords),
        optional(spread),
        optional(spread_keyword)
    )
}

fn text(expr: &Expr) -> String {
    stacker::maybe_grow(64 * 1024, 2 << 20, || node(expr))
}

fn node(expr: &Expr) -> String {
    let pair = |class: &str, left: &Expr, right: &Expr| {
        format!("{class}(left={}, right={})", text(left), text(right))
    };
    match expr {
        Expr::Const(value) => format!("Const(value={})", value.repr()),
        Expr::Name(name, _) => format!("Name(name={}, ctx='load')", quoted(name)),
        Expr::Tuple(items) => {
            format!("Tuple(items={}, ctx='load')", list(items.iter().map(text)))
        }
        Expr::List(items) => format!("List(items={})", list(items.iter().map(text))),
        Expr::Dict(items) => {
            let pairs = items
                .iter()
                .map(|(key, value)| format!("Pair(key={}, value={})", text(key), text(value)));
            format!("Dict(items={})", list(pairs))
        }
        Expr::Not(of) => format!("Not(node={})", text(of)),
        Expr::Negate(_, of) => format!("Neg(node={})", text(of)),
        Expr::Plus(_, of) => format!("Pos(node={})", text(of)),
        Expr::Binary(it) => pair(class_of(it.op), &it.left, &it.right),
        Expr::And(both) => pair("And", &both.0, &both.1),
        Expr::Or(both) => pair("Or", &both.0, &both.1),
        Expr::Concat(items) => format!("Concat(nodes={})", list(items.iter().map(text))),
        Expr::Compare(it) => {
            let operands = it
                .rest
                .iter()
                .map(|(op, expr)| format!("Operand(op='{}', expr={})", operator(*op), text(expr)));
            format!("Compare(expr={}, ops={})", text(&it.first), list(operands))
        }
        Expr::If(it) => format!(
            "CondExpr(test={}, expr1={}, expr2={})",
            text(&it.test),
            text(&it.yes),
            optional(it.no.as_ref())
        ),
        Expr::Attr(it) => {
            format!("Getattr(node={}, attr={}, ctx='load')", text(&it.of), quoted(&it.name))
        }
        Expr::Item(it) => {
            format!("Getitem(node={}, arg={}, ctx='load')", text(&it.of), text(&it.key))
        }
        Expr::Slice(it) => format!(
            "Getitem(node={}, arg=Slice(start={}, stop={}, step={}), ctx='load')",
            text(&it.of),
            optional(it.start.as_ref()),
            optional(it.stop.as_ref()),
            optional(it.step.as_ref())
        ),
        Expr::Call(it) => format!("Call(node={}, {})", text(&it.callee), arguments(&it.args)),
        Expr::Filter(it) => format!(
            "Filter(node={}, name={}, {})",
            optional(it.input.as_ref()),
            quoted(&it.name),
            arguments(&it.args)
        ),
        Expr::Test(it) => format!(
            "Test(node={}, name={}, {})",
            text(&it.input),
            quoted(&it.name),
            arguments(&it.args)
        ),
    }
}

fn class_of(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "Add",
        BinaryOp::Sub => "Sub",
        BinaryOp::Mul => "Mul",
        BinaryOp::Div => "Div",
        BinaryOp::FloorDiv => "FloorDiv",
        BinaryOp::Rem => "Mod",
        BinaryOp::Pow => "Pow",
    }
}

fn operator(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "eq",
        CompareOp::Ne => "ne",
        CompareOp::Lt => "lt",
        CompareOp::Le => "lteq",
        CompareOp::Gt => "gt",
        CompareOp::Ge => "gteq",
        CompareOp::In => "in",
        CompareOp::NotIn => "notin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_printed_as_jinja2_does() {
        let source = "{{ config(a=env_var('X'), b=[-1, none], c=x.y['z'] | default(1, true), \
                      d=1 if x is defined else 2 ~ 'q') }}";
        let template = Template::from_text("a.sql", source).unwrap();
        let texts: Vec<String> = keywords_of_first_call(&template, "config")
            .unwrap()
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            texts,
            [
                "Keyword(key='a', value=Call(node=Name(name='env_var', ctx='load'), \
                 args=[Const(value='X')], kwargs=[], dyn_args=None, dyn_kwargs=None))",
                "Keyword(key='b', value=List(items=[Neg(node=Const(value=1)), \
                 Const(value=None)]))",
                "Keyword(key='c', value=Filter(node=Getitem(node=Getattr(node=Name(name='x', \
                 ctx='load'), attr='y', ctx='load'), arg=Const(value='z'), ctx='load'), \
                 name='default', args=[Const(value=1), Const(value=True)], kwargs=[], \
                 dyn_args=None, dyn_kwargs=None))",
                "Keyword(key='d', value=CondExpr(test=Test(node=Name(name='x', ctx='load'), \
                 name='defined', args=[], kwargs=[], dyn_args=None, dyn_kwargs=None), \
                 expr1=Const(value=1), expr2=Concat(nodes=[Const(value=2), Const(value='q')])))",
            ]
        );
    }
}
