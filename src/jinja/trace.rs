//! Which part of a rendered text came from which part of the template.

use std::ops::Range;

use super::ir::Pos;

/// Where a part of the output begins, and what wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Byte offset in the output.
    pub output: usize,
    /// The bytes of the template's file that wrote it.
    pub template: Range<usize>,
    /// Whether the output is that text itself; else it is what an expression gave.
    pub literal: bool,
}

/// The marks of one output.
#[derive(Debug)]
pub struct Trace {
    /// The address of the output: texts of macros and blocks have others.
    output: *const String,
    /// What was found so far, in the order of the output.
    pub marks: Vec<Mark>,
}

impl Trace {
    /// A trace of what is written to `output` itself.
    pub fn of(output: &String) -> Self {
        Self { output, marks: Vec::new() }
    }

    /// Notes that something is written next.
    pub fn mark(&mut self, output: &String, pos: Pos, literal: bool) {
        if std::ptr::eq(self.output, output) {
            self.marks.push(Mark { output: output.len(), template: pos.range(), literal });
        }
    }
}
