//! What happens during a command, as values. Every stage tells a [`Sink`]; only
//! `report` decides what of it is printed, logged or drawn.
//!
//! Names, codes and levels are dbt's where dbt has the event, because tools read
//! them from JSON logs (<https://docs.getdbt.com/reference/events-logging>). Events
//! that only gdbt has carry codes that start with `G`.

mod carried;
mod sink;

use crate::diagnostic::Diagnostic;
use crate::result::NodeStatus;
pub use carried::{NamedEvent, NodeIdentity, NodeInfo, Position, ResultLine, Stats, Warning};
use serde_json::{Map, Value as Json};
pub use sink::{Level, Silent, Sink, thread_name};
use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An event that has nothing but a text and fields.
    Named(Box<NamedEvent>),
    /// The command begins.
    MainReportVersion,
    /// The settings in force, by dbt's names.
    MainReportArgs {
        /// Names and values.
        args: Map<String, Json>,
    },
    /// The adapter is chosen; there is only one.
    AdapterRegistered,
    /// The command failed as a whole.
    MainEncounteredError {
        /// Why: one error, or all that were found.
        diagnostics: Vec<Diagnostic>,
    },
    /// Ctrl-C.
    MainKeyboardInterrupt,
    /// The command ends.
    CommandCompleted {
        /// Such as `dbt run`.
        command: String,
        /// Whether all went well.
        success: bool,
        /// Since its start.
        elapsed: Duration,
    },

    /// How often each deprecation came up, as (event name, code, count).
    DeprecationsSummary {
        /// One for each kind.
        summaries: Vec<(&'static str, &'static str, usize)>,
        /// Whether only the first of each kind was shown.
        show_all_hint: bool,
    },
    /// What the command cost. Info for `--show-resource-report`, debug otherwise.
    ResourceReport {
        /// dbt's name of the command.
        command: &'static str,
        /// Whether all went well.
        success: bool,
        /// Since its start.
        elapsed: Duration,
        /// Whether it was asked for.
        shown: bool,
    },

    /// What the project has, such as `8 models, 1 seed`.
    FoundStats {
        /// The counts.
        stat_line: String,
    },
    /// Something about the project looks wrong.
    Warning(Warning),
    /// A selection matches nothing.
    NoNodesForSelectionCriteria {
        /// The selection as written.
        spec: String,
    },
    /// `ls` has nothing to list.
    NoNodesSelected,
    /// A run has nothing to run.
    NothingToDo,

    /// `log(…)` or `exceptions.warn(…)` in Jinja. Debug, info or warn.
    JinjaLog {
        /// Debug for `log(msg)`, info for `log(msg, info=true)`, warn for `warn(msg)`.
        level: Level,
        /// The text.
        message: String,
        /// The node that was being rendered.
        node: Option<NodeInfo>,
    },
    /// `print(…)` in Jinja: raw text for standard output, even when quiet.
    Print {
        /// The text.
        message: String,
    },
    /// What a command was asked to print, such as a line of `ls`: raw text for standard
    /// output, even when quiet.
    Output {
        /// The text.
        message: String,
    },

    /// A connection to the server is opened.
    NewConnection {
        /// The connection's name: the node it works for, or `master`.
        name: String,
        /// The node it works for.
        node: Option<NodeInfo>,
    },
    /// An idle connection works for somebody else from now on.
    ConnectionReused {
        /// Its name until now.
        former: String,
        /// Its name from now on.
        name: String,
    },
    /// A statement is sent.
    SqlQuery {
        /// The connection's name.
        connection: String,
        /// The statement.
        sql: String,
        /// The node it is sent for.
        node: Option<NodeInfo>,
    },
    /// A statement is answered.
    SqlQueryStatus {
        /// Such as `SELECT 12`, or the error.
        status: String,
        /// How long the server took, travel included.
        elapsed: Duration,
        /// The node it was sent for.
        node: Option<NodeInfo>,
    },

    /// How many threads run against which target.
    ConcurrencyLine {
        /// Threads.
        threads: usize,
        /// The target's name.
        target: String,
        /// Nodes to run.
        node_count: usize,
    },
    /// A thread takes a node.
    NodeStart {
        /// The node.
        node: NodeInfo,
    },
    /// Its templates are being rendered.
    NodeCompiling {
        /// The node.
        node: NodeInfo,
    },
    /// Its compiled SQL is written to a file.
    WritingInjectedSql {
        /// The node.
        node: NodeInfo,
    },
    /// Something went wrong while a node ran that its result tells, too.
    CatchableExceptionOnRun {
        /// The node.
        node: NodeInfo,
        /// The error.
        message: String,
    },
    /// Its SQL is being run.
    NodeExecuting {
        /// The node.
        node: NodeInfo,
    },
    /// A thread is done with a node.
    NodeFinished {
        /// The node.
        node: NodeInfo,
        /// dbt's `run_result` of the node.
        result: Map<String, Json>,
    },
    /// `START …`.
    LogStartLine {
        /// The node.
        node: NodeInfo,
        /// Such as `sql table model dwh.dim_user`.
        description: String,
        /// Its place in the run.
        position: Position,
    },
    /// A model ended.
    LogModelResult(ResultLine),
    /// A user-defined function was made, or not.
    LogFunctionResult(ResultLine),
    /// A batch of a microbatch model begins.
    LogStartBatch {
        /// The model.
        node: NodeInfo,
        /// `batch 2024-09-17 of dwh.sessions`.
        description: String,
        /// Which batch of how many.
        position: Position,
    },
    /// A batch of a microbatch model ended.
    LogBatchResult(ResultLine),
    /// A seed ended.
    LogSeedResult(ResultLine),
    /// A snapshot ended.
    LogSnapshotResult {
        /// How.
        line: ResultLine,
        /// Its configuration.
        config: Map<String, Json>,
    },
    /// A test ended.
    LogTestResult {
        /// How.
        line: ResultLine,
        /// The tested model, seed or snapshot.
        attached_node: Option<String>,
    },
    /// The freshness of a source was asked; the line's description is its name.
    LogFreshnessResult(ResultLine),
    /// A node had nothing to do.
    LogNodeNoOpResult(ResultLine),
    /// A node is skipped because something before it failed.
    SkippingDetails {
        /// The node.
        node: NodeInfo,
        /// Its place in the run.
        position: Position,
    },
    /// A node is skipped because an ephemeral model that it uses cannot be compiled.
    LogSkipBecauseError {
        /// The node.
        node: NodeInfo,
        /// Its place in the run.
        position: Position,
        /// The ephemeral model's status.
        status: NodeStatus,
    },
    /// What depends on a node will be skipped.
    MarkSkippedChildren {
        /// The node.
        unique_id: String,
        /// Its status.
        status: NodeStatus,
        /// Its message.
        message: Option<String>,
        /// dbt's `run_result` of the node.
        result: Map<String, Json>,
    },
    /// A hook begins.
    LogHookStartLine {
        /// The hook.
        node: NodeInfo,
        /// Such as `shop.on-run-start.0`.
        statement: String,
        /// Its place among its kind.
        position: Position,
    },
    /// A hook ended.
    LogHookEndLine {
        /// The hook.
        node: NodeInfo,
        /// Such as `shop.on-run-start.0`.
        statement: String,
        /// Its place among its kind.
        position: Position,
        /// How.
        status: NodeStatus,
        /// How long it took.
        execution_time: Duration,
    },
    /// A running query is cancelled.
    LogCancelLine {
        /// The connection's name.
        connection: String,
    },
    /// A node failed in a way that is a defect of gdbt.
    GenericExceptionOnRun {
        /// The node.
        node: NodeInfo,
        /// What is known.
        message: String,
    },

    /// What was run and how long it took.
    FinishedRunningStats {
        /// Such as `1 seed, 2 table models`.
        stat_line: String,
        /// Since the first node.
        execution_time: Duration,
    },
    /// How the run went.
    EndOfRunSummary {
        /// Failed or skipped nodes.
        errors: usize,
        /// Tests with warnings.
        warnings: usize,
        /// Microbatch models with some failed batches.
        partial_successes: usize,
        /// Whether the user interrupted it.
        interrupted: bool,
    },
    /// Headline of a warning's details.
    RunResultWarning {
        /// The node.
        node: NodeInfo,
    },
    /// Headline of a failure's details.
    RunResultFailure {
        /// The node.
        node: NodeInfo,
    },
    /// A failure's message.
    RunResultError {
        /// The message.
        message: String,
        /// The node.
        node: Option<NodeInfo>,
        /// The error itself, where it has a place in a file or a help text.
        diagnostic: Option<Box<Diagnostic>>,
        /// Whether it is only of interest to who debugs, as the reason of a skip.
        debug: bool,
    },
    /// A failure without message.
    RunResultErrorNoMessage {
        /// Its status.
        status: NodeStatus,
        /// The node.
        node: NodeInfo,
    },
    /// A warning's message.
    RunResultWarningMessage {
        /// The message.
        message: String,
        /// The node.
        node: NodeInfo,
    },
    /// Where the compiled SQL of a failed node is.
    SqlCompiledPath {
        /// The file.
        path: String,
        /// The node.
        node: NodeInfo,
    },
    /// Where the failing rows of a test are.
    CheckNodeTestFailure {
        /// The relation.
        relation_name: String,
        /// The node.
        node: NodeInfo,
    },
    /// `Done. PASS=…`.
    StatsLine(Stats),
    /// The whole run is over.
    EndRunResult {
        /// Whether all went well.
        success: bool,
        /// Since the first node.
        elapsed: Duration,
        /// dbt's `run_result` of every node.
        results: Vec<Map<String, Json>>,
    },

    /// A file for other tools was written.
    ArtifactWritten {
        /// dbt's type, such as `RunExecutionResult`.
        artifact_type: &'static str,
        /// The file.
        path: String,
    },
    /// Text or an empty line that only formats.
    Formatting {
        /// The text.
        message: String,
        /// Whether it belongs to what is only of interest to who debugs.
        debug: bool,
    },
    /// Free text of some level.
    Note {
        /// The level.
        level: Level,
        /// The text.
        message: String,
    },
    /// A line of `debug`.
    DebugCmdOut {
        /// The text.
        message: String,
    },
    /// Headline of some rows of a seed.
    SeedHeader {
        /// Such as `Random sample of table: dwh.users`.
        header: String,
    },
    /// Why a check of `debug` failed.
    DebugCmdResult {
        /// What failed.
        heading: String,
        /// Why.
        diagnostics: Vec<Diagnostic>,
    },
    /// `deps` has nothing to install.
    DepsNoPackagesFound,
    /// The macro of `run-operation` failed.
    RunningOperationCaughtError {
        /// Why.
        diagnostic: Box<Diagnostic>,
    },
    /// `clean` looks at a folder.
    CheckCleanPath {
        /// The folder.
        path: String,
    },
    /// `clean` removed a folder.
    ConfirmCleanPath {
        /// The folder.
        path: String,
    },
    /// `clean` leaves a folder alone.
    ProtectedCleanPath {
        /// The folder.
        path: String,
    },
    /// `clean` is done.
    FinishedCleanPaths,
    /// The rows of a node, for `show`.
    ShowNode {
        /// The node's name.
        name: String,
        /// The table: Markdown, or a JSON list.
        preview: String,
        /// Whether to print JSON.
        json: bool,
        /// Whether to print nothing but the rows.
        quiet: bool,
        /// Whether the SQL was given on the command line.
        inline: bool,
        /// The node's id.
        unique_id: String,
    },
    /// The query of the command line cannot be understood.
    ParseInlineNodeError {
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
    },
    /// A compiled node, for `compile --select`.
    CompiledNode {
        /// The node's id.
        unique_id: String,
        /// The node's name.
        name: String,
        /// Its SQL.
        compiled: String,
        /// Whether to print JSON.
        json: bool,
        /// Whether to print nothing but the SQL.
        quiet: bool,
        /// Whether the SQL was given on the command line.
        inline: bool,
    },

    /// The catalog is being read.
    BuildingCatalog,
    /// The catalog could not be read.
    CatalogGenerationError {
        /// Why.
        diagnostic: Box<Diagnostic>,
    },
    /// How much of the catalog is missing.
    WriteCatalogFailure {
        /// How many errors there were.
        failures: usize,
    },
    /// The catalog is written.
    CatalogWritten {
        /// The file.
        path: String,
    },

    /// The embedded server is up.
    EmbeddedServer {
        /// PostgreSQL's version.
        version: String,
        /// Its data directory.
        directory: String,
        /// A URL for psql.
        url: String,
        /// Whether this command started it.
        started: bool,
    },
    /// A source's files are being loaded.
    SourceLoadStart {
        /// `source.table`.
        source: String,
        /// Its place.
        position: Position,
        /// Size of the files, 0 when unknown.
        bytes: u64,
    },
    /// How far a load is. Only drawn, never logged.
    SourceLoadProgress {
        /// `source.table`.
        source: String,
        /// Bytes read so far.
        bytes: u64,
    },
    /// A source is loaded.
    SourceLoadResult {
        /// `source.table`.
        source: String,
        /// Its place.
        position: Position,
        /// How it ended.
        status: NodeStatus,
        /// Rows loaded.
        rows: u64,
        /// Bytes read.
        bytes: u64,
        /// How long it took.
        execution_time: Duration,
        /// Why it failed.
        diagnostic: Option<Box<Diagnostic>>,
    },
}

impl Event {
    /// An empty line.
    pub fn empty_line() -> Self {
        Self::Formatting { message: String::new(), debug: false }
    }

    /// Free text for the user.
    pub fn note(message: impl Into<String>) -> Self {
        Self::Note { level: Level::Info, message: message.into() }
    }
}
