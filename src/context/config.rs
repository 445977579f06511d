//! The `config` variable, in its two forms.
//!
//! While parsing, calling it sets configuration and reading it gives an empty text. When
//! compiling and running it reads the node's final configuration
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/config>).

use super::calls::compilation;
use super::capture::Capture;
use super::json::{from_json, to_json};
use super::modules::datetime::{DateTime, Zone};
use crate::event_time::Batch;
use crate::jinja::{Args, Error, Object, Result, State, Value};
use crate::manifest::{JsonMap, Node, NodeKind};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::any::Any;
use std::sync::Arc;

const METHODS: [&str; 7] = [
    "set",
    "get",
    "require",
    "meta_get",
    "meta_require",
    "persist_relation_docs",
    "persist_column_docs",
];

/// dbt's names of the columns that a snapshot adds.
const SNAPSHOT_COLUMNS: [&str; 5] =
    ["dbt_valid_from", "dbt_valid_to", "dbt_scd_id", "dbt_updated_at", "dbt_is_deleted"];

/// `config` while parsing.
#[derive(Debug)]
pub struct ParseConfig {
    /// Where calls are noted; none where a node cannot be configured.
    pub capture: Option<Arc<Capture>>,
}

impl ParseConfig {
    fn configure(&self, mut options: Vec<(Arc<str>, Value)>) -> Result<Value> {
        for (old, new) in [("pre_hook", "pre-hook"), ("post_hook", "post-hook")] {
            let Some(at) = options.iter().position(|(key, _)| &**key == old) else { continue };
            if options.iter().any(|(key, _)| &**key == new) {
                return Err(compilation(format!(
                    "Invalid config, has conflicting keys \"{old}\" and \"{new}\""
                )));
            }
            options[at].0 = new.into();
        }
        let mut config = JsonMap::new();
        for (key, value) in options {
            config.insert(key.to_string(), config_json(&value)?);
        }
        if let Some(capture) = &self.capture {
            capture.add_config(config);
        }
        Ok(Value::str(""))
    }
}

/// A value given to `config()`. What JSON cannot hold is kept as its text.
fn config_json(value: &Value) -> Result<Json> {
    match value {
        Value::Undefined(undefined) => Err(undefined.error()),
        Value::List(list) => list.snapshot().iter().map(config_json).collect(),
        Value::Tuple(items) => items.iter().map(config_json).collect(),
        Value::Set(set) => set.snapshot().iter().map(config_json).collect(),
        Value::Dict(dict) => {
            let mut map = JsonMap::new();
            for (key, item) in dict.items() {
                map.insert(key.to_string(), config_json(&item)?);
            }
            Ok(Json::Object(map))
        }
        other => Ok(to_json(other).unwrap_or_else(|_| Json::String(other.to_string()))),
    }
}

impl Object for ParseConfig {
    fn type_name(&self) -> &'static str {
        "ParseConfigObject"
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn call(&self, _: &mut State<'_>, args: Args) -> Result<Value> {
        match (args.positional.as_slice(), args.keyword.is_empty()) {
            ([Value::Dict(options)], true) => {
                let options = options.items().into_iter();
                self.configure(
                    options.map(|(key, value)| (key.to_string().into(), value)).collect(),
                )
            }
            ([], false) => self.configure(args.keyword),
            _ => Err(compilation("Invalid inline model config")),
        }
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match name {
            "set" => {
                let ([key, value], []) = args.bind("set", ["name", "value"], [])?;
                self.configure(vec![(key.to_string().into(), value)])
            }
            "persist_relation_docs" | "persist_column_docs" => Ok(Value::Bool(false)),
            _ if METHODS.contains(&name) => Ok(Value::str("")),
            _ => Err(no_attribute(self, name)),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `config` when compiling and running.
#[derive(Debug)]
pub struct NodeConfig {
    /// The node; none in a macro, which has no configuration.
    pub node: Option<Arc<Node>>,
    /// The batch of a microbatch model.
    pub batch: Option<Batch>,
}

impl NodeConfig {
    fn value(&self, name: &str) -> Option<Value> {
        let config = &self.node.as_ref()?.config;
        // Hooks have a dash in their name and an underscore in Python.
        let name = match name {
            "pre_hook" => "pre-hook",
            "post_hook" => "post-hook",
            "snapshot_table_column_names" => return self.snapshot_columns(),
            other => other,
        };
        let own = config.map().get(name).map(from_json);
        own.or_else(|| {
            bounds(self.batch?).into_iter().find(|(bound, _)| *bound == name).map(|it| it.1)
        })
    }

    /// The columns that a snapshot adds: dbt's names of them and those of
    /// `snapshot_meta_column_names`.
    fn snapshot_columns(&self) -> Option<Value> {
        let node = self.node.as_ref()?;
        if !matches!(node.kind, NodeKind::Snapshot) {
            return None;
        }
        let renamed = node.config.get("snapshot_meta_column_names");
        let name = |column: &'static str| {
            let own = renamed.and_then(|names| names.get(column)?.as_str());
            Value::str(own.filter(|name| !name.is_empty()).unwrap_or(column))
        };
        Some(Value::dict(SNAPSHOT_COLUMNS.map(|column| (column, name(column)))))
    }

    fn meta(&self, name: &str) -> Option<Value> {
        let meta = self.node.as_ref()?.config.map().get("meta")?;
        meta.get(name).map(from_json)
    }

    fn missing(&self, name: &str) -> Error {
        let id = self.node.as_ref().map_or("", |node| node.unique_id.as_str());
        compilation(format!("Model '{id}' does not define a required config parameter '{name}'."))
    }

    fn persist(&self, what: &str) -> Result<Value> {
        match self.value("persist_docs") {
            None => Ok(Value::Bool(false)),
            Some(Value::Dict(docs)) => Ok(docs.get_str(what).unwrap_or(Value::Bool(false))),
            Some(other) => Err(compilation(format!(
                "Invalid value provided for 'persist_docs'. Expected dict but received {}",
                super::calls::type_of(&other)
            ))),
        }
    }
}

/// The names by which macros written for dbt 1.9 ask for the time of a batch.
pub(super) fn bounds(batch: Batch) -> [(&'static str, Value); 2] {
    [
        ("__dbt_internal_microbatch_event_time_start", moment(batch.window.start)),
        ("__dbt_internal_microbatch_event_time_end", moment(batch.window.end)),
    ]
}

pub(super) fn moment(moment: Timestamp) -> Value {
    Value::object(DateTime::from_timestamp(moment, &Zone::utc()))
}

impl Object for NodeConfig {
    fn type_name(&self) -> &'static str {
        "RuntimeConfigObject"
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn call(&self, _: &mut State<'_>, _: Args) -> Result<Value> {
        Ok(Value::str(""))
    }

    fn get_attr(&self, state: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        // Some materializations read `config.model.config`.
        Ok((name == "model").then(|| state.lookup("model")))
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let validated = |state: &mut State<'_>, value: Value, validator: Option<Value>| {
            if let Some(validator) = validator.filter(|validator| !validator.is_none()) {
                validator.call(state, Args::positional([value.clone()]))?;
            }
            Ok(value)
        };
        match name {
            "set" => {
                args.bind("set", ["name", "value"], [])?;
                Ok(Value::str(""))
            }
            "get" | "meta_get" => {
                let ([key], [default, validator]) = args.bind(
                    if name == "get" { "get" } else { "meta_get" },
                    ["name"],
                    ["default", "validator"],
                )?;
                let key = key.to_string();
                let found = if name == "get" { self.value(&key) } else { self.meta(&key) };
                let default = default.unwrap_or(Value::None);
                let validator = validator.filter(|_| !default.is_none());
                validated(state, found.unwrap_or(default), validator)
            }
            "require" | "meta_require" => {
                let ([key], [validator]) = args.bind("require", ["name"], ["validator"])?;
                let key = key.to_string();
                let found = if name == "require" { self.value(&key) } else { self.meta(&key) };
                let value = found.ok_or_else(|| self.missing(&key))?;
                validated(state, value, validator)
            }
            "persist_relation_docs" => self.persist("relation"),
            "persist_column_docs" => self.persist("columns"),
            _ => Err(no_attribute(self, name)),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn no_attribute(object: &dyn Object, name: &str) -> Error {
    Error::undefined(format!("'{} object' has no attribute '{name}'", object.qualified_name()))
}
