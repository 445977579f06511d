//! Expressions, with Jinja2's precedence: the loosest operators first.

use num_bigint::BigInt;

use super::Parsed;
use super::parser::{Parser, line_ends};
use super::token::{Kind, Token};
use crate::jinja::ir::{Binary, BinaryOp, Compare, CompareOp, Conditional, Expr, Place};
use crate::jinja::literal;
use crate::jinja::value::Value;

/// The longest int Python reads, in digits.
const INT_DIGITS: usize = 4300;

impl<'a> Parser<'a> {
    /// One expression, or several separated by commas as a tuple. It may stop before one of the
    /// words `ends`; `conditional` allows `if` in it, and `explicit` says that it stands in
    /// parentheses.
    pub(super) fn tuple_until(
        &mut self,
        ends: &[&str],
        conditional: bool,
        explicit: bool,
    ) -> Parsed<Expr> {
        let mut items = Vec::new();
        let mut height = 0;
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                self.expect(Kind::Comma)?;
            }
            if self.at_tuple_end(ends) {
                break;
            }
            let item = if conditional { self.expression()? } else { self.deeper(Self::or)? };
            height = height.max(self.height);
            if self.current.kind != Kind::Comma {
                if is_tuple {
                    items.push(item);
                    break;
                }
                return Ok(item);
            }
            is_tuple = true;
            items.push(item);
        }
        if !is_tuple && !explicit {
            let got = self.describe(self.current);
            return self.fail(format!("Expected an expression, got '{got}'"));
        }
        self.height = height;
        self.taller(0)?;
        Ok(Expr::Tuple(items.into()))
    }

    pub(super) fn at_tuple_end(&self, ends: &[&str]) -> bool {
        match self.current.kind {
            Kind::VariableEnd | Kind::BlockEnd | Kind::RightParen => true,
            Kind::Name => ends.contains(&self.word(self.current)),
            _ => false,
        }
    }

    /// One expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(Self::conditional)
    }

    /// Whether the next token alone is the expression. Most arguments are, and need not go
    /// through all the levels of operators.
    fn at_simple(&mut self) -> Parsed<bool> {
        let is_operand = match self.current.kind {
            Kind::Text | Kind::Integer | Kind::Float => true,
            Kind::Name => self.word(self.current) != "not",
            _ => false,
        };
        Ok(is_operand
            && matches!(
                self.look()?.kind,
                Kind::Comma
                    | Kind::RightParen
                    | Kind::RightBracket
                    | Kind::RightBrace
                    | Kind::Colon
                    | Kind::VariableEnd
                    | Kind::BlockEnd
            ))
    }

    /// `a if b else c`
    fn conditional(&mut self) -> Parsed<Expr> {
        if self.at_simple()? {
            return self.primary();
        }
        let start = self.current.start;
        let was_late = self.late.is_some();
        let outer = self.in_branch;
        let mut expr = self.or()?;
        while self.skip_word("if")? {
            // What was read is only evaluated if the test holds.
            self.in_branch = true;
            if !was_late {
                self.late = None;
            }
            let mut height = self.height;
            let test = self.or()?;
            height = height.max(self.height);
            let no = if self.skip_word("else")? {
                let no = self.expression()?;
                height = height.max(self.height);
                Some(no)
            } else {
                None
            };
            self.taller(height)?;
            let pos = self.pos_from(start);
            expr = Expr::If(Box::new(Conditional { pos, test, yes: expr, no }));
        }
        self.in_branch = outer;
        Ok(expr)
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.skip_word("or")? {
            let height = self.height;
            let right = self.and()?;
            self.taller(height)?;
            left = Expr::Or(Box::new((left, right)));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.not()?;
        while self.skip_word("and")? {
            let height = self.height;
            let right = self.not()?;
            self.taller(height)?;
            left = Expr::And(Box::new((left, right)));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expr> {
        if !self.skip_word("not")? {
            return self.compare();
        }
        let inner = self.deeper(Self::not)?;
        self.taller(0)?;
        Ok(Expr::Not(Box::new(inner)))
    }

    /// The comparison that is next, behind its words.
    fn comparison(&mut self) -> Parsed<Option<CompareOp>> {
        let op = match self.current.kind {
            Kind::Eq => CompareOp::Eq,
            Kind::Ne => CompareOp::Ne,
            Kind::Lt => CompareOp::Lt,
            Kind::Le => CompareOp::Le,
            Kind::Gt => CompareOp::Gt,
            Kind::Ge => CompareOp::Ge,
            Kind::Name => match self.word(self.current) {
                "in" => CompareOp::In,
                "not" => {
                    let next = self.look()?;
                    if !self.is_word(next, "in") {
                        return Ok(None);
                    }
                    self.advance()?;
                    CompareOp::NotIn
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some(op))
    }

    fn compare(&mut self) -> Parsed<Expr> {
        let start = self.current.start;
        let first = self.sum()?;
        let mut height = self.height;
        let mut rest = Vec::new();
        while let Some(op) = self.comparison()? {
            rest.push((op, self.sum()?));
            height = height.max(self.height);
        }
        if rest.is_empty() {
            return Ok(first);
        }
        self.taller(height)?;
        let pos = self.pos_from(start);
        Ok(Expr::Compare(Box::new(Compare { pos, first, rest: rest.into() })))
    }

    /// `a op b op c`, the left ones first.
    fn binary(
        &mut self,
        operand: fn(&mut Self) -> Parsed<Expr>,
        operator: fn(Kind) -> Option<BinaryOp>,
    ) -> Parsed<Expr> {
        let start = self.current.start;
        let mut left = operand(self)?;
        while let Some(op) = operator(self.current.kind) {
            self.advance()?;
            let height = self.height;
            let right = operand(self)?;
            self.taller(height)?;
            let pos = self.pos_from(start);
            left = Expr::Binary(Box::new(Binary { pos, op, left, right }));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        self.binary(Self::concat, |kind| match kind {
            Kind::Add => Some(BinaryOp::Add),
            Kind::Sub => Some(BinaryOp::Sub),
            _ => None,
        })
    }

    fn concat(&mut self) -> Parsed<Expr> {
        let first = self.product()?;
        if self.current.kind != Kind::Tilde {
            return Ok(first);
        }
        let mut height = self.height;
        let mut parts = vec![first];
        while self.skip(Kind::Tilde)? {
            parts.push(self.product()?);
            height = height.max(self.height);
        }
        self.taller(height)?;
        Ok(Expr::Concat(parts.into()))
    }

    fn product(&mut self) -> Parsed<Expr> {
        self.binary(Self::power, |kind| match kind {
            Kind::Mul => Some(BinaryOp::Mul),
            Kind::Div => Some(BinaryOp::Div),
            Kind::FloorDiv => Some(BinaryOp::FloorDiv),
            Kind::Mod => Some(BinaryOp::Rem),
            _ => None,
        })
    }

    fn power(&mut self) -> Parsed<Expr> {
        self.binary(
            |parser| {
                let operand = parser.unary()?;
                parser.filtered(operand)
            },
            |kind| (kind == Kind::Pow).then_some(BinaryOp::Pow),
        )
    }

    /// A value with its sign, attributes and calls.
    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.current.start;
        let sign = self.current.kind;
        let expr = if matches!(sign, Kind::Sub | Kind::Add) {
            self.advance()?;
            let inner = Box::new(self.deeper(Self::unary)?);
            self.taller(0)?;
            let pos = self.pos_from(start);
            if sign == Kind::Sub { Expr::Negate(pos, inner) } else { Expr::Plus(pos, inner) }
        } else {
            self.primary()?
        };
        self.postfix(start, expr)
    }

    /// A name, a literal, or what stands in brackets.
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        self.height = 1;
        let token = self.current;
        let value = match token.kind {
            Kind::Name => {
                self.advance()?;
                match self.word(token) {
                    "true" | "True" => Value::Bool(true),
                    "false" | "False" => Value::Bool(false),
                    "none" | "None" => Value::None,
                    word => return Ok(Expr::Name(self.name(word), Place::Global)),
                }
            }
            Kind::Text => self.string()?,
            Kind::Integer => {
                self.advance()?;
                self.integer(token)?
            }
            Kind::Float => {
                self.advance()?;
                let digits = self.word(token).replace('_', "");
                Value::Float(digits.parse().unwrap_or_default())
            }
            Kind::LeftParen => {
                self.advance()?;
                let expr = self.tuple_until(&[], true, true)?;
                self.expect(Kind::RightParen)?;
                return Ok(expr);
            }
            Kind::LeftBracket => return self.list(),
            Kind::LeftBrace => return self.dict(),
            _ => return self.fail(format!("unexpected '{}'", self.describe(token))),
        };
        Ok(Expr::Const(value))
    }

    /// Adjacent string literals.
    fn string(&mut self) -> Parsed<Value> {
        let first = self.current;
        let plain = self.inside(first);
        let next = self.look()?;
        if next.kind != Kind::Text && !plain.contains(['\\', '\r']) {
            self.advance()?;
            return Ok(Value::str(plain));
        }
        let mut text = String::new();
        while self.current.kind == Kind::Text {
            let inside = line_ends(self.inside(self.current));
            literal::unescape(&inside, &mut text)
                .map_err(|message| (last_part(&message), self.current.range()))?;
            self.advance()?;
        }
        Ok(Value::from(text))
    }

    /// What is between the quotes.
    fn inside(&self, token: Token) -> &'a str {
        let word = self.word(token);
        word.get(1..word.len() - 1).unwrap_or_default()
    }

    pub(super) fn integer(&self, token: Token) -> Parsed<Value> {
        let digits = self.word(token).replace('_', "");
        let base = match digits.get(..2) {
            Some("0x" | "0X") => 16,
            Some("0o" | "0O") => 8,
            Some("0b" | "0B") => 2,
            _ => 10,
        };
        let digits = if base == 10 { &*digits } else { &digits[2..] };
        if let Ok(small) = i64::from_str_radix(digits, base) {
            return Ok(Value::Int(small));
        }
        if base == 10 && digits.len() > INT_DIGITS {
            let message = format!(
                "Exceeds the limit ({INT_DIGITS} digits) for integer string conversion: value has \
                 {} digits; use sys.set_int_max_str_digits() to increase the limit",
                digits.len()
            );
            return Err((message, token.range()));
        }
        let big = BigInt::parse_bytes(digits.as_bytes(), base);
        Ok(big.map_or(Value::None, Value::big_int))
    }

    fn list(&mut self) -> Parsed<Expr> {
        self.expect(Kind::LeftBracket)?;
        let mut items = Vec::new();
        let mut height = 0;
        while self.current.kind != Kind::RightBracket {
            if !items.is_empty() {
                self.expect(Kind::Comma)?;
                if self.current.kind == Kind::RightBracket {
                    break;
                }
            }
            items.push(self.expression()?);
            height = height.max(self.height);
        }
        self.expect(Kind::RightBracket)?;
        self.height = height;
        self.taller(0)?;
        Ok(Expr::List(items.into()))
    }

    fn dict(&mut self) -> Parsed<Expr> {
        self.expect(Kind::LeftBrace)?;
        let mut items = Vec::new();
        let mut height = 0;
        while self.current.kind != Kind::RightBrace {
            if !items.is_empty() {
                self.expect(Kind::Comma)?;
                if self.current.kind == Kind::RightBrace {
                    break;
                }
            }
            let key = self.expression()?;
            height = height.max(self.height);
            self.expect(Kind::Colon)?;
            items.push((key, self.expression()?));
            height = height.max(self.height);
        }
        self.expect(Kind::RightBrace)?;
        self.height = height;
        self.taller(0)?;
        Ok(Expr::Dict(items.into()))
    }
}

/// Jinja2 keeps what is behind the last colon of Python's message.
fn last_part(message: &str) -> String {
    message.rsplit(':').next().unwrap_or_default().trim().to_owned()
}
