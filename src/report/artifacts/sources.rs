//! `sources.json`, version 3.

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::report::clock;
use crate::result::{Freshness, NodeResult, Subject};
use crate::run::freshness::thresholds;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;

/// Writes how fresh sources are. Those that could not be asked are left out, as in dbt.
pub fn write_sources(
    path: &Path,
    results: &[NodeResult],
    elapsed: Duration,
    invocation: &Invocation,
) -> Result<()> {
    let entries: Vec<Json> = results
        .iter()
        .filter_map(|result| Some(entry(result, result.freshness.as_ref()?)))
        .collect();
    write_json(
        path,
        &json!({
            "metadata": invocation.metadata("sources/v3"),
            "results": entries,
            "elapsed_time": elapsed.as_secs_f64(),
        }),
    )
}

fn entry(result: &NodeResult, freshness: &Freshness) -> Json {
    json!({
        "unique_id": result.subject.unique_id(),
        "max_loaded_at": clock::iso(freshness.max_loaded_at),
        "snapshotted_at": clock::iso(freshness.snapshotted_at),
        "max_loaded_at_time_ago_in_s": freshness.age(),
        "status": result.status,
        "criteria": criteria(&result.subject),
        "adapter_response": result.adapter_response,
        "timing": result.timing,
        "thread_id": result.thread_id,
        "execution_time": result.execution_time.as_secs_f64(),
    })
}

fn criteria(subject: &Subject) -> Json {
    let declared = thresholds(subject);
    let part = |key: &str| declared.and_then(|it| it.get(key)).cloned().unwrap_or(Json::Null);
    json!({
        "warn_after": part("warn_after"), "error_after": part("error_after"),
        "filter": part("filter"),
    })
}
