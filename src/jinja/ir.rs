//! Our own syntax tree: compact, owned and shareable. [`super::syntax`] makes it and
//! [`super::scope`] settles which variable each name is.

use std::ops::Range;
use std::sync::Arc;

use super::filters::Filter;
use super::is_tests::Test;
use super::value::Value;

/// A name of a variable, attribute or keyword argument.
pub type Name = Arc<str>;

/// A place in the file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pos {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Pos {
    /// As a range of the file's text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Where a name's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The globals are asked.
    Global,
    /// A variable of the running function. While it is not set, the globals are asked when
    /// `global` holds; else it is undefined.
    Slot {
        /// Its number.
        slot: u32,
        /// Whether a global of that name shows through.
        global: bool,
    },
}

/// An expression.
#[derive(Debug)]
pub enum Expr {
    /// A value that cannot change.
    Const(Value),
    /// A variable.
    Name(Name, Place),
    /// `(a, b)`
    Tuple(Box<[Expr]>),
    /// `[a, b]`
    List(Box<[Expr]>),
    /// `{a: b}`
    Dict(Box<[(Expr, Expr)]>),
    /// `not a`
    Not(Box<Expr>),
    /// `-a`
    Negate(Pos, Box<Expr>),
    /// `+a`
    Plus(Pos, Box<Expr>),
    /// `a + b` and the like
    Binary(Box<Binary>),
    /// `a and b`
    And(Box<(Expr, Expr)>),
    /// `a or b`
    Or(Box<(Expr, Expr)>),
    /// `a ~ b ~ c`
    Concat(Box<[Expr]>),
    /// `a < b <= c`
    Compare(Box<Compare>),
    /// `yes if test else no`
    If(Box<Conditional>),
    /// `a.b`
    Attr(Box<Attr>),
    /// `a[b]`
    Item(Box<Item>),
    /// `a[b:c:d]`
    Slice(Box<Slice>),
    /// `a(b)`
    Call(Box<Call>),
    /// `a | f(b)`
    Filter(Box<FilterCall>),
    /// `a is t(b)`
    Test(Box<TestCall>),
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `//`
    FloorDiv,
    /// `%`
    Rem,
    /// `**`
    Pow,
}

impl BinaryOp {
    /// As Python writes it in messages.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Rem => "%",
            Self::Pow => "** or pow()",
        }
    }
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// `left op right`.
#[derive(Debug)]
pub struct Binary {
    pub pos: Pos,
    pub op: BinaryOp,
    pub left: Expr,
    pub right: Expr,
}

/// `first op next op next`.
#[derive(Debug)]
pub struct Compare {
    pub pos: Pos,
    pub first: Expr,
    pub rest: Box<[(CompareOp, Expr)]>,
}

/// `yes if test else no`.
#[derive(Debug)]
pub struct Conditional {
    pub pos: Pos,
    pub test: Expr,
    pub yes: Expr,
    pub no: Option<Expr>,
}

/// `of.name`.
#[derive(Debug)]
pub struct Attr {
    pub pos: Pos,
    pub of: Expr,
    pub name: Name,
}

/// `of[key]`.
#[derive(Debug)]
pub struct Item {
    pub pos: Pos,
    pub of: Expr,
    pub key: Expr,
}

/// `of[start:stop:step]`.
#[derive(Debug)]
pub struct Slice {
    pub pos: Pos,
    pub of: Expr,
    pub start: Option<Expr>,
    pub stop: Option<Expr>,
    pub step: Option<Expr>,
}

/// `callee(arguments)`.
#[derive(Debug)]
pub struct Call {
    pub pos: Pos,
    pub callee: Expr,
    pub args: Box<[Arg]>,
}

/// An argument of a call.
#[derive(Debug)]
pub enum Arg {
    /// `a`
    Positional(Expr),
    /// `name=a`
    Keyword(Name, Expr),
    /// `*a`
    Spread(Expr),
    /// `**a`
    SpreadKeyword(Expr),
}

impl Arg {
    /// The expression in it.
    pub fn expr(&self) -> &Expr {
        match self {
            Self::Positional(expr)
            | Self::Keyword(_, expr)
            | Self::Spread(expr)
            | Self::SpreadKeyword(expr) => expr,
        }
    }

    /// The expression in it.
    pub fn expr_mut(&mut self) -> &mut Expr {
        match self {
            Self::Positional(expr)
            | Self::Keyword(_, expr)
            | Self::Spread(expr)
            | Self::SpreadKeyword(expr) => expr,
        }
    }
}

/// `input | name(arguments)`.
#[derive(Debug)]
pub struct FilterCall {
    pub pos: Pos,
    pub name: Name,
    /// `None` when no filter has this name: an error when it is used.
    pub filter: Option<Filter>,
    /// `None` for the text of a `filter` or `set` block.
    pub input: Option<Expr>,
    pub args: Box<[Arg]>,
}

/// `input is name(arguments)`.
#[derive(Debug)]
pub struct TestCall {
    pub pos: Pos,
    pub name: Name,
    /// `None` when no test has this name: an error when it is used.
    pub test: Option<Test>,
    pub input: Expr,
    pub args: Box<[Arg]>,
}

/// What a `set`, `for` or `with` assigns to.
#[derive(Debug)]
pub enum Target {
    /// `a`
    Name(Name, Place),
    /// `a, b`
    Tuple(Box<[Target]>),
    /// `namespace.attribute`
    Attr { pos: Pos, namespace: Name, place: Place, name: Name },
}

/// What entering a block does to its own variables: each becomes unset, or starts with the
/// value that the variable of the same name outside has.
pub type Entry = Box<[(u32, Option<u32>)]>;

/// A statement.
#[derive(Debug)]
pub enum Stmt {
    /// Text as it is.
    Text(Pos, Arc<str>),
    /// `{{ a }}`
    Emit(Pos, Expr),
    /// `{% set a = b %}`
    Set(Pos, Target, Expr),
    /// `{% set a %}...{% endset %}`
    SetBlock(Box<SetBlock>),
    /// `{% for %}`
    For(Arc<For>),
    /// `{% if %}`
    If(Box<If>),
    /// `{% with %}`
    With(Box<With>),
    /// `{% filter %}`
    FilterBlock(Box<FilterBlock>),
    /// `{% macro %}` inside a template
    Macro(Box<MacroStmt>),
    /// `{% call %}`
    CallBlock(Box<CallBlock>),
    /// `{% do %}`
    Do(Pos, Expr),
    /// `{% break %}`
    Break,
    /// `{% continue %}`
    Continue,
    /// A tag that Jinja parses and dbt's environment cannot run.
    Fail(Pos, &'static str),
}

/// `{% set target | filter %}body{% endset %}`.
#[derive(Debug)]
pub struct SetBlock {
    pub pos: Pos,
    pub target: Target,
    pub filter: Option<Expr>,
    pub entry: Entry,
    pub body: Box<[Stmt]>,
}

/// `{% for target in iter if test %}body{% else %}otherwise{% endfor %}`.
#[derive(Debug)]
pub struct For {
    pub pos: Pos,
    pub target: Target,
    pub iter: Expr,
    pub test: Option<Expr>,
    pub recursive: bool,
    /// The variable `loop`, when the body uses it.
    pub loop_slot: Option<u32>,
    pub entry: Entry,
    /// All variables of the body, for recursive loops.
    pub slots: Range<u32>,
    pub body: Box<[Stmt]>,
    pub else_entry: Entry,
    pub otherwise: Box<[Stmt]>,
}

/// `{% if %}` with its `elif`s.
#[derive(Debug)]
pub struct If {
    pub branches: Box<[(Expr, Box<[Stmt]>)]>,
    pub otherwise: Box<[Stmt]>,
}

/// `{% with a = b %}body{% endwith %}`.
#[derive(Debug)]
pub struct With {
    pub pos: Pos,
    pub assignments: Box<[(Target, Expr)]>,
    pub entry: Entry,
    pub body: Box<[Stmt]>,
}

/// `{% filter f %}body{% endfilter %}`.
#[derive(Debug)]
pub struct FilterBlock {
    pub pos: Pos,
    pub filter: Expr,
    pub entry: Entry,
    pub body: Box<[Stmt]>,
}

/// `{% macro name() %}body{% endmacro %}`.
#[derive(Debug)]
pub struct MacroStmt {
    pub pos: Pos,
    pub target: Target,
    pub function: Arc<Function>,
}

/// `{% call(x) callee() %}body{% endcall %}`.
#[derive(Debug)]
pub struct CallBlock {
    pub pos: Pos,
    /// Always a call.
    pub call: Expr,
    pub function: Arc<Function>,
}

/// A body that runs with its own variables: a template, a macro or a call block.
#[derive(Debug, Default)]
pub struct Function {
    /// The name in messages; empty for a call block.
    pub name: Name,
    pub params: Box<[Parameter]>,
    pub body: Box<[Stmt]>,
    /// How many variables it has.
    pub slots: u32,
    /// The variables that functions inside share.
    pub cells: Box<[u32]>,
    /// The variables shared with the function outside: its number there and here.
    pub captures: Box<[(u32, u32)]>,
    pub entry: Entry,
    /// The variable `caller`, when the body uses it and it is not a parameter.
    pub caller: Option<u32>,
    /// The variable `kwargs`, when the body uses it.
    pub kwargs: Option<u32>,
    /// The variable `varargs`, when the body uses it.
    pub varargs: Option<u32>,
}

impl Function {
    /// The name as messages show it.
    pub fn shown_name(&self) -> String {
        if self.name.is_empty() { "None".to_owned() } else { format!("'{}'", self.name) }
    }

    /// Whether `caller` is one of the parameters.
    pub fn explicit_caller(&self) -> bool {
        self.params.iter().any(|param| &*param.name == "caller")
    }
}

/// A parameter of a macro.
#[derive(Debug)]
pub struct Parameter {
    pub name: Name,
    pub slot: u32,
    pub default: Option<Expr>,
}

/// Calls `visit` with each direct part of an expression.
pub fn for_each_child<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match expr {
        Expr::Const(_) | Expr::Name(..) => {}
        Expr::Tuple(items) | Expr::List(items) | Expr::Concat(items) => {
            items.iter().for_each(visit);
        }
        Expr::Dict(items) => {
            for (key, value) in items {
                visit(key);
                visit(value);
            }
        }
        Expr::Not(inner) | Expr::Negate(_, inner) | Expr::Plus(_, inner) => visit(inner),
        Expr::Binary(node) => {
            visit(&node.left);
            visit(&node.right);
        }
        Expr::And(both) | Expr::Or(both) => {
            visit(&both.0);
            visit(&both.1);
        }
        Expr::Compare(node) => {
            visit(&node.first);
            for (_, next) in &node.rest {
                visit(next);
            }
        }
        Expr::If(node) => {
            visit(&node.test);
            visit(&node.yes);
            node.no.iter().for_each(visit);
        }
        Expr::Attr(node) => visit(&node.of),
        Expr::Item(node) => {
            visit(&node.of);
            visit(&node.key);
        }
        Expr::Slice(node) => {
            visit(&node.of);
            let parts = [&node.start, &node.stop, &node.step];
            parts.into_iter().flatten().for_each(visit);
        }
        Expr::Call(node) => {
            visit(&node.callee);
            node.args.iter().for_each(|arg| visit(arg.expr()));
        }
        Expr::Filter(node) => {
            node.input.iter().for_each(&mut *visit);
            node.args.iter().for_each(|arg| visit(arg.expr()));
        }
        Expr::Test(node) => {
            visit(&node.input);
            node.args.iter().for_each(|arg| visit(arg.expr()));
        }
    }
}

/// Calls `visit` with each direct part of an expression.
pub fn for_each_child_mut(expr: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    match expr {
        Expr::Const(_) | Expr::Name(..) => {}
        Expr::Tuple(items) | Expr::List(items) | Expr::Concat(items) => {
            items.iter_mut().for_each(visit);
        }
        Expr::Dict(items) => {
            for (key, value) in items.iter_mut() {
                visit(key);
                visit(value);
            }
        }
        Expr::Not(inner) | Expr::Negate(_, inner) | Expr::Plus(_, inner) => visit(inner),
        Expr::Binary(node) => {
            visit(&mut node.left);
            visit(&mut node.right);
        }
        Expr::And(both) | Expr::Or(both) => {
            visit(&mut both.0);
            visit(&mut both.1);
        }
        Expr::Compare(node) => {
            visit(&mut node.first);
            for (_, next) in &mut node.rest {
                visit(next);
            }
        }
        Expr::If(node) => {
            visit(&mut node.test);
            visit(&mut node.yes);
            node.no.iter_mut().for_each(visit);
        }
        Expr::Attr(node) => visit(&mut node.of),
        Expr::Item(node) => {
            visit(&mut node.of);
            visit(&mut node.key);
        }
        Expr::Slice(node) => {
            visit(&mut node.of);
            let parts = [&mut node.start, &mut node.stop, &mut node.step];
            parts.into_iter().flatten().for_each(visit);
        }
        Expr::Call(node) => {
            visit(&mut node.callee);
            node.args.iter_mut().for_each(|arg| visit(arg.expr_mut()));
        }
        Expr::Filter(node) => {
            node.input.iter_mut().for_each(&mut *visit);
            node.args.iter_mut().for_each(|arg| visit(arg.expr_mut()));
        }
        Expr::Test(node) => {
            visit(&mut node.input);
            node.args.iter_mut().for_each(|arg| visit(arg.expr_mut()));
        }
    }
}
