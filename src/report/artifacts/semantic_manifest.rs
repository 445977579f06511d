//! `semantic_manifest.json`: the semantic layer as MetricFlow reads it
//! (<https://docs.getdbt.com/reference/artifacts/sl-manifest>).

use super::write_json;
use crate::diagnostic::Result;
use crate::manifest::{Manifest, Metric, SavedQuery, SemanticModel};
use crate::parse::semantic::time_spines;
use serde_json::{Value as Json, json};
use std::path::Path;

/// Writes the semantic layer.
pub fn write_semantic_manifest(path: &Path, manifest: &Manifest) -> Result<()> {
    write_json(path, &semantic_manifest(manifest))
}

fn semantic_manifest(manifest: &Manifest) -> Json {
    let spines = time_spines(manifest);
    let legacy = spines.legacy.filter(|_| !manifest.semantic_models.is_empty()).map(|node| {
        json!({
            "location": node.relation_name(), "column_name": "date_day", "grain": "day",
        })
    });
    let models: Vec<Json> = manifest.semantic_models.values().map(|it| model(it)).collect();
    let metrics: Vec<Json> = manifest.metrics.values().map(|it| metric(it)).collect();
    let queries: Vec<Json> = manifest.saved_queries.values().map(|it| query(it)).collect();
    json!({
        "semantic_models": models,
        "metrics": metrics,
        "project_configuration": {
            "time_spine_table_configurations": legacy.into_iter().collect::<Vec<_>>(),
            "metadata": null,
            "dsi_package_version": {
                "major_version": "0", "minor_version": "9", "patch_version": "0",
            },
            "time_spines": spines.spines,
        },
        "saved_queries": queries,
    })
}

/// Some fields of an object, in this order; those it lacks are null.
fn pick(from: &Json, keys: &[&str]) -> Json {
    let field = |key: &&str| ((*key).to_owned(), from.get(*key).cloned().unwrap_or_default());
    Json::Object(keys.iter().map(field).collect())
}

fn elements(list: &[Json], keys: &[&str]) -> Vec<Json> {
    list.iter().map(|element| pick(element, keys)).collect()
}

fn model(model: &SemanticModel) -> Json {
    json!({
        "name": model.name,
        "defaults": model.defaults,
        "description": model.description,
        "node_relation": model.node_relation,
        "primary_entity": model.primary_entity,
        "entities": elements(&model.entities, &[
            "name", "description", "type", "role", "expr", "metadata", "label", "config",
        ]),
        "measures": elements(&model.measures, &[
            "name", "agg", "description", "create_metric", "expr", "agg_params", "metadata",
            "non_additive_dimension", "agg_time_dimension", "label", "config",
        ]),
        "dimensions": elements(&model.dimensions, &[
            "name", "description", "type", "is_partition", "type_params", "expr", "metadata",
            "label", "config",
        ]),
        "label": model.label,
        "metadata": null,
        "config": {"meta": model.config.map().get("meta")},
    })
}

fn metric(metric: &Metric) -> Json {
    let mut params = pick(
        &metric.type_params,
        &[
            "measure",
            "numerator",
            "denominator",
            "expr",
            "window",
            "grain_to_date",
            "metrics",
            "conversion_type_params",
            "cumulative_type_params",
            "input_measures",
        ],
    );
    if let Some(Json::Object(cumulative)) = params.get_mut("cumulative_type_params") {
        cumulative.shift_remove("metric");
    }
    json!({
        "name": metric.name,
        "description": metric.description,
        "type": metric.type_,
        "type_params": params,
        "filter": metric.filter,
        "metadata": null,
        "label": metric.label,
        "config": {"meta": metric.config.map().get("meta")},
        "time_granularity": metric.time_granularity,
    })
}

fn query(query: &SavedQuery) -> Json {
    let exports: Vec<Json> = query
        .exports
        .iter()
        .map(|export| {
            let config = export.get("config").cloned().unwrap_or_default();
            json!({
                "name": export.get("name"),
                "config": pick(&config, &["export_as", "schema_name", "alias"]),
            })
        })
        .collect();
    json!({
        "name": query.name,
        "query_params": pick(&query.query_params, &[
            "metrics", "group_by", "order_by", "limit", "where",
        ]),
        "description": query.description,
        "metadata": null,
        "label": query.label,
        "exports": exports,
        "tags": query.tags,
    })
}
