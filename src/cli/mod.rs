//! The command line: arguments → settings → one file per command.

pub mod args;
pub mod flags;
mod output;
mod resolver;
pub mod selection;
pub mod settings;
pub mod unsupported;

use crate::diagnostic::Diagnostic;
use args::Cli;
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::process::ExitCode;

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
    unsupported::check_command(&matches).map_err(UsageError::Unsupported)?;
    unsupported::check_options(&matches, env).map_err(UsageError::Unsupported)?;
    Cli::from_arg_matches(&matches).map_err(UsageError::Clap)
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
        assert!(refusal("gdbt run --empty", None).unwrap().contains("--empty"));
        assert!(refusal("gdbt --state old run", None).unwrap().contains("--state"));
        assert!(refusal("gdbt run --defer", None).unwrap().contains("--defer"));
        assert!(refusal("gdbt run", Some(("DBT_DEFER", "true"))).unwrap().contains("DBT_DEFER"));
        assert!(refusal("gdbt docs generate --static", None).unwrap().contains("`docs`"));
        assert!(refusal("gdbt source freshness", None).unwrap().contains("`source freshness`"));
        assert_eq!(refusal("gdbt run", Some(("DBT_DEFER", "False"))), None);
        assert_eq!(refusal("gdbt run --no-defer --no-static-parser", None), None);
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
