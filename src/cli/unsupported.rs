//! What dbt has and gdbt does not have yet. It is refused with a clear error, never
//! ignored: a run that quietly leaves out `--defer` would do harm.

use crate::diagnostic::{Code, Diagnostic, Result};
use clap::{Arg, ArgAction, ArgMatches, Command};

/// An option of dbt 1.11 that gdbt does not have yet.
struct Missing {
    /// Its long name, without dashes.
    name: &'static str,
    /// The commands that have it in dbt; none for all.
    commands: &'static [&'static str],
    /// Whether it takes a value.
    takes_value: bool,
    /// The environment variable that sets it, without `DBT_`.
    env: Option<&'static str>,
}

const fn flag(
    name: &'static str,
    commands: &'static [&'static str],
    env: Option<&'static str>,
) -> Missing {
    Missing { name, commands, takes_value: false, env }
}

const fn option(
    name: &'static str,
    commands: &'static [&'static str],
    env: Option<&'static str>,
) -> Missing {
    Missing { name, commands, takes_value: true, env }
}

const OPTIONS: &[Missing] = &[
    option("record-timing-info", &[], None),
    flag("upload-to-artifacts-ingest-api", &[], Some("UPLOAD_TO_ARTIFACTS_INGEST_API")),
];

/// Options of dbt that have nothing to do in gdbt, whatever their value: dbt's parse
/// cache and parsers, its usage statistics, its cache of relations; exports of saved
/// queries, which dbt-core does not make either.
const UNNECESSARY: &[&str] = &[
    "static-parser",
    "no-static-parser",
    "use-experimental-parser",
    "no-use-experimental-parser",
    "use-fast-test-edges",
    "no-use-fast-test-edges",
    "send-anonymous-usage-stats",
    "no-send-anonymous-usage-stats",
    "populate-cache",
    "cache-selected-only",
    "no-cache-selected-only",
    "macro-debugging",
    "no-macro-debugging",
    "partial-parse-file-diff",
    "no-partial-parse-file-diff",
    "no-populate-cache",
    "no-upload-to-artifacts-ingest-api",
    "export-saved-queries",
    "no-export-saved-queries",
    "include-saved-query",
    "no-include-saved-query",
    "no-empty",
];

/// The same, of options that take a value: where dbt's parse cache is, and how its SQL
/// parser is set.
const UNNECESSARY_VALUES: &[&str] = &["partial-parse-file-path", "sqlparse"];

/// Adds what dbt knows and gdbt does not, hidden, so that it can be refused by name.
pub fn add_hidden(command: Command) -> Command {
    let command = command.args(
        UNNECESSARY
            .iter()
            .map(|name| Arg::new(*name).long(*name).action(ArgAction::SetTrue))
            .chain(UNNECESSARY_VALUES.iter().map(|name| Arg::new(*name).long(*name)))
            .chain(OPTIONS.iter().filter(|missing| missing.commands.is_empty()).map(as_arg))
            .map(|arg| arg.global(true).hide(true)),
    );
    OPTIONS.iter().fold(command, |command, missing| {
        missing.commands.iter().fold(command, |command, name| {
            command.mut_subcommand(name, |command| command.arg(as_arg(missing)))
        })
    })
}

fn as_arg(missing: &Missing) -> Arg {
    let action = if missing.takes_value { ArgAction::Set } else { ArgAction::SetTrue };
    Arg::new(missing.name).long(missing.name).action(action).hide(true)
}

/// Refuses options and variables of dbt that gdbt does not have yet. `env` looks up
/// a variable of the environment.
pub fn check_options(matches: &ArgMatches, env: impl Fn(&str) -> Option<String>) -> Result<()> {
    let mut level = Some(("", matches));
    while let Some((command, matches)) = level {
        // Another command may have an option of the same name.
        let of_command =
            |missing: &&Missing| missing.commands.is_empty() || missing.commands.contains(&command);
        if let Some(missing) = OPTIONS.iter().filter(of_command).find(|it| given(matches, it)) {
            return Err(unsupported(&format!("The option --{}", missing.name)));
        }
        level = matches.subcommand();
    }
    for missing in OPTIONS {
        let Some(variable) = missing.env.map(|name| format!("DBT_{name}")) else { continue };
        let off = ["", "0", "false", "f", "no", "n", "off"];
        match env(&variable) {
            Some(value) if !off.contains(&value.to_lowercase().as_str()) => {
                return Err(unsupported(&format!("The environment variable {variable}")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn given(matches: &ArgMatches, missing: &Missing) -> bool {
    if missing.takes_value {
        matches!(matches.try_contains_id(missing.name), Ok(true))
    } else {
        matches!(matches.try_get_one::<bool>(missing.name), Ok(Some(true)))
    }
}

fn unsupported(what: &str) -> Box<Diagnostic> {
    Diagnostic::new(
        Code::Unsupported,
        format!("{what} is dbt's, and gdbt does not support it yet."),
    )
    .with_help("Leave it out, or keep using dbt for this command.")
}
