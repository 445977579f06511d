//! Options of the commands that compile and run nodes.

use super::{FailureArgs, RefreshArgs, SelectionArgs, TypeArgs, WindowArgs};
use crate::diagnostic::Result;
use crate::manifest::JsonMap;
use crate::project::Vars;
use clap::{Args, ValueEnum};

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
    #[arg(long, value_name = "SQL", conflicts_with_all = ["select", "selector"])]
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
    #[arg(long, value_name = "SQL", conflicts_with_all = ["select", "selector"])]
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
