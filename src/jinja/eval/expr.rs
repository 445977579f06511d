//! Evaluates expressions.

use std::fmt::Write;
use std::sync::Arc;

use super::super::error::{Error, ExceptionKind, Result};
use super::super::ir::{
    Arg, Call, Compare, CompareOp, Conditional, Expr, FilterCall, Place, Slice, TestCall,
};
use super::super::value::{Args, Dict, Reason, Value, arithmetic, ops};
use super::State;
use super::frame::Frame;

impl State<'_> {
    /// The value of a name where it stands.
    pub(super) fn name(&self, frame: &Frame<'_>, name: &str, place: Place) -> Value {
        match place {
            Place::Global => self.lookup(name),
            Place::Slot { slot, global } => frame
                .get(slot)
                .unwrap_or_else(|| if global { self.lookup(name) } else { self.undefined(name) }),
        }
    }

    /// The value of an expression.
    pub(super) fn expr(&mut self, frame: &mut Frame<'_>, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Const(value) => Ok(value.clone()),
            Expr::Name(name, place) => Ok(self.name(frame, name, *place)),
            _ => stacker::maybe_grow(64 * 1024, 2 << 20, || self.compound(frame, expr)),
        }
    }

    fn exprs(&mut self, frame: &mut Frame<'_>, exprs: &[Expr]) -> Result<Vec<Value>> {
        exprs.iter().map(|expr| self.expr(frame, expr)).collect()
    }

    fn compound(&mut self, frame: &mut Frame<'_>, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Const(_) | Expr::Name(..) => self.expr(frame, expr),
            Expr::Tuple(items) => self.exprs(frame, items).map(Value::tuple),
            Expr::List(items) => self.exprs(frame, items).map(Value::list),
            Expr::Dict(items) => {
                let dict = Dict::default();
                for (key, value) in items {
                    let key = self.expr(frame, key)?;
                    dict.insert(key, self.expr(frame, value)?)?;
                }
                Ok(dict.into())
            }
            Expr::Not(inner) => Ok((!self.expr(frame, inner)?.truthy()).into()),
            Expr::Negate(pos, inner) => {
                let value = self.expr(frame, inner)?;
                arithmetic::negate(&value)
                    .map_err(|error| error.at(|| frame.file.span(pos.range())))
            }
            Expr::Plus(pos, inner) => {
                let value = self.expr(frame, inner)?;
                arithmetic::plus(&value).map_err(|error| error.at(|| frame.file.span(pos.range())))
            }
            Expr::Binary(node) => {
                let left = self.expr(frame, &node.left)?;
                let right = self.expr(frame, &node.right)?;
                arithmetic::binary(node.op, &left, &right)
                    .map_err(|error| error.at(|| frame.file.span(node.pos.range())))
            }
            Expr::And(both) => {
                let left = self.expr(frame, &both.0)?;
                if left.truthy() { self.expr(frame, &both.1) } else { Ok(left) }
            }
            Expr::Or(both) => {
                let left = self.expr(frame, &both.0)?;
                if left.truthy() { Ok(left) } else { self.expr(frame, &both.1) }
            }
            Expr::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    let value = self.expr(frame, part)?;
                    if write!(text, "{value}").is_err() {
                        return Err(Error::value_error("the value cannot be written"));
                    }
                }
                Ok(text.into())
            }
            Expr::Compare(node) => self.compare(frame, node),
            Expr::If(node) => self.conditional(frame, node),
            Expr::Attr(node) => {
                let of = self.expr(frame, &node.of)?;
                of.get_attr(self, &node.name)
                    .map_err(|error| error.at(|| frame.file.span(node.pos.range())))
            }
            Expr::Item(node) => {
                let of = self.expr(frame, &node.of)?;
                let key = self.expr(frame, &node.key)?;
                of.get_item(self, &key)
                    .map_err(|error| error.at(|| frame.file.span(node.pos.range())))
            }
            Expr::Slice(node) => self.slice(frame, node),
            Expr::Call(node) => self.call_expr(frame, node, None),
            Expr::Filter(node) => self.filter(frame, node),
            Expr::Test(node) => self.test(frame, node),
        }
    }

    fn conditional(&mut self, frame: &mut Frame<'_>, node: &Conditional) -> Result<Value> {
        if self.expr(frame, &node.test)?.truthy() {
            return self.expr(frame, &node.yes);
        }
        match &node.no {
            Some(no) => self.expr(frame, no),
            None => {
                let hint = format!(
                    "the inline if-expression on line {} evaluated to false and no else section \
                     was defined.",
                    frame.file.span(node.pos.range()).line
                );
                Ok(self.undefined_because("", Reason::Hint(hint.into())))
            }
        }
    }

    fn compare(&mut self, frame: &mut Frame<'_>, node: &Compare) -> Result<Value> {
        let mut left = self.expr(frame, &node.first)?;
        for (op, right) in &node.rest {
            let right = self.expr(frame, right)?;
            let holds = match op {
                CompareOp::Eq => Ok(left == right),
                CompareOp::Ne => Ok(left != right),
                CompareOp::In => right.contains(self, &left),
                CompareOp::NotIn => right.contains(self, &left).map(|found| !found),
                order => ops::ordered(*order, &left, &right),
            };
            if !holds.map_err(|error| error.at(|| frame.file.span(node.pos.range())))? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn slice(&mut self, frame: &mut Frame<'_>, node: &Slice) -> Result<Value> {
        let of = self.expr(frame, &node.of)?;
        let mut bound = |part: &Option<Expr>| {
            part.as_ref().map_or(Ok(Value::None), |part| self.expr(frame, part))
        };
        let (start, stop, step) = (bound(&node.start)?, bound(&node.stop)?, bound(&node.step)?);
        of.slice(&start, &stop, &step)
            .map_err(|error| error.at(|| frame.file.span(node.pos.range())))
    }

    /// A call; `caller` is the body of a call block.
    pub(super) fn call_expr(
        &mut self,
        frame: &mut Frame<'_>,
        node: &Call,
        caller: Option<Value>,
    ) -> Result<Value> {
        let locate =
            |error: Error, frame: &Frame<'_>| error.at(|| frame.file.span(node.pos.range()));
        if let Expr::Attr(attr) = &node.callee {
            let receiver = self.expr(frame, &attr.of)?;
            if let Value::Undefined(undefined) = &receiver
                && !undefined.permissive
            {
                return Err(locate(undefined.error(), frame));
            }
            let args = self.args(frame, &node.args, caller)?;
            return receiver
                .call_method(self, &attr.name, args)
                .map_err(|error| locate(error, frame));
        }
        let callee = self.expr(frame, &node.callee)?;
        let args = self.args(frame, &node.args, caller)?;
        let result = match self.recurse(frame, &callee, &args) {
            Some(result) => result,
            None => callee.call(self, args),
        };
        result.map_err(|error| locate(error, frame))
    }

    fn args(
        &mut self,
        frame: &mut Frame<'_>,
        nodes: &[Arg],
        caller: Option<Value>,
    ) -> Result<Args> {
        let mut args = Args::none();
        for node in nodes {
            match node {
                Arg::Positional(expr) => args.positional.push(self.expr(frame, expr)?),
                Arg::Keyword(name, expr) => {
                    let value = self.expr(frame, expr)?;
                    args.keyword.push((name.clone(), value));
                }
                Arg::Spread(expr) => {
                    let value = self.expr(frame, expr)?;
                    args.positional.extend(value.iterate(self).map_err(|_| {
                        Error::type_error(format!(
                            "Value after * must be an iterable, not {}",
                            value.type_name()
                        ))
                    })?);
                }
                Arg::SpreadKeyword(expr) => {
                    let value = self.expr(frame, expr)?;
                    for (name, value) in self.spread_keywords(&value)? {
                        if args.keyword.iter().any(|(known, _)| *known == name) {
                            return Err(Error::type_error(format!(
                                "jinja2.sandbox.SandboxedEnvironment.call() got multiple values for \
                                 keyword argument '{name}'"
                            )));
                        }
                        args.keyword.push((name, value));
                    }
                }
            }
        }
        if let Some(caller) = caller {
            args.keyword.push(("caller".into(), caller));
        }
        Ok(args)
    }

    fn spread_keywords(&mut self, value: &Value) -> Result<Vec<(Arc<str>, Value)>> {
        let items = match value {
            Value::Dict(dict) => dict.items(),
            Value::Object(object) if object.is_mapping() => {
                super::super::value::methods::pairs(self, Some(value.clone()))?
            }
            other => {
                return Err(Error::type_error(format!(
                    "argument after ** must be a mapping, not {}",
                    other.type_name()
                )));
            }
        };
        items
            .into_iter()
            .map(|(name, value)| match name {
                Value::Str(name) => Ok((name, value)),
                _ => Err(Error::type_error("keywords must be strings")),
            })
            .collect()
    }

    fn filter(&mut self, frame: &mut Frame<'_>, node: &FilterCall) -> Result<Value> {
        let input = match &node.input {
            Some(input) => self.expr(frame, input)?,
            None => self.block_texts.last().cloned().unwrap_or(Value::None),
        };
        let args = self.args(frame, &node.args, None)?;
        let result = match node.filter {
            Some(filter) => filter(self, input, args).and_then(of_sane_size),
            None => Err(Error::new(
                ExceptionKind::TemplateRuntime,
                format!("No filter named '{}' found.", node.name),
            )),
        };
        result.map_err(|error| error.at(|| frame.file.span(node.pos.range())))
    }

    fn test(&mut self, frame: &mut Frame<'_>, node: &TestCall) -> Result<Value> {
        let input = self.expr(frame, &node.input)?;
        let args = self.args(frame, &node.args, None)?;
        let result = match node.test {
            Some(test) => test(self, &input, args),
            None => Err(Error::new(
                ExceptionKind::TemplateRuntime,
                format!("No test named '{}' found.", node.name),
            )),
        };
        result.map(Value::Bool).map_err(|error| error.at(|| frame.file.span(node.pos.range())))
    }
}

/// Filters that make texts longer may be chained; memory is not without end.
fn of_sane_size(value: Value) -> Result<Value> {
    if let Value::Str(text) = &value {
        arithmetic::check_length(text.len())?;
    }
    Ok(value)
}
