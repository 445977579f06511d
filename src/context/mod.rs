//! dbt's Jinja context: the names a template sees, by phase.
//!
//! [`NodeContext`](node::NodeContext) implements [`Globals`](crate::jinja::Globals). It is
//! cheap to make: every name is resolved when a template asks for it.

pub mod json;
pub mod macros;
mod namespace;
pub mod references;

pub use macros::{MacroEntry, MacroIndex, SearchRules};
pub use references::{Found, References};
