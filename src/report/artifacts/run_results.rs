//! `run_results.json`, version 6.

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::manifest::ResourceType;
use crate::project::secret::Secrets;
use crate::result::{NodeResult, Subject};
use serde_json::{Map, Value as Json, json};
use std::path::Path;
use std::time::Duration;

/// What a run gave.
#[derive(Debug, Clone, Copy)]
pub struct RunResults<'a> {
    /// Of every node and hook, in the order they ended.
    pub results: &'a [NodeResult],
    /// From the first node to the last.
    pub elapsed: Duration,
    /// The settings in force, by dbt's names.
    pub args: &'a Map<String, Json>,
}

/// Writes the results. Secrets are scrubbed from messages and arguments.
pub fn write_run_results(
    path: &Path,
    run: RunResults<'_>,
    invocation: &Invocation,
    secrets: &Secrets,
) -> Result<()> {
    let results: Json = run.results.iter().map(entry).collect();
    let args = Json::Object(run.args.clone());
    write_json(
        path,
        &json!({
            "metadata": invocation.metadata("run-results/v6"),
            "results": secrets.scrub_free_texts(results),
            "elapsed_time": run.elapsed.as_secs_f64(),
            "args": secrets.scrub_json(args),
        }),
    )
}

fn entry(result: &NodeResult) -> Json {
    // dbt leaves these out for seeds, which have no SQL to compile.
    let node = result.subject.node().filter(|node| node.resource_type() != ResourceType::Seed);
    let is_macro = matches!(result.subject, Subject::Macro(_));
    let is_unit_test = matches!(result.subject, Subject::UnitTest(_));
    let has_sql = node.is_some() || is_unit_test;
    let code = result.compiled.as_ref().map(|compiled| compiled.code.as_str());
    json!({
        "status": result.status,
        "timing": result.timing,
        "thread_id": result.thread_id,
        "execution_time": result.execution_time.as_secs_f64(),
        "adapter_response": result.adapter_response,
        "message": result.message,
        "failures": result.failures,
        "unique_id": result.subject.unique_id(),
        "compiled": has_sql.then_some(code.is_some()).or(is_macro.then_some(false)),
        "compiled_code": code.filter(|_| has_sql),
        "relation_name": node.and_then(|node| node.relation_name()),
        "batch_results": result.batches,
    })
}
