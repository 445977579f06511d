//! Described columns and constraints.

use super::contract;
use super::docs::{Describer, Description};
use super::properties::ColumnProperties;
use crate::diagnostic::{Code, Result};
use crate::manifest::Column;
use crate::project::yaml::{self, Place};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// Described columns by name. `place_of` tells where in `source` each one is written.
pub fn columns(
    columns: &[ColumnProperties],
    describer: &Describer<'_>,
    source: &yaml::Source,
    place_of: impl Fn(usize) -> Place,
) -> Result<IndexMap<String, Column>> {
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let place = place_of(index);
            let described = describer.describe(&column.description, || source.span(place))?;
            if !column.constraints.iter().all(contract::has_type) {
                let message = format!("Invalid constraint type on column {}", column.name);
                return Err(source.error(Code::PropertyInvalid, place, message));
            }
            Ok((column.name.clone(), described_column(column, described, place)))
        })
        .collect()
}

fn described_column(column: &ColumnProperties, described: Description, place: Place) -> Column {
    let mut meta = column.meta.clone();
    if let Some(Json::Object(more)) = column.config.get("meta") {
        meta.extend(more.clone());
    }
    let tags = column_tags(column);
    let mut extra = column.extra.clone();
    for ours in ["docs", "doc_blocks"] {
        extra.shift_remove(ours);
    }
    Column {
        name: column.name.clone(),
        description: described.text,
        meta,
        data_type: column.data_type.clone(),
        constraints: column.constraints.iter().map(constraint).collect(),
        quote: column.quote,
        written_config: column.config.clone(),
        tags,
        granularity: column.granularity.clone(),
        doc_blocks: described.doc_blocks,
        extra,
        offset: place.start,
    }
}

/// A column's tags, from both places they may stand in, each once.
pub fn column_tags(column: &ColumnProperties) -> Vec<String> {
    let mut tags = column.tags.clone();
    let more: Vec<&str> = match column.config.get("tags") {
        Some(Json::String(tag)) => vec![tag],
        Some(Json::Array(tags)) => tags.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    tags.extend(more.into_iter().map(str::to_owned));
    let mut seen = std::collections::HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    tags
}

/// A column's constraint with dbt's defaults for what is not written
/// (<https://docs.getdbt.com/reference/resource-properties/constraints>).
fn constraint(written: &Json) -> Json {
    let mut constraint = json!({
        "type": null, "name": null, "expression": null, "warn_unenforced": true,
        "warn_unsupported": true, "to": null, "to_columns": [],
    });
    if let (Json::Object(constraint), Json::Object(written)) = (&mut constraint, written) {
        constraint.extend(written.clone());
    }
    constraint
}

/// A model's constraint: a column's, and the columns it is about.
pub fn model_constraint(written: &Json) -> Json {
    let mut constraint = constraint(written);
    if let Json::Object(constraint) = &mut constraint {
        constraint.entry("columns").or_insert_with(|| json!([]));
    }
    constraint
}
