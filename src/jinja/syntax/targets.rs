//! What stands left of a `=`, and parameters of macros.

use super::parser::{Ends, Parser, pos};
use super::token::{Kind, Token};
use super::{Failure, Parsed};
use crate::jinja::ir::{BinaryOp, Expr, Function, Name, Parameter, Place, Pos, Target};
use crate::jinja::scope::mentions;

/// The names that mean values.
const CONSTANTS: [&str; 6] = ["true", "false", "none", "True", "False", "None"];

impl<'a> Parser<'a> {
    /// One target, or several separated by commas. It may stop before one of the words `ends`;
    /// `namespaces` allows `a.b`.
    pub(super) fn target(&mut self, ends: &[&str], namespaces: bool) -> Parsed<Target> {
        let start = self.current.start;
        let mut targets = Vec::new();
        let mut is_tuple = false;
        loop {
            if !targets.is_empty() {
                self.expect(Kind::Comma)?;
            }
            if self.at_tuple_end(ends) {
                break;
            }
            targets.push(self.one_target(namespaces)?);
            if self.current.kind != Kind::Comma {
                break;
            }
            is_tuple = true;
        }
        if is_tuple {
            return targets
                .into_iter()
                .collect::<Result<_, _>>()
                .map(Target::Tuple)
                .map_err(|_| self.bad_target("tuple", start));
        }
        match targets.pop() {
            Some(target) => target.map_err(|class| self.bad_target(class, start)),
            None => {
                let got = self.describe(self.current);
                self.fail(format!("Expected an expression, got '{got}'"))
            }
        }
    }

    fn bad_target(&self, class: &str, start: usize) -> Failure {
        (format!("can't assign to '{class}'"), self.range_from(start))
    }

    /// A target, or the class of what cannot be one.
    fn one_target(&mut self, namespaces: bool) -> Parsed<Result<Target, &'static str>> {
        let token = self.current;
        if namespaces && token.kind == Kind::Name && !CONSTANTS.contains(&self.word(token)) {
            self.advance()?;
            let namespace = self.name(self.word(token));
            if !self.skip(Kind::Dot)? {
                return Ok(Ok(self.stored(namespace, token)));
            }
            let attribute = self.expect(Kind::Name)?;
            return Ok(Ok(Target::Attr {
                pos: self.pos_from(token.start),
                namespace,
                place: Place::Global,
                name: self.name(self.word(attribute)),
            }));
        }
        let expr = self.primary()?;
        Ok(self.assignable(expr, token))
    }

    fn assignable(&mut self, expr: Expr, token: Token) -> Result<Target, &'static str> {
        match expr {
            Expr::Name(name, _) => Ok(self.stored(name, token)),
            Expr::Tuple(items) => {
                let targets = items.into_iter().map(|item| self.assignable(item, token));
                targets.collect::<Result<_, _>>().map(Target::Tuple).map_err(|_| "tuple")
            }
            other => Err(class(&other)),
        }
    }

    fn stored(&mut self, name: Name, token: Token) -> Target {
        if self.loops > 0 && &*name == "loop" {
            let message = "Can't assign to special loop variable in for-loop target";
            self.fail_later(message, token.range());
        }
        Target::Name(name, Place::Global)
    }

    /// A name that something is defined as.
    pub(super) fn defined_name(&mut self) -> Parsed<&'a str> {
        let token = self.expect(Kind::Name)?;
        let word = self.word(token);
        if CONSTANTS.contains(&word) {
            return Err(("can't assign to 'name'".to_owned(), token.range()));
        }
        Ok(word)
    }

    /// `(a, b: int, c: list[str] = d)`
    pub(super) fn parameters(&mut self) -> Parsed<Box<[Parameter]>> {
        self.expect(Kind::LeftParen)?;
        let mut params: Vec<Parameter> = Vec::new();
        while self.current.kind != Kind::RightParen {
            if !params.is_empty() {
                self.expect(Kind::Comma)?;
            }
            let word = self.defined_name()?;
            let name = self.name(word);
            if self.skip(Kind::Colon)? {
                self.type_name()?;
            }
            let mut default = None;
            if self.skip(Kind::Assign)? {
                default = Some(self.expression()?);
            } else if params.last().is_some_and(|last| last.default.is_some()) {
                return self.fail("non-default argument follows default argument");
            }
            params.push(Parameter { name, slot: 0, default });
        }
        self.expect(Kind::RightParen)?;
        Ok(params.into())
    }

    fn type_name(&mut self) -> Parsed<()> {
        self.expect(Kind::Name)?;
        if self.skip(Kind::LeftBracket)? {
            let mut is_first = true;
            while self.current.kind != Kind::RightBracket {
                if !is_first {
                    self.expect(Kind::Comma)?;
                }
                self.deeper(Self::type_name)?;
                is_first = false;
            }
            self.expect(Kind::RightBracket)?;
        }
        Ok(())
    }

    /// A macro or call block whose tag was read up to its body.
    pub(super) fn function(
        &mut self,
        name: Name,
        params: Box<[Parameter]>,
        tag: Token,
        end: Ends,
    ) -> Parsed<Function> {
        let in_loop = std::mem::replace(&mut self.in_loop, false);
        let body = self.inner_statements(end)?;
        self.in_loop = in_loop;
        let needs_default = |param: &Parameter| &*param.name == "caller" && param.default.is_none();
        if params.iter().any(needs_default) && mentions(&body, "caller") {
            self.fail_later(
                "When defining macros or call blocks the special \"caller\" argument must be \
                 omitted or be given a default.",
                tag.range(),
            );
        }
        Ok(Function { name, params, body, ..Function::default() })
    }

    /// From a tag's word to the end of what was read last.
    pub(super) fn tag_pos(&self, tag: Token) -> Pos {
        pos(self.range_from(tag.start))
    }
}

/// Jinja2's name for the kind of an expression.
fn class(expr: &Expr) -> &'static str {
    match expr {
        Expr::Const(_) => "const",
        Expr::Name(..) => "name",
        Expr::Tuple(_) => "tuple",
        Expr::List(_) => "list",
        Expr::Dict(_) => "dict",
        Expr::Not(_) => "not",
        Expr::Negate(..) => "neg",
        Expr::Plus(..) => "pos",
        Expr::Binary(node) => match node.op {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::Div => "div",
            BinaryOp::FloorDiv => "floordiv",
            BinaryOp::Rem => "mod",
            BinaryOp::Pow => "pow",
        },
        Expr::And(_) => "and",
        Expr::Or(_) => "or",
        Expr::Concat(_) => "concat",
        Expr::Compare(_) => "compare",
        Expr::If(_) => "condexpr",
        Expr::Attr(_) => "getattr",
        Expr::Item(_) | Expr::Slice(_) => "getitem",
        Expr::Call(_) => "call",
        Expr::Filter(_) => "filter",
        Expr::Test(_) => "test",
    }
}
