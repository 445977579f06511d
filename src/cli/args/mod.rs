//! The command line: commands and their options, named as in dbt-core 1.11.

mod build;
mod common;
mod inspect;
mod project;

use crate::cli::flags::GlobalArgs;
pub use build::*;
use clap::{Parser, Subcommand};
pub use common::*;
pub use inspect::*;
pub use project::*;

/// What `--version` prints. The lines after the first are those that tools read from dbt.
pub const VERSION: &str = concat!(
    env!("GDBT_VERSION"),
    "\nCore:\n  - installed: 1.11.16\n\nPlugins:\n  - postgres: 1.11.0"
);

/// Compiles and runs dbt projects on PostgreSQL.
#[derive(Debug, Parser)]
#[command(
    name = "gdbt",
    about = "Compiles and runs dbt projects on PostgreSQL",
    version = VERSION,
    disable_version_flag = true,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Examples:\n  \
        gdbt build                          seeds, models and tests, in order\n  \
        gdbt run --select staging+          a folder and all that depends on it\n  \
        gdbt test --select tag:critical     some tests\n  \
        gdbt ls --output mermaid            the lineage as a diagram\n\n\
        Options may stand before or after the command, and most can be set as DBT_* variables\n\
        or under `flags:` in dbt_project.yml. `gdbt <command> --help` tells more."
)]
pub struct Cli {
    /// Options that every command knows.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// Print the version and exit.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run seeds, models and tests in dependency order.
    #[command(after_help = "Examples:\n  \
        gdbt build\n  \
        gdbt build --select +mart_channel_attribution --fail-fast\n  \
        gdbt build --full-refresh --exclude tag:slow\n\n\
        The tests of a node run right after it. A failing test of severity `error` skips what\n\
        is downstream.")]
    Build(BuildArgs),
    /// Run models.
    #[command(after_help = "Examples:\n  \
        gdbt run\n  \
        gdbt run --select staging.* --full-refresh\n  \
        gdbt run --vars '{start: 2026-01-01}' --threads 8")]
    Run(RunArgs),
    /// Run tests on what is built.
    #[command(after_help = "Examples:\n  \
        gdbt test\n  \
        gdbt test --select dim_user --store-failures\n  \
        gdbt test --show-failures 5 --junit target/junit.xml")]
    Test(TestArgs),
    /// Load the project's CSV seeds.
    #[command(after_help = "Examples:\n  \
        gdbt seed\n  \
        gdbt seed --select channel_groups --full-refresh")]
    Seed(SeedArgs),
    /// Keep the history of rows.
    #[command(after_help = "Examples:\n  \
        gdbt snapshot\n  \
        gdbt snapshot --select customers_history")]
    Snapshot(SnapshotArgs),
    /// Write executable SQL to target/, without running it.
    #[command(after_help = "Examples:\n  \
        gdbt compile\n  \
        gdbt compile --select dim_user        also prints its SQL\n  \
        gdbt compile --inline \"select * from {{ ref('dim_user') }}\"")]
    Compile(CompileArgs),
    /// Print some rows of a model or a query.
    #[command(after_help = "Examples:\n  \
        gdbt show --select dim_user --limit 20\n  \
        gdbt show --inline \"select count(*) from {{ ref('dim_user') }}\" --output json\n\n\
        Nothing is built: the query of the model runs and its first rows are printed.")]
    Show(ShowArgs),
    /// Read the project and write target/manifest.json.
    Parse,
    /// List resources, or draw them.
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  \
        gdbt ls --select +dim_user --output path\n  \
        gdbt ls --resource-type model --output json --output-keys name config.materialized\n  \
        gdbt ls --output mermaid > lineage.mmd\n  \
        gdbt ls --output dot | dot -Tsvg > lineage.svg"
    )]
    List(ListArgs),
    /// Show what flows where: nodes, columns or entities.
    #[command(after_help = "Examples:\n  \
        gdbt lineage --output svg > lineage.svg\n  \
        gdbt lineage --select dim_user --upstream 2 --output mermaid\n  \
        gdbt lineage --er --select dwh --output mermaid\n  \
        gdbt lineage --column dim_user.user_key\n  \
        gdbt lineage --column raw.users.id --downstream 9 --output mermaid\n\n\
        docs/lineage.schema.json describes the JSON. `gdbt docs serve` shows the same as a page.")]
    Lineage(LineageArgs),
    /// Run a macro.
    #[command(after_help = "Example:\n  \
        gdbt run-operation grant_select --args '{role: reporter}'\n\n\
        What the macro does not commit is undone.")]
    RunOperation(OperationArgs),
    /// Make relations of those that another environment has.
    #[command(after_help = "Example:\n  \
        gdbt clone --state prod-artifacts --select +mart\n\n\
        PostgreSQL cannot copy a table without reading it, so each becomes a view of the other\n\
        environment's relation.")]
    Clone(CloneArgs),
    /// Run what failed or was skipped in the last run again.
    #[command(after_help = "Examples:\n  \
        gdbt retry\n  \
        gdbt retry --state artifacts-of-that-run\n\n\
        The command and its options are those of that run; --vars, --threads and\n\
        --full-refresh may be given anew.")]
    Retry(RetryArgs),
    /// Install the packages that packages.yml lists.
    #[command(after_help = "Examples:\n  \
        gdbt deps                  what package-lock.yml says, or the newest that fits\n  \
        gdbt deps --upgrade        the newest that fits\n  \
        gdbt deps --add-package dbt-labs/dbt_utils@1.1.1\n\n\
        The hub is https://hub.getdbt.com, or what DBT_PACKAGE_HUB_URL says.")]
    Deps(DepsArgs),
    /// Document the project: its catalog and a site that shows it.
    #[command(subcommand)]
    Docs(DocsCommand),
    /// Work with sources.
    #[command(subcommand)]
    Source(SourceCommand),
    /// Show the settings in force and test the connection.
    #[command(after_help = "Not to be confused with --debug, which logs more.")]
    Debug(DebugArgs),
    /// Post what the last run found to a webhook.
    #[command(after_help = "Examples:\n  \
        gdbt alert --dry-run\n  \
        DBT_ENV_SECRET_ALERT_URL=https://hooks.slack.com/... gdbt alert\n\n\
        Failures and warnings of target/dq_results.json and errors of target/run_results.json,\n\
        grouped by owner and tags. Nothing is posted when there is nothing to tell.")]
    Alert(AlertArgs),
    /// Delete the folders of `clean-targets`.
    Clean(CleanArgs),
    /// Make a new project.
    #[command(after_help = "Examples:\n  \
        gdbt init shop              a project that runs on an embedded server\n\n\
        Add profiles.yml when the project shall run on a server of yours.")]
    Init(InitArgs),
    /// Start, stop and look at the project's embedded server.
    #[command(subcommand)]
    Db(DbCommand),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  \
        gdbt completions bash > ~/.local/share/bash-completion/completions/gdbt")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands.
    #[command(after_help = "Examples:\n  \
        gdbt man | man -l -\n  \
        gdbt man --into ~/.local/share/man/man1")]
    Man(ManArgs),
}

impl Command {
    /// dbt's name of the command, as in `flags.WHICH`.
    pub fn which(&self) -> &'static str {
        match self {
            Self::Build(_) => "build",
            Self::Run(_) => "run",
            Self::Test(_) => "test",
            Self::Seed(_) => "seed",
            Self::Snapshot(_) => "snapshot",
            Self::Compile(_) => "compile",
            Self::Show(_) => "show",
            Self::Parse => "parse",
            Self::List(_) => "list",
            Self::Lineage(_) => "lineage",
            Self::RunOperation(_) => "run-operation",
            Self::Clone(_) => "clone",
            Self::Retry(_) => "retry",
            Self::Deps(_) => "deps",
            Self::Docs(DocsCommand::Generate(_)) => "generate",
            Self::Docs(DocsCommand::Serve(_)) => "serve",
            Self::Source(SourceCommand::Freshness(_)) => "freshness",
            Self::Source(SourceCommand::Load(_)) => "load",
            Self::Debug(_) => "debug",
            Self::Alert(_) => "alert",
            Self::Clean(_) => "clean",
            Self::Init(_) => "init",
            Self::Db(_) => "db",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }

    /// The words of the command, such as `docs generate`.
    pub fn words(&self) -> String {
        let group = match self {
            Self::Docs(_) => "docs ",
            Self::Source(_) => "source ",
            _ => "",
        };
        format!("{group}{}", self.which())
    }

    /// Whether the command tells the version and its settings first. Those that only
    /// print something for other programs do not.
    pub fn is_announced(&self) -> bool {
        !matches!(self, Self::Db(_) | Self::Completions(_) | Self::Man(_) | Self::Init(_))
    }

    /// Whether standard output is for what the command prints alone.
    pub fn prints_for_programs(&self) -> bool {
        matches!(
            self,
            Self::Db(_) | Self::Completions(_) | Self::Man(_) | Self::List(_) | Self::Lineage(_)
        )
    }

    /// Whether incremental models and seeds are rebuilt.
    pub fn full_refresh(&self) -> bool {
        match self {
            Self::Build(args) => args.refresh.full_refresh,
            Self::Run(args) => args.refresh.full_refresh,
            Self::Seed(args) => args.refresh.full_refresh,
            Self::Compile(args) => args.refresh.full_refresh,
            Self::Show(args) => args.refresh.full_refresh,
            Self::Clone(args) => args.refresh.full_refresh,
            Self::Retry(args) => args.refresh.full_refresh,
            Self::Source(SourceCommand::Load(args)) => args.full_refresh,
            _ => false,
        }
    }

    /// Which rows are read.
    pub fn window(&self) -> WindowArgs {
        match self {
            Self::Build(args) => args.window.clone(),
            Self::Run(args) => args.window.clone(),
            Self::Compile(args) => WindowArgs { empty: args.empty, ..WindowArgs::default() },
            Self::Snapshot(args) => WindowArgs { empty: args.empty, ..WindowArgs::default() },
            _ => WindowArgs::default(),
        }
    }

    /// The query of the command line.
    pub fn inline(&self) -> Option<&str> {
        match self {
            Self::Compile(args) => args.inline.as_deref(),
            Self::Show(args) => args.inline.as_deref(),
            _ => None,
        }
    }

    /// Whether the command may read less than all rows.
    pub fn has_window(&self) -> bool {
        matches!(
            self,
            Self::Build(_) | Self::Run(_) | Self::Compile(_) | Self::Snapshot(_) | Self::Seed(_)
        )
    }

    /// Options about what tests find.
    pub fn failures(&self) -> Option<&FailureArgs> {
        match self {
            Self::Build(args) => Some(&args.failures),
            Self::Test(args) => Some(&args.failures),
            _ => None,
        }
    }

    /// Whether tests keep their failing rows.
    pub fn store_failures(&self) -> bool {
        match self {
            Self::Build(args) => args.failures.store_failures,
            Self::Test(args) => args.failures.store_failures,
            _ => false,
        }
    }
}
