//! Microbatch models: one load for each period of event time
//! (<https://docs.getdbt.com/docs/build/incremental-microbatch>).
//!
//! The first batch runs the pre-hooks and the last one the post-hooks. When the first batch
//! fails the others are skipped; after any other failure they go on. Each batch is a
//! transaction of its own. They run one after the other, as under dbt, unless the config
//! `batch_threads` says that several may run at the same time: then all but the first and the
//! last one do.

use super::execute::{Attempt, Executor};
use super::narrate;
use crate::adapter::{AdapterResponse, RelationType};
use crate::context::Shared;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Level, NamedEvent, NodeInfo, Position, ResultLine, thread_name};
use crate::event_time::{Batch, BatchSize, TimeWindow, parse_iso};
use crate::manifest::{Node, NodeKind};
use crate::result::{BatchResults, NodeResult, NodeStatus};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// One batch as it is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchRun {
    /// Its time.
    pub(super) batch: Batch,
    /// Whether it adds to a table that is there, whatever the flags say.
    pub(super) is_incremental: bool,
    /// Whether other batches of the model run at the same time.
    pub(super) is_concurrent: bool,
}

impl BatchRun {
    /// Which part of the table it loads, if others load other parts meanwhile.
    pub(super) fn part(self) -> Option<String> {
        self.is_concurrent.then(|| self.batch.name())
    }
}

/// Whether the model is loaded in batches. A project's own strategy of that name is run as any
/// other, unless its flag says that it wants batches.
pub(super) fn is_batched(shared: &Shared, node: &Node) -> bool {
    let is_microbatch = matches!(node.kind, NodeKind::Model { .. })
        && node.config.materialized_name() == "incremental"
        && node.config.text("incremental_strategy") == Some("microbatch");
    if !is_microbatch {
        return false;
    }
    let flag = "REQUIRE_BATCHED_EXECUTION_FOR_CUSTOM_MICROBATCH_STRATEGY";
    shared.invocation.flag(flag) || shared.macros.are_built_in(&["get_incremental_microbatch_sql"])
}

impl Executor {
    /// Loads all batches of a model.
    pub(super) fn execute_batches(&self, node: &Arc<Node>, info: &NodeInfo) -> NodeResult {
        let begun = Instant::now();
        let mut result = NodeResult::skipped(Arc::clone(node), thread_name(), None);
        match self.plan_batches(node) {
            Ok((size, batches)) => self.run_batches(node, info, size, &batches, &mut result),
            Err(error) => {
                let error = error.with_node(node.label());
                result.status = NodeStatus::Error;
                result.message = Some(error.to_string());
                result.diagnostic = Some(Arc::from(error));
            }
        }
        result.execution_time = begun.elapsed();
        result
    }

    /// The batches: those that an earlier run left, or those of the time to load.
    fn plan_batches(&self, node: &Node) -> Result<(BatchSize, Vec<TimeWindow>)> {
        let size = batch_size(node)?;
        if let Some(previous) = self.previous_batches.get(&node.unique_id) {
            return Ok((size, previous.failed.clone()));
        }
        let end = self.event_time.map_or(self.batches_until, |window| window.end);
        let end = size.ceiling(end);
        let start = match self.event_time {
            Some(window) => size.truncate(window.start),
            None if self.is_incremental(node) => {
                let lookback = node.config.get("lookback").and_then(Json::as_i64).unwrap_or(1);
                // A batch that ends at the checkpoint begins one period before it.
                size.offset(end, -(lookback + i64::from(end == size.truncate(end))))
            }
            None => size.truncate(begin(node)?),
        };
        Ok((size, batches_of(size, start, end)))
    }

    /// Whether the model's table is there and is added to.
    fn is_incremental(&self, node: &Node) -> bool {
        let full_refresh = node.config.get("full_refresh").and_then(Json::as_bool);
        let full_refresh =
            full_refresh.unwrap_or_else(|| self.shared.invocation.flag("FULL_REFRESH"));
        let relations = self.shared.cache.relations(&node.relation.schema);
        let is_table = relations.iter().any(|relation| {
            relation.identifier.as_deref() == Some(&*node.relation.identifier)
                && relation.kind == Some(RelationType::Table)
        });
        is_table && !full_refresh
    }

    fn run_batches(
        &self,
        node: &Arc<Node>,
        info: &NodeInfo,
        size: BatchSize,
        batches: &[TimeWindow],
        result: &mut NodeResult,
    ) {
        let is_incremental = self.is_incremental(node);
        let threads = batch_threads(node);
        let count = batches.len();
        let job = |place: usize| Job {
            executor: self,
            node: with_hooks(node, place == 0, place + 1 == count),
            info,
            run: BatchRun {
                batch: Batch { size, window: batches[place] },
                is_incremental: is_incremental || place > 0,
                is_concurrent: threads > 1 && place > 0 && place + 1 < count,
            },
            position: Position { index: place + 1, total: count },
        };
        let mut ran: Vec<Ran> = (0..count.min(1)).map(|place| job(place).run()).collect();
        let skips = ran.first().is_some_and(|(status, _)| *status != NodeStatus::Success);
        if threads > 1 && !skips && count > 2 {
            ran.extend(at_the_same_time(1..count - 1, threads, &job));
        }
        while ran.len() < count {
            let next = job(ran.len());
            ran.push(if skips { (next.skip(), None) } else { next.run() });
        }
        let mut done = BatchResults::default();
        for (window, (status, response)) in batches.iter().zip(ran) {
            match status {
                NodeStatus::Success => done.successful.push(*window),
                _ => done.failed.push(*window),
            }
            if let Some(response) = response {
                result.adapter_response = response.to_json();
            }
        }
        let (loaded, failed) = (done.successful.len(), done.failed.len());
        let (status, message) = match (loaded, failed) {
            (_, 0) => (NodeStatus::Success, "SUCCESS".to_owned()),
            (0, _) => (NodeStatus::Error, "ERROR".to_owned()),
            _ => {
                let message = format!("PARTIAL SUCCESS ({loaded}/{})", loaded + failed);
                (NodeStatus::PartialSuccess, message)
            }
        };
        if let Some(previous) = self.previous_batches.get(&node.unique_id) {
            done.successful.extend(previous.successful.iter().copied());
        }
        result.status = status;
        result.message = Some(message);
        result.failures = Some(0);
        result.batches = Some(done);
    }
}

/// How a batch ended, and what the server said.
type Ran = (NodeStatus, Option<AdapterResponse>);

/// Runs the batches of these places on so many threads; their results in order.
fn at_the_same_time<'a>(
    places: Range<usize>,
    threads: usize,
    job: &(impl Fn(usize) -> Job<'a> + Sync),
) -> Vec<Ran> {
    let next = AtomicUsize::new(places.start);
    let ran = Mutex::new(Vec::with_capacity(places.len()));
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= places.end {
                return;
            }
            let outcome = job(place).run();
            ran.lock().push((place, outcome));
        }
    };
    let name = thread_name();
    std::thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..threads.min(places.len()) {
            let builder = std::thread::Builder::new().name(name.clone());
            // With fewer threads it takes longer, nothing else.
            let _ = builder.stack_size(super::STACK_SIZE).spawn_scoped(scope, work);
        }
        work();
    });
    let mut ran = ran.into_inner();
    ran.sort_unstable_by_key(|(place, _)| *place);
    ran.into_iter().map(|(_, outcome)| outcome).collect()
}

/// One batch being run.
struct Job<'a> {
    executor: &'a Executor,
    node: Arc<Node>,
    info: &'a NodeInfo,
    run: BatchRun,
    position: Position,
}

impl Job<'_> {
    fn description(&self) -> String {
        let database = self.executor.shared.default_database();
        let relation = narrate::relation(&self.node, database);
        format!("batch {} of {relation}", self.run.batch.name())
    }

    fn skip(&self) -> NodeStatus {
        let status = NodeStatus::Skipped;
        self.tell_end(status, Some("SKIPPED".to_owned()), Instant::now());
        status
    }

    /// Loads the batch, unless nothing more is to be begun.
    fn run(&self) -> Ran {
        let begun = Instant::now();
        let executor = self.executor;
        if executor.stopping.load(Ordering::Relaxed) {
            return (NodeStatus::Error, None);
        }
        let how = if self.run.is_concurrent { "concurrently" } else { "sequentially" };
        let message = format!("{} is being run {how}", self.description());
        executor.sink.emit(
            NamedEvent::new("MicrobatchExecutionDebug", "Q044", Level::Debug, message).into(),
        );
        executor.sink.emit(Event::LogStartBatch {
            node: self.info.clone(),
            description: self.description(),
            position: self.position,
        });
        let mut attempt = Attempt::new(&self.node, self.info).with_batch(self.run);
        let built = executor.attempt(&mut attempt);
        let (status, message, response) = match built {
            Ok(built) => (NodeStatus::Success, built.message, built.response),
            Err(error) => {
                let error = attempt.explain(error, executor.shared.manifest());
                executor.sink.emit(Event::GenericExceptionOnRun {
                    node: self.info.clone(),
                    message: format!("Exception on worker thread. {error}"),
                });
                (NodeStatus::Error, Some("ERROR".to_owned()), None)
            }
        };
        self.tell_end(status, message, begun);
        (status, response)
    }

    fn tell_end(&self, status: NodeStatus, message: Option<String>, begun: Instant) {
        self.executor.sink.emit(Event::LogBatchResult(ResultLine {
            node: narrate::finished(self.info, status),
            description: self.description(),
            position: self.position,
            status,
            message,
            failures: None,
            execution_time: begun.elapsed(),
        }));
    }
}

/// The model with the hooks of a batch: pre-hooks for the first, post-hooks for the last.
fn with_hooks(node: &Arc<Node>, is_first: bool, is_last: bool) -> Arc<Node> {
    let mut node = Arc::clone(node);
    for (key, keeps) in [("pre-hook", is_first), ("post-hook", is_last)] {
        if !keeps && node.config.get(key).is_some() {
            Arc::make_mut(&mut node)
                .config
                .map_mut()
                .insert(key.to_owned(), Json::Array(Vec::new()));
        }
    }
    node
}

/// All periods from the start; the last one ends at the end.
fn batches_of(size: BatchSize, start: Timestamp, end: Timestamp) -> Vec<TimeWindow> {
    let mut batches = vec![TimeWindow { start, end: size.offset(start, 1) }];
    while let Some(last) = batches.last().copied().filter(|last| last.end < end) {
        let next = size.offset(last.end, 1);
        if next <= last.end {
            break;
        }
        batches.push(TimeWindow { start: last.end, end: next });
    }
    if let Some(last) = batches.last_mut() {
        last.end = end;
    }
    batches
}

fn batch_size(node: &Node) -> Result<BatchSize> {
    let size = node.config.text("batch_size").and_then(BatchSize::from_name);
    size.ok_or_else(|| {
        let message = format!(
            "Microbatch model '{}' does not have a 'batch_size' config (one of ['hour', 'day', \
             'month', 'year']) specificed.",
            node.name
        );
        Diagnostic::new(Code::BadArgument, message)
    })
}

/// The config `batch_threads`: how many batches may be loaded at the same time. What is no such
/// number counts as one.
fn batch_threads(node: &Node) -> usize {
    let threads = node.config.get("batch_threads").and_then(Json::as_u64);
    threads.and_then(|it| usize::try_from(it).ok()).unwrap_or(1).max(1)
}

/// The configured beginning of the model's time.
fn begin(node: &Node) -> Result<Timestamp> {
    node.config.text("begin").and_then(parse_iso).ok_or_else(|| {
        let message = format!("Microbatch model '{}' requires a 'begin' configuration.", node.name);
        Diagnostic::new(Code::BadArgument, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_ends_at_the_end() {
        let at = |text| parse_iso(text).unwrap();
        let batches = batches_of(BatchSize::Month, at("2024-01-01"), at("2024-03-10"));
        assert_eq!(batches.len(), 3);
        assert_eq!(batches[2], TimeWindow { start: at("2024-03-01"), end: at("2024-03-10") });
        let one = batches_of(BatchSize::Day, at("2024-01-01"), at("2024-01-01"));
        assert_eq!(one, [TimeWindow { start: at("2024-01-01"), end: at("2024-01-01") }]);
    }
}
