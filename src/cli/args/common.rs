//! Options that several commands have.

use clap::Args;

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
