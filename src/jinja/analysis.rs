//! What can be said about a template without running it.

use std::ops::Range;
use std::sync::Arc;

use super::template::{MacroDef, Template};
use super::value::Value;

/// A call of a plain name, such as `ref('orders')`.
#[derive(Debug, Clone)]
pub struct StaticCall {
    /// The name called.
    pub name: Arc<str>,
    /// Positional arguments; `None` where one is not a constant.
    pub args: Vec<Option<Value>>,
    /// Keyword arguments; `None` where one is not a constant.
    pub kwargs: Vec<(Arc<str>, Option<Value>)>,
    /// The call in the file.
    pub range: Range<usize>,
}

/// Every call of one of `names` in the template, in order.
pub fn static_calls(template: &Template, names: &[&str]) -> Vec<StaticCall> {
    let _ = (template, names);
    Vec::new()
}

/// A call that may be of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MacroCall {
    /// `x()`
    Plain(Arc<str>),
    /// `package.x()`
    Qualified(Arc<str>, Arc<str>),
    /// `adapter.dispatch('x', 'package')`
    Dispatch {
        /// The macro's name without its prefix.
        name: String,
        /// The namespace, when it is a constant.
        namespace: Option<String>,
    },
}

/// The calls in a macro that may be of other macros, each once, as dbt finds them for
/// `depends_on.macros`.
pub fn macro_calls(definition: &MacroDef) -> Vec<MacroCall> {
    let _ = definition;
    Vec::new()
}
