//! Things that can be called.

use std::fmt;
use std::sync::Arc;

use super::super::error::Result;
use super::super::eval::State;
use super::{Args, Value};

type Native = dyn Fn(&mut State<'_>, Args) -> Result<Value> + Send + Sync;

/// A function written in Rust.
pub struct NativeFunction {
    /// The name, for its repr and messages.
    pub name: &'static str,
    call: Box<Native>,
}

impl NativeFunction {
    /// A function of this name.
    pub fn new(
        name: &'static str,
        call: impl Fn(&mut State<'_>, Args) -> Result<Value> + Send + Sync + 'static,
    ) -> Self {
        Self { name, call: Box::new(call) }
    }

    /// Calls it.
    pub fn call(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        (self.call)(state, args)
    }
}

impl fmt::Debug for NativeFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name)
    }
}

/// `x.method` that was not called at once.
#[derive(Debug, Clone)]
pub struct BoundMethod {
    /// The value the method belongs to.
    pub receiver: Value,
    /// The method.
    pub name: Arc<str>,
}

pub use super::super::eval::MacroValue;
