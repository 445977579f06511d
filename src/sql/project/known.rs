//! Columns of tables that no query of the project makes.

use crate::manifest::{Column, Node, Resource, UniqueId};
use crate::sql::Name;
use serde_json::Value as Json;
use std::collections::HashMap;

/// What is known of a table's columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownColumns {
    /// Columns that it has, in order.
    pub columns: Vec<Name>,
    /// Whether it has no others.
    pub complete: bool,
}

/// Tables whose columns are known beside what queries say.
#[derive(Debug, Default)]
pub struct KnownTables {
    /// Tables that no query of the project makes: sources and seeds.
    pub without_query: HashMap<UniqueId, KnownColumns>,
    /// Models and snapshots as the database has them.
    pub built: HashMap<UniqueId, KnownColumns>,
}

impl KnownColumns {
    /// All columns of a table, from the database's catalog.
    pub fn complete(columns: impl IntoIterator<Item = Name>) -> Self {
        Self { columns: columns.into_iter().collect(), complete: true }
    }

    /// What a resource's properties say. They are complete where gdbt makes the table of them
    /// (`external:`) and where a contract is enforced.
    pub fn declared(resource: Resource<'_>) -> Self {
        let (columns, complete) = match resource {
            Resource::Node(node) => (&node.columns, has_contract(node)),
            Resource::Source(source) => {
                let is_made = source.external.as_ref().is_some_and(|it| it.location.is_some());
                (&source.columns, is_made)
            }
            _ => return Self::default(),
        };
        let complete = complete && !columns.is_empty();
        Self { columns: columns.values().map(column_name).collect(), complete }
    }
}

/// The name that a declared column has in the database.
pub fn column_name(column: &Column) -> Name {
    if column.quote == Some(true) { Name::exact(&column.name) } else { Name::folded(&column.name) }
}

fn has_contract(node: &Node) -> bool {
    let contract = node.config.get("contract");
    contract.and_then(|it| it.get("enforced")).and_then(Json::as_bool).unwrap_or(false)
}

/// The columns that a snapshot adds to those of its query
/// (<https://docs.getdbt.com/docs/build/snapshots#snapshot-meta-fields>).
pub fn snapshot_columns(node: &Node) -> Vec<Name> {
    let names = node.config.get("snapshot_meta_column_names");
    let name = |usual: &str| {
        let own = names.and_then(|names| names.get(usual)).and_then(Json::as_str);
        Name::folded(own.unwrap_or(usual))
    };
    let mut all: Vec<Name> =
        ["dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"].map(name).into();
    if node.config.text("hard_deletes") == Some("new_record") {
        all.push(name("dbt_is_deleted"));
    }
    all
}
