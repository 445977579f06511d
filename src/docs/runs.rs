//! What earlier runs gave, as `run_results.json` and the kept runs tell.

use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::path::Path;

/// The folder of kept runs, in the folder of artifacts.
pub const RUNS_FOLDER: &str = "runs";

/// The commands whose results say something about data.
const COMMANDS: [&str; 7] = ["build", "run", "test", "seed", "snapshot", "retry", "clone"];

/// A run.
#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    /// When.
    pub metadata: RunMetadata,
    /// What its nodes gave.
    pub results: Vec<RunResult>,
    /// Seconds from the first node to the last.
    #[serde(default)]
    pub elapsed_time: f64,
    /// Its settings.
    #[serde(default)]
    pub args: RunArgs,
}

/// When a run was.
#[derive(Debug, Clone, Deserialize)]
pub struct RunMetadata {
    /// When it ended, as ISO 8601 in UTC.
    pub generated_at: String,
    /// Its id.
    #[serde(default)]
    pub invocation_id: Option<String>,
}

/// The settings of a run.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RunArgs {
    /// The command.
    #[serde(default)]
    pub which: String,
}

/// What a node gave.
#[derive(Debug, Clone, Deserialize)]
pub struct RunResult {
    /// The node.
    pub unique_id: String,
    /// dbt's name of the status.
    pub status: String,
    /// Seconds.
    #[serde(default)]
    pub execution_time: f64,
    /// What the server said.
    #[serde(default)]
    pub adapter_response: Json,
    /// The message.
    #[serde(default)]
    pub message: Option<String>,
    /// Failing rows of a test.
    #[serde(default)]
    pub failures: Option<i64>,
}

/// What `source freshness` found out last, by source: the entries of `sources.json`.
pub fn read_freshness(target: &Path) -> HashMap<String, Json> {
    let text = std::fs::read(target.join("sources.json")).unwrap_or_default();
    let whole: Json = serde_json::from_slice(&text).unwrap_or_default();
    let results = whole.get("results").and_then(Json::as_array).into_iter().flatten();
    let by_id =
        results.filter_map(|it| Some((it.get("unique_id")?.as_str()?.to_owned(), it.clone())));
    by_id.collect()
}

/// Whether the results of a command say something about data.
pub fn is_about_data(command: &str) -> bool {
    COMMANDS.contains(&command)
}

/// The runs in the folder of artifacts, the oldest first. Files that cannot be read are left
/// out: they say nothing about the project of today.
pub fn read(target: &Path) -> Vec<Run> {
    let read = |path: &Path| serde_json::from_slice::<Run>(&std::fs::read(path).ok()?).ok();
    let kept = std::fs::read_dir(target.join(RUNS_FOLDER)).into_iter().flatten().flatten();
    let mut runs: Vec<Run> = kept.filter_map(|entry| read(&entry.path())).collect();
    let last = read(&target.join("run_results.json"));
    let is_known =
        |run: &Run| runs.iter().any(|it| it.metadata.invocation_id == run.metadata.invocation_id);
    runs.extend(last.filter(|run| !is_known(run)));
    runs.retain(|run| is_about_data(&run.args.which));
    runs.sort_by(|one, other| one.metadata.generated_at.cmp(&other.metadata.generated_at));
    runs
}
