//! The rows of a node, for `show` (<https://docs.getdbt.com/reference/commands/show>).

use crate::adapter::{AdapterResponse, Session, Table};
use crate::context::{NodeContext, load_seed};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::{Args, Globals, Value};
use crate::manifest::{Node, NodeKind};
use serde_json::Value as Json;
use std::sync::Arc;

/// The rows of a node.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) table: Table,
    pub(super) response: Option<AdapterResponse>,
    /// The query that gave them.
    pub(super) sql: Option<String>,
}

/// Runs the node's query, cut after so many rows. The rows of a seed are those of its file.
pub(super) fn rows(
    node: &Arc<Node>,
    context: &NodeContext,
    session: &Arc<Session>,
    limit: Option<u32>,
) -> Result<Shown> {
    if matches!(node.kind, NodeKind::Seed { .. }) {
        let table = load_seed(node)?;
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let table = limit.map_or_else(|| table.clone(), |limit| table.first(limit));
        return Ok(Shown { table, response: None, sql: None });
    }
    let macros = &context.shared().macros;
    let name = "get_show_sql";
    let macro_node = macros.strongest(name).ok_or_else(|| {
        let message = format!("dbt could not find a macro with the name '{name}' in any package");
        Diagnostic::new(Code::MacroUnknown, message)
    })?;
    let header = node.config.get("sql_header").and_then(Json::as_str);
    let args = Args::none()
        .with("compiled_code", context.lookup("compiled_code").unwrap_or(Value::None))
        .with("sql_header", header.map_or(Value::None, Value::str))
        .with("limit", limit.map_or(Value::None, |limit| Value::from(i64::from(limit))));
    let sql = macro_node.definition.call(args, context)?.to_string();
    let (table, response) = query(session, &sql)?;
    Ok(Shown { table, response: Some(response), sql: Some(sql) })
}

/// The rows of a query as it is.
pub(super) fn query(session: &Session, sql: &str) -> Result<(Table, AdapterResponse)> {
    let (response, result) = session.execute(sql, false, true)?;
    let table = result.map_or_else(Table::empty, |result| Table::from_result(&result));
    Ok((table, response.get()?))
}
