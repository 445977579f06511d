//! dbt's name, code and level of every event
//! (<https://docs.getdbt.com/reference/events-logging>).

use crate::event::{Event, Level};
use crate::result::NodeStatus;

/// What an event is called in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// dbt's class name of the event.
    pub name: &'static str,
    /// dbt's code; those that start with `G` are gdbt's own.
    pub code: &'static str,
    /// How important it is.
    pub level: Level,
}

/// The label of an event.
pub fn label(event: &Event) -> Label {
    use Level::{Debug, Error, Info, Warn};
    let (name, code, level) = match event {
        Event::Named(event) => (event.name, event.code, event.level),
        Event::MainReportVersion => ("MainReportVersion", "A001", Info),
        Event::MainReportArgs { .. } => ("MainReportArgs", "A002", Debug),
        Event::AdapterRegistered => ("AdapterRegistered", "E034", Info),
        Event::MainEncounteredError { .. } => ("MainEncounteredError", "Z002", Error),
        Event::MainKeyboardInterrupt => ("MainKeyboardInterrupt", "Z001", Info),
        Event::CommandCompleted { .. } => ("CommandCompleted", "Q039", Debug),
        Event::DeprecationsSummary { .. } => ("DeprecationsSummary", "D028", Warn),
        Event::ResourceReport { shown, .. } => {
            ("ResourceReport", "Z051", if *shown { Info } else { Debug })
        }
        Event::FoundStats { .. } => ("FoundStats", "W006", Info),
        Event::Warning(warning) => (warning.name, warning.code, Warn),
        Event::NoNodesForSelectionCriteria { .. } => ("NoNodesForSelectionCriteria", "M030", Warn),
        Event::NoNodesSelected => ("NoNodesSelected", "Q038", Warn),
        Event::NothingToDo => ("NothingToDo", "Q035", Warn),
        Event::JinjaLog { level: Debug, .. } => ("JinjaLogDebug", "I063", Debug),
        Event::JinjaLog { level: Info, .. } => ("JinjaLogInfo", "I062", Info),
        Event::JinjaLog { .. } => ("JinjaLogWarning", "I061", Warn),
        Event::Print { .. } | Event::Output { .. } => ("PrintEvent", "Z052", Info),
        Event::NewConnection { .. } => ("NewConnection", "E005", Debug),
        Event::ConnectionReused { .. } => ("ConnectionReused", "E006", Debug),
        Event::SqlQuery { .. } => ("SQLQuery", "E016", Debug),
        Event::SqlQueryStatus { .. } => ("SQLQueryStatus", "E017", Debug),
        Event::ConcurrencyLine { .. } => ("ConcurrencyLine", "Q027", Info),
        Event::NodeStart { .. } => ("NodeStart", "Q024", Debug),
        Event::NodeFinished { .. } => ("NodeFinished", "Q025", Debug),
        Event::NodeCompiling { .. } => ("NodeCompiling", "Q030", Debug),
        Event::NodeExecuting { .. } => ("NodeExecuting", "Q031", Debug),
        Event::LogStartLine { .. } => ("LogStartLine", "Q011", Info),
        Event::LogFunctionResult(line) => ("LogFunctionResult", "Q047", result_level(line.status)),
        Event::LogStartBatch { .. } => ("LogStartBatch", "Q045", Info),
        Event::LogBatchResult(line) => ("LogBatchResult", "Q046", result_level(line.status)),
        Event::LogModelResult(line) => ("LogModelResult", "Q012", result_level(line.status)),
        Event::WritingInjectedSql { .. } => ("WritingInjectedSQLForNode", "Q029", Debug),
        Event::CatchableExceptionOnRun { .. } => ("CatchableExceptionOnRun", "W002", Debug),
        Event::LogSnapshotResult { line, .. } => {
            ("LogSnapshotResult", "Q015", result_level(line.status))
        }
        Event::LogSeedResult(line) => ("LogSeedResult", "Q016", result_level(line.status)),
        Event::LogTestResult { line, .. } => ("LogTestResult", "Q007", result_level(line.status)),
        Event::LogFreshnessResult(line) => {
            ("LogFreshnessResult", "Q018", result_level(line.status))
        }
        Event::LogNodeNoOpResult(_) => ("LogNodeNoOpResult", "Q019", Info),
        Event::SkippingDetails { .. } => ("SkippingDetails", "Q034", Info),
        Event::LogSkipBecauseError { .. } => ("LogSkipBecauseError", "Z034", Error),
        Event::MarkSkippedChildren { .. } => ("MarkSkippedChildren", "Z033", Debug),
        Event::LogHookStartLine { .. } => ("LogHookStartLine", "Q032", Info),
        Event::LogHookEndLine { .. } => ("LogHookEndLine", "Q033", Info),
        Event::LogCancelLine { .. } => ("LogCancelLine", "Q022", Error),
        Event::GenericExceptionOnRun { .. } => ("GenericExceptionOnRun", "W004", Error),
        Event::FinishedRunningStats { .. } => ("FinishedRunningStats", "E047", Info),
        Event::EndOfRunSummary { .. } => ("EndOfRunSummary", "Z030", Info),
        Event::RunResultWarning { .. } => ("RunResultWarning", "Z021", Warn),
        Event::RunResultFailure { .. } => ("RunResultFailure", "Z022", Error),
        Event::RunResultError { debug: true, .. } => ("RunResultError", "Z024", Debug),
        Event::RunResultError { .. } => ("RunResultError", "Z024", Error),
        Event::RunResultErrorNoMessage { .. } => ("RunResultErrorNoMessage", "Z025", Error),
        Event::RunResultWarningMessage { .. } => ("RunResultWarningMessage", "Z046", Warn),
        Event::SqlCompiledPath { .. } => ("SQLCompiledPath", "Z026", Info),
        Event::CheckNodeTestFailure { .. } => ("CheckNodeTestFailure", "Z027", Info),
        Event::StatsLine(_) => ("StatsLine", "Z023", Info),
        Event::EndRunResult { .. } => ("EndRunResult", "Q037", Debug),
        Event::ArtifactWritten { .. } => ("ArtifactWritten", "P001", Debug),
        Event::Formatting { debug: true, .. } => ("Formatting", "Z017", Debug),
        Event::Formatting { .. } => ("Formatting", "Z017", Info),
        Event::Note { level, .. } => ("Note", "Z050", *level),
        Event::DebugCmdOut { .. } => ("DebugCmdOut", "Z047", Info),
        Event::SeedHeader { .. } => ("SeedHeader", "Q004", Info),
        Event::DebugCmdResult { .. } => ("DebugCmdResult", "Z048", Info),
        Event::DepsNoPackagesFound => ("DepsNoPackagesFound", "M013", Info),
        Event::RunningOperationCaughtError { .. } => ("RunningOperationCaughtError", "Q001", Error),
        Event::CheckCleanPath { .. } => ("CheckCleanPath", "Z012", Info),
        Event::ConfirmCleanPath { .. } => ("ConfirmCleanPath", "Z013", Info),
        Event::ProtectedCleanPath { .. } => ("ProtectedCleanPath", "Z014", Info),
        Event::FinishedCleanPaths => ("FinishedCleanPaths", "Z015", Info),
        Event::ShowNode { .. } => ("ShowNode", "Q041", Info),
        Event::ParseInlineNodeError { .. } => ("ParseInlineNodeError", "I069", Error),
        Event::CompiledNode { .. } => ("CompiledNode", "Q042", Info),
        Event::BuildingCatalog => ("BuildingCatalog", "E044", Info),
        Event::CatalogGenerationError { .. } => ("CatalogGenerationError", "E040", Warn),
        Event::WriteCatalogFailure { .. } => ("WriteCatalogFailure", "E041", Error),
        Event::CatalogWritten { .. } => ("CatalogWritten", "E042", Info),
        Event::EmbeddedServer { .. } => ("EmbeddedServer", "G001", Info),
        Event::SourceLoadStart { .. } => ("SourceLoadStart", "G002", Info),
        Event::SourceLoadProgress { .. } => ("SourceLoadProgress", "G003", Debug),
        Event::SourceLoadResult { status, .. } => {
            ("SourceLoadResult", "G004", result_level(*status))
        }
    };
    Label { name, code, level }
}

fn result_level(status: NodeStatus) -> Level {
    match status {
        NodeStatus::Error | NodeStatus::Fail | NodeStatus::RuntimeError => Level::Error,
        NodeStatus::Warn => Level::Warn,
        _ => Level::Info,
    }
}

/// Whether the event is raw output that even `--quiet` shows, without a timestamp.
pub fn is_raw(event: &Event) -> bool {
    matches!(
        event,
        Event::Print { .. }
            | Event::Output { .. }
            | Event::ShowNode { .. }
            | Event::CompiledNode { .. }
    )
}

/// Whether something else is told soon, so that it can wait for that in the log file: a write
/// for each step of each node would be most of a run's system calls.
pub fn is_followed(event: &Event) -> bool {
    matches!(
        event,
        Event::NodeStart { .. }
            | Event::NodeCompiling { .. }
            | Event::WritingInjectedSql { .. }
            | Event::NodeExecuting { .. }
            | Event::NodeFinished { .. }
            | Event::ConnectionReused { .. }
            | Event::JinjaLog { level: Level::Debug, .. }
            | Event::SqlQuery { .. }
            | Event::SqlQueryStatus { .. }
    )
}

/// Whether the event may not be written to the log file: `clean` may have removed its
/// folder, and progress is only drawn.
pub fn is_kept_from_file(event: &Event) -> bool {
    matches!(
        event,
        Event::CheckCleanPath { .. }
            | Event::ConfirmCleanPath { .. }
            | Event::ProtectedCleanPath { .. }
            | Event::FinishedCleanPaths
            | Event::SourceLoadProgress { .. }
    )
}
