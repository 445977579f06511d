//! The `adapter` object of templates
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/adapter>).
//!
//! Much of what it does, it does by calling macros such as `drop_relation`, so that a
//! project can replace them. While parsing there is no session, and methods that would ask
//! the database give what dbt gives then.

mod attached;
mod behavior;
mod columns;
mod constraints;
mod dependents;
mod index;
mod names;
mod relations;
mod sql;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::Mutex;

pub use self::behavior::BehaviorFlags;
use super::cache::RelationCache;
use super::column::ColumnClass;
use super::relation_object::RelationClass;
use super::session::Session;
use super::table::Table;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Object, Result, State, Value};
use crate::manifest::QuotePolicy;

/// What the adapter knows of the project.
#[derive(Debug, Clone)]
pub struct AdapterConfig {
    /// The target's database.
    pub database: Arc<str>,
    /// The root project's name, for messages.
    pub project_name: Arc<str>,
    /// The root project's `quoting:`.
    pub quoting: QuotePolicy,
    /// Behaviour flags of dbt_project.yml.
    pub behavior: BehaviorFlags,
}

/// How the adapter finds macros. The context implements it.
pub trait Macros: Debug + Send + Sync {
    /// `adapter.dispatch(…)`.
    ///
    /// # Errors
    /// dbt's, when there is no such macro.
    fn dispatch(&self, state: &mut State<'_>, args: Args) -> Result<Value>;

    /// The macro of this name: the root project's, a package's or a built-in one.
    fn find(&self, name: &str) -> Option<Value>;

    /// Whether the project replaces none of these macros.
    fn are_built_in(&self, names: &[&str]) -> bool;
}

/// The database while nodes run.
#[derive(Debug)]
struct Link {
    session: Arc<Session>,
    cache: Arc<RelationCache>,
    /// Views that wait to be made again.
    fallen: Mutex<Vec<dependents::Waiting>>,
    /// Relations that were dropped with something attached to them.
    bare: Mutex<Vec<attached::Bare>>,
}

/// The `adapter` object.
#[derive(Debug)]
pub struct Adapter {
    config: Arc<AdapterConfig>,
    macros: Arc<dyn Macros>,
    link: Option<Link>,
}

impl Adapter {
    /// The object while parsing.
    pub fn parsing(config: Arc<AdapterConfig>, macros: Arc<dyn Macros>) -> Self {
        Self { config, macros, link: None }
    }

    /// The object while a node compiles or runs.
    pub fn running(
        config: Arc<AdapterConfig>,
        macros: Arc<dyn Macros>,
        session: Arc<Session>,
        cache: Arc<RelationCache>,
    ) -> Self {
        let link = Link { session, cache, fallen: Mutex::default(), bare: Mutex::default() };
        Self { config, macros, link: Some(link) }
    }

    /// The adapter as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    fn link(&self) -> Result<&Link> {
        self.link.as_ref().ok_or_else(|| {
            let message = "the adapter has no connection while the project is parsed";
            Diagnostic::new(Code::Internal, message).into()
        })
    }

    fn call_macro(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match self.macros.find(name) {
            Some(found) => found.call(state, args),
            None => Err(Diagnostic::new(
                Code::MacroUnknown,
                format!("dbt could not find a macro with the name \"{name}\" in any package"),
            )
            .into()),
        }
    }
}

/// `api`: the classes `api.Relation` and `api.Column`.
pub fn api(quoting: QuotePolicy) -> Value {
    Value::dict([
        ("Relation", Value::object(RelationClass { quoting })),
        ("Column", Value::object(ColumnClass)),
    ])
}

/// What a method gives while parsing; `None` for methods that work then, too.
fn while_parsing(name: &str) -> Option<Value> {
    Some(match name {
        "execute" | "get_partitions_metadata" => {
            Value::tuple([Value::from(""), Table::empty().into_value()])
        }
        "add_query" => Value::tuple([Value::None, Value::None]),
        "get_columns_in_relation"
        | "get_columns_in_table"
        | "get_column_schema_from_query"
        | "get_missing_columns"
        | "list_relations"
        | "list_relations_without_caching"
        | "list_schemas" => Value::list([]),
        "check_schema_exists" | "already_exists" => Value::from(false),
        "assert_valid_snapshot_target_given_strategy"
        | "commit"
        | "copy_rows"
        | "create_schema"
        | "drop_relation"
        | "drop_schema"
        | "expand_target_column_types"
        | "get_hard_deletes_behavior"
        | "get_incremental_strategy_macro"
        | "get_relation"
        | "learn_columns"
        | "rename_relation"
        | "replacing_relation"
        | "truncate_relation"
        | "valid_snapshot_target" => Value::None,
        "cache_added" | "cache_dropped" | "cache_renamed" => Value::from(""),
        _ => return None,
    })
}

const METHODS: [&str; 46] = [
    "add_query",
    "already_exists",
    "assert_valid_snapshot_target_given_strategy",
    "build_catalog_relation",
    "cache_added",
    "cache_dropped",
    "cache_renamed",
    "check_schema_exists",
    "commit",
    "convert_type",
    "copy_rows",
    "create_schema",
    "dispatch",
    "drop_relation",
    "drop_schema",
    "execute",
    "expand_target_column_types",
    "get_column_schema_from_query",
    "get_columns_in_relation",
    "get_columns_in_table",
    "get_hard_deletes_behavior",
    "get_incremental_strategy_macro",
    "get_missing_columns",
    "get_partitions_metadata",
    "get_relation",
    "learn_columns",
    "list_relations",
    "list_relations_without_caching",
    "list_schemas",
    "nice_connection_name",
    "parse_index",
    "quote",
    "quote_as_configured",
    "quote_seed_column",
    "rename_relation",
    "replacing_relation",
    "server_version",
    "render_raw_columns_constraints",
    "render_raw_model_constraints",
    "standardize_grants_dict",
    "suffixed_identifier",
    "truncate_relation",
    "type",
    "valid_snapshot_target",
    "verify_database",
    "get_catalog_integration",
];

impl Object for Adapter {
    fn type_name(&self) -> &'static str {
        "PostgresAdapter"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "Relation" => Some(Value::object(RelationClass { quoting: self.config.quoting })),
            "behavior" => Some(self.config.behavior.clone().into_value()),
            _ => None,
        })
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if self.link.is_none()
            && let Some(value) = while_parsing(name)
        {
            return Ok(value);
        }
        match name {
            "dispatch" => self.macros.dispatch(state, args),
            "type" => Ok(Value::from("postgres")),
            "nice_connection_name" => {
                Ok(Value::from(self.link.as_ref().map_or("<None>", |link| link.session.name())))
            }
            "execute" => self.execute(args),
            "commit" => self.commit(),
            "server_version" => Ok(Value::from(i64::from(self.link()?.session.server_version()?))),
            "add_query" => self.add_query(args),
            "copy_rows" => self.copy_rows(args),
            "get_column_schema_from_query" => self.get_column_schema_from_query(args),
            "convert_type" => sql::convert_type(args),
            "standardize_grants_dict" => sql::standardize_grants_dict(args),

            "get_relation" => self.get_relation(state, args),
            "already_exists" => self.already_exists(state, args),
            "list_relations" => self.list_relations(state, args),
            "list_relations_without_caching" => self.list_without_caching(state, args),
            "list_schemas" => self.list_schemas(state, args),
            "check_schema_exists" => self.check_schema_exists(state, args),
            "create_schema" => self.create_schema(state, args),
            "drop_schema" => self.drop_schema(state, args),
            "drop_relation" => self.drop_relation(state, args),
            "truncate_relation" => self.truncate_relation(state, args),
            "rename_relation" => self.rename_relation(state, args),
            "replacing_relation" => self.replacing_relation(args),
            "cache_added" => self.cache_added(args),
            "cache_dropped" => self.cache_dropped(args),
            "cache_renamed" => self.cache_renamed(args),

            "get_columns_in_relation" => self.get_columns_in_relation(state, args),
            "learn_columns" => self.learn_columns(state, args),
            "get_columns_in_table" => self.get_columns_in_table(state, args),
            "get_missing_columns" => self.get_missing_columns(state, args),
            "expand_target_column_types" => self.expand_target_column_types(state, args),
            "valid_snapshot_target" => self.valid_snapshot_target(state, args),
            "assert_valid_snapshot_target_given_strategy" => {
                self.assert_valid_snapshot_target(state, args)
            }
            "get_hard_deletes_behavior" => columns::get_hard_deletes_behavior(state, args),
            "get_incremental_strategy_macro" => self.get_incremental_strategy_macro(state, args),

            "parse_index" => index::parse(args),
            "render_raw_columns_constraints" => constraints::of_columns(state, args),
            "render_raw_model_constraints" => constraints::of_model(state, args),

            "quote" => names::quote(args),
            "quote_as_configured" => names::quote_as_configured(self.config.quoting, args),
            "quote_seed_column" => names::quote_seed_column(args),
            "suffixed_identifier" => names::suffixed_identifier(args),
            "verify_database" => names::verify_database(&self.config.database, args),
            "build_catalog_relation" => Ok(Value::None),
            "get_catalog_integration" | "get_partitions_metadata" => Err(Diagnostic::new(
                Code::Unsupported,
                format!("adapter.{name} does not exist for postgres"),
            )
            .into()),
            _ => Err(state.missing_attribute(&format!("{} object", self.qualified_name()), name)),
        }
    }

    fn truthy(&self) -> bool {
        true
    }

    fn qualified_name(&self) -> String {
        let phase = if self.link.is_some() { "Runtime" } else { "Parse" };
        format!("dbt.context.providers.{phase}DatabaseWrapper")
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
