//! The command line: commands and their options, named as in dbt-core 1.11.

use super::flags::GlobalArgs;
use crate::diagnostic::Result;
use crate::manifest::JsonMap;
use crate::project::Vars;
use clap::{Args, Parser, Subcommand, ValueEnum};

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

/// Which nodes.
#[derive(Debug, Args, Default, Clone)]
pub struct SelectionArgs {
    /// Nodes to include, such as `staging+`, `tag:daily`, `+dim_user`, `models/mart`.
    #[arg(
        short, long, short_alias = 'm', aliases = ["models", "model"],
        num_args = 1.., value_name = "SELECTOR"
    )]
    pub select: Vec<String>,
    /// Nodes to leave out.
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub exclude: Vec<String>,
    /// A selection of selectors.yml, by its name.
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
}

/// Which kinds of nodes.
#[derive(Debug, Args, Default, Clone)]
pub struct TypeArgs {
    /// Only resources of these types.
    #[arg(long = "resource-type", alias = "resource-types", num_args = 1.., value_name = "TYPE")]
    pub resource_types: Vec<String>,
    /// No resources of these types.
    #[arg(
        long = "exclude-resource-type", alias = "exclude-resource-types",
        num_args = 1.., value_name = "TYPE"
    )]
    pub exclude_resource_types: Vec<String>,
}

/// `--full-refresh`, for commands that build.
#[derive(Debug, Args, Default, Clone, Copy)]
pub struct RefreshArgs {
    /// Rebuild incremental models and seeds from nothing.
    #[arg(short, long)]
    pub full_refresh: bool,
}

/// Which rows models read, for commands that build.
#[derive(Debug, Args, Default, Clone)]
pub struct WindowArgs {
    /// Read no rows: what is built is empty, but its SQL is checked.
    #[arg(long)]
    pub empty: bool,
    /// Read only rows of this time, such as '3 days' or '{start: 2026-01-01, end: 2026-01-08}'.
    /// Models and sources without `event_time` are read as a whole.
    #[arg(long, value_name = "WINDOW")]
    pub sample: Option<String>,
    /// Where the batches of microbatch models begin, such as 2026-01-01; with --event-time-end.
    #[arg(long, value_name = "TIME")]
    pub event_time_start: Option<String>,
    /// Where the batches of microbatch models end: this moment is not part of them.
    #[arg(long, value_name = "TIME")]
    pub event_time_end: Option<String>,
}

/// `--store-failures`, for commands that test.
#[derive(Debug, Args, Default, Clone)]
pub struct FailureArgs {
    /// Keep the failing rows of every test in a table.
    #[arg(long)]
    pub store_failures: bool,
    /// Print so many failing rows of every test that finds some.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub show_failures: Option<u32>,
    /// Also write the tests' results as JUnit XML, for CI systems.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<std::path::PathBuf>,
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

/// Options of `build`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct BuildArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub types: TypeArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    #[command(flatten)]
    pub failures: FailureArgs,
    #[command(flatten)]
    pub window: WindowArgs,
    /// Print some rows of every seed.
    #[arg(long)]
    pub show: bool,
}

/// Options of `run`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct RunArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Options of `test`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct TestArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub types: TypeArgs,
    #[command(flatten)]
    pub failures: FailureArgs,
}

/// Options of `seed`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct SeedArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    /// Print some rows of every seed.
    #[arg(long)]
    pub show: bool,
}

/// Options of `snapshot`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct SnapshotArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Read no rows.
    #[arg(long)]
    pub empty: bool,
}

/// Options of `compile`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct CompileArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    /// A query to compile instead of nodes, such as "select * from {{ ref('dim_user') }}".
    #[arg(long, value_name = "SQL")]
    pub inline: Option<String>,
    /// How to print the SQL of selected nodes.
    #[arg(long, value_enum, default_value = "text", ignore_case = true)]
    pub output: CompileOutput,
    /// Compile so that no rows are read.
    #[arg(long)]
    pub empty: bool,
    /// Leave ephemeral models out of the SQL of what uses them.
    #[arg(long)]
    pub no_inject_ephemeral_ctes: bool,
    /// Put ephemeral models into the SQL of what uses them. This is the default.
    #[arg(long, overrides_with = "no_inject_ephemeral_ctes", hide = true)]
    pub inject_ephemeral_ctes: bool,
}

/// Options of `show`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct ShowArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    /// A query to run instead of nodes, such as "select * from {{ ref('dim_user') }}".
    #[arg(long, value_name = "SQL")]
    pub inline: Option<String>,
    /// A query to run as it is, without templates and without the project.
    #[arg(long, value_name = "SQL", hide_short_help = true)]
    pub inline_direct: Option<String>,
    /// How many rows to print; all with -1.
    #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true)]
    pub limit: i64,
    /// How to print the rows.
    #[arg(long, value_enum, default_value = "text", ignore_case = true)]
    pub output: CompileOutput,
}

/// Options of `run-operation`.
#[derive(Debug, Args)]
pub struct OperationArgs {
    /// The macro's name, or its package and name, such as `shop.grant_select`.
    #[arg(value_name = "MACRO")]
    pub macro_name: String,
    /// Arguments of the macro as YAML, such as '{role: reporter}'.
    #[arg(long, value_name = "YAML", default_value = "{}", hide_default_value = true)]
    pub args: String,
}

impl OperationArgs {
    /// The arguments by their names.
    ///
    /// # Errors
    /// `--args` is not a YAML mapping.
    pub fn arguments(&self) -> Result<JsonMap> {
        Ok(Vars::parse_option("--args", &self.args)?.to_json())
    }
}

/// Forms of `compile --output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompileOutput {
    /// As it is.
    Text,
    /// A JSON object.
    Json,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Nodes to include.
    #[arg(short, long, num_args = 1.., value_name = "SELECTOR")]
    pub select: Vec<String>,
    /// Models to include; like --select with --resource-type model.
    #[arg(
        short, long, alias = "model", num_args = 1.., value_name = "SELECTOR",
        conflicts_with_all = ["select", "resource_types"]
    )]
    pub models: Vec<String>,
    /// Nodes to leave out.
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub exclude: Vec<String>,
    /// A selection of selectors.yml, by its name.
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub types: TypeArgs,
    /// What to print of each resource.
    #[arg(long, value_enum, default_value = "selector", ignore_case = true)]
    pub output: ListOutput,
    /// Keys to print with --output json, such as `name config.materialized`.
    #[arg(long, num_args = 1.., value_name = "KEY")]
    pub output_keys: Vec<String>,
}

/// Forms of `list --output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListOutput {
    /// What --select understands, such as `shop.staging.orders`.
    #[value(alias = "text")]
    Selector,
    /// The name.
    Name,
    /// The defining file.
    Path,
    /// One JSON object a line.
    Json,
    /// A Mermaid flowchart of the selection.
    Mermaid,
    /// A Graphviz graph of the selection.
    Dot,
}

/// Options of `lineage`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct LineageArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What to print; JSON, or with --column and --check text.
    #[arg(long, value_enum, ignore_case = true)]
    pub output: Option<LineageOutput>,
    /// So many levels of what the selected nodes, or the column, depend on.
    #[arg(long, value_name = "N")]
    pub upstream: Option<usize>,
    /// So many levels of what uses the selected nodes, or the column.
    #[arg(long, value_name = "N")]
    pub downstream: Option<usize>,
    /// The way of one column, such as `dim_user.user_key` or `raw.users.id`, from the SQL of
    /// all models. Up to its sources unless --upstream or --downstream say how far.
    #[arg(long, value_name = "NODE.COLUMN", conflicts_with_all = ["er", "select", "exclude"])]
    pub column: Option<String>,
    /// Tell which models cannot be traced, and which columns are described in property files
    /// though their model does not give them. Exits with 1 for the latter.
    #[arg(long, conflicts_with_all = ["er", "column", "select", "exclude", "output"])]
    pub check: bool,
    /// Entities and how they relate, from relationships tests, keys and unique tests; as JSON
    /// or Mermaid.
    #[arg(long)]
    pub er: bool,
}

/// Forms of `lineage --output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineageOutput {
    /// A tree, of one column.
    Text,
    /// Nodes and edges.
    Json,
    /// A Mermaid diagram.
    Mermaid,
    /// A Graphviz graph.
    Dot,
    /// A picture.
    Svg,
}

/// Commands about documentation.
#[derive(Debug, Subcommand)]
pub enum DocsCommand {
    /// Read the catalog of the database and write the site to target/.
    #[command(after_help = "Examples:\n  \
        gdbt docs generate\n  \
        gdbt docs generate --no-compile\n  \
        gdbt docs generate --select mart --static")]
    Generate(GenerateArgs),
    /// Show the site in a browser.
    #[command(after_help = "Examples:\n  \
        gdbt docs serve\n  \
        gdbt docs serve --port 8001 --no-browser\n\n\
        target/index.html can also be opened without a server.")]
    Serve(ServeArgs),
}

/// Options of `docs generate`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct GenerateArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Do not compile; the catalog is that of all nodes, whatever is selected.
    #[arg(long)]
    pub no_compile: bool,
    /// Compile first. This is the default.
    #[arg(long, overrides_with = "no_compile", hide = true)]
    pub compile: bool,
    /// Do not ask the database: write a catalog without relations.
    #[arg(long)]
    pub empty_catalog: bool,
    /// Write the site to target/static_index.html as well. target/index.html is as
    /// self-contained; this is the name that dbt gives such a file.
    #[arg(long)]
    pub r#static: bool,
}

/// Options of `docs serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The port to listen on; 0 for any.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The address to listen on.
    #[arg(long, env = "DBT_HOST", default_value = "127.0.0.1")]
    pub host: String,
    /// Do not open a browser.
    #[arg(long)]
    pub no_browser: bool,
    /// Open a browser. This is the default.
    #[arg(long, overrides_with = "no_browser", hide = true)]
    pub browser: bool,
}

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

/// Options of `clone`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct CloneArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub types: TypeArgs,
    #[command(flatten)]
    pub refresh: RefreshArgs,
}

/// Options of `retry`.
#[derive(Debug, Args)]
#[allow(missing_docs)]
pub struct RetryArgs {
    #[command(flatten)]
    pub refresh: RefreshArgs,
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
