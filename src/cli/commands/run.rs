//! `gdbt run`, `build`, `test`, `seed` and `snapshot`: everything that builds nodes.

use crate::cli::ExitStatus;
use crate::cli::args::{BuildArgs, SeedArgs};
use crate::cli::interrupt;
use crate::cli::loaded::Loaded;
use crate::cli::server::LateServer;
use crate::cli::session::Session;
use crate::context::load_seed;
use crate::diagnostic::{Diagnostic, Result};
use crate::event::{Event, Level, NamedEvent, Sink};
use crate::manifest::{Node, ResourceType, UniqueId};
use crate::postgres::Pool;
use crate::quality::{self, Record};
use crate::result::{BatchResults, NodeResult, NodeStatus};
use crate::run::{self, Action, Input, Options, Outcome, narrate, summary};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How many rows `seed --show` prints of a table.
const SHOWN_ROWS: usize = 10;

/// Which nodes a command is about, and what it does with them.
pub(super) struct Task {
    pub(super) types: Vec<ResourceType>,
    pub(super) action: Action,
    /// Whether ephemeral models are put into the SQL of what uses them.
    pub(super) injects_ephemerals: bool,
    pub(super) tests_gate: bool,
    pub(super) hooks: bool,
    /// Whether rows of seeds are printed.
    pub(super) show_rows: bool,
}

/// `gdbt run`: models.
pub fn models(session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    nodes(session, &Task::building(vec![ResourceType::Model]))
}

/// `gdbt seed`: CSV files.
pub fn seeds(args: &SeedArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let task = Task::building(vec![ResourceType::Seed]);
    nodes(session, &Task { show_rows: args.show, ..task })
}

/// `gdbt snapshot`: histories of rows.
pub fn snapshots(session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    nodes(session, &Task::building(vec![ResourceType::Snapshot]))
}

/// `gdbt test`: tests.
pub fn tests(session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let kinds = [ResourceType::Test, ResourceType::UnitTest];
    nodes(session, &Task::building(session.settings.selection.types(&kinds, &kinds)))
}

/// `gdbt build`: seeds, models, snapshots and tests in order.
pub fn build(args: &BuildArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let kinds = [
        ResourceType::Model,
        ResourceType::Snapshot,
        ResourceType::Seed,
        ResourceType::Test,
        ResourceType::UnitTest,
        ResourceType::Function,
        ResourceType::Exposure,
    ];
    let types = session.settings.selection.types(&kinds, &kinds);
    nodes(session, &Task { tests_gate: true, show_rows: args.show, ..Task::building(types) })
}

/// `gdbt clone`: what an earlier state has of models, seeds and snapshots.
pub fn clones(session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let kinds = [ResourceType::Model, ResourceType::Seed, ResourceType::Snapshot];
    let types = session.settings.selection.types(&kinds, &kinds);
    nodes(session, &Task { action: Action::Clone, hooks: false, ..Task::building(types) })
}

/// What is compiled: everything that has SQL.
pub(super) const COMPILED: [ResourceType; 7] = [
    ResourceType::Model,
    ResourceType::Snapshot,
    ResourceType::Seed,
    ResourceType::Test,
    ResourceType::Analysis,
    ResourceType::Function,
    ResourceType::Operation,
];

impl Task {
    pub(super) fn compiling() -> Self {
        let types = COMPILED.to_vec();
        Self { action: Action::Compile, hooks: false, ..Self::building(types) }
    }

    /// Sources and models with thresholds of freshness.
    pub(super) fn freshness(session: &Session) -> Self {
        let types = vec![ResourceType::Source, ResourceType::Model];
        let hooks = session.settings.behaviour("source_freshness_run_project_hooks");
        Self { action: Action::Freshness, hooks, ..Self::building(types) }
    }

    fn building(types: Vec<ResourceType>) -> Self {
        Self {
            types,
            action: Action::Run,
            injects_ephemerals: true,
            tests_gate: false,
            hooks: true,
            show_rows: false,
        }
    }
}

fn nodes(session: &Session, task: &Task) -> Result<ExitStatus, Vec<Diagnostic>> {
    let (loaded, outcome) = work(session, task)?;
    let sink = session.report.as_ref();
    let results = &outcome.results;
    if !results.is_empty() && task.action == Action::Run {
        summary::tell_finished(sink, results, outcome.elapsed);
    }
    if task.show_rows {
        results.iter().try_for_each(|result| show_rows(session, result))?;
    }
    let success = tell_end_result(session, &outcome);
    loaded.write_results(session, &outcome)?;
    if let Some(error) = outcome.broken {
        return Err(vec![error]);
    }
    let records = quality::records(results, &loaded.manifest);
    loaded.write_quality(session, &records)?;
    if !results.is_empty() {
        tell_findings(session, &records);
        summary::tell_end(sink, results, &loaded.manifest, outcome.interrupted);
    }
    Ok(match (outcome.interrupted, success) {
        (true, _) => ExitStatus::Error,
        (false, true) => ExitStatus::Success,
        (false, false) => ExitStatus::Failure,
    })
}

/// Tells the results as a whole; whether they are a success.
pub(super) fn tell_end_result(session: &Session, outcome: &Outcome) -> bool {
    let results = &outcome.results;
    let success = summary::is_success(results) && !outcome.interrupted;
    let records = results.iter().map(narrate::record).collect();
    session.emit(Event::EndRunResult { success, elapsed: outcome.elapsed, results: records });
    success
}

/// Tells whose the findings are, when there are some of different layers or owners.
fn tell_findings(session: &Session, records: &[Record]) {
    let groups = quality::groups(records);
    if groups.len() < 2 {
        return;
    }
    session.emit(Event::empty_line());
    let lines = groups.iter().map(|group| format!("\n  {group}"));
    let message: String =
        std::iter::once("Findings by layer and owner:".to_owned()).chain(lines).collect();
    session.emit(NamedEvent::new("FindingsByOwner", "G010", Level::Info, message).into());
}

/// Loads the project and runs what is selected.
pub(super) fn work(session: &Session, task: &Task) -> Result<(Loaded, Outcome), Vec<Diagnostic>> {
    let interrupted = interrupt::listen();
    let loaded = Loaded::new(session)?;
    loaded.write_artifacts(session, &HashMap::new())?;
    loaded.write_graph_summary(session, task.tests_gate)?;
    let mut selected = loaded.select(session, &task.types, false)?;
    if task.action == Action::Freshness {
        let dated: HashSet<UniqueId> = run::freshness::subjects(&loaded.manifest)
            .map(|subject| subject.unique_id().clone())
            .collect();
        selected.retain(|id| dated.contains(id));
        if !task.hooks && loaded.manifest.has_hooks() {
            super::freshness::warn_of_hooks(session)?;
        }
    }
    if task.action == Action::Clone {
        let nodes = &loaded.manifest.nodes;
        selected.retain(|id| nodes.get(id).is_none_or(|node| !node.is_ephemeral()));
    }
    let server = LateServer::of(&loaded.workspace.profile, session)?;
    let outcome = run_on(&server.pool, session, &loaded, task, &selected, &interrupted);
    server.close()?;
    Ok((loaded, outcome?))
}

/// Compiles what is selected. Nodes that cannot be compiled are errors of the command.
pub(super) fn compiled(
    pool: &Pool,
    session: &Session,
    loaded: &Loaded,
    selected: &[UniqueId],
) -> Result<Outcome, Vec<Diagnostic>> {
    let task = Task::compiling();
    let mut outcome = run_on(pool, session, loaded, &task, selected, &interrupt::listen())?;
    outcome.put_ephemerals_apart();
    if summary::is_success(&outcome.results) {
        tell_end_result(session, &outcome);
    }
    loaded.write_results(session, &outcome)?;
    let errors: Vec<Diagnostic> = outcome.results.iter().filter_map(error_of).collect();
    if errors.is_empty() { Ok(outcome) } else { Err(errors) }
}

fn run_on(
    pool: &Pool,
    session: &Session,
    loaded: &Loaded,
    task: &Task,
    selected: &[UniqueId],
    interrupted: &AtomicBool,
) -> Result<Outcome> {
    let sink: Arc<dyn Sink> = session.report.clone();
    let unconnected = (task.action == Action::Clone).then(|| loaded.dag.unconnected());
    let previous = previous_batches(session);
    let mut input = input(pool, loaded, selected, &previous, &sink);
    if let Some(dag) = &unconnected {
        input.dag = dag;
    }
    run::run(input, options(session, loaded, task, interrupted))
}

/// Compiles nodes on a server of their own. The outcome has what cannot be compiled; no
/// results are written.
pub(super) fn only_compiled(
    session: &Session,
    loaded: &Loaded,
    task: &Task,
    ids: &[UniqueId],
) -> Result<Outcome> {
    let server = LateServer::of(&loaded.workspace.profile, session)?;
    let outcome = run_on(&server.pool, session, loaded, task, ids, &interrupt::listen());
    server.close()?;
    outcome
}

/// Runs a query of the command line as a node.
pub(super) fn inline(
    session: &Session,
    loaded: &Loaded,
    task: &Task,
    node: Node,
) -> Result<Outcome> {
    let interrupted = interrupt::listen();
    let server = LateServer::of(&loaded.workspace.profile, session)?;
    let sink: Arc<dyn Sink> = session.report.clone();
    let outcome = run::run_inline(
        input(&server.pool, loaded, &[], &HashMap::new(), &sink),
        Arc::new(node),
        options(session, loaded, task, &interrupted),
    );
    server.close()?;
    outcome
}

fn input<'a>(
    pool: &'a Pool,
    loaded: &'a Loaded,
    selected: &'a [UniqueId],
    previous_batches: &'a HashMap<UniqueId, BatchResults>,
    sink: &'a Arc<dyn Sink>,
) -> Input<'a> {
    Input {
        shared: &loaded.shared,
        manifest: &loaded.manifest,
        dag: &loaded.dag,
        selected,
        previous_batches,
        pool,
        sink,
    }
}

/// How the batches of the run that is retried ended.
fn previous_batches(session: &Session) -> HashMap<UniqueId, BatchResults> {
    let retried = session.settings.selection.retried.as_ref();
    let batches = retried.into_iter().flat_map(|retried| &retried.batches);
    batches
        .map(|(id, results)| (UniqueId::from(id.as_str()), BatchResults::from_json(results)))
        .collect()
}

/// When the run began, or the one that is retried: its batches are loaded again, not new ones.
fn batches_until(session: &Session) -> Timestamp {
    let retried = session.settings.selection.retried.as_ref();
    let started_at = retried.and_then(|retried| retried.started_at.as_deref());
    started_at.and_then(|text| text.parse().ok()).unwrap_or(session.settings.invocation.started_at)
}

fn options<'a>(
    session: &Session,
    loaded: &'a Loaded,
    task: &Task,
    interrupted: &'a AtomicBool,
) -> Options<'a> {
    let settings = &session.settings;
    Options {
        action: task.action,
        injects_ephemerals: task.injects_ephemerals,
        event_time: settings.windows.event_time.or(settings.windows.sample),
        batches_until: batches_until(session),
        tests_gate: task.tests_gate,
        hooks: task.hooks,
        threads: loaded.workspace.profile.threads,
        target: &loaded.workspace.profile.target_name,
        // A stale source says nothing about others.
        fail_fast: settings.fail_fast && task.action != Action::Freshness,
        store_failures: settings.store_failures,
        show_failures: settings.show_failures,
        warnings_fail: settings.report.warn_error.is_error("LogTestResult"),
        skip_nodes_if_start_fails: settings.behaviour("skip_nodes_if_on_run_start_fails"),
        interrupted,
    }
}

/// Some rows of a seed, as its file has them.
fn show_rows(session: &Session, result: &NodeResult) -> Result<()> {
    let seed = result.subject.node().filter(|node| node.resource_type() == ResourceType::Seed);
    let Some(seed) = seed.filter(|_| result.status == NodeStatus::Success) else { return Ok(()) };
    let table = load_seed(seed)?;
    let relation = format!("{}.{}", seed.relation.schema, seed.alias);
    session.emit(Event::empty_line());
    let header = format!("Random sample of table: {relation}");
    let rule = "-".repeat(header.chars().count());
    session.emit(Event::SeedHeader { header });
    session.emit(Event::Formatting { message: rule, debug: false });
    session.emit(Event::Output { message: table.sample(SHOWN_ROWS) });
    session.emit(Event::empty_line());
    Ok(())
}

pub(super) fn error_of(result: &NodeResult) -> Option<Diagnostic> {
    (result.status == NodeStatus::Error).then(|| result.diagnostic.as_deref().cloned()).flatten()
}
