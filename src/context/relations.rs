//! Relations as templates see them.

use super::shared::Shared;
use crate::jinja::Value;
use crate::manifest::{Node, QuotePolicy, RelationName, Source};

/// The relation of a node.
pub fn of_node(shared: &Shared, node: &Node) -> Value {
    named(shared, &node.relation, node.quote_policy)
}

/// The relation of a source.
pub fn of_source(shared: &Shared, source: &Source) -> Value {
    named(shared, &source.relation, source.quote_policy)
}

/// A relation by name.
pub fn named(shared: &Shared, name: &RelationName, quoting: QuotePolicy) -> Value {
    let _ = shared;
    Value::from(name.render(quoting))
}

/// The expression that an ephemeral model becomes.
pub fn ephemeral(identifier: &str) -> Value {
    Value::from(format!("{}{identifier}", crate::compile::ctes::CTE_PREFIX))
}

/// `adapter`, `api`, `column` and `sql_now`.
pub fn adapter_name(inner: &std::sync::Arc<super::node::Inner>, name: &str) -> Option<Value> {
    let _ = (inner, name);
    None
}

/// What `load_result` gives: `response`, `data` and `table`.
pub fn statement_result(response: Value, table: Option<Value>) -> Value {
    Value::dict([("response", response), ("table", table.unwrap_or(Value::None))])
}

/// An adapter response made by a template.
pub fn raw_response(message: String, code: Option<String>, rows: Option<i64>) -> Value {
    Value::dict([
        ("_message", Value::from(message)),
        ("code", Value::from(code)),
        ("rows_affected", Value::from(rows)),
    ])
}
