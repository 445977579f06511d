//! What a semantic manifest must hold beyond its parts being right, by the rules of
//! dbt-semantic-interfaces (<https://docs.getdbt.com/docs/build/validation>).

use super::shapes::Granularity;
use crate::manifest::{Manifest, Metric, SemanticModel};
use serde_json::Value as Json;
use std::collections::HashMap;

/// The rules that are broken, one text each. As in dbt, nothing is checked without metrics
/// and semantic models.
pub fn failures(manifest: &Manifest) -> Vec<String> {
    if manifest.metrics.is_empty() || manifest.semantic_models.is_empty() {
        return Vec::new();
    }
    let mut failures = Vec::new();
    for model in manifest.semantic_models.values() {
        names_in_model(model, &mut failures);
        aggregation_times(model, &mut failures);
        failures.extend(primary_entity(model));
    }
    for metric in manifest.metrics.values() {
        failures.extend(cumulative(metric));
    }
    let models = manifest.semantic_models.values().map(|it| &it.name);
    let metrics = manifest.metrics.values().map(|it| &it.name);
    let queries = manifest.saved_queries.values().map(|it| &it.name);
    failures.extend(models.chain(metrics).chain(queries).flat_map(|name| invalid_name(name)));
    failures
}

fn text<'a>(element: &'a Json, key: &str) -> Option<&'a str> {
    element.get(key).and_then(Json::as_str)
}

/// A name means one thing in a semantic model.
fn names_in_model(model: &SemanticModel, failures: &mut Vec<String>) {
    let kinds = [
        ("measure", &model.measures),
        ("entity", &model.entities),
        ("dimension", &model.dimensions),
    ];
    let mut taken: HashMap<&str, &str> = HashMap::new();
    for (kind, elements) in kinds {
        for name in elements.iter().filter_map(|element| text(element, "name")) {
            if let Some(first) = taken.get(name) {
                failures.push(format!(
                    "In semantic model `{}`, can't use name `{name}` for a {kind} when it was already \
                     used for a {first}",
                    model.name
                ));
            } else {
                taken.insert(name, kind);
            }
            failures.extend(invalid_name(name));
        }
    }
}

/// Measures are aggregated over a time dimension of their model.
fn aggregation_times(model: &SemanticModel, failures: &mut Vec<String>) {
    let default = model.defaults.as_ref().and_then(|it| text(it, "agg_time_dimension"));
    let is_time = |name: &str| {
        let mut times = model.dimensions.iter().filter(|it| text(it, "type") == Some("time"));
        times.any(|dimension| text(dimension, "name") == Some(name))
    };
    for measure in &model.measures {
        let name = text(measure, "name").unwrap_or_default();
        match text(measure, "agg_time_dimension").or(default) {
            None => failures.push(format!(
                "Aggregation time dimension for measure {name} is not set! Set agg_time_dimension \
                 of the measure, or as a default of the semantic model '{}'.",
                model.name
            )),
            Some(time) if !is_time(time) => failures.push(format!(
                "In semantic model '{}', measure '{name}' has the aggregation time dimension set to \
                 '{time}', which is not a valid time dimension in the semantic model",
                model.name
            )),
            Some(_) => {}
        }
    }
    if let Some(time) = default.filter(|time| !is_time(time)) {
        failures.push(format!(
            "Default aggregation time dimension was specified as '{time}' which doesn't exist as a \
             time dimension in semantic model named '{}'.",
            model.name
        ));
    }
}

/// Dimensions belong to the primary entity, of which there is one.
fn primary_entity(model: &SemanticModel) -> Option<String> {
    let primary = model.entities.iter().filter(|it| text(it, "type") == Some("primary"));
    let names: Vec<&str> = primary.filter_map(|it| text(it, "name")).collect();
    let name = &model.name;
    match (names.as_slice(), &model.primary_entity) {
        ([], None) if !model.dimensions.is_empty() => Some(format!(
            "The semantic model {name} contains dimensions, but it does not define a primary entity. \
             Either add an entity with type PRIMARY or set a value for the primary_entity key."
        )),
        ([entity], Some(other)) => Some(format!(
            "The semantic model `{name}` has an entity named `{entity}` with type primary but it also \
             has the `primary_entity` field set to `{other}`. Both should not be present in the model."
        )),
        ([_, _, ..], _) => Some(format!(
            "Semantic models can have only one primary entity. The semantic model `{name}` has {}: {}",
            names.len(),
            names.join(", ")
        )),
        _ => None,
    }
}

/// A cumulative metric has one kind of window.
fn cumulative(metric: &Metric) -> Option<String> {
    let has = |key: &str| {
        let params = &metric.type_params;
        let nested = params.get("cumulative_type_params").and_then(|it| it.get(key));
        [params.get(key), nested].into_iter().flatten().any(|value| !value.is_null())
    };
    (metric.type_ == "cumulative" && has("window") && has("grain_to_date")).then(|| {
        "Both window and grain_to_date set for cumulative metric. Please set one or the other."
            .to_owned()
    })
}

/// Names that MetricFlow keeps for itself, with the reason.
const RESERVED: [(&str, &str); 2] = [
    ("metric_time", "It stands for the time of any metric in queries."),
    ("mf_internal_uuid", "It is a column that MetricFlow makes."),
];

fn invalid_name(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_valid = bytes.len() > 1
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(fits)
        && bytes.iter().all(|byte| fits(byte) || *byte == b'_')
        && !name.contains("__");
    let mut failures = Vec::new();
    if !is_valid {
        failures.push(format!(
            "Invalid name `{name}` - names may only contain lower case letters, numbers, and \
             underscores. Additionally, names must start with a lower case letter, cannot end with an \
             underscore, cannot contain dunders (double underscores, or __), and must be at least 2 \
             characters long."
        ));
    }
    let lower = name.to_ascii_lowercase();
    if Granularity::parse(&lower).is_some() {
        failures.push(format!(
            "Invalid name `{name}` - names cannot match reserved time granularity keywords"
        ));
    }
    if let Some((_, reason)) = RESERVED.iter().find(|(reserved, _)| *reserved == lower) {
        failures.push(format!(
            "Invalid name `{name}` - this name is reserved by MetricFlow. Reason: {reason}"
        ));
    }
    failures
}
