//! Options of the commands that show what a project holds, and of `docs`.

use super::{SelectionArgs, TypeArgs};
use clap::{Args, Subcommand, ValueEnum};

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
