//! The context's own names, by phase.

use super::config::{NodeConfig, ParseConfig, bounds, moment};
use super::json::{from_json, from_map};
use super::modules::Modules;
use super::modules::datetime::{DateTime, Zone};
use super::namespace::LazyDict;
use super::node::{Inner, Phase, parse_relation};
use super::shared::to_value;
use super::{docs, exceptions, functions, relations, resolvers, runtime, var};
use crate::adapter::column::translate_type;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, Level, Warning, thread_name};
use crate::event_time::{Batch, TimeWindow};
use crate::jinja::{Args, Result, Value};
use crate::manifest::{JsonMap, NodeKind, NodeView, UniqueId};
use serde_json::Value as Json;
use std::sync::Arc;

/// Names of every context besides those of [`functions`].
const COMMON: [&str; 12] = [
    "env_var",
    "flags",
    "invocation_id",
    "log",
    "modules",
    "print",
    "project_name",
    "run_started_at",
    "target",
    "thread_id",
    "var",
    "doc",
];

/// Names of contexts with macros.
const PROVIDED: [&str; 35] = [
    "adapter",
    "api",
    "column",
    "compiled_code",
    "config",
    "database",
    "dbt_metadata_envs",
    "defer_relation",
    "env",
    "exceptions",
    "execute",
    "function",
    "graph",
    "invocation_args_dict",
    "load_agate_table",
    "load_result",
    "metric",
    "model",
    "post_hooks",
    "pre_hooks",
    "ref",
    "render",
    "schema",
    "selected_resources",
    "source",
    "sql",
    "sql_now",
    "store_raw_result",
    "store_result",
    "submit_python_job",
    "this",
    "try_or_compiler_error",
    "write",
    "context_macro_stack",
    "_sql_results",
];

/// Whether a name means the same in every context, so that no macro can take its place.
pub(super) fn is_common(name: &str) -> bool {
    COMMON.contains(&name) && name != "doc" || functions::is_base(name)
}

/// All names that a context may have.
pub(super) fn names() -> Vec<String> {
    let base = functions::base_names().chain(COMMON).chain(PROVIDED);
    base.map(str::to_owned).collect()
}

impl Inner {
    /// A name of the context that is not a macro.
    pub(super) fn member(self: &Arc<Self>, name: &str) -> Option<Value> {
        if let Phase::Exposure { .. } = &self.phase {
            return self.reference(name);
        }
        if let Some(value) = functions::base(name).or_else(|| self.common(name)) {
            return Some(value);
        }
        match &self.phase {
            Phase::Properties { .. } => None,
            Phase::Parse { .. } | Phase::Run(_) => {
                self.of_node(name).or_else(|| self.provided(name))
            }
            _ => self.provided(name),
        }
    }

    fn reference(self: &Arc<Self>, name: &str) -> Option<Value> {
        match name {
            "ref" => Some(Value::object(resolvers::Reference(self.clone()))),
            "source" => Some(resolvers::source(self.clone())),
            "metric" => Some(resolvers::metric(self.clone())),
            "function" => Some(resolvers::function(self.clone())),
            _ => None,
        }
    }

    fn common(self: &Arc<Self>, name: &str) -> Option<Value> {
        let shared = &self.shared;
        Some(match name {
            "var" => Value::object(var::Var(self.clone())),
            "env_var" => var::env_var(self.clone()),
            "log" => log(self.clone()),
            "print" => print(self.clone()),
            "target" => shared.target(),
            "project_name" => Value::Str(shared.project_name().clone()),
            "flags" => shared.flags(),
            "invocation_id" => Value::str(&shared.invocation.id),
            "run_started_at" => {
                let started = shared.invocation.started_at;
                Value::object(DateTime::from_timestamp(started, &Zone::utc()))
            }
            "modules" => Value::object(LazyDict(Modules(Arc::clone(shared)))),
            "thread_id" => Value::from(thread_name()),
            "doc" => match &self.phase {
                Phase::Properties { docs: Some(scope) } => docs::doc(scope.clone()),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Names of every context with macros.
    fn provided(self: &Arc<Self>, name: &str) -> Option<Value> {
        let shared = &self.shared;
        Some(match name {
            "ref" | "source" | "metric" | "function" => return self.reference(name),
            "config" => self.config(),
            "execute" => Value::Bool(self.phase.executes()),
            "exceptions" => self.exceptions(),
            "graph" => shared.graph(),
            "model" => self.model(),
            "database" => Value::str(shared.default_database()),
            "schema" => Value::str(shared.default_schema()),
            "env" => shared.target(),
            "dbt_metadata_envs" => {
                let envs = shared.workspace.env.metadata();
                Value::dict(envs.into_iter().map(|(name, value)| (name, Value::str(value))))
            }
            "invocation_args_dict" => Value::Dict(from_map(&shared.invocation.args)),
            "selected_resources" => {
                Value::list(shared.selected().iter().map(|id| Value::str(id.as_str())))
            }
            "pre_hooks" | "post_hooks" | "sql" => Value::None,
            "adapter" | "api" | "column" | "sql_now" => return relations::adapter_name(self, name),
            _ => return runtime::member(self, name),
        })
    }

    /// Names of contexts with a node.
    fn of_node(self: &Arc<Self>, name: &str) -> Option<Value> {
        match (&self.phase, name) {
            (Phase::Parse { node, .. }, _) => match name {
                "this" if matches!(node.kind, NodeKind::Operation { .. }) => Some(Value::None),
                "this" => Some(parse_relation(node, &self.shared)),
                "pre_hooks" | "post_hooks" => Some(Value::list([])),
                "compiled_code" | "defer_relation" => Some(Value::None),
                "database" => Some(node.relation.database.clone().into()),
                "schema" => Some(node.relation.schema.clone().into()),
                _ => None,
            },
            (Phase::Run(run), _) => match name {
                "this" if run.unit.is_some() => Some(run.this_of_unit_test()),
                "this" => Some(match run.node.kind {
                    NodeKind::Operation { .. } => Value::None,
                    _ => relations::this(&run.node.relation, run.node.quote_policy),
                }),
                "database" => Some(Value::Str(run.node.relation.database.clone())),
                "schema" => Some(Value::Str(run.node.relation.schema.clone())),
                "pre_hooks" => Some(self.hooks("pre-hook")),
                "post_hooks" => Some(self.hooks("post-hook")),
                "compiled_code" => Some(self.compiled_code()),
                "sql" if run.node.language == "sql" => Some(self.compiled_code()),
                "defer_relation" => Some(relations::deferred(&self.shared, &run.node.unique_id)),
                _ => None,
            },
            _ => None,
        }
    }

    fn hooks(&self, key: &str) -> Value {
        let Phase::Run(run) = &self.phase else { return Value::list([]) };
        if run.node.resource_type() == crate::manifest::ResourceType::Test {
            return Value::list([]);
        }
        match run.node.config.get(key) {
            Some(Json::Array(hooks)) => Value::list(hooks.iter().map(|hook| {
                let value = from_json(hook);
                if let Value::Dict(dict) = &value
                    && dict.get_str("index").is_some_and(|index| index.is_none())
                {
                    dict.remove(&"index".into());
                }
                value
            })),
            _ => Value::list([]),
        }
    }

    fn compiled_code(&self) -> Value {
        match &self.phase {
            Phase::Run(run) => match (&run.compiled, self.deferred(&run.node.unique_id)) {
                (Some(compiled), _) => Value::str(&compiled.code),
                // `clone` makes a view of it where it cannot copy a table.
                (None, Some(elsewhere)) => Value::str(format!("select * from {elsewhere}")),
                (None, None) => Value::None,
            },
            _ => Value::None,
        }
    }

    /// The relation that an earlier state has of a node, as SQL names it.
    fn deferred(&self, id: &UniqueId) -> Option<String> {
        let shared = &self.shared;
        let found = shared.deferral()?.relation(id)?;
        let name = || found.relation.render(shared.quoting());
        Some(found.relation_name.clone().unwrap_or_else(name))
    }

    fn config(&self) -> Value {
        match &self.phase {
            Phase::Parse { capture, .. } => {
                Value::object(ParseConfig { capture: Some(capture.clone()) })
            }
            Phase::Run(run) => {
                Value::object(NodeConfig { node: Some(run.node.clone()), batch: run.batch })
            }
            _ => Value::object(NodeConfig { node: None, batch: None }),
        }
    }

    /// `model`: the node as a dict, made once for a context.
    fn model(&self) -> Value {
        let make = || match &self.phase {
            Phase::Parse { node, .. } => from_json(&to_value(&NodeView { node, compiled: None })),
            Phase::Run(run) => {
                let view = NodeView { node: &run.node, compiled: run.compiled.as_deref() };
                let Json::Object(mut map) = to_value(&view) else { return Value::None };
                omit_none(&mut map);
                translate_types(&run.node.kind, &mut map);
                if let Some(code) = map.get("compiled_code").cloned() {
                    map.insert("compiled_sql".to_owned(), code);
                }
                let model = from_map(&map);
                if let Some(run) = run.batch {
                    model.insert_str("batch", batch(run));
                    // dbt's older names of the same.
                    if let Some(Value::Dict(config)) = model.get_str("config") {
                        for (name, time) in bounds(run) {
                            config.insert_str(name, time);
                        }
                    }
                }
                Value::Dict(model)
            }
            _ => Value::None,
        };
        self.model.get_or_init(make).clone()
    }

    fn exceptions(self: &Arc<Self>) -> Value {
        let inner = self.clone();
        let warn = Value::function("warn", move |_, args| {
            let ([message], [_]) = args.bind("warn", ["msg"], ["node"])?;
            inner.warn("JinjaLogWarning", "I061", message.to_string(), Json::Null)
        });
        let inner = self.clone();
        let snapshot = Value::function("warn_snapshot_timestamp_data_types", move |_, args| {
            let (message, data) = exceptions::snapshot_timestamp_warning(args)?;
            inner.warn("SnapshotTimestampWarning", "Q043", message, data)
        });
        exceptions::exceptions(warn, snapshot)
    }

    fn warn(
        &self,
        name: &'static str,
        code: &'static str,
        message: String,
        data: Json,
    ) -> Result<Value> {
        let mut diagnostic = Diagnostic::new(Code::RaisedByUser, message);
        if let Phase::Run(run) = &self.phase {
            diagnostic = diagnostic.with_node(run.node.label());
        }
        let warning = Warning::new(name, code, *diagnostic).with_data(data);
        self.shared.sink.warn(Event::Warning(warning))?;
        Ok(Value::str(""))
    }
}

/// `model.batch`.
fn batch(batch: Batch) -> Value {
    let TimeWindow { start, end } = batch.window;
    Value::dict([
        ("id", Value::from(batch.id())),
        ("event_time_start", moment(start)),
        ("event_time_end", moment(end)),
    ])
}

/// Leaves out what has no value, as dbt does for `model` but not for `graph`: in the parts
/// with fixed keys, not in what users write freely.
fn omit_none(map: &mut JsonMap) {
    map.retain(|_, value| !value.is_null());
    for part in ["config", "docs", "contract"] {
        if let Some(Json::Object(part)) = map.get_mut(part) {
            omit_none(part);
        }
    }
    let columns = map.get_mut("columns").and_then(Json::as_object_mut);
    for column in columns.into_iter().flat_map(|columns| columns.values_mut()) {
        if let Json::Object(column) = column {
            column.retain(|_, value| !value.is_null());
        }
    }
}

/// Names column types as the database does, unless the contract says otherwise.
fn translate_types(kind: &NodeKind, map: &mut JsonMap) {
    let alias_types = map.get("contract").and_then(|contract| contract.get("alias_types"));
    if matches!(kind, NodeKind::Seed { .. }) || alias_types != Some(&Json::Bool(true)) {
        return;
    }
    let columns = map.get_mut("columns").and_then(Json::as_object_mut);
    for column in columns.into_iter().flat_map(|columns| columns.values_mut()) {
        if let Some(data_type) = column.get_mut("data_type")
            && let Some(name) = data_type.as_str()
        {
            *data_type = Json::from(translate_type(name));
        }
    }
}

/// `log(msg, info=False)`.
fn log(inner: Arc<Inner>) -> Value {
    Value::function("log", move |_, args| {
        let ([message], [info]) = args.bind("log", ["msg"], ["info"])?;
        let level = if info.is_some_and(|info| info.truthy()) { Level::Info } else { Level::Debug };
        let message = message.to_string();
        let node = inner.session.as_ref().and_then(|session| session.node_info());
        inner.shared.sink.emit(Event::JinjaLog { level, message, node });
        Ok(Value::str(""))
    })
}

/// `print(msg)`: standard output, even with `--quiet`; nothing with `--no-print`.
fn print(inner: Arc<Inner>) -> Value {
    Value::function("print", move |_, args: Args| {
        let ([message], []) = args.bind("print", ["msg"], [])?;
        let flags = &inner.shared.invocation.flags;
        let flag = |name: &str| flags.get(name).and_then(Json::as_bool);
        if flag("PRINT") != Some(false) && flag("NO_PRINT") != Some(true) {
            inner.shared.sink.emit(Event::Print { message: message.to_string() });
        }
        Ok(Value::str(""))
    })
}
