//! Options that every command knows, before or after its name.

use crate::graph::IndirectSelection;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Defines options of the form `--name` / `--no-name` that may also stay unset.
macro_rules! toggles {
    ($($(#[doc = $doc:literal])+ $name:ident, $no:ident, [$($option:tt)*];)*) => {
        /// Options that are on, off or not given.
        #[derive(Debug, Args, Default, Clone)]
        pub struct Toggles {
            $(
                $(#[doc = $doc])+
                #[arg(
                    long, global = true, overrides_with = stringify!($no),
                    help_heading = "Global options", $($option)*
                )]
                $name: bool,
                #[arg(long, global = true, overrides_with = stringify!($name), hide = true)]
                $no: bool,
            )*
        }

        impl Toggles {
            $(
                $(#[doc = $doc])+
                pub fn $name(&self) -> Option<bool> {
                    match (self.$name, self.$no) {
                        (_, true) => Some(false),
                        (true, false) => Some(true),
                        (false, false) => None,
                    }
                }
            )*
        }
    };
}

toggles! {
    /// Log what happens in detail.
    debug, no_debug, [short];
    /// Stop at the first failure.
    fail_fast, no_fail_fast, [short = 'x'];
    /// Print only errors, and what `print()` says.
    quiet, no_quiet, [short];
    /// Turn warnings into errors.
    warn_error, no_warn_error, [];
    /// Print what `print()` says. On by default; `--no-print` hides it.
    print, no_print, [hide_short_help = true];
    /// Colour the output. By default on a terminal; `--no-use-colors` or `--no-color` turn it off.
    use_colors, no_use_colors, [];
    /// Show every use of an old form, not the first of each kind alone.
    show_all_deprecations, no_show_all_deprecations, [hide_short_help = true];
    /// Print what the command cost at its end.
    show_resource_report, no_show_resource_report, [hide_short_help = true];
    /// Log what happens to the cache of relations.
    log_cache_events, no_log_cache_events, [hide_short_help = true];
    /// Colour the log file.
    use_colors_file, no_use_colors_file, [hide_short_help = true];
    /// Check `require-dbt-version`. On by default.
    version_check, no_version_check, [hide_short_help = true];
    /// Read what is not built here where --state or --defer-state says it is.
    defer, no_defer, [hide_short_help = true];
    /// With --defer: also read what is built here there, unless it is selected.
    favor_state, no_favor_state, [hide_short_help = true];
    /// Run one node at a time.
    single_threaded, no_single_threaded, [hide_short_help = true];
    /// Write manifest.json, run_results.json and lineage.json. On by default.
    write_json, no_write_json, [hide_short_help = true];
    /// Let templates ask the database while they are compiled. On by default.
    introspect, no_introspect, [hide_short_help = true];
    /// Accepted for dbt's sake: gdbt parses in milliseconds and keeps no parse cache.
    partial_parse, no_partial_parse, [hide_short_help = true];
}

/// Options that every command knows.
#[derive(Debug, Args, Default, Clone)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The project's folder; by default the current one.
    #[arg(long, global = true, value_name = "DIR", value_parser = existing_path)]
    pub project_dir: Option<PathBuf>,
    /// The folder of profiles.yml; by default the current one, then ~/.dbt.
    #[arg(long, global = true, value_name = "DIR")]
    pub profiles_dir: Option<PathBuf>,
    /// The profile to use instead of the project's.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The target of the profile.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub target: Option<String>,
    /// How many nodes run at the same time.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Variables as YAML, such as '{start: 2026-01-01}'.
    #[arg(long, global = true, value_name = "YAML")]
    pub vars: Option<String>,
    /// Where compiled SQL and artifacts go instead of target/.
    #[arg(long, global = true, value_name = "DIR")]
    pub target_path: Option<PathBuf>,
    /// Where the log goes instead of logs/.
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub log_path: Option<PathBuf>,
    /// Which tests to run with selected nodes.
    #[arg(long, global = true, value_enum, ignore_case = true, hide_short_help = true)]
    pub indirect_selection: Option<IndirectSelection>,
    /// The least level to print.
    #[arg(long, global = true, value_enum, ignore_case = true)]
    pub log_level: Option<LogLevel>,
    /// The least level to log to the file; by default debug.
    #[arg(long, global = true, value_enum, ignore_case = true, hide_short_help = true)]
    pub log_level_file: Option<LogLevel>,
    /// How to print.
    #[arg(long, global = true, value_enum, ignore_case = true)]
    pub log_format: Option<LogFormat>,
    /// How to log to the file.
    #[arg(long, global = true, value_enum, ignore_case = true, hide_short_help = true)]
    pub log_format_file: Option<LogFormat>,
    /// Size at which the log file is set aside; 0 for never.
    #[arg(long, global = true, value_name = "BYTES", hide_short_help = true)]
    pub log_file_max_bytes: Option<u64>,
    /// Width of the lines about nodes.
    #[arg(long, global = true, value_name = "COLUMNS", hide_short_help = true)]
    pub printer_width: Option<usize>,
    /// Which warnings are errors, as YAML such as '{error: all, warn: [NoNodesSelected]}'.
    #[arg(long, global = true, value_name = "YAML", hide_short_help = true)]
    pub warn_error_options: Option<String>,
    /// The folder of earlier artifacts to compare with, for `state:` and its like.
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub state: Option<PathBuf>,
    /// The folder of earlier artifacts for --defer, when it is not that of --state.
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub defer_state: Option<PathBuf>,
    /// On or off.
    #[command(flatten)]
    pub toggles: Toggles,
    /// No colours; the same as --no-use-colors.
    #[arg(long, global = true, hide = true)]
    pub no_color: bool,
}

fn existing_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.exists() { Ok(path) } else { Err(format!("Path '{text}' does not exist.")) }
}

/// Levels for `--log-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
    None,
}

/// Forms for `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Text on the terminal, debug in the file.
    #[default]
    Default,
    /// `HH:MM:SS  message`.
    Text,
    /// Text with level, thread and microseconds.
    Debug,
    /// One JSON object a line, as dbt writes it.
    Json,
}
