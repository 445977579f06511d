//! `gdbt alert`: posts what the last run found to a webhook.

use crate::alert::{Findings, Form, payload, post};
use crate::cli::ExitStatus;
use crate::cli::args::{AlertArgs, AlertFormat};
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Sink};
use crate::project::secret::Secret;
use crate::quality::Record;
use serde_json::Value as Json;
use std::path::Path;

/// Runs the command.
pub fn run(args: &AlertArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let workspace = session.workspace()?;
    let target = workspace.root.target_dir();
    let findings = findings(&target, &workspace.root.name)?;
    if findings.is_empty() {
        session.emit(Event::note("The last run found nothing to tell."));
        return Ok(ExitStatus::Success);
    }
    let form = match args.format {
        AlertFormat::Slack => Form::Slack,
        AlertFormat::Generic => Form::Generic,
    };
    let body = session.settings.report.secrets.scrub_json(payload(&findings, form));
    if args.dry_run {
        session.emit(Event::Output { message: format!("{body:#}") });
        return Ok(ExitStatus::Success);
    }
    let url = session.settings.env.get(&args.url_env).filter(|url| !url.trim().is_empty());
    let url = url.ok_or_else(|| {
        let message = format!("The environment variable {} is not set", args.url_env);
        vec![
            *Diagnostic::new(Code::AlertFailed, message)
                .with_help("Put the webhook's URL there, or look with --dry-run."),
        ]
    })?;
    post(&Secret::from(url.trim()), &body)?;
    let count = findings.records.len() + findings.errors.len();
    session.report.emit(Event::note(format!("Posted {count} findings.")));
    Ok(ExitStatus::Success)
}

/// What the files of the last run say.
fn findings(target: &Path, project: &str) -> Result<Findings> {
    let quality = read(&target.join("dq_results.json"))?;
    let results = read(&target.join("run_results.json"))?;
    let Some(results) = results else {
        let message = format!("There are no results of a run in {}", target.display());
        return Err(Diagnostic::new(Code::AlertFailed, message)
            .with_help("Run `gdbt build` or `gdbt test` first."));
    };
    let text = |json: &Json, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let id = text(&results["metadata"], "invocation_id");
    // Results of tests count when they are of the same run.
    let quality = quality.filter(|it| text(&it["metadata"], "invocation_id") == id);
    let records = quality.as_ref().and_then(|quality| quality["results"].as_array());
    let records = records.into_iter().flatten();
    let records = records.filter_map(|it| serde_json::from_value::<Record>(it.clone()).ok());
    let errors = results["results"].as_array().into_iter().flatten().filter(|result| {
        let is_test = ["test.", "unit_test."]
            .iter()
            .any(|kind| result["unique_id"].as_str().is_some_and(|id| id.starts_with(kind)));
        !is_test && matches!(result["status"].as_str(), Some("error" | "partial success"))
    });
    Ok(Findings {
        generated_at: text(&results["metadata"], "generated_at"),
        invocation_id: id,
        project: project.to_owned(),
        target: quality.as_ref().map(|it| text(&it["metadata"], "target")).unwrap_or_default(),
        records: records.filter(Record::is_finding).collect(),
        errors: errors.map(|it| (text(it, "unique_id"), text(it, "message"))).collect(),
    })
}

fn read(path: &Path) -> Result<Option<Json>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Diagnostic::io(path, &error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        Diagnostic::new(Code::AlertFailed, message)
    })
}
