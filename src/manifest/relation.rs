//! Where a node lives in the database.

use serde::Serialize;
use std::sync::Arc;

/// Which parts of a relation's name are quoted when rendered
/// (<https://docs.getdbt.com/reference/project-configs/quoting>). On PostgreSQL all are by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct QuotePolicy {
    /// Quote the database.
    pub database: bool,
    /// Quote the schema.
    pub schema: bool,
    /// Quote the table's own name.
    pub identifier: bool,
}

impl Default for QuotePolicy {
    fn default() -> Self {
        Self { database: true, schema: true, identifier: true }
    }
}

/// The three-part name of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelationName {
    /// Database.
    pub database: Arc<str>,
    /// Schema.
    pub schema: Arc<str>,
    /// Table, view, or whatever it is.
    pub identifier: Arc<str>,
}

impl RelationName {
    /// The name as it stands in SQL, such as `"db"."schema"."table"`.
    pub fn render(&self, quoting: QuotePolicy) -> String {
        let part = |text: &str, quote: bool| {
            if quote { crate::postgres::quote::identifier(text) } else { text.to_owned() }
        };
        [
            part(&self.database, quoting.database),
            part(&self.schema, quoting.schema),
            part(&self.identifier, quoting.identifier),
        ]
        .join(".")
    }
}
