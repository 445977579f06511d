//! A node and its context become SQL.

mod compiler;
pub mod ctes;
pub mod paths;
mod source_map;

pub use compiler::{CompiledNode, Compiler};
pub use source_map::SourceMap;

#[cfg(test)]
mod tests;
