//! The `exceptions` variable: what templates raise
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/exceptions>).

use super::calls::compilation;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Result, State, Value};
use serde_json::{Value as Json, json};
use std::sync::LazyLock;

/// The raisers that need nothing of the context; `warn` is added by it.
static RAISERS: LazyLock<Vec<(&'static str, Value)>> = LazyLock::new(|| {
    type Raiser = fn(&mut State<'_>, Args) -> Result<Value>;
    let raisers: [(&'static str, Raiser); 19] = [
        ("raise_compiler_error", raise_compiler_error),
        ("raise_database_error", |_, args| raise(Code::SqlFailed, args)),
        ("raise_dependency_error", |_, args| raise(Code::PackageFailed, args)),
        ("raise_not_implemented", |_, args| {
            let ([message], []) = args.bind("raise_not_implemented", ["msg"], [])?;
            fail(Code::RaisedByUser, format!("ERROR: {message}"))
        }),
        ("raise_fail_fast_error", |_, args| raise(Code::RaisedByUser, args)),
        ("raise_cache_inconsistent", |_, args| {
            let ([message], []) = args.bind("raise_cache_inconsistent", ["message"], [])?;
            fail(Code::Internal, format!("Cache inconsistency detected: {message}"))
        }),
        ("raise_dataclass_not_dict", |_, args| {
            let ([object], []) = args.bind("raise_dataclass_not_dict", ["obj"], [])?;
            fail(Code::RaisedByUser, format!("\"{object}\" is no dictionary"))
        }),
        ("missing_config", missing_config),
        ("missing_materialization", missing_materialization),
        ("missing_relation", |_, args| {
            let ([relation], [_]) = args.bind("missing_relation", ["relation"], ["model"])?;
            fail(Code::RaisedByUser, format!("Relation {relation} not found!"))
        }),
        ("relation_wrong_type", relation_wrong_type),
        ("raise_ambiguous_alias", raise_ambiguous_alias),
        ("raise_ambiguous_catalog_match", raise_ambiguous_catalog_match),
        ("raise_dep_not_found", |_, args| {
            let ([_, description, package], []) =
                args.bind("raise_dep_not_found", ["node", "node_description", "required_pkg"], [])?;
            let message = format!("{description} needs the package '{package}', which is missing");
            fail(Code::PackageFailed, message)
        }),
        ("raise_duplicate_resource_name", raise_duplicate_resource_name),
        ("raise_duplicate_patch_name", raise_duplicate_patch_name),
        ("raise_invalid_property_yml_version", |_, args| {
            let ([path, issue], []) =
                args.bind("raise_invalid_property_yml_version", ["path", "issue"], [])?;
            fail(Code::PropertyInvalid, format!("The property file {path} is invalid: {issue}"))
        }),
        ("raise_contract_error", super::contract::raise_contract_error),
        ("column_type_missing", |_, args| {
            let ([columns], []) = args.bind("column_type_missing", ["column_names"], [])?;
            let message = format!(
                "Contracted models require data_type to be defined for each column. Please ensure \
                 that the column name and data_type are defined within the YAML configuration for \
                 the {columns} column(s)."
            );
            fail(Code::RaisedByUser, message)
        }),
    ];
    raisers.into_iter().map(|(name, raiser)| (name, Value::function(name, raiser))).collect()
});

/// The `exceptions` dict with these functions that give warnings.
pub fn exceptions(warn: Value, warn_snapshot_timestamp_data_types: Value) -> Value {
    let warnings = [
        ("warn", warn),
        ("warn_snapshot_timestamp_data_types", warn_snapshot_timestamp_data_types),
    ];
    Value::dict(RAISERS.iter().cloned().chain(warnings))
}

fn fail(code: Code, message: impl Into<String>) -> Result<Value> {
    Err(Diagnostic::new(code, message).into())
}

fn raise(code: Code, args: Args) -> Result<Value> {
    let ([message], [_]) = args.bind("raise", ["msg"], ["node"])?;
    fail(code, message.to_string())
}

fn raise_compiler_error(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([message], [node]) = args.bind("raise_compiler_error", ["msg"], ["node"])?;
    let error = Diagnostic::new(Code::RaisedByUser, message.to_string());
    Err(match node.as_ref().and_then(label) {
        Some(label) => error.with_node(label),
        None => error,
    }
    .into())
}

/// dbt's label of a node given as a dict, such as `model orders (models/orders.sql)`.
fn label(node: &Value) -> Option<String> {
    let kind = field(node, "resource_type");
    let name = field(node, "name");
    (!kind.is_empty()).then(|| format!("{kind} {name} ({})", field(node, "original_file_path")))
}

/// A field of a node given as a dict.
fn field(node: &Value, name: &str) -> String {
    match node {
        Value::Dict(dict) => dict.get_str(name).map(|value| value.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

fn missing_config(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([model, name], []) = args.bind("missing_config", ["model", "name"], [])?;
    let id = field(&model, "unique_id");
    Err(compilation(format!("Model '{id}' does not define a required config parameter '{name}'.")))
}

fn missing_materialization(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([model, adapter], []) =
        args.bind("missing_materialization", ["model", "adapter_type"], [])?;
    let config = match &model {
        Value::Dict(dict) => dict.get_str("config").unwrap_or(Value::None),
        _ => Value::None,
    };
    let name = field(&config, "materialized");
    let types = match adapter.as_str() {
        Some("default") => "'default'".to_owned(),
        _ => format!("'default' and '{adapter}'"),
    };
    let message = format!(
        "No materialization '{name}' was found for adapter {adapter}! (searched types {types})"
    );
    fail(Code::MacroUnknown, message)
}

fn relation_wrong_type(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([relation, expected], [_]) =
        args.bind("relation_wrong_type", ["relation", "expected_type"], ["model"])?;
    let kind = relation.get_attr(state, "type")?;
    let message = format!(
        "Trying to create {expected} {relation}, but it currently exists as a {kind}. Either drop \
         {relation} manually, or run dbt with `--full-refresh` and dbt will drop it for you."
    );
    fail(Code::RaisedByUser, message)
}

fn places(first: &Value, second: &Value) -> String {
    let place =
        |node| format!("- {} ({})", field(node, "unique_id"), field(node, "original_file_path"));
    format!("{}\n{}", place(first), place(second))
}

fn raise_ambiguous_alias(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([first, second], [name]) =
        args.bind("raise_ambiguous_alias", ["node_1", "node_2"], ["duped_name"])?;
    let name = name.filter(|name| !name.is_none()).map_or_else(
        || ["database", "schema", "alias"].map(|part| field(&first, part)).join("."),
        |name| name.to_string(),
    );
    let message = format!(
        "dbt found two resources with the database representation \"{name}\". Change the \
         configuration of one of them:\n{}",
        places(&first, &second)
    );
    fail(Code::Duplicate, message)
}

fn raise_ambiguous_catalog_match(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([id, first, second], []) =
        args.bind("raise_ambiguous_catalog_match", ["unique_id", "match_1", "match_2"], [])?;
    let relation = |found: &Value| {
        let metadata = match found {
            Value::Dict(dict) => dict.get_str("metadata").unwrap_or(Value::None),
            _ => Value::None,
        };
        format!("{}.{}", field(&metadata, "schema"), field(&metadata, "name"))
    };
    let message = format!(
        "Two relations of the database may be '{id}'; drop or rename one of them:\n - {}\n - {}",
        relation(&first),
        relation(&second)
    );
    fail(Code::Duplicate, message)
}

fn raise_duplicate_resource_name(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([first, second], []) =
        args.bind("raise_duplicate_resource_name", ["node_1", "node_2"], [])?;
    let name = field(&first, "name");
    let kind = field(&first, "resource_type");
    let kinds = if kind == field(&second, "resource_type") {
        format!("{kind}s")
    } else {
        "resources".to_owned()
    };
    let call = match kind.as_str() {
        "model" | "seed" | "snapshot" => format!("ref(\"{name}\")"),
        _ => name.clone(),
    };
    let message = format!(
        "dbt found two {kinds} with the name \"{name}\", so {call} is not clear. Rename one of \
         them:\n{}",
        places(&first, &second)
    );
    fail(Code::Duplicate, message)
}

fn raise_duplicate_patch_name(_: &mut State<'_>, args: Args) -> Result<Value> {
    let ([patch, other], []) =
        args.bind("raise_duplicate_patch_name", ["patch_1", "existing_patch_path"], [])?;
    let name = field(&patch, "name");
    let file = field(&patch, "original_file_path");
    let message = format!("{name} is described twice, in:\n - {file}\n - {other}");
    fail(Code::Duplicate, message)
}

/// The text of a warning about a snapshot whose times have another type than its source.
pub fn snapshot_timestamp_warning(args: Args) -> Result<(String, Json), Error> {
    let ([snapshot, source], []) = args.bind(
        "warn_snapshot_timestamp_data_types",
        ["snapshot_time_data_type", "updated_at_data_type"],
        [],
    )?;
    let message = format!(
        "Data type of snapshot table timestamp columns ({snapshot}) doesn't match derived column \
         'updated_at' ({source}). Please update snapshot config 'updated_at'."
    );
    let data = json!({
        "snapshot_time_data_type": snapshot.to_string(),
        "updated_at_data_type": source.to_string(),
    });
    Ok((message, data))
}
