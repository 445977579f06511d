//! dbt's Jinja context: the names a template sees, by phase.
//!
//! [`Shared`] is made once, when the macros are known. A [`NodeContext`] is made of it for
//! each render; it implements [`Globals`](crate::jinja::Globals) and is cheap: every name
//! is resolved when a template asks for it. While parsing, a [`Capture`] takes note of what
//! a template asks for.

pub mod calls;
mod capture;
mod config;
mod contract;
mod deferral;
mod docs;
mod event_filter;
mod exceptions;
mod flags;
mod functions;
pub mod json;
mod macros;
mod members;
mod metric;
pub mod modules;
mod namespace;
mod node;
mod references;
mod relations;
mod resolvers;
mod results;
mod runtime;
mod runtime_config;
mod shared;
mod test_kwargs;
mod unit_scope;
mod var;
pub mod yaml;

pub use capture::{Capture, Captured};
pub use deferral::{DeferRelation, Deferral};
pub use docs::{Docs, DocsScope};
pub use functions::library;
pub use macros::{
    ADAPTER_PACKAGE, CORE_PACKAGE, MacroEntry, MacroIndex, SearchRules, is_built_in_package,
};
pub use node::NodeContext;
pub use references::{Found, References, Version, describe};
pub use relations::load_seed;
pub use shared::{Invocation, Shared};
pub use unit_scope::UnitScope;

#[cfg(test)]
pub(crate) mod tests;
