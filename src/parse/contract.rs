//! Contracts: what an enforced one asks of a model's description, and its checksum
//! (<https://docs.getdbt.com/docs/mesh/govern/model-contracts>).

use crate::context::json::from_json;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{Column, Node, NodeKind};
use crate::project::Checksum;
use serde_json::Value as Json;

/// The types of constraints.
const TYPES: [&str; 6] = ["check", "not_null", "unique", "primary_key", "foreign_key", "custom"];

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::PropertyInvalid, message)
}

/// Whether the type of a constraint is one of dbt's.
pub fn has_type(constraint: &Json) -> bool {
    type_of(constraint).is_some_and(|kind| TYPES.contains(&kind))
}

fn type_of(constraint: &Json) -> Option<&str> {
    constraint.get("type").and_then(Json::as_str)
}

fn is_enforced(node: &Node) -> bool {
    let contract = node.config.get("contract");
    contract.and_then(|it| it.get("enforced")).and_then(Json::as_bool).unwrap_or(false)
}

/// Checks the constraints of a described model and makes its contract's checksum.
pub fn settle(node: &mut Node) -> Result<()> {
    let enforced = is_enforced(node);
    check_keys(node)?;
    if enforced {
        check_enforced(node)?;
    }
    let checksum = enforced.then(|| checksum(node));
    if let NodeKind::Model { contract_checksum, .. } = &mut node.kind {
        *contract_checksum = checksum;
    }
    Ok(())
}

fn constraints(node: &Node) -> &[Json] {
    match &node.kind {
        NodeKind::Model { constraints, .. } => constraints,
        _ => &[],
    }
}

fn check_enforced(node: &Node) -> Result<()> {
    let mut problems = Vec::new();
    if node.columns.is_empty() {
        problems.push(
            "Constraints must be defined in a `yml` schema configuration file like `schema.yml`."
                .to_owned(),
        );
    }
    if node.language != "sql" {
        problems.push(format!("Language Error: Expected 'sql' but found '{}'", node.language));
    }
    if !problems.is_empty() {
        return Err(invalid(format!(
            "Contract enforcement failed for: ({})\n{}",
            node.original_file_path,
            problems.join("\n")
        )));
    }
    if constraints(node).iter().all(has_type) {
        return Ok(());
    }
    let types = from_json(&TYPES.iter().copied().collect::<Json>()).repr();
    let name = &node.name;
    Err(invalid(format!("Invalid constraint type on model {name}: Type must be one of {types}")))
}

/// There is one primary key.
fn check_keys(node: &Node) -> Result<()> {
    let is_key = |constraint: &Json| type_of(constraint) == Some("primary_key");
    let columns: Vec<&str> = node
        .columns
        .values()
        .flat_map(|column| column.constraints.iter().map(move |it| (column, it)))
        .filter(|(_, constraint)| is_key(constraint))
        .map(|(column, _)| column.name.as_str())
        .collect();
    let mut problems = Vec::new();
    if columns.len() > 1 {
        let names = from_json(&columns.iter().copied().collect::<Json>()).repr();
        problems.push(format!(
            "Found {} columns ({names}) with primary key constraints defined. Primary keys for \
             multiple columns must be defined as a model level constraint.",
            columns.len()
        ));
    }
    if !columns.is_empty() && constraints(node).iter().any(is_key) {
        problems.push(
            "Primary key constraints defined at the model level and the columns level. Primary \
             keys can be defined at the model level or the column level, not both."
                .to_owned(),
        );
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(invalid(format!(
        "Primary key constraint error: ({})\n{}",
        node.original_file_path,
        problems.join("\n")
    )))
}

/// What dbt hashes: columns by name with types and constraints as Python shows them.
fn checksum(node: &Node) -> String {
    let mut columns: Vec<&Column> = node.columns.values().collect();
    columns.sort_by(|left, right| left.name.cmp(&right.name));
    let mut state = String::new();
    for column in columns {
        state.push('|');
        state.push_str(&column.name);
        state.push_str(column.data_type.as_deref().unwrap_or("None"));
        state.push_str(&list(&column.constraints, "ColumnLevelConstraint", false));
    }
    let materialized = node.config.materialized_name();
    if matches!(materialized, "table" | "incremental") {
        state.push_str(materialized);
        state.push_str(&list(constraints(node), "ModelLevelConstraint", true));
    }
    Checksum::of_exact(&state).text().to_owned()
}

fn list(constraints: &[Json], class: &str, with_columns: bool) -> String {
    let shown: Vec<String> =
        constraints.iter().map(|constraint| show(constraint, class, with_columns)).collect();
    format!("[{}]", shown.join(", "))
}

fn show(constraint: &Json, class: &str, with_columns: bool) -> String {
    let kind = type_of(constraint).unwrap_or_default();
    let repr = |key: &str| from_json(constraint.get(key).unwrap_or(&Json::Null)).repr();
    let keys = ["name", "expression", "warn_unenforced", "warn_unsupported", "to", "to_columns"];
    let mut fields = vec![format!("type=<ConstraintType.{kind}: '{kind}'>")];
    fields.extend(keys.into_iter().map(|key| format!("{key}={}", repr(key))));
    if with_columns {
        fields.push(format!("columns={}", repr("columns")));
    }
    format!("{class}({})", fields.join(", "))
}
