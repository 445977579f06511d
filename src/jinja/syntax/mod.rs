//! The text of a template → [`Function`], with Jinja2's grammar and its messages, dbt's own
//! tags (`test`, `materialization`, `docs`) and the types that dbt allows for parameters.
//!
//! Nothing here recurses deeper than [`DEPTH`], and no tree is higher, so that a hostile
//! template is an error and not the end of the stack.

mod expressions;
mod lexer;
mod parser;
mod postfix;
mod statements;
mod targets;
mod token;

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Result};

use super::ir::Function;
use super::scope;
use super::template::SourceFile;

use parser::Parser;

/// How deep expressions and blocks may nest.
const DEPTH: u32 = 1000;

/// A message in Jinja2's words and its place.
type Failure = (String, Range<usize>);

type Parsed<T> = std::result::Result<T, Failure>;

/// Parses a part of a file into a function whose names are settled.
///
/// # Errors
/// [`Code::JinjaSyntax`] in Jinja's words, with its place.
pub fn compile(file: &SourceFile, range: Range<usize>) -> Result<Function> {
    let body = Parser::new(&file.text, range).and_then(Parser::template);
    let body = body.map_err(|(message, range)| {
        Diagnostic::new(Code::JinjaSyntax, message).with_span(file.span(range))
    })?;
    let mut function = Function { body, ..Function::default() };
    scope::settle(&mut function);
    Ok(function)
}
