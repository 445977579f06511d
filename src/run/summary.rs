//! The end of a run: dbt's summary, the details of what went wrong, the counts.

use super::narrate;
use crate::event::{Event, Sink, Stats};
use crate::manifest::Manifest;
use crate::result::{NodeResult, NodeStatus};
use std::time::Duration;

/// Whether a command with these results succeeded.
pub fn is_success(results: &[NodeResult]) -> bool {
    !results.iter().any(NodeResult::is_failure)
}

/// The counts of the `Done.` line.
pub fn stats(results: &[NodeResult]) -> Stats {
    let mut stats = Stats { total: results.len(), ..Stats::default() };
    for result in results {
        let count = match result.status {
            NodeStatus::Success | NodeStatus::Pass => &mut stats.pass,
            NodeStatus::Warn => &mut stats.warn,
            NodeStatus::Skipped => &mut stats.skip,
            NodeStatus::NoOp => &mut stats.noop,
            NodeStatus::Error
            | NodeStatus::Fail
            | NodeStatus::PartialSuccess
            | NodeStatus::RuntimeError => &mut stats.error,
        };
        *count += 1;
    }
    stats
}

/// `Finished running …`, after the last node.
pub fn tell_finished(sink: &dyn Sink, results: &[NodeResult], elapsed: Duration) {
    sink.emit(Event::empty_line());
    let stat_line = narrate::run_counts(results.iter().map(|result| &result.subject));
    sink.emit(Event::FinishedRunningStats { stat_line, execution_time: elapsed });
}

/// `Completed …`, the details of failures and warnings, and `Done. PASS=…`.
pub fn tell_end(sink: &dyn Sink, results: &[NodeResult], manifest: &Manifest, interrupted: bool) {
    let of = |wanted: fn(&NodeResult) -> bool| results.iter().filter(move |it| wanted(it));
    let errors = || of(is_error);
    let warnings = || of(|result| result.status == NodeStatus::Warn);
    sink.emit(Event::empty_line());
    sink.emit(Event::EndOfRunSummary {
        errors: errors().count(),
        warnings: warnings().count(),
        partial_successes: of(|it| it.status == NodeStatus::PartialSuccess).count(),
        interrupted,
    });
    errors().chain(warnings()).for_each(|result| tell_result(sink, result, manifest));
    sink.emit(Event::empty_line());
    sink.emit(Event::StatsLine(stats(results)));
}

/// A failure; also a skip that has a reason of its own.
fn is_error(result: &NodeResult) -> bool {
    match result.status {
        NodeStatus::Error | NodeStatus::Fail | NodeStatus::RuntimeError => true,
        NodeStatus::Skipped => result.message.is_some() && result.is_failure(),
        _ => false,
    }
}

/// The details of one failure or warning, after an empty line. dbt tells the reasons of skips
/// in the debug log only.
pub fn tell_result(sink: &dyn Sink, result: &NodeResult, manifest: &Manifest) {
    if result.status == NodeStatus::Skipped {
        sink.emit(Event::Formatting { message: String::new(), debug: true });
        let message = result.message.clone().unwrap_or_default();
        sink.emit(Event::RunResultError { message, node: None, diagnostic: None, debug: true });
        return;
    }
    sink.emit(Event::empty_line());
    if result.status == NodeStatus::RuntimeError {
        tell_message(sink, result, manifest);
        return;
    }
    tell_details(sink, result, manifest);
}

/// What went wrong, without a headline.
fn tell_message(sink: &dyn Sink, result: &NodeResult, manifest: &Manifest) {
    sink.emit(Event::RunResultError {
        message: result.message.clone().unwrap_or_default(),
        node: Some(narrate::at_rest(&result.subject, manifest)),
        diagnostic: result.diagnostic.as_deref().cloned().map(Box::new),
        debug: false,
    });
}

/// The details of one failure or warning.
pub fn tell_details(sink: &dyn Sink, result: &NodeResult, manifest: &Manifest) {
    let info = || narrate::at_rest(&result.subject, manifest);
    let warned = result.status == NodeStatus::Warn;
    sink.emit(if warned {
        Event::RunResultWarning { node: info() }
    } else {
        Event::RunResultFailure { node: info() }
    });
    sink.emit(match &result.message {
        Some(message) if warned => {
            Event::RunResultWarningMessage { message: message.clone(), node: info() }
        }
        Some(message) => Event::RunResultError {
            message: message.clone(),
            node: Some(info()),
            diagnostic: result.diagnostic.as_deref().cloned().map(Box::new),
            debug: false,
        },
        None => Event::RunResultErrorNoMessage { status: result.status, node: info() },
    });
    if let Some(path) = result.compiled.as_ref().and_then(|compiled| compiled.path.clone()) {
        sink.emit(Event::empty_line());
        sink.emit(Event::SqlCompiledPath { path, node: info() });
    }
    if let Some(relation_name) = stored_failures(result) {
        sink.emit(Event::empty_line());
        sink.emit(Event::CheckNodeTestFailure { relation_name, node: info() });
    }
    let is_test = result.subject.resource_type() == crate::manifest::ResourceType::Test;
    if let Some(table) = result.table.as_ref().filter(|_| is_test) {
        sink.emit(Event::empty_line());
        sink.emit(Event::Output { message: table.preview() });
    }
}

fn stored_failures(result: &NodeResult) -> Option<String> {
    let node = result.subject.node()?;
    let told = matches!(result.status, NodeStatus::Fail | NodeStatus::Warn | NodeStatus::Error);
    let is_test = node.resource_type() == crate::manifest::ResourceType::Test;
    if told && is_test { node.relation_name() } else { None }
}
