//! From minijinja's syntax tree to [`super::ir`]. The only file that knows minijinja.

use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::ast::{self, Spanned};
use minijinja::machinery::{Span as Place0, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use num_bigint::BigInt;

use crate::diagnostic::{Code, Diagnostic, Result};

use super::ir::{
    Arg, Attr, Binary, BinaryOp, Call, CallBlock, Compare, CompareOp, Conditional, Expr,
    FilterBlock, FilterCall, For, Function, If, Item, MacroStmt, Name, Parameter, Place, Pos,
    SetBlock, Slice, Stmt, Target, TestCall, With,
};
use super::normalise::{DO, Normalised, normalise};
use super::template::SourceFile;
use super::tokens::{Tags, string_length};
use super::value::Value;
use super::{filters, is_tests, literal, scope, syntax_error};

/// How deep expressions and blocks may nest.
const DEPTH: usize = 1000;

/// Parses a part of a file into a function whose names are settled.
///
/// # Errors
/// [`Code::JinjaSyntax`] in Jinja's words, with its place.
pub fn compile(file: &SourceFile, range: Range<usize>) -> Result<Function> {
    let text = file.text.get(range.clone()).unwrap_or_default();
    let offset = range.start;
    let fail = |message: String, range: Range<usize>| {
        Diagnostic::new(Code::JinjaSyntax, message)
            .with_span(file.span(range.start + offset..range.end + offset))
    };
    let normalised = normalise(text).map_err(|(message, range)| fail(message, range))?;
    stacker::maybe_grow(stack_needed(&normalised.text), 64 << 20, || {
        let tree =
            parse(&normalised.text, &file.path, SyntaxConfig::default()).map_err(|error| {
                let (message, range) = syntax_error::explain(&error, &normalised.text);
                fail(message, normalised.original(range.start)..normalised.original(range.end))
            })?;
        let mut lower = Lower { text: &normalised, offset, in_branch: false, depth: 0 };
        let body = match &tree {
            ast::Stmt::Template(template) => lower.body(&template.children),
            other => lower.stmt(other).map(|stmt| Box::from([stmt])),
        };
        let body = body.map_err(|(message, pos)| {
            let range = pos.range();
            fail(message, range.start - offset..range.end.max(range.start) - offset)
        })?;
        let mut function = Function { body, ..Function::default() };
        scope::settle(&mut function);
        Ok(function)
    })
}

/// The parser recurses for nested tags and for prefix operators without a limit of its own;
/// this much stack is enough for all tokens of the longest tag and all tags.
fn stack_needed(text: &str) -> usize {
    let (mut tags, mut longest) = (0, 0);
    for tag in Tags::new(text) {
        tags += 1;
        longest = longest.max(tag.tokens.len());
    }
    256 * 1024 + longest.saturating_mul(2048) + tags * 4096
}

type Lowered<T> = std::result::Result<T, (String, Pos)>;

struct Lower<'a> {
    text: &'a Normalised<'a>,
    offset: usize,
    /// Inside `if`: an unknown filter is only an error when it is used.
    in_branch: bool,
    depth: usize,
}

impl Lower<'_> {
    fn pos(&self, span: Place0) -> Pos {
        let at = |here: u32| {
            u32::try_from(self.text.original(here as usize) + self.offset).unwrap_or(u32::MAX)
        };
        Pos { start: at(span.start_offset), end: at(span.end_offset) }
    }

    fn nested<T>(
        &mut self,
        span: Place0,
        inside: impl FnOnce(&mut Self) -> Lowered<T>,
    ) -> Lowered<T> {
        if self.depth >= DEPTH {
            return Err(("the template is nested too deeply".to_owned(), self.pos(span)));
        }
        self.depth += 1;
        let result = stacker::maybe_grow(64 * 1024, 2 << 20, || inside(self));
        self.depth -= 1;
        result
    }

    fn body(&mut self, stmts: &[ast::Stmt<'_>]) -> Lowered<Box<[Stmt]>> {
        stmts.iter().map(|stmt| self.stmt(stmt)).collect()
    }

    /// A body with its own variables, where an unknown filter is an error at once.
    fn inner_body(&mut self, stmts: &[ast::Stmt<'_>]) -> Lowered<Box<[Stmt]>> {
        let outer = std::mem::replace(&mut self.in_branch, false);
        let body = self.body(stmts);
        self.in_branch = outer;
        body
    }

    fn stmt(&mut self, stmt: &ast::Stmt<'_>) -> Lowered<Stmt> {
        match stmt {
            ast::Stmt::Template(template) => self.nested(template.span(), |lower| {
                Ok(Stmt::If(Box::new(If {
                    branches: Box::default(),
                    otherwise: lower.body(&template.children)?,
                })))
            }),
            ast::Stmt::EmitRaw(raw) => Ok(Stmt::Text(self.pos(raw.span()), raw.raw.into())),
            ast::Stmt::EmitExpr(emit) => {
                Ok(Stmt::Emit(self.pos(emit.span()), self.expr(&emit.expr)?))
            }
            ast::Stmt::Set(set) => {
                let value = self.expr(&set.expr)?;
                Ok(Stmt::Set(self.pos(set.span()), self.target(&set.target)?, value))
            }
            ast::Stmt::Do(call) => {
                let pos = self.pos(call.span());
                match (&call.call.expr, call.call.args.as_slice()) {
                    (ast::Expr::Var(name), [ast::CallArg::Pos(inner)]) if name.id == DO => {
                        Ok(Stmt::Do(pos, self.expr(inner)?))
                    }
                    _ => Ok(Stmt::Do(pos, Expr::Call(Box::new(self.call(&call.call)?)))),
                }
            }
            ast::Stmt::Continue(_) => Ok(Stmt::Continue),
            ast::Stmt::Break(_) => Ok(Stmt::Break),
            ast::Stmt::IfCond(cond) => self.nested(cond.span(), |lower| lower.if_stmt(cond)),
            ast::Stmt::ForLoop(node) => self.nested(node.span(), |lower| lower.for_stmt(node)),
            ast::Stmt::SetBlock(node) => self.nested(node.span(), |lower| {
                Ok(Stmt::SetBlock(Box::new(SetBlock {
                    pos: lower.pos(node.span()),
                    target: lower.target(&node.target)?,
                    filter: node.filter.as_ref().map(|filter| lower.expr(filter)).transpose()?,
                    entry: Box::default(),
                    body: lower.inner_body(&node.body)?,
                })))
            }),
            ast::Stmt::FilterBlock(node) => self.nested(node.span(), |lower| {
                Ok(Stmt::FilterBlock(Box::new(FilterBlock {
                    pos: lower.pos(node.span()),
                    filter: lower.expr(&node.filter)?,
                    entry: Box::default(),
                    body: lower.inner_body(&node.body)?,
                })))
            }),
            ast::Stmt::WithBlock(node) => self.nested(node.span(), |lower| {
                let assignments = node
                    .assignments
                    .iter()
                    .map(|(target, value)| Ok((lower.target(target)?, lower.expr(value)?)))
                    .collect::<Lowered<_>>()?;
                lower.with(node.span(), assignments, &node.body)
            }),
            // Nothing can extend a template of dbt's, so a block is only a scope.
            ast::Stmt::Block(node) => self
                .nested(node.span(), |lower| lower.with(node.span(), Box::default(), &node.body)),
            ast::Stmt::Macro(node) => self.nested(node.span(), |lower| {
                let pos = lower.pos(node.span());
                let function = lower.function(node, dbt_macro_name(node.name))?;
                let target = Target::Name(function.name.clone(), Place::Global);
                Ok(Stmt::Macro(Box::new(MacroStmt { pos, target, function: Arc::new(function) })))
            }),
            ast::Stmt::CallBlock(node) => self.nested(node.span(), |lower| {
                Ok(Stmt::CallBlock(Box::new(CallBlock {
                    pos: lower.pos(node.span()),
                    call: Expr::Call(Box::new(lower.call(&node.call)?)),
                    function: Arc::new(lower.function(&node.macro_decl, "".into())?),
                })))
            }),
            ast::Stmt::AutoEscape(node) => Err((
                "the tag 'autoescape' is not supported: SQL is never escaped".to_owned(),
                self.pos(node.span()),
            )),
            ast::Stmt::Import(node) => Ok(self.no_loader(node.span())),
            ast::Stmt::FromImport(node) => Ok(self.no_loader(node.span())),
            ast::Stmt::Extends(node) => Ok(self.no_loader(node.span())),
            ast::Stmt::Include(node) => Ok(self.no_loader(node.span())),
        }
    }

    fn no_loader(&self, span: Place0) -> Stmt {
        Stmt::Fail(self.pos(span), "no loader for this environment specified")
    }

    fn with(
        &mut self,
        span: Place0,
        assignments: Box<[(Target, Expr)]>,
        body: &[ast::Stmt<'_>],
    ) -> Lowered<Stmt> {
        Ok(Stmt::With(Box::new(With {
            pos: self.pos(span),
            assignments,
            entry: Box::default(),
            body: self.inner_body(body)?,
        })))
    }

    fn if_stmt(&mut self, first: &Spanned<ast::IfCond<'_>>) -> Lowered<Stmt> {
        let outer = std::mem::replace(&mut self.in_branch, true);
        let mut branches = Vec::new();
        let mut node: &ast::IfCond<'_> = first;
        let otherwise = loop {
            branches.push((self.expr(&node.expr)?, self.body(&node.true_body)?));
            match node.false_body.as_slice() {
                [ast::Stmt::IfCond(elif)] => node = elif,
                other => break self.body(other)?,
            }
        };
        self.in_branch = outer;
        Ok(Stmt::If(Box::new(If { branches: branches.into(), otherwise })))
    }

    fn for_stmt(&mut self, node: &Spanned<ast::ForLoop<'_>>) -> Lowered<Stmt> {
        let iter = self.expr(&node.iter)?;
        let outer = std::mem::replace(&mut self.in_branch, false);
        let lowered = For {
            pos: self.pos(node.span()),
            target: self.target(&node.target)?,
            iter,
            test: node.filter_expr.as_ref().map(|test| self.expr(test)).transpose()?,
            recursive: node.recursive,
            loop_slot: None,
            entry: Box::default(),
            slots: 0..0,
            body: self.body(&node.body)?,
            else_entry: Box::default(),
            otherwise: self.body(&node.else_body)?,
        };
        self.in_branch = outer;
        Ok(Stmt::For(Arc::new(lowered)))
    }

    fn function(&mut self, node: &Spanned<ast::Macro<'_>>, name: Name) -> Lowered<Function> {
        let outer = std::mem::replace(&mut self.in_branch, false);
        let without_default = node.args.len().saturating_sub(node.defaults.len());
        let mut params = Vec::with_capacity(node.args.len());
        for (at, arg) in node.args.iter().enumerate() {
            let ast::Expr::Var(var) = arg else {
                return Err(("a parameter must be a name".to_owned(), self.pos(arg.span())));
            };
            let default = at
                .checked_sub(without_default)
                .and_then(|at| node.defaults.get(at))
                .map(|default| self.expr(default))
                .transpose()?;
            if var.id == "caller" && default.is_none() {
                return Err((
                    "When defining macros or call blocks the special \"caller\" argument must be \
                     omitted or be given a default."
                        .to_owned(),
                    self.pos(arg.span()),
                ));
            }
            params.push(Parameter { name: var.id.into(), slot: 0, default });
        }
        let body = self.body(&node.body)?;
        self.in_branch = outer;
        Ok(Function { name, params: params.into(), body, ..Function::default() })
    }

    fn target(&mut self, expr: &ast::Expr<'_>) -> Lowered<Target> {
        let bad = |lower: &Self| {
            Err((format!("can't assign to '{}'", expr.description()), lower.pos(expr.span())))
        };
        match expr {
            ast::Expr::Var(var) => Ok(Target::Name(var.id.into(), Place::Global)),
            ast::Expr::List(list) => list
                .items
                .iter()
                .map(|item| self.target(item))
                .collect::<Lowered<_>>()
                .map(Target::Tuple),
            ast::Expr::GetAttr(attr) => match &attr.expr {
                ast::Expr::Var(namespace) => Ok(Target::Attr {
                    pos: self.pos(attr.span()),
                    namespace: namespace.id.into(),
                    place: Place::Global,
                    name: attr.name.into(),
                }),
                _ => bad(self),
            },
            _ => bad(self),
        }
    }

    fn expr(&mut self, expr: &ast::Expr<'_>) -> Lowered<Expr> {
        match expr {
            ast::Expr::Var(var) => Ok(Expr::Name(var.id.into(), Place::Global)),
            ast::Expr::Const(constant) => self.constant(constant),
            _ => self.nested(expr.span(), |lower| lower.compound(expr)),
        }
    }

    fn boxed(&mut self, expr: &ast::Expr<'_>) -> Lowered<Box<Expr>> {
        self.expr(expr).map(Box::new)
    }

    fn option(&mut self, expr: Option<&ast::Expr<'_>>) -> Lowered<Option<Expr>> {
        expr.map(|expr| self.expr(expr)).transpose()
    }

    fn exprs(&mut self, exprs: &[ast::Expr<'_>]) -> Lowered<Box<[Expr]>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn compound(&mut self, expr: &ast::Expr<'_>) -> Lowered<Expr> {
        let pos = self.pos(expr.span());
        Ok(match expr {
            ast::Expr::Var(_) | ast::Expr::Const(_) => self.expr(expr)?,
            ast::Expr::Slice(slice) => Expr::Slice(Box::new(Slice {
                pos,
                of: self.expr(&slice.expr)?,
                start: self.option(slice.start.as_ref())?,
                stop: self.option(slice.stop.as_ref())?,
                step: self.option(slice.step.as_ref())?,
            })),
            ast::Expr::UnaryOp(unary) => match unary.op {
                ast::UnaryOpKind::Not => self.not(&unary.expr)?,
                ast::UnaryOpKind::Neg => Expr::Negate(pos, self.boxed(&unary.expr)?),
            },
            ast::Expr::BinOp(binary) => self.binary(pos, binary)?,
            ast::Expr::Compare(compare) => {
                let rest = compare
                    .ops
                    .iter()
                    .map(|next| Ok((compare_op(next.op), self.expr(&next.expr)?)))
                    .collect::<Lowered<_>>()?;
                Expr::Compare(Box::new(Compare { pos, first: self.expr(&compare.expr)?, rest }))
            }
            ast::Expr::IfExpr(node) => {
                let outer = std::mem::replace(&mut self.in_branch, true);
                let conditional = Conditional {
                    pos,
                    test: self.expr(&node.test_expr)?,
                    yes: self.expr(&node.true_expr)?,
                    no: self.option(node.false_expr.as_ref())?,
                };
                self.in_branch = outer;
                Expr::If(Box::new(conditional))
            }
            ast::Expr::Filter(node) => {
                let filter = filters::find(node.name);
                self.known(filter.is_some(), "filter", node.name, pos)?;
                Expr::Filter(Box::new(FilterCall {
                    pos,
                    name: node.name.into(),
                    filter,
                    input: self.option(node.expr.as_ref())?,
                    args: self.args(&node.args)?,
                }))
            }
            ast::Expr::Test(node) => {
                let test = is_tests::find(node.name);
                self.known(test.is_some(), "test", node.name, pos)?;
                Expr::Test(Box::new(TestCall {
                    pos,
                    name: node.name.into(),
                    test,
                    input: self.expr(&node.expr)?,
                    args: self.args(&node.args)?,
                }))
            }
            ast::Expr::GetAttr(node) => Expr::Attr(Box::new(Attr {
                pos,
                of: self.expr(&node.expr)?,
                name: node.name.into(),
            })),
            ast::Expr::GetItem(node) => Expr::Item(Box::new(Item {
                pos,
                of: self.expr(&node.expr)?,
                key: self.expr(&node.subscript_expr)?,
            })),
            ast::Expr::Call(call) => Expr::Call(Box::new(self.call(call)?)),
            ast::Expr::List(list) => Expr::List(self.exprs(&list.items)?),
            ast::Expr::Tuple(tuple) => Expr::Tuple(self.exprs(&tuple.items)?),
            ast::Expr::Map(map) => Expr::Dict(
                map.keys
                    .iter()
                    .zip(&map.values)
                    .map(|(key, value)| Ok((self.expr(key)?, self.expr(value)?)))
                    .collect::<Lowered<_>>()?,
            ),
        })
    }

    fn known(&self, known: bool, what: &str, name: &str, pos: Pos) -> Lowered<()> {
        if known || self.in_branch {
            Ok(())
        } else {
            Err((format!("No {what} named '{name}'."), pos))
        }
    }

    /// The parser makes `a not in b` a negated `in`.
    fn not(&mut self, inner: &ast::Expr<'_>) -> Lowered<Expr> {
        Ok(match self.expr(inner)? {
            Expr::Compare(mut compare) if matches!(*compare.rest, [(CompareOp::In, _)]) => {
                compare.rest[0].0 = CompareOp::NotIn;
                Expr::Compare(compare)
            }
            other => Expr::Not(Box::new(other)),
        })
    }

    fn binary(&mut self, pos: Pos, node: &ast::BinOp<'_>) -> Lowered<Expr> {
        let op = match node.op {
            ast::BinOpKind::ScAnd => {
                let both = (self.expr(&node.left)?, self.expr(&node.right)?);
                return Ok(Expr::And(Box::new(both)));
            }
            ast::BinOpKind::ScOr => {
                let both = (self.expr(&node.left)?, self.expr(&node.right)?);
                return Ok(Expr::Or(Box::new(both)));
            }
            ast::BinOpKind::Concat => return self.concat(node),
            ast::BinOpKind::Add => BinaryOp::Add,
            ast::BinOpKind::Sub => BinaryOp::Sub,
            ast::BinOpKind::Mul => BinaryOp::Mul,
            ast::BinOpKind::Div => BinaryOp::Div,
            ast::BinOpKind::FloorDiv => BinaryOp::FloorDiv,
            ast::BinOpKind::Rem => BinaryOp::Rem,
            ast::BinOpKind::Pow => BinaryOp::Pow,
            ast::BinOpKind::Eq => return self.compare(pos, CompareOp::Eq, node),
            ast::BinOpKind::Ne => return self.compare(pos, CompareOp::Ne, node),
            ast::BinOpKind::Lt => return self.compare(pos, CompareOp::Lt, node),
            ast::BinOpKind::Lte => return self.compare(pos, CompareOp::Le, node),
            ast::BinOpKind::Gt => return self.compare(pos, CompareOp::Gt, node),
            ast::BinOpKind::Gte => return self.compare(pos, CompareOp::Ge, node),
            ast::BinOpKind::In => return self.compare(pos, CompareOp::In, node),
        };
        let (left, right) = (self.expr(&node.left)?, self.expr(&node.right)?);
        Ok(Expr::Binary(Box::new(Binary { pos, op, left, right })))
    }

    fn compare(&mut self, pos: Pos, op: CompareOp, node: &ast::BinOp<'_>) -> Lowered<Expr> {
        let first = self.expr(&node.left)?;
        let rest = Box::from([(op, self.expr(&node.right)?)]);
        Ok(Expr::Compare(Box::new(Compare { pos, first, rest })))
    }

    fn concat(&mut self, node: &ast::BinOp<'_>) -> Lowered<Expr> {
        let mut parts = vec![self.expr(&node.right)?];
        let mut left = &node.left;
        while let ast::Expr::BinOp(next) = left
            && matches!(next.op, ast::BinOpKind::Concat)
        {
            parts.push(self.expr(&next.right)?);
            left = &next.left;
        }
        parts.push(self.expr(left)?);
        parts.reverse();
        Ok(Expr::Concat(parts.into()))
    }

    fn call(&mut self, call: &Spanned<ast::Call<'_>>) -> Lowered<Call> {
        Ok(Call {
            pos: self.pos(call.span()),
            callee: self.expr(&call.expr)?,
            args: self.args(&call.args)?,
        })
    }

    fn args(&mut self, args: &[ast::CallArg<'_>]) -> Lowered<Box<[Arg]>> {
        args.iter()
            .map(|arg| {
                Ok(match arg {
                    ast::CallArg::Pos(expr) => Arg::Positional(self.expr(expr)?),
                    ast::CallArg::Kwarg(name, expr) => {
                        Arg::Keyword((*name).into(), self.expr(expr)?)
                    }
                    ast::CallArg::PosSplat(expr) => Arg::Spread(self.expr(expr)?),
                    ast::CallArg::KwargSplat(expr) => Arg::SpreadKeyword(self.expr(expr)?),
                })
            })
            .collect()
    }

    fn constant(&self, constant: &Spanned<ast::Const>) -> Lowered<Expr> {
        let value = &constant.value;
        let span = constant.span();
        let converted = match value.kind() {
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::String => {
                let source = self
                    .text
                    .text
                    .get(span.start_offset as usize..span.end_offset as usize)
                    .unwrap_or_default();
                if source.contains('\\') {
                    python_text(source).map_err(|message| (message, self.pos(span)))?
                } else {
                    Value::str(value.as_str().unwrap_or_default())
                }
            }
            ValueKind::Number => number(value),
            _ => Value::None,
        };
        Ok(Expr::Const(converted))
    }
}

/// dbt's parser renames the macros that a template defines, so that they cannot hide those
/// of the project.
fn dbt_macro_name(name: &str) -> Name {
    if name.starts_with("dbt_docs__") { name.into() } else { format!("dbt_macro__{name}").into() }
}

fn number(value: &minijinja::Value) -> Value {
    if value.is_integer() {
        i64::try_from(value.clone()).map_or_else(
            |_| {
                Value::big_int(
                    u128::try_from(value.clone()).map_or_else(|_| 0.into(), BigInt::from),
                )
            },
            Value::Int,
        )
    } else {
        Value::Float(f64::try_from(value.clone()).unwrap_or_default())
    }
}

/// Adjacent string literals with Python's escapes.
fn python_text(source: &str) -> std::result::Result<Value, String> {
    let mut text = String::new();
    let mut rest = source;
    while let Some(length) = rest.starts_with(['\'', '"']).then(|| string_length(rest)).flatten() {
        literal::unescape(&rest[1..length - 1], &mut text)?;
        rest = rest[length..].trim_start();
    }
    Ok(Value::from(text))
}

fn compare_op(op: ast::CompareOpKind) -> CompareOp {
    match op {
        ast::CompareOpKind::Eq => CompareOp::Eq,
        ast::CompareOpKind::Ne => CompareOp::Ne,
        ast::CompareOpKind::Lt => CompareOp::Lt,
        ast::CompareOpKind::Lte => CompareOp::Le,
        ast::CompareOpKind::Gt => CompareOp::Gt,
        ast::CompareOpKind::Gte => CompareOp::Ge,
        ast::CompareOpKind::In => CompareOp::In,
        ast::CompareOpKind::NotIn => CompareOp::NotIn,
    }
}
