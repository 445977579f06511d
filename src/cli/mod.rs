//! The command line: arguments → settings → one file per command.

pub mod args;
mod columns;
mod commands;
mod deprecations;
pub mod flags;
mod interrupt;
mod loaded;
mod output;
mod resolver;
pub mod selection;
mod server;
mod session;
pub mod settings;
mod state;
pub mod unsupported;
pub mod window;

use crate::diagnostic::Diagnostic;
use crate::event::{Event, Sink};
use crate::project::Env;
use crate::report::{self, Report};
use args::Cli;
use clap::{CommandFactory, FromArgMatches};
use session::Session;
use settings::Settings;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// How a command ended, as its exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// All went well.
    Success,
    /// Some node failed, or what was asked for is not so.
    Failure,
    /// The command could not do its work: wrong usage, project, profile or connection.
    Error,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Success => Self::SUCCESS,
            ExitStatus::Failure => Self::from(1),
            ExitStatus::Error => Self::from(2),
        }
    }
}

/// Why a command line cannot be carried out.
#[derive(Debug)]
pub enum UsageError {
    /// clap's error with its suggestions. Help and version come this way, too.
    Clap(clap::Error),
    /// Something that dbt has and gdbt has not.
    Unsupported(Box<Diagnostic>),
}

/// The whole command-line definition.
pub fn definition() -> clap::Command {
    unsupported::add_hidden(Cli::command())
}

/// Reads the command line. `env` looks up a variable of the environment.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Cli, UsageError> {
    let matches = definition().try_get_matches_from(words).map_err(UsageError::Clap)?;
    unsupported::check_options(&matches, env).map_err(UsageError::Unsupported)?;
    Cli::from_arg_matches(&matches).map_err(UsageError::Clap)
}

/// Carries out a command line and says how it went.
pub fn run(words: Vec<OsString>) -> ExitStatus {
    let started = Instant::now();
    let env = Arc::new(Env::from_process());
    let shown = shown_command(&words);
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let old_names = deprecations::of_words(texts.iter().map(|text| &**text));
    drop(texts);
    let cli = match parse(words, |name| env.flag(name).map(str::to_owned)) {
        Ok(cli) => cli,
        Err(UsageError::Clap(error)) => {
            let asked_for = report::tell_usage(&error);
            return if asked_for { ExitStatus::Success } else { ExitStatus::Error };
        }
        Err(UsageError::Unsupported(error)) => return fail_early(*error, &env),
    };
    let settings = match Settings::resolve(&cli.global, &cli.command, &env, &shown) {
        Ok(mut settings) => {
            settings.warnings.extend(old_names);
            settings.warnings.extend(deprecations::of_environment(&env));
            settings
        }
        Err(error) => return fail_early(*error, &env),
    };
    let report = Arc::new(Report::new(settings.report.clone()));
    let session = Session { settings, report };
    if cli.command.is_announced() {
        session.emit(Event::MainReportVersion);
        session.emit(Event::MainReportArgs { args: session.settings.args.clone() });
    }
    let old_forms = session.settings.warnings.clone();
    let result = session.warn(old_forms).and_then(|()| commands::run(&cli.command, &session));
    let status = result.unwrap_or_else(|diagnostics| {
        session.emit(Event::MainEncounteredError { diagnostics });
        ExitStatus::Error
    });
    let status = match session.report.tell_deprecations() {
        Ok(()) => status,
        // The command has said already why it failed.
        Err(_) if status == ExitStatus::Error => status,
        Err(error) => {
            session.emit(Event::MainEncounteredError { diagnostics: vec![*error] });
            ExitStatus::Error
        }
    };
    if cli.command.is_announced() {
        let success = status == ExitStatus::Success;
        session.emit(Event::ResourceReport {
            command: session.settings.which,
            success,
            elapsed: started.elapsed(),
            shown: session.settings.show_resource_report,
        });
        session.emit(Event::CommandCompleted {
            command: format!("gdbt {}", cli.command.words()),
            success,
            elapsed: started.elapsed(),
        });
    }
    status
}

/// The command line for logs and artifacts.
fn shown_command(words: &[OsString]) -> String {
    let words = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned());
    std::iter::once("gdbt".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Tells an error from before the settings were known.
fn fail_early(error: Diagnostic, env: &Env) -> ExitStatus {
    let report = Report::new(report::Options { secrets: env.secrets(), ..Default::default() });
    report.emit(Event::MainEncounteredError { diagnostics: vec![error] });
    ExitStatus::Error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(line: &str) -> Result<Cli, UsageError> {
        parse(line.split(' ').map(OsString::from), |_| None)
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn options_may_stand_before_or_after_the_command() {
        for line in [
            "gdbt --target prod --no-print run -s a b --exclude c",
            "gdbt run --select a --select b --exclude c --no-print -t prod",
            "gdbt run -m a b --exclude=c --target=prod --no-print",
        ] {
            let cli = parse_words(line).unwrap();
            assert_eq!(cli.global.target.as_deref(), Some("prod"), "{line}");
            assert_eq!(cli.global.toggles.print(), Some(false), "{line}");
            assert_eq!(cli.global.toggles.debug(), None, "{line}");
            let args::Command::Run(run) = cli.command else { panic!("{line}") };
            assert_eq!(run.selection.select, ["a", "b"], "{line}");
            assert_eq!(run.selection.exclude, ["c"], "{line}");
        }
    }

    fn refusal(line: &str, variable: Option<(&str, &str)>) -> Option<String> {
        let env = |name: &str| variable.filter(|pair| pair.0 == name).map(|pair| pair.1.to_owned());
        match parse(line.split(' ').map(OsString::from), env) {
            Err(UsageError::Unsupported(error)) => Some(error.message),
            Err(UsageError::Clap(error)) => panic!("{error}"),
            Ok(_) => None,
        }
    }

    #[test]
    fn what_dbt_has_and_gdbt_has_not_is_refused_by_name() {
        assert!(
            refusal("gdbt run --record-timing-info x", None)
                .unwrap()
                .contains("--record-timing-info")
        );
        assert_eq!(refusal("gdbt run", Some(("DBT_LOG_CACHE_EVENTS", "False"))), None);
        assert_eq!(refusal("gdbt run --no-static-parser", None), None);
    }

    #[test]
    fn what_is_mistyped_gets_a_suggestion() {
        for (line, suggestion) in
            [("gdbt run --full-refesh", "--full-refresh"), ("gdbt biuld", "build")]
        {
            let Err(UsageError::Clap(error)) = parse_words(line) else { panic!("{line}") };
            assert!(error.to_string().contains(suggestion), "{error}");
        }
    }
}
