//! Checks of microbatch models (<https://docs.getdbt.com/docs/build/incremental-microbatch>).

use super::lifecycle::{Findings, Switches, place};
use crate::diagnostic::{Code, Diagnostic};
use crate::event::Warning;
use crate::manifest::{Manifest, Node, Resource};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Checks them; those of a project's own strategy if they are run in batches.
pub(super) fn check(manifest: &Manifest, switches: Switches, findings: &mut Findings) {
    let nodes = manifest.nodes.values().filter(|node| {
        node.config.materialized_name() == "incremental"
            && node.config.text("incremental_strategy") == Some("microbatch")
    });
    if switches.custom_strategy && !switches.batched_custom_strategy {
        if nodes.count() > 0 {
            let message = "The use of a custom microbatch macro outside of batched execution is \
                           deprecated. To use it with batched execution, set \
                           `flags.require_batched_execution_for_custom_microbatch_strategy` to \
                           `True` in `dbt_project.yml`. In the future this will be the default \
                           behavior.";
            let event = ("MicrobatchMacroOutsideOfBatchesDeprecation", "D020");
            findings.warn(event, message, None, json!({}));
        }
        return;
    }
    for node in nodes {
        if let Some(problem) = microbatch_problem(node) {
            findings.refuse(node, problem);
            continue;
        }
        let filtered = node.depends_on.nodes.iter().any(|id| {
            let config = manifest.resource(id).map(Resource::config);
            config.is_some_and(|config| config.get("event_time").is_some())
        });
        if !filtered {
            let message = format!(
                "The microbatch model '{}' has no 'ref' or 'source' input with an 'event_time' \
                 configuration. \nThis means no filtering can be applied and can result in \
                 unexpected duplicate records in the resulting microbatch model.",
                node.name
            );
            let data = json!({"model_name": node.name});
            let event = ("MicrobatchModelNoEventTimeInputs", "I074");
            findings.warn(event, message, Some(place(node)), data);
        }
    }
    concurrent_batches(manifest, findings);
}

/// `concurrent_batches` does nothing on PostgreSQL, as under dbt: `batch_threads` does.
fn concurrent_batches(manifest: &Manifest, findings: &mut Findings) {
    let asks = |node: &&Arc<Node>| {
        node.config.get("concurrent_batches") == Some(&Json::Bool(true))
            && node.config.get("batch_threads").is_none()
    };
    let count = manifest.nodes.values().filter(asks).count();
    if count == 0 {
        return;
    }
    let models = if count == 1 { "microbatch model" } else { "microbatch models" };
    let message = format!(
        "Found {count} {models} with the `concurrent_batches` config set to true, but the postgres \
         adapter does not support running batches concurrently. Batches will be run sequentially."
    );
    let diagnostic = Diagnostic::new(Code::Deprecated, message).with_help(
        "The config `batch_threads` says how many batches of a model are loaded at the same time.",
    );
    let data = json!({ "num_models": count, "adapter_type": "postgres" });
    let warning = Warning::new("InvalidConcurrentBatchesConfig", "I075", *diagnostic);
    findings.warnings.push(warning.with_data(data));
}

fn microbatch_problem(node: &Node) -> Option<String> {
    const SIZES: [&str; 4] = ["hour", "day", "month", "year"];
    let name = &node.name;
    let config = &node.config;
    let type_of = |value: &Json| {
        let value = crate::context::json::from_json(value);
        format!("<class '{}'>", value.type_name())
    };
    match config.get("event_time") {
        None => {
            return Some(format!(
                "Microbatch model '{name}' must provide an 'event_time' (string) config that \
                 indicates the name of the event time column."
            ));
        }
        Some(Json::String(_)) => {}
        Some(other) => {
            return Some(format!(
                "Microbatch model '{name}' must provide an 'event_time' config of type string, \
                 but got: {}.",
                type_of(other)
            ));
        }
    }
    match config.get("begin") {
        None => {
            return Some(format!(
                "Microbatch model '{name}' must provide a 'begin' (datetime) config that \
                 indicates the earliest timestamp the microbatch model should be built from."
            ));
        }
        Some(Json::String(text)) if crate::project::yaml::Timestamp::parse(text).is_some() => {}
        Some(Json::String(text)) => {
            return Some(format!(
                "Microbatch model '{name}' must provide a 'begin' config of valid datetime (ISO \
                 format), but got: {text}."
            ));
        }
        Some(other) => {
            return Some(format!(
                "Microbatch model '{name}' must provide a 'begin' config of type datetime, but \
                 got: {}.",
                type_of(other)
            ));
        }
    }
    let size = config.get("batch_size").cloned().unwrap_or_default();
    if !size.as_str().is_some_and(|size| SIZES.contains(&size)) {
        let shown = crate::context::json::from_json(&size).to_string();
        return Some(format!(
            "Microbatch model '{name}' must provide a 'batch_size' config that is one of ['hour', \
             'day', 'month', 'year'], but got: {shown}."
        ));
    }
    if let Some(lookback) = config.get("lookback").filter(|it| !it.is_i64() && !it.is_boolean()) {
        return Some(format!(
            "Microbatch model '{name}' must provide the optional 'lookback' config as type int, \
             but got: {}).",
            type_of(lookback)
        ));
    }
    let concurrent = config.get("concurrent_batches").filter(|it| !it.is_boolean())?;
    Some(format!(
        "Microbatch model '{name}' optional 'concurrent_batches' config must be of type `bool` if \
         specified, but got: {}).",
        type_of(concurrent)
    ))
}
