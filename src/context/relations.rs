//! Relations and the adapter as templates see them.

use super::event_filter;
use super::namespace::{LazyDict, NameMap};
use super::node::Inner;
use super::shared::Shared;
use crate::adapter::{
    Adapter, AdapterResponse, EventTimeFilter, Macros, Relation, Response, Seed, Table, api,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Result, State, Value};
use crate::manifest::{Node, NodeKind, QuotePolicy, RelationName, Source, UniqueId};
use std::sync::{Arc, OnceLock};

/// The relation of a node.
pub(super) fn of_node(inner: &Inner, node: &Node) -> Value {
    let filter = event_filter::of_node(inner, node);
    named(&inner.shared, &node.relation, node.quote_policy, filter)
}

/// The relation of a source.
pub(super) fn of_source(inner: &Inner, source: &Source) -> Value {
    let filter = event_filter::of_source(inner, source);
    named(&inner.shared, &source.relation, source.quote_policy, filter)
}

/// A relation that is read: with `--empty` no row of it is.
pub fn named(
    shared: &Shared,
    name: &RelationName,
    quoting: QuotePolicy,
    event_time_filter: Option<EventTimeFilter>,
) -> Value {
    let relation = Relation::new(name, quoting).with_limit(limit(shared));
    Relation { event_time_filter, ..relation }.into_value()
}

/// Where an earlier state has a node; none when the command does not defer.
pub fn deferred(shared: &Shared, id: &UniqueId) -> Value {
    let found = shared.deferral().and_then(|deferral| deferral.relation(id));
    found.map_or(Value::None, |found| this(&found.relation, shared.quoting()))
}

/// `this`: a relation that is written.
pub fn this(name: &RelationName, quoting: QuotePolicy) -> Value {
    Relation::new(name, quoting).into_value()
}

/// The expression that an ephemeral model becomes.
pub(super) fn ephemeral(inner: &Inner, node: &Node) -> Value {
    let event_time_filter = event_filter::of_node(inner, node);
    let relation = Relation::ephemeral(&node.alias).with_limit(limit(&inner.shared));
    Relation { event_time_filter, ..relation }.into_value()
}

/// How many rows are read: none with `--empty`.
fn limit(shared: &Shared) -> Option<u64> {
    shared.invocation.flag("EMPTY").then_some(0)
}

/// `adapter`, `api`, `column` and `sql_now`.
pub fn adapter_name(inner: &Arc<Inner>, name: &str) -> Option<Value> {
    let shared = &inner.shared;
    match name {
        "adapter" => Some(inner.adapter.get_or_init(|| adapter(inner)).clone()),
        "api" => Some(api(shared.quoting())),
        "column" => match api(shared.quoting()) {
            Value::Dict(api) => api.get_str("Column"),
            _ => None,
        },
        "sql_now" => Some(Value::str("now()")),
        _ => None,
    }
}

fn adapter(inner: &Inner) -> Value {
    let shared = &inner.shared;
    let macros = MacroFinder {
        shared: shared.clone(),
        package: inner.package.clone(),
        is_generic_test: inner.phase.is_generic_test(),
    };
    let config = shared.adapter.clone();
    let adapter = match &inner.session {
        Some(session) => {
            let cache = shared.cache.clone();
            Adapter::running(config, Arc::new(macros), session.clone(), cache)
        }
        None => Adapter::parsing(config, Arc::new(macros)),
    };
    adapter.into_value()
}

/// How the adapter finds macros for a node.
#[derive(Debug)]
struct MacroFinder {
    shared: Arc<Shared>,
    package: Arc<str>,
    /// What a generic test dispatches to may be in any package.
    is_generic_test: bool,
}

impl Macros for MacroFinder {
    fn dispatch(&self, _: &mut State<'_>, args: Args) -> Result<Value> {
        let ([name], [namespace, packages]) =
            args.bind("dispatch", ["macro_name"], ["macro_namespace", "packages"])?;
        let given = |value: Option<Value>| value.filter(|value| !value.is_none());
        if given(packages).is_some() {
            let message = format!(
                "The \"packages\" argument of adapter.dispatch() has been deprecated. Use the \
                 \"macro_namespace\" argument instead. Raised during dispatch for: {name}"
            );
            return Err(Diagnostic::new(Code::MacroUnknown, message).into());
        }
        let namespace = given(namespace);
        let namespace = match &namespace {
            None => None,
            Some(Value::Str(namespace)) => Some(&**namespace),
            Some(other) => {
                let message = format!(
                    "In adapter.dispatch, got a {} macro_namespace argument (\"{other}\"), but \
                     macro_namespace should be None or a string.",
                    super::calls::type_of(other)
                );
                return Err(Diagnostic::new(Code::MacroUnknown, message).into());
            }
        };
        let (macros, name) = (&self.shared.macros, name.to_string());
        let found = macros.dispatch(&self.package, &name, namespace);
        let found = found.or_else(|error| match namespace {
            None if self.is_generic_test => macros.dispatch_anywhere(&name).ok_or(error),
            _ => Err(error),
        })?;
        Ok(found.value.clone())
    }

    fn find(&self, name: &str) -> Option<Value> {
        self.shared.macros.strongest(name).map(|node| Value::from_macro(node.definition.clone()))
    }

    fn are_built_in(&self, names: &[&str]) -> bool {
        self.shared.macros.are_built_in(names)
    }
}

/// What `load_result` gives: `response`, `data` and `table`.
#[derive(Debug)]
struct StatementResult {
    response: Value,
    table: Value,
    /// The rows as tuples, made when asked for.
    data: OnceLock<Value>,
}

impl NameMap for StatementResult {
    fn value_of(&self, name: &str) -> Option<Value> {
        Some(match name {
            "response" => self.response.clone(),
            "table" => self.table.clone(),
            "data" => self.data.get_or_init(|| rows(&self.table)).clone(),
            _ => return None,
        })
    }

    fn names(&self) -> Vec<String> {
        ["response", "data", "table"].map(str::to_owned).to_vec()
    }
}

fn rows(table: &Value) -> Value {
    match table.downcast::<Table>() {
        Some(table) => Value::list(table.rows().map(|row| Value::Tuple(row.into()))),
        None => Value::list([]),
    }
}

/// The result of a statement as templates see it.
pub fn statement_result(response: Value, table: Option<Value>) -> Value {
    let table = table.unwrap_or_else(|| Table::empty().into_value());
    Value::object(LazyDict(StatementResult { response, table, data: OnceLock::new() }))
}

/// An adapter response made by a template.
pub fn raw_response(message: String, code: Option<String>, rows_affected: Option<i64>) -> Value {
    Response::ready(AdapterResponse { message, code, rows_affected }).into_value()
}

/// `load_agate_table()`: the rows of the seed that is run.
pub fn seed_table(inner: &Inner) -> Result<Value> {
    let Some(node) = inner.node() else {
        return Err(super::calls::compilation("can only load_agate_table for seeds"));
    };
    Ok(load_seed(node)?.into_value())
}

/// The rows of a seed.
///
/// # Errors
/// The node is no seed, or its file cannot be read.
pub fn load_seed(node: &Node) -> crate::diagnostic::Result<Table> {
    let NodeKind::Seed { root_path } = &node.kind else {
        let kind = node.resource_type();
        let message = format!("can only load_agate_table for seeds (got a {kind})");
        return Err(Diagnostic::new(Code::JinjaRuntime, message));
    };
    let file = root_path.join(&*node.original_file_path);
    let delimiter = delimiter(node)?;
    let types = node.config.get("column_types").and_then(serde_json::Value::as_object);
    let declared = types.into_iter().flat_map(|types| types.keys().map(String::as_str));
    let path = &node.original_file_path;
    let seed = Seed::load(&file, path, delimiter, declared)?;
    Ok(Table::from_seed(Arc::new(seed)))
}

/// The character between the fields of a seed's file.
fn delimiter(node: &Node) -> crate::diagnostic::Result<char> {
    let Some(text) = node.config.text("delimiter") else { return Ok(',') };
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => Ok(only),
        _ => {
            let message = "\"delimiter\" must be a 1-character string";
            Err(Diagnostic::new(Code::JinjaRuntime, message))
        }
    }
}
