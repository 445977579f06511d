//! The text of every event, in the words that dbt 1.11 prints and other tools read.

use super::style::{self, Style, plural};
use crate::event::{Event, NodeInfo, Position, ResultLine};
use crate::project::version::DBT_VERSION;
use crate::result::NodeStatus;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

/// The version of dbt-postgres whose behaviour gdbt follows.
pub const ADAPTER_VERSION: &str = "1.11.0";

/// The text of an event; it may have many lines.
pub fn message(event: &Event, style: Style) -> String {
    match event {
        Event::Named(event) if event.level == crate::event::Level::Warn => {
            style.yellow(&event.message)
        }
        Event::Named(event) => event.message.clone(),
        Event::MainReportVersion => {
            let version = env!("CARGO_PKG_VERSION");
            format!("Running with gdbt={version} (dbt {DBT_VERSION} compatible)")
        }
        Event::MainReportArgs { args } => {
            let args = args.iter().map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("'{name}': '{value}'")
            });
            format!("running gdbt with arguments {{{}}}", args.collect::<Vec<_>>().join(", "))
        }
        Event::AdapterRegistered => format!("Registered adapter: postgres={ADAPTER_VERSION}"),
        Event::MainEncounteredError { diagnostics } => {
            let errors: Vec<_> =
                diagnostics.iter().map(|error| super::diagnostic::render(error, style)).collect();
            format!("Encountered an error:\n{}", errors.join("\n\n"))
        }
        Event::MainKeyboardInterrupt => "ctrl-c".to_owned(),
        Event::CommandCompleted { command, success, elapsed } => {
            let status = if *success { "succeeded" } else { "failed" };
            let now = super::clock::time_of_day(jiff::Timestamp::now());
            let elapsed = elapsed.as_secs_f64();
            format!("Command `{command}` {status} at {now} after {elapsed:.2} seconds")
        }
        Event::FoundStats { stat_line } => format!("Found {stat_line}"),
        Event::Warning(warning) => {
            super::warning::text(warning, super::DeprecationOptions::default(), style)
        }
        Event::DeprecationsSummary { summaries, show_all_hint } => {
            super::warning::summary(summaries, *show_all_hint, style)
        }
        Event::ResourceReport { command, success, elapsed, .. } => {
            let data = super::data::resource_report(command, *success, *elapsed);
            format!("Resource report: {}", super::json_text::line(&data))
        }
        Event::NoNodesForSelectionCriteria { spec } => {
            format!("The selection criterion '{spec}' does not match any enabled nodes")
        }
        Event::NoNodesSelected => "No nodes selected!".to_owned(),
        Event::NothingToDo => {
            "Nothing to do. Try checking your model configs and model specification args".to_owned()
        }
        Event::JinjaLog { message, .. }
        | Event::Print { message }
        | Event::Output { message }
        | Event::Formatting { message, .. }
        | Event::Note { message, .. }
        | Event::DebugCmdOut { message }
        | Event::RunResultWarningMessage { message, .. } => message.clone(),
        Event::NewConnection { name, .. } => format!("Acquiring new postgres connection '{name}'"),
        Event::ConnectionReused { former, name } => format!(
            "Re-using an available connection from the pool (formerly {former}, now {name})"
        ),
        Event::SqlQuery { connection, sql, .. } => format!("On {connection}: {sql}"),
        Event::SqlQueryStatus { status, elapsed, .. } => {
            format!("SQL status: {status} in {:.3} seconds", elapsed.as_secs_f64())
        }
        Event::ConcurrencyLine { threads, target, .. } => {
            format!("Concurrency: {threads} threads (target='{target}')")
        }
        Event::NodeStart { node } => format!("Began running node {}", node.node.unique_id),
        Event::NodeCompiling { node } => format!("Began compiling node {}", node.node.unique_id),
        Event::NodeExecuting { node } => format!("Began executing node {}", node.node.unique_id),
        Event::NodeFinished { node, .. } => {
            format!("Finished running node {}", node.node.unique_id)
        }
        Event::ArtifactWritten { artifact_type, path } => {
            format!("Wrote artifact {artifact_type} to {path}")
        }
        Event::SeedHeader { header } => header.clone(),
        Event::DebugCmdResult { heading, diagnostics } => {
            let errors = diagnostics.iter().map(|error| super::diagnostic::render(error, style));
            format!("{heading}\n{}", errors.collect::<Vec<_>>().join("\n\n"))
        }
        Event::DepsNoPackagesFound => "Warning: No packages were found in packages.yml".to_owned(),
        Event::RunningOperationCaughtError { diagnostic } => {
            let error = super::diagnostic::render(diagnostic, style);
            format!("Encountered an error while running operation: {error}")
        }
        Event::CheckCleanPath { path } => format!("Checking {path}/*"),
        Event::ConfirmCleanPath { path } => format!("Cleaned {path}/*"),
        Event::ProtectedCleanPath { path } => {
            format!("ERROR: not cleaning {path}/* because it is protected")
        }
        Event::FinishedCleanPaths => "Finished cleaning all paths.".to_owned(),
        Event::BuildingCatalog => "Building catalog".to_owned(),
        Event::CatalogGenerationError { diagnostic } => style.warning_tag(&format!(
            "Encountered an error while generating catalog: {}",
            super::diagnostic::render(diagnostic, style)
        )),
        Event::WriteCatalogFailure { failures } => format!(
            "dbt encountered {failures} failure{} while writing the catalog",
            if *failures == 1 { "" } else { "s" }
        ),
        Event::CatalogWritten { path } => format!("Catalog written to {path}"),
        Event::ShowNode { name, preview, json, quiet, inline, .. } => {
            shown_node(name, preview, *json, *quiet, *inline)
        }
        Event::ParseInlineNodeError { diagnostics } => {
            let texts: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
            format!("Error while parsing node: inline_query\n{}", texts.join("\n"))
        }
        Event::CompiledNode { name, compiled, json, quiet, inline, .. } => {
            compiled_node(name, compiled, *json, *quiet, *inline)
        }
        Event::EmbeddedServer { version, directory, url, started } => {
            let verb = if *started { "started" } else { "in use" };
            format!("Embedded PostgreSQL {version} {verb}: {directory} ({url})")
        }
        _ => run_message(event, style),
    }
}

/// The texts of what happens to nodes.
fn run_message(event: &Event, style: Style) -> String {
    match event {
        Event::LogStartLine { description, position, .. } => {
            style.line(&format!("START {description}"), "RUN", place(*position), None)
        }
        Event::LogModelResult(line) => result_line(line, "created", style),
        Event::LogFunctionResult(line) => {
            let message = match line.status {
                NodeStatus::Success => Some("SUCCESS".to_owned()),
                _ => line.message.clone(),
            };
            result_line(&ResultLine { message, ..line.clone() }, "created", style)
        }
        Event::LogStartBatch { description, position, .. } => {
            let line = style.line(&format!("START {description}"), "RUN", place(*position), None);
            format!("Batch {line}")
        }
        Event::LogBatchResult(line) => format!("Batch {}", batch_line(line, style)),
        Event::WritingInjectedSql { node } => {
            format!("Writing injected SQL for node \"{}\"", node.node.unique_id)
        }
        Event::CatchableExceptionOnRun { message, .. } => message.clone(),
        Event::LogSnapshotResult { line, .. } => result_line(line, "snapshotted", style),
        Event::LogSeedResult(line) => result_line(line, "loaded", style),
        Event::LogTestResult { line, .. } => test_line(line, style),
        Event::LogFreshnessResult(line) => freshness_line(line, style),
        Event::LogNodeNoOpResult(line) => style.line(
            &format!("NO-OP {}", line.description),
            &style.yellow("NO-OP"),
            place(line.position),
            Some(line.execution_time),
        ),
        Event::SkippingDetails { node, position } => {
            style.line(&skip_text(node), &style.yellow("SKIP"), place(*position), None)
        }
        Event::LogSkipBecauseError { node, position, status } => {
            let (schema, name) = (&node.node.schema, &node.node.name);
            let text =
                format!("SKIP relation {schema}.{name} due to ephemeral model status '{status}'");
            style.line(&text, &style.red("ERROR SKIP"), place(*position), None)
        }
        Event::MarkSkippedChildren { unique_id, status, message, .. } => {
            let mut text = format!(
                "Marking all children of '{unique_id}' to be skipped because of status '{status}'. "
            );
            if let Some(message) = message {
                let _ = write!(text, " Reason: {message}.");
            }
            text
        }
        Event::LogHookStartLine { statement, position, .. } => style.cut_line(
            &format!("START hook: {statement}"),
            "RUN",
            (position.index, position.total),
            None,
        ),
        Event::LogHookEndLine { statement, position, status, execution_time, .. } => {
            let (info, status) = match status {
                NodeStatus::Success => ("OK", style.green("OK")),
                NodeStatus::Skipped => ("SKIP", style.yellow("SKIP")),
                _ => ("ERROR", style.red("ERROR")),
            };
            let text = format!("{info} hook: {statement}");
            let place = (position.index, position.total);
            style.cut_line(&text, &status, place, Some(*execution_time))
        }
        Event::LogCancelLine { connection } => {
            style.line(&format!("CANCEL query {connection}"), &style.red("CANCEL"), None, None)
        }
        Event::GenericExceptionOnRun { node, message } => {
            let headline = format!("Unhandled error while executing {}", node.node.unique_id);
            format!("{}\n{}", style.red(&headline), message.trim())
        }
        Event::SourceLoadStart { source, position, .. } => {
            style.line(&format!("START load {source}"), "RUN", place(*position), None)
        }
        _ => summary_message(event, style),
    }
}

/// The texts at the end of a run.
fn summary_message(event: &Event, style: Style) -> String {
    match event {
        Event::FinishedRunningStats { stat_line, execution_time } => {
            let seconds = execution_time.as_secs_f64();
            format!("Finished running {stat_line}{} ({seconds:.2}s).", execution(*execution_time))
        }
        Event::EndOfRunSummary { errors, warnings, partial_successes, interrupted } => {
            end_of_run(*errors, *warnings, *partial_successes, *interrupted, style)
        }
        Event::RunResultWarning { node } => style.yellow(&headline("Warning", node)),
        Event::RunResultFailure { node } => style.red(&headline("Failure", node)),
        Event::RunResultError { message, diagnostic, .. } => {
            let notes = diagnostic
                .as_deref()
                .map(|diagnostic| super::diagnostic::render_notes(diagnostic, style))
                .unwrap_or_default();
            format!("  {}{notes}", super::unit_diff::coloured(message, style))
        }
        Event::RunResultErrorNoMessage { status, .. } => format!("  Status: {status}"),
        Event::SqlCompiledPath { path, .. } => format!("  compiled code at {path}"),
        Event::CheckNodeTestFailure { relation_name, .. } => {
            let query = format!("select * from {relation_name}");
            let border = "-".repeat(query.chars().count());
            format!("  See test failures:\n  {border}\n  {query}\n  {border}")
        }
        Event::StatsLine(stats) => format!(
            "Done. PASS={} WARN={} ERROR={} SKIP={} NO-OP={} TOTAL={}",
            stats.pass, stats.warn, stats.error, stats.skip, stats.noop, stats.total
        ),
        Event::EndRunResult { .. } => "Command end result".to_owned(),
        Event::SourceLoadProgress { source, bytes } => {
            format!("{source}: {}", style::bytes(*bytes))
        }
        Event::SourceLoadResult {
            source,
            position,
            status,
            rows,
            bytes,
            execution_time,
            diagnostic,
        } => {
            if *status == NodeStatus::Success {
                let text = format!("OK loaded {source}");
                let status = style.green(&load_status(*rows, *bytes, *execution_time));
                return style.line(&text, &status, place(*position), Some(*execution_time));
            }
            let text = format!("ERROR loading {source}");
            let status = style.red("ERROR");
            let line = style.line(&text, &status, place(*position), Some(*execution_time));
            let error = diagnostic.as_deref().map(|error| super::diagnostic::render(error, style));
            error.map_or(line.clone(), |error| format!("{line}\n{error}"))
        }
        _ => String::new(),
    }
}

/// ` in 0 hours 0 minutes and 1.03 seconds`.
pub fn execution(time: Duration) -> String {
    let (hours, minutes) = (time.as_secs() / 3600, time.as_secs() / 60 % 60);
    let seconds = time.as_secs_f64() % 60.0;
    format!(" in {hours} hours {minutes} minutes and {seconds:.2} seconds")
}

#[allow(clippy::unnecessary_wraps)] // the form that `Style::line` takes
fn place(position: Position) -> Option<(usize, usize)> {
    Some((position.index, position.total))
}

fn headline(kind: &str, node: &NodeInfo) -> String {
    let node = &node.node;
    format!("{kind} in {} {} ({})", node.resource_type, node.name, node.original_file_path)
}

fn skip_text(node: &NodeInfo) -> String {
    let node = &node.node;
    match node.resource_type {
        "model" | "seed" | "snapshot" => format!("SKIP relation {}.{}", node.schema, node.name),
        other => format!("SKIP {other} {}", node.name),
    }
}

fn result_line(line: &ResultLine, verb: &str, style: Style) -> String {
    let (info, status) = match line.status {
        NodeStatus::Error => {
            let verb = match verb {
                "loaded" => "loading",
                "snapshotted" => "snapshotting",
                _ => "creating",
            };
            (format!("ERROR {verb}"), style.red("ERROR"))
        }
        NodeStatus::PartialSuccess => {
            let status = line.message.as_deref().unwrap_or("PARTIAL SUCCESS");
            (format!("PARTIALLY {verb}"), style.yellow(status))
        }
        _ => (format!("OK {verb}"), style.green(line.message.as_deref().unwrap_or("OK"))),
    };
    let text = format!("{info} {}", line.description);
    style.line(&text, &status, place(line.position), Some(line.execution_time))
}

fn batch_line(line: &ResultLine, style: Style) -> String {
    if line.status != NodeStatus::Skipped {
        return result_line(line, "created", style);
    }
    let text = format!("SKIP {}", line.description);
    style.line(&text, &style.yellow("SKIPPED"), place(line.position), Some(line.execution_time))
}

fn test_line(line: &ResultLine, style: Style) -> String {
    let failures = line.failures.unwrap_or(0);
    let (info, status) = match line.status {
        NodeStatus::Error => ("ERROR".to_owned(), style.red("ERROR")),
        NodeStatus::Pass => ("PASS".to_owned(), style.green("PASS")),
        NodeStatus::Warn => {
            let info = format!("WARN {failures}");
            (info.clone(), style.yellow(&info))
        }
        _ => {
            let info = format!("FAIL {failures}");
            (info.clone(), style.red(&info))
        }
    };
    let text = format!("{info} {}", line.description);
    style.line(&text, &status, place(line.position), Some(line.execution_time))
}

fn freshness_line(line: &ResultLine, style: Style) -> String {
    let (info, status) = match line.status {
        NodeStatus::RuntimeError => ("ERROR", style.red("ERROR")),
        NodeStatus::Error => ("ERROR STALE", style.red("ERROR STALE")),
        NodeStatus::Warn => ("WARN", style.yellow("WARN")),
        _ => ("PASS", style.green("PASS")),
    };
    let text = format!("{info} freshness of {}", line.description);
    style.line(&text, &status, place(line.position), Some(line.execution_time))
}

fn end_of_run(
    errors: usize,
    warnings: usize,
    partial_successes: usize,
    interrupted: bool,
    style: Style,
) -> String {
    let partial = format!(
        "{partial_successes} partial success{}",
        if partial_successes == 1 { "" } else { "es" }
    );
    let warned = plural(warnings, "warning");
    if interrupted {
        style.yellow("Exited because of keyboard interrupt")
    } else if errors > 0 {
        let errors = plural(errors, "error");
        style.red(&format!("Completed with {errors}, {partial}, and {warned}:"))
    } else if partial_successes > 0 {
        style.yellow(&format!("Completed with {partial} and {warned}"))
    } else if warnings > 0 {
        style.yellow(&format!("Completed with {warned}:"))
    } else {
        style.green("Completed successfully")
    }
}

fn shown_node(name: &str, preview: &str, as_json: bool, quiet: bool, inline: bool) -> String {
    let rows = || serde_json::from_str(preview).unwrap_or(serde_json::Value::Null);
    match (as_json, inline) {
        (true, true) => format!("{:#}", json!({"show": rows()})),
        (true, false) => format!("{:#}", json!({"node": name, "show": rows()})),
        (false, _) if quiet => preview.to_owned(),
        (false, true) => format!("Previewing inline node:\n{preview}"),
        (false, false) => format!("Previewing node '{name}':\n{preview}"),
    }
}

fn compiled_node(name: &str, compiled: &str, as_json: bool, quiet: bool, inline: bool) -> String {
    match (as_json, inline) {
        (true, true) => format!("{:#}", json!({"compiled": compiled})),
        (true, false) => format!("{:#}", json!({"node": name, "compiled": compiled})),
        (false, _) if quiet => compiled.to_owned(),
        (false, true) => format!("Compiled inline node is:\n{compiled}"),
        (false, false) => format!("Compiled node '{name}' is:\n{compiled}"),
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn load_status(rows: u64, bytes: u64, time: Duration) -> String {
    let rate = rows as f64 / time.as_secs_f64().max(1e-6);
    format!(
        "COPY {rows}, {}, {} rows/s",
        style::bytes(bytes),
        style::short_count(rate.round() as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{NodeIdentity, Stats};
    use std::sync::Arc;

    fn info(name: &str, kind: &'static str) -> NodeInfo {
        let node = NodeIdentity {
            unique_id: format!("{kind}.shop.{name}").into(),
            name: name.into(),
            path: format!("{name}.sql").into(),
            original_file_path: format!("models/{name}.sql").into(),
            resource_type: kind,
            materialized: "table".to_owned(),
            meta: serde_json::Map::new(),
            database: "shop".into(),
            schema: "public".into(),
            alias: name.into(),
            relation_name: None,
            checksum: String::new(),
            group: None,
        };
        NodeInfo { node: Arc::new(node), status: "started", started_at: None, finished_at: None }
    }

    fn line(name: &str, kind: &'static str, description: &str, status: NodeStatus) -> ResultLine {
        ResultLine {
            node: info(name, kind),
            description: description.to_owned(),
            position: Position { index: 3, total: 10 },
            status,
            message: (status == NodeStatus::Success).then(|| "SELECT 2".to_owned()),
            failures: Some(2),
            execution_time: Duration::from_millis(250),
        }
    }

    /// The expected lines are those that dbt-core 1.11.16 printed for the same happenings.
    #[test]
    fn lines_about_nodes_are_those_of_dbt() {
        let position = Position { index: 9, total: 10 };
        let table = "sql table model public.tab";
        let test = |status| Event::LogTestResult {
            line: line("warny", "test", "warny", status),
            attached_node: None,
        };
        let cases = [
            (
                Event::LogStartLine {
                    node: info("tab", "model"),
                    description: table.to_owned(),
                    position,
                },
                "9 of 10 START sql table model public.tab ....................................... [RUN]",
            ),
            (
                Event::LogModelResult(line("tab", "model", table, NodeStatus::Success)),
                "3 of 10 OK created sql table model public.tab .................................. [SELECT 2 in 0.25s]",
            ),
            (
                Event::LogModelResult(line("tab", "model", table, NodeStatus::Error)),
                "3 of 10 ERROR creating sql table model public.tab .............................. [ERROR in 0.25s]",
            ),
            (
                Event::LogSeedResult(line("c", "seed", "seed file public.c", NodeStatus::Success)),
                "3 of 10 OK loaded seed file public.c ........................................... [SELECT 2 in 0.25s]",
            ),
            (
                Event::SkippingDetails { node: info("child", "model"), position },
                "9 of 10 SKIP relation public.child ............................................. [SKIP]",
            ),
            (
                Event::SkippingDetails { node: info("t", "test"), position },
                "9 of 10 SKIP test t ............................................................ [SKIP]",
            ),
            (
                test(NodeStatus::Warn),
                "3 of 10 WARN 2 warny ........................................................... [WARN 2 in 0.25s]",
            ),
            (
                test(NodeStatus::Fail),
                "3 of 10 FAIL 2 warny ........................................................... [FAIL 2 in 0.25s]",
            ),
            (
                test(NodeStatus::Error),
                "3 of 10 ERROR warny ............................................................ [ERROR in 0.25s]",
            ),
            (
                test(NodeStatus::Pass),
                "3 of 10 PASS warny ............................................................. [PASS in 0.25s]",
            ),
        ];
        for (event, expected) in cases {
            assert_eq!(message(&event, Style::PLAIN), expected);
        }
    }

    #[test]
    fn the_summary_is_that_of_dbt() {
        let summary = |errors, warnings, interrupted| {
            let event =
                Event::EndOfRunSummary { errors, warnings, partial_successes: 0, interrupted };
            message(&event, Style::PLAIN)
        };
        assert_eq!(
            summary(2, 1, false),
            "Completed with 2 errors, 0 partial successes, and 1 warning:"
        );
        assert_eq!(summary(0, 2, false), "Completed with 2 warnings:");
        assert_eq!(summary(0, 0, false), "Completed successfully");
        assert_eq!(summary(1, 0, true), "Exited because of keyboard interrupt");
        let stats = Stats { pass: 7, warn: 1, error: 2, skip: 2, noop: 0, total: 12 };
        assert_eq!(
            message(&Event::StatsLine(stats), Style::PLAIN),
            "Done. PASS=7 WARN=1 ERROR=2 SKIP=2 NO-OP=0 TOTAL=12"
        );
        let finished = Event::FinishedRunningStats {
            stat_line: "1 seed".to_owned(),
            execution_time: Duration::from_millis(3_661_160),
        };
        assert_eq!(
            message(&finished, Style::PLAIN),
            "Finished running 1 seed in 1 hours 1 minutes and 1.16 seconds (3661.16s)."
        );
        let failures = Event::CheckNodeTestFailure {
            relation_name: "\"a\".\"b\"".to_owned(),
            node: info("t", "test"),
        };
        assert_eq!(
            message(&failures, Style::PLAIN),
            "  See test failures:\n  ---------------------\n  select * from \"a\".\"b\"\n  ---------------------"
        );
    }
}
