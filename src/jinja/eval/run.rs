//! Runs statements.

use std::fmt::Write;

use super::super::error::{Error, ExceptionKind, Result};
use super::super::functions::Namespace;
use super::super::ir::{CallBlock, Expr, Place, Pos, Stmt, Target};
use super::super::value::{Args, Value};
use super::State;
use super::frame::Frame;
use super::macros::MacroValue;

/// What to do after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next one.
    Next,
    /// Leave the loop.
    Break,
    /// The loop's next item.
    Continue,
}

impl State<'_> {
    /// Runs statements one after the other; their text goes to `out`.
    pub(super) fn body(
        &mut self,
        frame: &mut Frame<'_>,
        body: &[Stmt],
        out: &mut String,
    ) -> Result<Flow> {
        for stmt in body {
            match self.stmt(frame, stmt, out)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn stmt(&mut self, frame: &mut Frame<'_>, stmt: &Stmt, out: &mut String) -> Result<Flow> {
        match stmt {
            Stmt::Text(pos, text) => {
                self.mark(out, *pos, true);
                out.push_str(text);
            }
            Stmt::Emit(pos, expr) => {
                let value = self.located(frame, *pos, expr)?;
                self.mark(out, *pos, false);
                if let Value::Str(text) = &value {
                    out.push_str(text);
                } else if write!(out, "{value}").is_err() {
                    return Err(Error::value_error("the value cannot be written"));
                }
            }
            Stmt::Set(pos, target, expr) => {
                let value = self.located(frame, *pos, expr)?;
                self.assign(frame, *pos, target, value)?;
            }
            Stmt::Do(pos, expr) => drop(self.located(frame, *pos, expr)?),
            Stmt::If(node) => {
                for (test, body) in &node.branches {
                    if self.expr(frame, test)?.truthy() {
                        return self.body(frame, body, out);
                    }
                }
                return self.body(frame, &node.otherwise, out);
            }
            Stmt::For(node) => self.for_loop(frame, node, out)?,
            Stmt::SetBlock(node) => {
                let text = self.captured(frame, &node.entry, &node.body)?;
                let value = match &node.filter {
                    Some(filter) => self.filter_text(frame, node.pos, filter, text)?,
                    None => text,
                };
                self.assign(frame, node.pos, &node.target, value)?;
            }
            Stmt::FilterBlock(node) => {
                let text = self.captured(frame, &node.entry, &node.body)?;
                let value = self.filter_text(frame, node.pos, &node.filter, text)?;
                out.push_str(&value.to_string());
            }
            Stmt::With(node) => {
                let mut values = Vec::with_capacity(node.assignments.len());
                for (_, value) in &node.assignments {
                    values.push(self.located(frame, node.pos, value)?);
                }
                frame.enter(&node.entry);
                for ((target, _), value) in node.assignments.iter().zip(values) {
                    self.assign(frame, node.pos, target, value)?;
                }
                return self.body(frame, &node.body, out);
            }
            Stmt::Macro(node) => {
                let value = MacroValue::closure(&node.function, frame).into_value();
                self.assign(frame, node.pos, &node.target, value)?;
            }
            Stmt::CallBlock(node) => {
                let value = self.call_block(frame, node)?;
                self.mark(out, node.pos, false);
                out.push_str(&value.to_string());
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
            Stmt::Fail(pos, message) => {
                return Err(Error::type_error(*message).at(|| frame.file.span(pos.range())));
            }
        }
        Ok(Flow::Next)
    }

    /// The parts of a template's output as values: what native rendering starts from.
    pub(super) fn parts(&mut self, frame: &mut Frame<'_>, body: &[Stmt]) -> Result<Vec<Value>> {
        let mut parts = Vec::new();
        for stmt in body {
            match stmt {
                Stmt::Emit(pos, expr) => parts.push(self.located(frame, *pos, expr)?),
                Stmt::If(node) => {
                    let mut chosen = &node.otherwise;
                    for (test, body) in &node.branches {
                        if self.expr(frame, test)?.truthy() {
                            chosen = body;
                            break;
                        }
                    }
                    parts.extend(self.parts(frame, chosen)?);
                }
                Stmt::CallBlock(node) => parts.push(self.call_block(frame, node)?),
                other => {
                    let mut out = String::new();
                    self.stmt(frame, other, &mut out)?;
                    let silent = matches!(
                        other,
                        Stmt::Set(..) | Stmt::SetBlock(_) | Stmt::Do(..) | Stmt::Macro(_)
                    );
                    if !silent && !out.is_empty() {
                        parts.push(out.into());
                    }
                }
            }
        }
        Ok(parts)
    }

    /// Evaluates an expression; errors without a place get this one.
    pub(super) fn located(
        &mut self,
        frame: &mut Frame<'_>,
        pos: Pos,
        expr: &Expr,
    ) -> Result<Value> {
        self.expr(frame, expr).map_err(|error| error.at(|| frame.file.span(pos.range())))
    }

    fn captured(
        &mut self,
        frame: &mut Frame<'_>,
        entry: &[(u32, Option<u32>)],
        body: &[Stmt],
    ) -> Result<Value> {
        frame.enter(entry);
        let mut text = String::new();
        self.body(frame, body, &mut text)?;
        Ok(text.into())
    }

    fn filter_text(
        &mut self,
        frame: &mut Frame<'_>,
        pos: Pos,
        filter: &Expr,
        text: Value,
    ) -> Result<Value> {
        self.block_texts.push(text);
        let value = self.located(frame, pos, filter);
        self.block_texts.pop();
        value
    }

    fn call_block(&mut self, frame: &mut Frame<'_>, node: &CallBlock) -> Result<Value> {
        let caller = MacroValue::closure(&node.function, frame).into_value();
        let Expr::Call(call) = &node.call else { return Ok(Value::None) };
        self.call_expr(frame, call, Some(caller))
            .map_err(|error| error.at(|| frame.file.span(node.pos.range())))
    }

    fn mark(&mut self, out: &String, pos: Pos, literal: bool) {
        if let Some(trace) = &mut self.trace {
            trace.mark(out, pos, literal);
        }
    }

    /// Assigns a value to what stands left of the `=`.
    pub(super) fn assign(
        &mut self,
        frame: &mut Frame<'_>,
        pos: Pos,
        target: &Target,
        value: Value,
    ) -> Result<()> {
        match target {
            Target::Name(_, Place::Slot { slot, .. }) => frame.set(*slot, Some(value)),
            Target::Name(_, Place::Global) => {}
            Target::Tuple(targets) => {
                let values = self
                    .unpack(&value, targets.len())
                    .map_err(|error| error.at(|| frame.file.span(pos.range())))?;
                for (target, value) in targets.iter().zip(values) {
                    self.assign(frame, pos, target, value)?;
                }
            }
            Target::Attr { pos, namespace, place, name } => {
                let object = self.name(frame, namespace, *place);
                let Some(namespace) = object.downcast::<Namespace>() else {
                    return Err(Error::new(
                        ExceptionKind::TemplateRuntime,
                        "cannot assign attribute on non-namespace object",
                    )
                    .at(|| frame.file.span(pos.range())));
                };
                namespace.set(name.clone(), value);
            }
        }
        Ok(())
    }

    fn unpack(&mut self, value: &Value, wanted: usize) -> Result<Vec<Value>> {
        let values = value.iterate(self).map_err(|error| match error.kind() {
            Some(ExceptionKind::TypeError) => Error::type_error(format!(
                "cannot unpack non-iterable {} object",
                value.type_name()
            )),
            _ => error,
        })?;
        if values.len() > wanted {
            return Err(Error::value_error(format!(
                "too many values to unpack (expected {wanted})"
            )));
        }
        if values.len() < wanted {
            return Err(Error::value_error(format!(
                "not enough values to unpack (expected {wanted}, got {})",
                values.len()
            )));
        }
        Ok(values)
    }

    /// Calls with positional arguments only.
    pub fn call_with(
        &mut self,
        callee: &Value,
        args: impl IntoIterator<Item = Value>,
    ) -> Result<Value> {
        callee.call(self, Args::positional(args))
    }
}
