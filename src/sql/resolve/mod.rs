//! What every name of a query means, by PostgreSQL's rules.

mod cte;
mod expr;
mod from;
mod output;
mod query;
mod scope;
mod select;

use super::influence::Influences;
use super::ir::Query;
use super::name::Name;
use super::relations::{RelationId, Relations};
use super::{Refusal, Result};
use cte::Env;
use output::Table;
use std::cell::Cell;
use std::collections::BTreeSet;

/// More steps than this are no model: each step is one expression or output column.
const MOST_STEPS: usize = 2_000_000;
/// The most columns that PostgreSQL can return (`MaxTupleAttributeNumber`).
const MOST_COLUMNS: usize = 1664;

/// A column that a query returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: Name,
    /// What it is made of.
    pub upstream: Influences,
}

/// What a query returns and what that is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The columns that are known, in order.
    pub columns: Vec<OutputColumn>,
    /// Relations that are passed on with all their columns, which are not known, but for the
    /// named ones.
    pub passed_on: Vec<(RelationId, BTreeSet<Name>)>,
    /// Columns that decide which rows there are and in which order.
    pub rows: Influences,
}

/// Finds out what the columns of a query are made of.
pub fn resolve(query: &Query, relations: &dyn Relations) -> Result<Analysis> {
    let resolver = Resolver { relations, steps: Cell::new(0) };
    let Table { columns, open, rows, .. } = resolver.query(query, Env::default())?;
    let mut passed_on = Vec::new();
    for open in open {
        match open {
            output::Open::Relation { id, except } => passed_on.push((id, except)),
            output::Open::Function { what, place, .. } => {
                let reason = format!(
                    "which columns {what} has is not known, so that `*` may be anything; name \
                     the columns, as in `from f(…) as t (a, b)`"
                );
                return Err(Refusal::new(reason, place));
            }
        }
    }
    let columns = columns.into_iter().map(|(name, upstream)| OutputColumn { name, upstream });
    Ok(Analysis { columns: columns.collect(), passed_on, rows })
}

struct Resolver<'a> {
    relations: &'a dyn Relations,
    steps: Cell<usize>,
}

impl Resolver<'_> {
    /// Counts steps, so that no query takes for ever.
    fn step(&self, count: usize) -> Result<()> {
        self.steps.set(self.steps.get() + count);
        if self.steps.get() > MOST_STEPS {
            return Err(Refusal::new("the query is too large to analyse", None));
        }
        Ok(())
    }
}
