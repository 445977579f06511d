//! `gdbt retry`: the last command again, for what failed or was skipped
//! (<https://docs.getdbt.com/reference/commands/retry>).

use crate::cli::args::{Cli, RetryArgs};
use crate::cli::selection::Retried;
use crate::cli::session::Session;
use crate::cli::settings::Settings;
use crate::cli::{ExitStatus, UsageError, definition, parse};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::JsonMap;
use crate::project::RawProject;
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const RESULTS: &str = "run_results.json";

/// Commands that can be run again, by the names that artifacts have for them.
const COMMANDS: [(&str, &[&str]); 9] = [
    ("build", &["build"]),
    ("compile", &["compile"]),
    ("clone", &["clone"]),
    ("generate", &["docs", "generate"]),
    ("seed", &["seed"]),
    ("snapshot", &["snapshot"]),
    ("test", &["test"]),
    ("run", &["run"]),
    ("run-operation", &["run-operation"]),
];

/// Options that are this command's and not those of the earlier one.
const OWN: [&str; 12] = [
    "which",
    "invocation_command",
    "log_path",
    "output_path",
    "profiles_dir",
    "project_dir",
    "defer_state",
    "target_path",
    "warn_error",
    "show",
    "macro",
    "args",
];

/// Statuses of what is run again.
const RETRYABLE: [&str; 5] = ["error", "fail", "skipped", "runtime error", "partial success"];

/// Runs the earlier command for what has to be done again.
pub fn run(args: &RetryArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let folder = folder(session)?;
    let results = read(session, &folder)?;
    let earlier = results.get("args").and_then(Json::as_object).cloned().unwrap_or_default();
    let which = earlier.get("which").and_then(Json::as_str).unwrap_or_default().to_owned();
    let Some((_, command)) = COMMANDS.iter().find(|(name, _)| *name == which) else {
        let message = format!("The command '{which}' cannot be retried");
        return Err(Diagnostic::new(Code::BadArgument, message).into());
    };
    let retried = retried(&results, &which, session);
    if which == "run-operation" && retried.ids.is_empty() {
        return Ok(ExitStatus::Success);
    }
    let words = words(command, &earlier, args, session);
    let cli = parse(words, |_| None).map_err(|error| usage(&error))?;
    let session = again(session, &cli, retried)?;
    super::run(&cli.command, &session)
}

/// Where the earlier artifacts are: `--state`, or the target path.
fn folder(session: &Session) -> Result<PathBuf> {
    let settings = &session.settings;
    if let Some(folder) = &settings.state.state {
        return Ok(folder.clone());
    }
    if let Some(folder) = &settings.load.target_path {
        return Ok(PathBuf::from(folder));
    }
    let raw = RawProject::read(&settings.load.project_dir)?;
    let target = raw.yaml.root.get("target-path").and_then(|node| node.as_str());
    Ok(PathBuf::from(target.unwrap_or("target")))
}

fn read(session: &Session, folder: &Path) -> Result<Json> {
    let path = session.settings.load.project_dir.join(folder).join(RESULTS);
    let missing = || {
        let folder = folder.display();
        let message = format!("Could not find previous run in '{folder}' target directory");
        Diagnostic::new(Code::StateInvalid, message)
            .with_help("Retry needs the run_results.json of a run that had something to do.")
    };
    let text = std::fs::read(&path).map_err(|_| missing())?;
    let results: Json = serde_json::from_slice(&text).map_err(|error| {
        Diagnostic::new(Code::StateInvalid, format!("{}: {error}", path.display()))
    })?;
    let count = results.get("results").and_then(Json::as_array).map(Vec::len);
    if count == Some(0) { Err(missing()) } else { Ok(results) }
}

/// What has to be done again. Hooks are not, they are part of the command.
fn retried(results: &Json, which: &str, session: &Session) -> Retried {
    let warnings_count = session.settings.report.warn_error.is_error("LogTestResult");
    let mut retried = Retried::default();
    for result in results.get("results").and_then(Json::as_array).into_iter().flatten() {
        let text = |key: &str| result.get(key).and_then(Json::as_str).unwrap_or_default();
        let (id, status) = (text("unique_id"), text("status"));
        if which != "run-operation" && id.starts_with("operation.") {
            continue;
        }
        if RETRYABLE.contains(&status) || (warnings_count && status == "warn") {
            retried.ids.insert(id.to_owned());
        }
        let batches = result.get("batch_results");
        let some = |key: &str| {
            let list = batches.and_then(|batches| batches.get(key)).and_then(Json::as_array);
            list.is_some_and(|list| !list.is_empty())
        };
        if let Some(batches) = batches.filter(|_| some("successful") && some("failed")) {
            retried.batches.insert(id.to_owned(), batches.clone());
        }
    }
    let metadata = results.get("metadata");
    let time = |key: &str| metadata.and_then(|metadata| metadata.get(key)?.as_str());
    let started_at = time("invocation_started_at").or_else(|| time("generated_at"));
    Retried { started_at: started_at.map(str::to_owned), ..retried }
}

/// The earlier command line, as far as its options are still known.
fn words(
    command: &[&str],
    earlier: &JsonMap,
    args: &RetryArgs,
    session: &Session,
) -> Vec<OsString> {
    let mut words: Vec<String> = vec!["gdbt".to_owned()];
    words.extend(command.iter().map(|word| (*word).to_owned()));
    if let Some(name) = earlier.get("macro").and_then(Json::as_str) {
        words.push(name.to_owned());
        let given = earlier.get("args").cloned().unwrap_or_else(|| json!({}));
        words.extend(["--args".to_owned(), given.to_string()]);
    }
    let project_dir = &session.settings.load.project_dir;
    if !project_dir.as_os_str().is_empty() {
        words.push(format!("--project-dir={}", project_dir.display()));
    }
    let known = options_of(command);
    let mut earlier = earlier.clone();
    if earlier.get("warn_error") == Some(&Json::Bool(true)) {
        earlier.shift_remove("warn_error_options");
    }
    earlier.retain(|key, _| !OWN.contains(&key.as_str()));
    let load = &session.settings.load;
    if !load.vars.is_empty() {
        earlier.insert("vars".to_owned(), Json::Object(load.vars.to_json()));
    }
    if let Some(threads) = load.profile.threads {
        earlier.insert("threads".to_owned(), json!(threads));
    }
    if args.refresh.full_refresh {
        earlier.insert("full_refresh".to_owned(), json!(true));
    }
    for (key, value) in &earlier {
        let name = match key.as_str() {
            "resource_types" => "resource-type".to_owned(),
            "exclude_resource_types" => "exclude-resource-type".to_owned(),
            other => other.replace('_', "-"),
        };
        let negated = format!("no-{name}");
        match value {
            Json::Bool(true) if known.contains(&name) => words.push(format!("--{name}")),
            Json::Bool(false) if known.contains(&negated) => words.push(format!("--{negated}")),
            Json::String(text) if known.contains(&name) => words.push(format!("--{name}={text}")),
            Json::Number(number) if known.contains(&name) => {
                words.push(format!("--{name}={number}"));
            }
            Json::Object(map) if known.contains(&name) && is_given(key, map) => {
                words.push(format!("--{name}={value}"));
            }
            Json::Array(items) if known.contains(&name) && !items.is_empty() => {
                words.push(format!("--{name}"));
                words.extend(items.iter().filter_map(|item| Some(item.as_str()?.to_owned())));
            }
            _ => {}
        }
    }
    words.into_iter().map(OsString::from).collect()
}

/// Whether an option that is a mapping was given.
fn is_given(key: &str, map: &JsonMap) -> bool {
    let empty = |value: &Json| value.as_array().is_some_and(Vec::is_empty);
    let by_default = key == "warn_error_options" && map.values().all(empty);
    !(map.is_empty() || by_default)
}

/// The long options of a command.
fn options_of(command: &[&str]) -> HashSet<String> {
    let whole = definition();
    let mut at = &whole;
    let mut known = HashSet::new();
    let mut note = |command: &clap::Command| {
        let options = command.get_arguments().filter_map(clap::Arg::get_long);
        known.extend(options.map(str::to_owned));
    };
    note(at);
    for word in command {
        let Some(next) = at.find_subcommand(word) else { break };
        note(next);
        at = next;
    }
    known
}

fn usage(error: &UsageError) -> Box<Diagnostic> {
    match error {
        UsageError::Clap(error) => Diagnostic::new(
            Code::BadArgument,
            format!("The earlier command cannot be run again: {error}"),
        ),
        UsageError::Unsupported(error) => error.clone(),
    }
}

/// The settings of the earlier command, in this command's project and log.
fn again(session: &Session, cli: &Cli, retried: Retried) -> Result<Session> {
    let current = &session.settings;
    let mut settings = Settings::resolve(&cli.global, &cli.command, &current.env, "")?;
    let invocation_command = current.args.get("invocation_command").cloned().unwrap_or_default();
    settings.invocation = current.invocation.clone();
    settings.load.project_dir.clone_from(&current.load.project_dir);
    settings.load.profile.profiles_dir.clone_from(&current.load.profile.profiles_dir);
    settings.load.target_path.clone_from(&current.load.target_path);
    settings.state.defer_state =
        current.state.defer_state.clone().or(settings.state.defer_state.take());
    settings.report = current.report.clone();
    settings.args.insert("invocation_command".to_owned(), invocation_command);
    for key in ["project_dir", "profiles_dir", "target_path"] {
        if let Some(value) = current.args.get(key) {
            settings.args.insert(key.to_owned(), value.clone());
        }
    }
    settings.selection.retried = Some(retried);
    Ok(Session { settings, report: Arc::clone(&session.report) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_earlier_command() {
        let known = options_of(&["run"]);
        assert!(known.contains("full-refresh") && known.contains("target"));
        assert!(!known.contains("store-failures"));
    }
}
