//! Options of the commands about sources, packages, the project's folder and the tool itself.

use super::SelectionArgs;
use clap::{Args, Subcommand, ValueEnum};

/// Commands about sources.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Tell how old the newest rows of sources are.
    #[command(
        alias = "snapshot-freshness",
        after_help = "Examples:\n  \
        gdbt source freshness\n  \
        gdbt source freshness --select source:raw\n\n\
        A source is dated by its `loaded_at_field` or `loaded_at_query`, and judged by its\n\
        `freshness:` thresholds; target/sources.json has the results. A model with thresholds\n\
        and `loaded_at_field` in its configuration is dated in the same way. Exits with 1 when\n\
        something is older than `error_after`."
    )]
    Freshness(FreshnessArgs),
    /// Load the files of `external:` properties into their source tables.
    #[command(after_help = "Examples:\n  \
        gdbt source load\n  \
        gdbt source load --select source:raw.sessions --full-refresh\n\n\
        Missing schemas and tables are made from the declared columns. A row that does not fit\n\
        stops the load of its table and leaves the table as it was.")]
    Load(LoadArgs),
}

/// Options of `source freshness`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct FreshnessArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The file to write instead of target/sources.json.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<std::path::PathBuf>,
}

/// Options of `source load`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct LoadArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Empty the tables first; without it rows are appended.
    #[arg(short, long)]
    pub full_refresh: bool,
}

/// Options of `debug`.
#[derive(Debug, Args)]
pub struct DebugArgs {
    /// Only test the connection.
    #[arg(long)]
    pub connection: bool,
    /// Only print where profiles.yml is looked for.
    #[arg(long)]
    pub config_dir: bool,
}

/// Options of `clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Also delete folders outside of the project.
    #[arg(long)]
    pub no_clean_project_files_only: bool,
    /// Only delete folders inside the project. This is the default.
    #[arg(long, overrides_with = "no_clean_project_files_only", hide = true)]
    pub clean_project_files_only: bool,
}

/// Options of `deps`.
#[derive(Debug, Args)]
pub struct DepsArgs {
    /// Only write package-lock.yml.
    #[arg(long)]
    pub lock: bool,
    /// Pick the newest versions that fit, whatever package-lock.yml says.
    #[arg(long)]
    pub upgrade: bool,
    /// Add a package to packages.yml first, such as dbt-labs/dbt_utils@1.1.1.
    #[arg(long, value_name = "PACKAGE[@VERSION]")]
    pub add_package: Option<String>,
    /// Where the added package comes from.
    #[arg(long, value_enum, default_value = "hub", ignore_case = true)]
    pub source: PackageSource,
}

/// Forms of `deps --source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum PackageSource {
    Hub,
    Git,
    Local,
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The new project's name: letters, digits and underscores. Needed unless there is a
    /// project here already.
    pub project_name: Option<String>,
    /// Accepted for dbt's sake: gdbt never asks questions.
    #[arg(short, long)]
    pub skip_profile_setup: bool,
}

/// Commands about the embedded server.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Start it and leave it running.
    Start,
    /// Stop it.
    Stop,
    /// Tell whether it runs. Exits with 1 when it does not.
    Status,
    /// Print a URL for psql.
    #[command(after_help = "Example:\n  psql \"$(gdbt db url)\"")]
    Url,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Options of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write the pages of all commands into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<std::path::PathBuf>,
}

/// Options of `alert`.
#[derive(Debug, Args)]
pub struct AlertArgs {
    /// The environment variable that has the webhook's URL. Variables that start with
    /// DBT_ENV_SECRET are kept out of logs.
    #[arg(long, value_name = "NAME", default_value = "DBT_ENV_SECRET_ALERT_URL")]
    pub url_env: String,
    /// What the receiver understands.
    #[arg(long, value_enum, default_value = "slack")]
    pub format: AlertFormat,
    /// Print what would be posted.
    #[arg(long)]
    pub dry_run: bool,
}

/// Forms of `alert --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlertFormat {
    /// Slack's incoming webhooks, and what imitates them.
    Slack,
    /// A JSON object with counts and findings.
    Generic,
}
