//! What a query's columns are made of.
//!
//! A compiled model goes in, and for each of its columns the columns it derives from come
//! out. The stages: `prepare` reads tokens and removes what sqlparser cannot read and lineage
//! does not need; `parse` calls sqlparser; `lower` turns its tree into the small one of `ir`;
//! `resolve` finds out what each name means by PostgreSQL's rules; `project` does this for
//! all models in the order of the graph.
//!
//! *Invariants:* only `prepare`, `parse` and `lower` know sqlparser. Nothing is guessed: what
//! a name means follows from PostgreSQL's rules and from columns that are known, or the query
//! is refused with the reason and the place. Nothing here does IO.

mod functions;
mod influence;
mod ir;
mod lower;
mod name;
mod parse;
mod prepare;
pub mod project;
mod relations;
mod resolve;

#[cfg(test)]
mod tests;

pub use influence::{Influences, Kind, Origin};
pub use name::Name;
pub use relations::{Relation, RelationId, Relations, TableName};
pub use resolve::{Analysis, OutputColumn};

use prepare::words;
use std::fmt;

/// A place in the analysed text: line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// Line, from 1; 0 when the place is not known.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl Place {
    /// The byte offset of the place in the text that was analysed.
    pub fn offset(self, text: &str) -> Option<usize> {
        let line = usize::try_from(self.line.checked_sub(1)?).ok()?;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let column = usize::try_from(self.column.checked_sub(1)?).ok()?;
        let rest = text.get(start..)?;
        Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    }
}

/// Why a query cannot be analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, as a sentence without a full stop.
    pub reason: String,
    /// Where in the text.
    pub place: Option<Place>,
}

impl Refusal {
    fn new(reason: impl Into<String>, place: impl Into<Option<Place>>) -> Self {
        let place = place.into().filter(|place| place.line > 0);
        Self { reason: reason.into(), place }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Place { line, column }) => write!(f, "{} (at {line}:{column})", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// The result of a part of the analysis.
type Result<T, E = Refusal> = std::result::Result<T, E>;

/// Finds out what the columns of a query derive from. The query is one `select`, `values` or
/// `with` statement; `relations` knows the tables that it reads.
///
/// # Errors
/// The text is no query, or the meaning of a name in it does not follow from what is known.
pub fn analyse(text: &str, relations: &dyn Relations) -> Result<Analysis> {
    parse::with_query(text, |query| resolve::resolve(query, relations))?
}
