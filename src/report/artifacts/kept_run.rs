//! `runs/`: what each of the last runs gave, for the history that the documentation shows.
//! The files have the form of `run_results.json` without code and timing.

use super::{Invocation, RunResults, write_json};
use crate::diagnostic::Result;
use crate::docs::runs::RUNS_FOLDER;
use crate::project::secret::Secrets;
use serde_json::{Value as Json, json};
use std::path::Path;

/// How many runs are kept.
const KEPT: usize = 30;

/// Keeps a run in the folder of artifacts, and drops the oldest ones.
pub fn keep_run(
    target: &Path,
    run: RunResults<'_>,
    invocation: &Invocation,
    secrets: &Secrets,
) -> Result<()> {
    let results: Vec<Json> = run
        .results
        .iter()
        .map(|result| {
            json!({
                "unique_id": result.subject.unique_id(),
                "status": result.status,
                "execution_time": result.execution_time.as_secs_f64(),
                "adapter_response": result.adapter_response,
                "message": result.message.as_deref().map(|message| secrets.scrub(message)),
                "failures": result.failures,
            })
        })
        .collect();
    let folder = target.join(RUNS_FOLDER);
    let started_at = invocation.started_at.strftime("%Y%m%dT%H%M%S%.6fZ");
    write_json(
        &folder.join(format!("{started_at}.json")),
        &json!({
            "metadata": invocation.metadata("run-results/v6"),
            "results": results,
            "elapsed_time": run.elapsed.as_secs_f64(),
            "args": {"which": run.args.get("which")},
        }),
    )?;
    // Names are times, so that they sort by age. Another run may drop the same files.
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for path in files.iter().rev().skip(KEPT) {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}
