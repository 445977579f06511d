//! The tables that a query reads, as the analysis needs to know them.

use super::name::Name;
use std::fmt;
use std::sync::Arc;

/// A table's name as a query writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The database, where written.
    pub database: Option<Name>,
    /// The schema, where written.
    pub schema: Option<Name>,
    /// The table.
    pub table: Name,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.database, &self.schema].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        write!(f, "{}", self.table)
    }
}

/// What a column comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationId {
    /// A node or source of the project, by its unique id.
    Node(Arc<str>),
    /// A table that the project does not know, by the name in the query.
    Unknown(Arc<str>),
}

/// What is known of a table.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Which one it is.
    pub id: RelationId,
    /// Columns that it has for sure, in order.
    pub columns: Vec<Name>,
    /// Whether it has no others.
    pub complete: bool,
}

/// Knows tables. An implementation answers from memory.
pub trait Relations {
    /// The table that a query means by a name that is none of its own (`with`).
    fn find(&self, name: &TableName) -> Relation;

    /// The node that a common table expression stands for; the expression itself is then not
    /// looked into. So the models that dbt inlines stay nodes of their own.
    fn inlined(&self, cte: &Name) -> Option<Relation>;
}
