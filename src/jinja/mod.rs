//! dbt's Jinja with Python semantics.
//!
//! [`syntax`] parses to a small tree ([`ir`]), [`scope`] settles which variable each name is,
//! and [`eval`] runs that tree with Python's rules. Nothing here reads files, prints or
//! talks to a network.
//!
//! # How to use it
//! - [`SourceFile`] is a file's path and text; spans of errors point into it.
//! - [`Template::compile`] makes a shareable template (`Send + Sync`, keep it in an `Arc`)
//!   of a file or a part of it. [`Template::render`] gives text, [`Template::render_native`]
//!   gives a [`Value`] as dbt's native environment does for YAML values.
//! - [`blocks::scan`] splits a file into dbt's top-level blocks; [`blocks::Block::macro_def`]
//!   compiles a macro, test or materialization block to a [`MacroDef`].
//! - [`Globals`] is what the caller supplies: every name that the template does not define
//!   itself is asked of it, and a macro called from a node runs with the same globals.
//! - [`Value`] is a Python value. Lists, dicts and sets are shared by reference, as in
//!   Python. [`Value::function`] makes a native function, [`Object`] a native class.
//! - [`Args`] are the arguments of a call; [`Args::bind`] checks them with Python's messages.
//! - Natives return [`Result`]; [`Error::Return`] is dbt's `return(x)`. A
//!   [`Diagnostic`](crate::diagnostic::Diagnostic) converts into an [`Error`] with `?` and
//!   keeps its code. Entry points give back a `Diagnostic`.
//! - [`analysis`] finds `ref`/`source`/`config` calls and possible macro calls without
//!   running anything.

pub mod analysis;
pub mod ast_text;
pub mod blocks;
mod error;
mod eval;
mod filters;
mod functions;
mod globals;
mod ir;
mod is_tests;
pub mod json;
mod literal;
mod native;
mod scope;
mod syntax;
mod template;
mod trace;
pub mod value;

pub use error::{Error, Exception, ExceptionKind, Result};
pub use eval::State;
pub use globals::{Globals, UndefinedMode};
pub use template::{MacroDef, Param, SourceFile, Template};
pub use trace::Mark;
pub use value::ops::compare;
pub use value::{Args, Dict, List, Object, Set, Tuple, Value};
