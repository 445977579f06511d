//! `gdbt source freshness`: how old the newest rows of sources are.

use super::run::{self, Task};
use crate::cli::ExitStatus;
use crate::cli::args::FreshnessArgs;
use crate::cli::loaded::tell_written;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, Level, NamedEvent, Sink, Warning};
use crate::report::artifacts;
use crate::result::NodeStatus;
use crate::run::summary;
use serde_json::json;

/// Runs the command.
pub fn run(args: &FreshnessArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    if let Some(path) = &args.output {
        let path = path.display().to_string();
        let message = format!(
            "Custom output path usage `--output {path}` usage detected in `dbt source freshness` \
             command."
        );
        let diagnostic = *Diagnostic::new(Code::Deprecated, message);
        let name = "CustomOutputPathInSourceFreshnessDeprecation";
        let warning = Warning::new(name, "D029", diagnostic).with_data(json!({"path": path}));
        session.warn(vec![warning])?;
    }
    let (loaded, outcome) = run::work(session, &Task::freshness(session))?;
    let sink = session.report.as_ref();
    let results = &outcome.results;
    if !results.is_empty() {
        summary::tell_finished(sink, results, outcome.elapsed);
    }
    if session.settings.write_json {
        loaded.write_artifacts(session, &std::collections::HashMap::new())?;
        let path = args.output.clone().unwrap_or_else(|| loaded.target_dir().join("sources.json"));
        let invocation = &session.settings.invocation;
        artifacts::write_sources(&path, results, outcome.elapsed, invocation)?;
        tell_written(session, "FreshnessResult", &path);
    }
    for result in results {
        if matches!(result.status, NodeStatus::Error | NodeStatus::RuntimeError) {
            summary::tell_result(sink, result, &loaded.manifest);
        }
    }
    session.emit(NamedEvent::new("FreshnessCheckComplete", "Q003", Level::Info, "Done.").into());
    Ok(match (outcome.interrupted, summary::is_success(results)) {
        (true, _) => ExitStatus::Error,
        (false, true) => ExitStatus::Success,
        (false, false) => ExitStatus::Failure,
    })
}

/// Warns of hooks that a project's switch leaves out.
pub(super) fn warn_of_hooks(session: &Session) -> Result<(), Vec<Diagnostic>> {
    let message = "In a future version of dbt, the `source freshness` command will start running \
                   `on-run-start` and `on-run-end` hooks by default. For more information: \
                   https://docs.getdbt.com/reference/global-configs/legacy-behaviors";
    let diagnostic = *Diagnostic::new(Code::Deprecated, message);
    let warning = Warning::new("SourceFreshnessProjectHooksNotRun", "D017", diagnostic);
    session.report.warn(Event::Warning(warning)).map_err(|error| vec![*error])
}
