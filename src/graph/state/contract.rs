//! Contracts of models, and which of their changes break what reads the model
//! (<https://docs.getdbt.com/reference/resource-configs/contract#detecting-breaking-changes>).

use super::compare::same;
use serde_json::{Map, Value as Json};

/// What became of a model's contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ContractChange {
    /// It is as it was.
    Same,
    /// It changed and nobody has to care.
    Changed,
    /// It changed in ways that break readers; dbt's words for each.
    Broken(Vec<String>),
}

/// The constraints that PostgreSQL enforces.
const ENFORCED: &[&str] = &["check", "not_null", "unique", "primary_key", "foreign_key"];

/// Compares the contracts of two states of a model.
pub(super) fn compare(old: &Json, new: &Json) -> ContractChange {
    match (is_enforced(old), is_enforced(new)) {
        (false, false) => return ContractChange::Same,
        (false, true) => return ContractChange::Changed,
        (true, true) if same_terms(old, new) => return ContractChange::Same,
        (true, _) => {}
    }
    let breaks = breaks(old, new);
    if breaks.is_empty() { ContractChange::Changed } else { ContractChange::Broken(breaks) }
}

/// What it breaks that a model is gone. `disabled` says that it is still there, switched off.
pub(super) fn removed(old: &Json, disabled: bool) -> ContractChange {
    if !is_enforced(old) || is_past_deprecation(old) {
        return ContractChange::Same;
    }
    let id = old.get("unique_id").and_then(Json::as_str).unwrap_or_default();
    let fate = if disabled { "disabled" } else { "deleted or renamed" };
    ContractChange::Broken(vec![format!("Contracted model '{id}' was {fate}.")])
}

fn is_enforced(node: &Json) -> bool {
    let contract = node.get("contract").and_then(|contract| contract.get("enforced"));
    contract.and_then(Json::as_bool).unwrap_or(false)
}

fn is_past_deprecation(node: &Json) -> bool {
    let Some(date) = node.get("deprecation_date").and_then(Json::as_str) else { return false };
    let day = |text: &str| text.get(..10).map(str::to_owned);
    let today = jiff::Timestamp::now().to_string();
    day(date).zip(day(&today)).is_some_and(|(date, today)| date < today)
}

fn materialization(node: &Json) -> &str {
    let config = node.get("config").and_then(|config| config.get("materialized"));
    config.and_then(Json::as_str).unwrap_or("view")
}

/// Only tables keep constraints.
fn keeps_constraints(node: &Json) -> bool {
    matches!(materialization(node), "table" | "incremental")
}

fn list<'a>(of: &'a Json, key: &str) -> &'a [Json] {
    of.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn columns(node: &Json) -> Option<&Map<String, Json>> {
    node.get("columns").and_then(Json::as_object)
}

/// Whether both promise the same columns, types and constraints.
fn same_terms(old: &Json, new: &Json) -> bool {
    let terms = |column: &Json| {
        (column.get("data_type").cloned().unwrap_or_default(), list(column, "constraints").to_vec())
    };
    let (Some(before), Some(after)) = (columns(old), columns(new)) else {
        return columns(old).is_none_or(Map::is_empty) && columns(new).is_none_or(Map::is_empty);
    };
    let same_columns = before.len() == after.len()
        && before.iter().all(|(name, column)| {
            after.get(name).is_some_and(|other| {
                let ((left, ours), (right, theirs)) = (terms(column), terms(other));
                left == right && same_constraints(&ours, &theirs)
            })
        });
    let promises = |node: &Json| keeps_constraints(node).then(|| materialization(node).to_owned());
    same_columns
        && promises(old) == promises(new)
        && (!keeps_constraints(old)
            || same_constraints(list(old, "constraints"), list(new, "constraints")))
}

fn same_constraints(left: &[Json], right: &[Json]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same_constraint(a, b))
}

/// `to` of a foreign key becomes a relation's name once the model is compiled; only as
/// written it can be compared.
fn same_constraint(left: &Json, right: &Json) -> bool {
    let is_written = |it: &Json| {
        let to = it.get("to").and_then(Json::as_str).unwrap_or_default();
        to.starts_with("ref") || to.starts_with("source")
    };
    if is_written(left) && is_written(right) {
        return same(left, right);
    }
    let without = |it: &Json| {
        let mut map = it.as_object().cloned().unwrap_or_default();
        map.shift_remove("to");
        Json::Object(map)
    };
    same(&without(left), &without(right))
}

/// dbt's description of each breaking change.
fn breaks(old: &Json, new: &Json) -> Vec<String> {
    let mut breaks = Vec::new();
    if is_enforced(old) && !is_enforced(new) {
        breaks.push(
            "Contract enforcement was removed: Previously, this model had an enforced contract. \
             It is no longer configured to enforce its contract, and this is a breaking change."
                .to_owned(),
        );
    }
    let changes = ColumnChanges::between(old, new);
    let listed = |title: &str, items: &[String]| {
        (!items.is_empty()).then(|| format!("{title}: \n    - {}", items.join("\n    - ")))
    };
    breaks.extend(listed("Columns were removed", &changes.removed));
    breaks.extend(listed("Columns with data_type changes", &changes.retyped));
    breaks.extend(listed(
        "Enforced column level constraints were removed",
        &changes.lost_constraints,
    ));
    breaks.extend(listed(
        "Enforced model level constraints were removed",
        &lost_model_constraints(old, new),
    ));
    let had_constraints = !list(old, "constraints").is_empty() || changes.had_constraints;
    if keeps_constraints(old) && !keeps_constraints(new) && had_constraints {
        let change = format!("{} -> {}", materialization(old), materialization(new));
        breaks.extend(listed("Materialization changed with enforced constraints", &[change]));
    }
    breaks
}

#[derive(Default)]
struct ColumnChanges {
    removed: Vec<String>,
    retyped: Vec<String>,
    lost_constraints: Vec<String>,
    had_constraints: bool,
}

impl ColumnChanges {
    fn between(old: &Json, new: &Json) -> Self {
        let mut changes = Self::default();
        let mut before: Vec<(&String, &Json)> = columns(old).into_iter().flatten().collect();
        before.sort_by_key(|(name, _)| *name);
        for (name, column) in before {
            changes.had_constraints |= !list(column, "constraints").is_empty();
            match columns(new).and_then(|columns| columns.get(name)) {
                None => changes.removed.push(name.clone()),
                Some(now) => changes.compare(name, column, now, keeps_constraints(old)),
            }
        }
        changes
    }

    fn compare(&mut self, name: &str, old: &Json, new: &Json, kept: bool) {
        let data_type = |column: &Json| column.get("data_type").and_then(Json::as_str).map(base);
        if data_type(old) != data_type(new) {
            let shown = |column: &Json| match column.get("data_type").and_then(Json::as_str) {
                Some(text) => text.to_owned(),
                None => "None".to_owned(),
            };
            self.retyped.push(format!("{name} ({} -> {})", shown(old), shown(new)));
        }
        let now = list(new, "constraints");
        if kept {
            self.lost_constraints.extend(
                lost(list(old, "constraints"), now)
                    .map(|it| format!("'{}' constraint on column {name}", label(it))),
            );
        }
    }
}

fn lost_model_constraints(old: &Json, new: &Json) -> Vec<String> {
    if !keeps_constraints(old) {
        return Vec::new();
    }
    let columns = |constraint: &Json| {
        let names = list(constraint, "columns").iter().filter_map(Json::as_str);
        names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
    };
    lost(list(old, "constraints"), list(new, "constraints"))
        .map(|it| format!("'{}' constraint on columns [{}]", label(it), columns(it)))
        .collect()
}

/// Enforced constraints that are no longer there.
fn lost<'a>(old: &'a [Json], new: &'a [Json]) -> impl Iterator<Item = &'a Json> {
    let enforced = |it: &&Json| {
        it.get("type").and_then(Json::as_str).is_some_and(|kind| ENFORCED.contains(&kind))
    };
    old.iter().filter(enforced).filter(move |it| !new.iter().any(|now| same_constraint(it, now)))
}

/// A constraint's name, or else its type.
fn label(constraint: &Json) -> &str {
    let text = |key: &str| constraint.get(key).and_then(Json::as_str);
    text("name").or_else(|| text("type")).unwrap_or_default()
}

/// A type without its size, in lower case.
fn base(data_type: &str) -> String {
    data_type.split('(').next().unwrap_or_default().trim().to_lowercase()
}
