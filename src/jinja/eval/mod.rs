//! Runs the tree of [`super::ir`] with Python's rules.

mod access;
mod expr;
mod frame;
mod loops;
mod macros;
mod run;

use std::sync::Arc;

use super::error::{Error, Result};
use super::functions;
use super::globals::{Globals, UndefinedMode};
use super::ir::Function;
use super::template::{MacroDef, SourceFile};
use super::trace::{Mark, Trace};
use super::value::{Reason, Undefined, Value};

pub use macros::MacroValue;

use frame::Frame;

/// How many macros and call blocks may be open at once. Python stops dbt at about 140.
const MACRO_DEPTH: usize = 200;

/// What a running template and the natives it calls share.
pub struct State<'g> {
    globals: &'g dyn Globals,
    macros: Vec<Arc<MacroDef>>,
    depth: usize,
    frames: u64,
    /// The texts of the `filter` and `set` blocks whose filters are running.
    block_texts: Vec<Value>,
    native: bool,
    /// Set while a template is rendered whose output is traced.
    trace: Option<Trace>,
}

impl<'g> State<'g> {
    /// A fresh state for calling natives or macros from outside a template.
    pub fn new(globals: &'g dyn Globals) -> Self {
        Self {
            globals,
            macros: Vec::new(),
            depth: 0,
            frames: 0,
            block_texts: Vec::new(),
            native: false,
            trace: None,
        }
    }

    /// The names the caller supplied.
    pub fn globals(&self) -> &'g dyn Globals {
        self.globals
    }

    /// The value of a global name, else of one of Jinja's own, else an undefined value.
    pub fn lookup(&self, name: &str) -> Value {
        self.globals
            .lookup(name)
            .or_else(|| functions::builtin(name))
            .unwrap_or_else(|| self.undefined(name))
    }

    /// An undefined value that behaves as the globals say.
    pub fn undefined(&self, name: &str) -> Value {
        self.undefined_because(name, Reason::Name)
    }

    /// An undefined value with a reason.
    pub fn undefined_because(&self, name: &str, reason: Reason) -> Value {
        Value::Undefined(Arc::new(Undefined {
            name: name.into(),
            reason,
            permissive: self.globals.undefined_mode() == UndefinedMode::Permissive,
        }))
    }

    /// The macros that are running, outermost first.
    pub fn macro_stack(&self) -> &[Arc<MacroDef>] {
        &self.macros
    }

    /// Whether the template that runs is rendered natively; macros never are.
    pub fn is_native(&self) -> bool {
        self.native
    }

    /// Runs something one level deeper.
    fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MACRO_DEPTH {
            return Err(Error::recursion());
        }
        self.depth += 1;
        let result = stacker::maybe_grow(256 * 1024, 4 << 20, || run(self));
        self.depth -= 1;
        result
    }

    /// Runs a template from its start.
    pub(super) fn render(&mut self, function: &Function, file: &Arc<SourceFile>) -> Result<String> {
        self.deeper(|state| {
            let mut frame = Frame::new(function, file, state.next_frame());
            frame.enter(&function.entry);
            let mut out = String::new();
            state.body(&mut frame, &function.body, &mut out)?;
            Ok(out)
        })
    }

    /// Runs a template from its start and notes what wrote which part of the text.
    pub(super) fn render_traced(
        &mut self,
        function: &Function,
        file: &Arc<SourceFile>,
    ) -> Result<(String, Vec<Mark>)> {
        self.deeper(|state| {
            let mut frame = Frame::new(function, file, state.next_frame());
            frame.enter(&function.entry);
            let mut out = String::new();
            state.trace = Some(Trace::of(&out));
            let result = state.body(&mut frame, &function.body, &mut out);
            let trace = state.trace.take();
            result?;
            Ok((out, trace.map(|trace| trace.marks).unwrap_or_default()))
        })
    }

    /// Runs a template and keeps what each `{{ }}` gives.
    pub(super) fn render_parts(
        &mut self,
        function: &Function,
        file: &Arc<SourceFile>,
    ) -> Result<Vec<Value>> {
        self.deeper(|state| {
            let mut frame = Frame::new(function, file, state.next_frame());
            frame.enter(&function.entry);
            state.native = true;
            let parts = state.parts(&mut frame, &function.body);
            state.native = false;
            parts
        })
    }

    fn next_frame(&mut self) -> u64 {
        self.frames += 1;
        self.frames
    }
}
