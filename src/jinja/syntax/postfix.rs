//! What follows an expression: attributes, items, calls, filters and tests.

use super::Parsed;
use super::parser::Parser;
use super::token::Kind;
use crate::jinja::ir::{Arg, Attr, Call, Expr, FilterCall, Item, Slice, TestCall};
use crate::jinja::{filters, is_tests};

/// What stands in square brackets.
enum Key {
    Item(Expr),
    Slice([Option<Expr>; 3]),
}

impl Parser<'_> {
    /// Attributes, items and calls of what starts at `start`.
    pub(super) fn postfix(&mut self, start: usize, mut expr: Expr) -> Parsed<Expr> {
        loop {
            expr = match self.current.kind {
                Kind::Dot => self.attribute(start, expr)?,
                Kind::LeftBracket => self.subscript(start, expr)?,
                Kind::LeftParen => self.call(start, expr)?,
                _ => return Ok(expr),
            };
        }
    }

    fn attribute(&mut self, start: usize, of: Expr) -> Parsed<Expr> {
        self.advance()?;
        let token = self.advance()?;
        self.taller(0)?;
        match token.kind {
            Kind::Name => {
                let name = self.name(self.word(token));
                Ok(Expr::Attr(Box::new(Attr { pos: self.pos_from(start), of, name })))
            }
            Kind::Integer => {
                let key = Expr::Const(self.integer(token)?);
                Ok(Expr::Item(Box::new(Item { pos: self.pos_from(start), of, key })))
            }
            _ => Err(("expected name or number".to_owned(), token.range())),
        }
    }

    fn subscript(&mut self, start: usize, of: Expr) -> Parsed<Expr> {
        let height = self.height;
        let open = self.advance()?;
        let mut keys = Vec::new();
        let mut tallest = height;
        while self.current.kind != Kind::RightBracket {
            if !keys.is_empty() {
                self.expect(Kind::Comma)?;
            }
            keys.push(self.key()?);
            tallest = tallest.max(self.height);
        }
        self.expect(Kind::RightBracket)?;
        self.taller(tallest)?;
        let pos = self.pos_from(start);
        let key = match (keys.pop(), keys.is_empty()) {
            (Some(Key::Slice([start, stop, step])), true) => {
                return Ok(Expr::Slice(Box::new(Slice { pos, of, start, stop, step })));
            }
            (Some(Key::Item(key)), true) => key,
            (last, _) => {
                let items = keys.into_iter().chain(last).map(|key| match key {
                    Key::Item(item) => Ok(item),
                    Key::Slice(_) => Err((
                        "a slice cannot be one of several subscripts".to_owned(),
                        open.range(),
                    )),
                });
                self.taller(0)?;
                Expr::Tuple(items.collect::<Parsed<_>>()?)
            }
        };
        Ok(Expr::Item(Box::new(Item { pos, of, key })))
    }

    /// `a`, `a:b` or `a:b:c`
    fn key(&mut self) -> Parsed<Key> {
        let mut height = 0;
        let start = if self.current.kind == Kind::Colon {
            None
        } else {
            let key = self.expression()?;
            height = self.height;
            if self.current.kind != Kind::Colon {
                return Ok(Key::Item(key));
            }
            Some(key)
        };
        self.advance()?;
        let ends = |kind| matches!(kind, Kind::RightBracket | Kind::Comma);
        let mut stop = None;
        if self.current.kind != Kind::Colon && !ends(self.current.kind) {
            stop = Some(self.expression()?);
            height = height.max(self.height);
        }
        let mut step = None;
        if self.skip(Kind::Colon)? && !ends(self.current.kind) {
            step = Some(self.expression()?);
            height = height.max(self.height);
        }
        self.height = height;
        Ok(Key::Slice([start, stop, step]))
    }

    fn call(&mut self, start: usize, callee: Expr) -> Parsed<Expr> {
        let height = self.height;
        let args = self.arguments()?;
        self.taller(height)?;
        Ok(Expr::Call(Box::new(Call { pos: self.pos_from(start), callee, args })))
    }

    /// `(a, b=c, *d, **e)`
    fn arguments(&mut self) -> Parsed<Box<[Arg]>> {
        let open = self.expect(Kind::LeftParen)?;
        let ensure = |holds: bool| {
            let message = "invalid syntax for function call expression";
            if holds { Ok(()) } else { Err((message.to_owned(), open.range())) }
        };
        let mut args = Vec::new();
        let (mut keyword, mut spread, mut spread_keyword) = (false, false, false);
        let mut height = 0;
        while self.current.kind != Kind::RightParen {
            if !args.is_empty() {
                self.expect(Kind::Comma)?;
                if self.current.kind == Kind::RightParen {
                    break;
                }
            }
            let is_keyword = self.current.kind == Kind::Name && self.look()?.kind == Kind::Assign;
            let arg = if self.current.kind == Kind::Mul {
                ensure(!spread && !spread_keyword)?;
                spread = true;
                self.advance()?;
                Arg::Spread(self.expression()?)
            } else if self.current.kind == Kind::Pow {
                ensure(!spread_keyword)?;
                spread_keyword = true;
                self.advance()?;
                Arg::SpreadKeyword(self.expression()?)
            } else if is_keyword {
                ensure(!spread_keyword)?;
                keyword = true;
                let name = self.advance()?;
                self.advance()?;
                let name = self.name(self.word(name));
                Arg::Keyword(name, self.expression()?)
            } else {
                ensure(!spread && !spread_keyword && !keyword)?;
                Arg::Positional(self.expression()?)
            };
            args.push(arg);
            height = height.max(self.height);
        }
        self.expect(Kind::RightParen)?;
        self.height = height;
        Ok(args.into())
    }

    /// Filters and tests, and calls of what they give.
    pub(super) fn filtered(&mut self, mut expr: Expr) -> Parsed<Expr> {
        loop {
            let start = self.current.start;
            expr = match self.current.kind {
                Kind::Pipe => {
                    self.advance()?;
                    self.filter(Some(expr))?
                }
                Kind::Name if self.word(self.current) == "is" => self.test(expr)?,
                Kind::LeftParen => self.call(start, expr)?,
                _ => return Ok(expr),
            };
        }
    }

    /// The name of a filter or test, which may have dots.
    fn dotted(&mut self) -> Parsed<(String, usize)> {
        let token = self.expect(Kind::Name)?;
        let mut name = self.word(token).to_owned();
        while self.skip(Kind::Dot)? {
            let part = self.expect(Kind::Name)?;
            name.push('.');
            name += self.word(part);
        }
        Ok((name, token.start))
    }

    /// A filter from its name on; `None` stands for the text of a block.
    pub(super) fn filter(&mut self, input: Option<Expr>) -> Parsed<Expr> {
        let height = if input.is_some() { self.height } else { 0 };
        let (name, start) = self.dotted()?;
        let filter = filters::find(&name);
        self.known(filter.is_some(), "filter", &name, start);
        self.height = 0;
        let args =
            if self.current.kind == Kind::LeftParen { self.arguments()? } else { Box::default() };
        self.taller(height)?;
        let (pos, name) = (self.pos_from(start), self.name(&name));
        Ok(Expr::Filter(Box::new(FilterCall { pos, name, filter, input, args })))
    }

    fn known(&mut self, known: bool, what: &str, name: &str, start: usize) {
        if !known && !self.in_branch {
            self.fail_later(format!("No {what} named '{name}'."), self.range_from(start));
        }
    }

    fn test(&mut self, input: Expr) -> Parsed<Expr> {
        let height = self.height;
        self.advance()?;
        let negated = self.skip_word("not")?;
        let (name, start) = self.dotted()?;
        let test = is_tests::find(&name);
        self.known(test.is_some(), "test", &name, start);
        self.height = 0;
        let args = match self.current.kind {
            Kind::LeftParen => self.arguments()?,
            Kind::Name => match self.word(self.current) {
                "else" | "or" | "and" => Box::default(),
                "is" => return self.fail("You cannot chain multiple tests with is"),
                _ => self.test_argument()?,
            },
            Kind::Text | Kind::Integer | Kind::Float | Kind::LeftBracket | Kind::LeftBrace => {
                self.test_argument()?
            }
            _ => Box::default(),
        };
        self.taller(height)?;
        let (pos, name) = (self.pos_from(start), self.name(&name));
        let test = Expr::Test(Box::new(TestCall { pos, name, test, input, args }));
        if !negated {
            return Ok(test);
        }
        self.taller(0)?;
        Ok(Expr::Not(Box::new(test)))
    }

    fn test_argument(&mut self) -> Parsed<Box<[Arg]>> {
        let start = self.current.start;
        let operand = self.primary()?;
        let operand = self.postfix(start, operand)?;
        Ok(Box::from([Arg::Positional(operand)]))
    }
}
