//! dbt's top-level blocks, found by a scanner and not by the Jinja parser.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Result};

use super::template::{MacroDef, SourceFile};

/// The kinds of block dbt looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// `{% macro x() %}`
    Macro,
    /// `{% test x() %}`
    Test,
    /// `{% data_test x() %}`
    DataTest,
    /// `{% materialization x, default %}`
    Materialization,
    /// `{% snapshot x %}`
    Snapshot,
    /// `{% docs x %}`
    Docs,
}

/// A top-level block of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its tag.
    pub kind: BlockKind,
    /// The name after the tag.
    pub name: Option<String>,
    /// The whole block, tags included.
    pub range: Range<usize>,
    /// What is between the tags.
    pub contents: Range<usize>,
}

/// Finds the top-level blocks of these kinds.
///
/// # Errors
/// dbt's errors for blocks that are nested, not closed, or inside `if` and `for`.
pub fn scan(file: &SourceFile, kinds: &[BlockKind]) -> Result<Vec<Block>> {
    let _ = (file, kinds);
    Err(Diagnostic::new(Code::Internal, "the scanner is not there yet"))
}

impl Block {
    /// Compiles a macro, test or materialization.
    ///
    /// # Errors
    /// [`Code::JinjaSyntax`]; dbt's error when the block is of another kind or holds more
    /// than one macro.
    pub fn macro_def(&self, file: &Arc<SourceFile>) -> Result<Arc<MacroDef>> {
        Ok(Arc::new(MacroDef {
            name: self.name.as_deref().unwrap_or_default().into(),
            params: Vec::new(),
            file: file.clone(),
            range: self.range.clone(),
            supported_languages: None,
        }))
    }
}
