//! Selected nodes → statements in the order of the graph → results.
//!
//! [`run`] does what dbt's `run`, `build`, `test` and `seed` do once the nodes are selected:
//! schemas and cache, `on-run-start`, the nodes, `on-run-end`, the summary.

mod catalog;
mod comment;
mod data_test;
mod database;
mod execute;
pub mod freshness;
mod hooks;
mod lock_watch;
mod microbatch;
pub mod narrate;
mod operation;
mod plan;
mod prepare;
mod results;
mod retry;
pub mod scheduler;
mod show;
pub mod summary;
mod unit_columns;
mod unit_diff;
mod unit_test;
mod work;

use crate::adapter::Table;
use crate::compile::Compiler;
use crate::context::Shared;
use crate::diagnostic::{Diagnostic, Result};
use crate::event::{Event, Sink, thread_name};
use crate::event_time::TimeWindow;
use crate::graph::Dag;
use crate::manifest::{Manifest, Node, UniqueId};
use crate::postgres::{ConnectOptions, Pool};
use crate::result::{BatchResults, NodeResult, NodeStatus, Subject};
use database::Database;
use execute::Executor;
use hooks::Moment;
use jiff::Timestamp;
use lock_watch::Over;
use plan::Plan;
use scheduler::Stop;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use work::NodeWork;

pub use catalog::{CatalogRows, read_catalog};
pub use execute::Action;
pub use operation::Operation;

/// Stack of the threads that render templates: macros recurse deeply.
pub const STACK_SIZE: usize = 16 << 20;

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What is done with nodes.
    pub action: Action,
    /// Whether ephemeral models are put into the SQL of what uses them.
    pub injects_ephemerals: bool,
    /// The time whose batches microbatch models load; none for what is new.
    pub event_time: Option<TimeWindow>,
    /// Up to when batches are new: when the run began, or the one that is retried.
    pub batches_until: Timestamp,
    /// Nodes wait for the tests of what they depend on, and failing tests skip them, as in
    /// `build`.
    pub tests_gate: bool,
    /// Whether schemas are made and `on-run-start` and `on-run-end` run.
    pub hooks: bool,
    /// How many nodes run at the same time.
    pub threads: usize,
    /// The target's name.
    pub target: &'a str,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// `--store-failures`.
    pub store_failures: bool,
    /// How many failing rows of a test are read to be shown.
    pub show_failures: Option<u32>,
    /// Warnings of tests are failures.
    pub warnings_fail: bool,
    /// dbt's `skip_nodes_if_on_run_start_fails`.
    pub skip_nodes_if_start_fails: bool,
    /// Set when the user interrupts.
    pub interrupted: &'a AtomicBool,
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Of every node and hook, in the order they ended.
    pub results: Vec<NodeResult>,
    /// Ephemeral models that were compiled for others: dbt counts no result for them.
    pub inlined: Vec<NodeResult>,
    /// From the first node to the last.
    pub elapsed: Duration,
    /// Whether the user interrupted it.
    pub interrupted: bool,
    /// Why the run ended before its end, when the nodes had run: a hook that cannot be compiled.
    pub broken: Option<Diagnostic>,
}

impl Outcome {
    /// Takes ephemeral models out of the results of compiling, unless they failed.
    pub fn put_ephemerals_apart(&mut self) {
        let is_inlined = |result: &NodeResult| {
            let is_ephemeral = result.subject.node().is_some_and(|node| node.is_ephemeral());
            is_ephemeral && result.status == NodeStatus::Success
        };
        let (inlined, results) =
            std::mem::take(&mut self.results).into_iter().partition(is_inlined);
        self.results = results;
        self.inlined = inlined;
    }

    /// Everything that was compiled or run.
    pub fn all(&self) -> impl Iterator<Item = &NodeResult> {
        self.results.iter().chain(&self.inlined)
    }
}

/// A parsed project and where it runs.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What templates share.
    pub shared: &'a Arc<Shared>,
    /// All resources.
    pub manifest: &'a Arc<Manifest>,
    /// What depends on what.
    pub dag: &'a Dag,
    /// The nodes to run.
    pub selected: &'a [UniqueId],
    /// How the batches of microbatch models ended in an earlier run that is retried: only
    /// those that failed are run.
    pub previous_batches: &'a HashMap<UniqueId, BatchResults>,
    /// Sessions with the server.
    pub pool: &'a Pool,
    /// Where events go.
    pub sink: &'a Arc<dyn Sink>,
}

/// Carries out one node that the manifest does not have: a query of the command line.
pub fn run_inline(input: Input<'_>, node: Arc<Node>, options: Options<'_>) -> Result<Outcome> {
    run_plan(input, &Plan::single(node), options)
}

/// The rows of a query that is no template, at most so many.
pub fn query(
    shared: &Arc<Shared>,
    server: &ConnectOptions,
    sink: &Arc<dyn Sink>,
    sql: &str,
    limit: Option<usize>,
) -> Result<Table> {
    let database = Database::new(shared, Pool::new(server.clone()), sink)?;
    let session = database.session_named("show".to_owned())?;
    let table = show::query(&session, sql);
    session.finish(table.is_ok())?;
    let (table, _) = table?;
    Ok(match limit {
        Some(limit) => table.first(limit),
        None => table,
    })
}

/// Runs the selected nodes. Errors are those of the run as a whole, such as a server that
/// cannot be reached; what nodes gave is in the outcome.
pub fn run(input: Input<'_>, options: Options<'_>) -> Result<Outcome> {
    let plan = Plan::new(input.manifest, input.dag, input.selected, options.tests_gate);
    run_plan(input, &plan, options)
}

fn run_plan(input: Input<'_>, plan: &Plan, options: Options<'_>) -> Result<Outcome> {
    let sink = input.sink.as_ref();
    let node_count = plan.counted().count();
    if plan.is_empty() {
        sink.warn(Event::NothingToDo)?;
        return Ok(Outcome::default());
    }
    sink.emit(Event::empty_line());
    sink.emit(Event::ConcurrencyLine {
        threads: options.threads,
        target: options.target.to_owned(),
        node_count,
    });
    sink.emit(Event::empty_line());
    let begun = Instant::now();
    let executor = Executor {
        shared: Arc::clone(input.shared),
        manifest: Arc::clone(input.manifest),
        compiler: Compiler::new(input.shared, options.injects_ephemerals),
        database: Database::new(input.shared, input.pool.clone(), input.sink)?,
        sink: Arc::clone(input.sink),
        action: options.action,
        warnings_fail: options.warnings_fail,
        event_time: options.event_time,
        batches_until: options.batches_until,
        previous_batches: input.previous_batches.clone(),
        unit_columns: OnceLock::new(),
        stopping: AtomicBool::new(false),
        show_failures: options.show_failures,
    };
    let mut results = Vec::new();
    let mut inlined = Vec::new();
    let mut start_failed = false;
    if options.hooks || options.action == Action::Clone {
        prepare::prepare(
            &executor.database,
            input.shared,
            input.manifest,
            plan.counted().filter_map(Subject::node),
            options.store_failures,
        )?;
    }
    if options.hooks {
        results = hooks::run(&executor, input.manifest, Moment::Start, &[])?;
        start_failed = results.iter().any(|result| result.status == NodeStatus::Error);
    }
    let interrupted = if start_failed && options.skip_nodes_if_start_fails {
        results.extend(skip_all(plan, input.manifest, sink, node_count));
        false
    } else {
        if options.action == Action::Run {
            executor.learn_unit_columns(plan);
        }
        run_nodes(&executor, plan, &options, &mut results, &mut inlined)
    };
    let mut broken = None;
    if options.hooks && !interrupted {
        match hooks::run(&executor, input.manifest, Moment::End, &results) {
            Ok(ended) => results.extend(ended),
            Err(error) => broken = Some(*error),
        }
    }
    Ok(Outcome { results, inlined, elapsed: begun.elapsed(), interrupted, broken })
}

/// Runs the nodes; says whether the user interrupted them.
fn run_nodes(
    executor: &Executor,
    plan: &Plan,
    options: &Options<'_>,
    results: &mut Vec<NodeResult>,
    inlined: &mut Vec<NodeResult>,
) -> bool {
    let work = NodeWork::new(executor, plan, options.tests_gate);
    let settings = scheduler::Settings {
        threads: options.threads,
        fail_fast: options.fail_fast,
        skips_are_causes: options.tests_gate,
        interrupted: options.interrupted,
    };
    let over = Over::default();
    let (stop, unstarted) = std::thread::scope(|scope| {
        scope.spawn(|| lock_watch::watch(&executor.database.pool, executor.sink.as_ref(), &over));
        let outcome = scheduler::run(&plan.graph, &work, settings);
        over.set();
        outcome
    });
    let reason = match stop {
        Some(Stop::FailFast(_)) => Some("Skipping due to fail_fast"),
        Some(Stop::Interrupted) => Some("Skipping due to keyboard interrupt"),
        None => None,
    };
    let first_failure = match stop {
        Some(Stop::FailFast(node)) => Some(node),
        _ => None,
    };
    let (done, compiled, cut_off) = work.into_results();
    inlined.extend(compiled);
    if let Some(failure) = first_failure.and_then(|place| plan.subject(place)) {
        let id = failure.unique_id();
        let result = done.iter().find(|result| result.subject.unique_id() == id);
        if let Some(result) = result {
            summary::tell_result(executor.sink.as_ref(), result, &executor.manifest);
        }
    }
    results.extend(done);
    let left = unstarted.into_iter().filter_map(|place| plan.subject(place).cloned());
    let skipped =
        |subject: Subject| NodeResult::skipped(subject, thread_name(), reason.map(str::to_owned));
    results.extend(cut_off.into_iter().chain(left).map(skipped));
    stop == Some(Stop::Interrupted)
}

/// Skips every node because `on-run-start` failed.
fn skip_all(plan: &Plan, manifest: &Manifest, sink: &dyn Sink, total: usize) -> Vec<NodeResult> {
    let skip = |(place, subject): (usize, &Subject)| {
        sink.emit(Event::SkippingDetails {
            node: narrate::at_rest(subject, manifest),
            position: crate::event::Position { index: place + 1, total },
        });
        NodeResult::skipped(subject.clone(), thread_name(), None)
    };
    plan.counted().enumerate().map(skip).collect()
}
