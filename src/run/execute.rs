//! One node: compiled, then built by its materialization.

use super::data_test;
use super::database::Database;
use super::microbatch::{self, BatchRun};
use super::retry::{self, Attempts};
use super::show::{self, Shown};
use super::unit_columns;
use crate::adapter::{AdapterResponse, Relation, RelationType, Response, Session, Table};
use crate::compile::{CompiledNode, Compiler};
use crate::context::{MacroIndex, NodeContext, Shared, is_built_in_package};
use crate::diagnostic::{Code, Diagnostic, Family, Result, Span};
use crate::event::{Event, Level, NodeInfo, Sink};
use crate::event_time::TimeWindow;
use crate::jinja::{Args, State, Value};
use crate::manifest::{Compiled, MacroNode, Manifest, Node, ResourceType, UniqueId};
use crate::result::{BatchResults, NodeResult, NodeStatus, Subject, Timing};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The materialization that `clone` uses for every node.
const CLONE: &str = "clone";

/// What is done with nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// They are made of the relations that an earlier state has of them.
    Clone,
    /// They are compiled, and that is all.
    Compile,
    /// They are built or tested.
    Run,
    /// Their rows are read, so many at most.
    Show {
        /// How many; none for all.
        limit: Option<u32>,
    },
    /// Their age is asked.
    Freshness,
}

impl Action {
    /// Whether the start and the end of every node are told.
    pub(super) fn tells_lines(self) -> bool {
        !matches!(self, Self::Compile | Self::Show { .. })
    }
}

/// Carries out nodes. Shared by all threads.
pub struct Executor {
    /// What templates share.
    pub shared: Arc<Shared>,
    /// All resources.
    pub manifest: Arc<Manifest>,
    /// Makes SQL.
    pub compiler: Compiler,
    /// Where the SQL goes.
    pub database: Database,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
    /// What is done with nodes.
    pub action: Action,
    /// Whether warnings of tests are failures (`--warn-error`).
    pub warnings_fail: bool,
    /// The time whose batches microbatch models load; none for what is new.
    pub event_time: Option<TimeWindow>,
    /// Up to when batches are new: when the run began, or the one that is retried.
    pub batches_until: Timestamp,
    /// Batches of an earlier run that is retried.
    pub previous_batches: HashMap<UniqueId, BatchResults>,
    /// What unit tests need and this run does not build.
    pub(super) unit_columns: OnceLock<unit_columns::Columns>,
    /// Nothing more is to be begun.
    pub stopping: AtomicBool,
    /// How many failing rows of a test are read to be shown.
    pub show_failures: Option<u32>,
}

/// What building or testing a node gave.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) status: Option<NodeStatus>,
    pub(super) message: Option<String>,
    pub(super) response: Option<AdapterResponse>,
    pub(super) failures: Option<i64>,
    pub(super) table: Option<Table>,
    /// The query that was run instead of the compiled code.
    pub(super) sql: Option<String>,
}

/// A node while it is being worked on.
pub(super) struct Attempt<'a> {
    node: &'a Arc<Node>,
    info: &'a NodeInfo,
    timing: Vec<Timing>,
    compiled: Option<CompiledNode>,
    /// Where `write` put the SQL that was run.
    written: Option<String>,
    /// Of a microbatch model.
    batch: Option<BatchRun>,
}

impl<'a> Attempt<'a> {
    /// The attempt at one batch.
    pub(super) fn with_batch(self, run: BatchRun) -> Self {
        Self { batch: Some(run), ..self }
    }

    /// An error of the attempt, ready for the user.
    pub(super) fn explain(
        &self,
        error: Box<Diagnostic>,
        manifest: Option<&Arc<Manifest>>,
    ) -> Box<Diagnostic> {
        explain(error, self.written.as_deref(), manifest)
    }

    pub(super) fn new(node: &'a Arc<Node>, info: &'a NodeInfo) -> Self {
        Self { node, info, timing: Vec::new(), compiled: None, written: None, batch: None }
    }
}

impl Executor {
    /// Carries out a node. Whatever goes wrong is in the result.
    pub fn execute(&self, node: &Arc<Node>, info: &NodeInfo) -> NodeResult {
        if self.action == Action::Run && microbatch::is_batched(&self.shared, node) {
            return self.execute_batches(node, info);
        }
        let begun = Instant::now();
        let mut attempt = Attempt::new(node, info);
        let built = self.attempt(&mut attempt);
        let Attempt { timing, compiled, written, .. } = attempt;
        let (compiled, source_map) = compiled.map(CompiledNode::into_parts).unzip();
        let begun_result = NodeResult::begun(Subject::Node(Arc::clone(node)));
        let mut result = NodeResult { compiled, source_map, timing, ..begun_result };
        match built {
            Ok(built) => {
                result.status = built.status.unwrap_or(NodeStatus::Success);
                result.message = built.message;
                result.failures = built.failures;
                result.table = built.table;
                if let Some(code) = built.sql {
                    let compiled = result.compiled.as_deref().cloned().unwrap_or_default();
                    result.compiled = Some(Arc::new(Compiled { code, ..compiled }));
                }
                result.adapter_response =
                    built.response.map(|response| response.to_json()).unwrap_or_default();
            }
            Err(error) => {
                let error = explain(error, written.as_deref(), self.shared.manifest());
                let node = at(info, "executing");
                self.tell(Event::CatchableExceptionOnRun { node, message: error.to_string() });
                result.status = NodeStatus::Error;
                result.message = Some(error.to_string());
                result.diagnostic = Some(Arc::from(error));
            }
        }
        result.execution_time = begun.elapsed();
        if let Some(limit) = self.show_failures {
            result.table = self.failing_rows(&result, info, limit).or(result.table);
        }
        result
    }

    /// Some rows that a test found. What cannot be read is not shown.
    fn failing_rows(&self, result: &NodeResult, info: &NodeInfo, limit: u32) -> Option<Table> {
        let node = result.subject.node()?;
        let is_test = node.resource_type() == ResourceType::Test;
        if !is_test || !matches!(result.status, NodeStatus::Fail | NodeStatus::Warn) {
            return None;
        }
        let sql = match node.relation_name() {
            Some(stored) => format!("select * from {stored} limit {limit}"),
            None => {
                let code = &result.compiled.as_ref()?.code;
                format!("select * from (\n{code}\n) as dbt_failing_rows limit {limit}")
            }
        };
        let session = self.database.session_for(&Subject::Node(Arc::clone(node)), info).ok()?;
        let rows = show::query(&session, &sql);
        let finished = session.finish(rows.is_ok());
        finished.and(rows).ok().map(|(table, _)| table)
    }

    pub(super) fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<Built> {
        let node = attempt.node;
        let in_node = |error: Box<Diagnostic>| error.with_node(node.label());
        let mut attempts = Attempts::default();
        let mut first_error = None;
        loop {
            let part = attempt.batch.and_then(BatchRun::part);
            let session =
                self.database.session(node, part.as_deref(), attempt.info).map_err(in_node)?;
            let outcome = self.work(attempt, &session);
            let finished = session.finish(outcome.is_ok());
            let built = outcome.and_then(|unread| {
                finished?;
                unread.read(self.warnings_fail)
            });
            let Err(error) = built else { return built };
            self.shared.cache.undo(session.take_uncommitted_changes());
            let reason = retry::reason(self, node, &session, &error);
            let Some((reason, pause)) = attempts.again(reason) else {
                let error = locate(error, attempt, &session);
                // Why there is no server says less than how it went away.
                let is_gone = error.code == Code::ConnectFailed;
                return Err(in_node(first_error.filter(|_| is_gone).unwrap_or(error)));
            };
            first_error.get_or_insert_with(|| locate(error, attempt, &session));
            self.tell(Event::Note {
                level: Level::Info,
                message: format!(
                    "{} was disturbed ({reason}); nothing was changed, trying again: {}",
                    node.label(),
                    attempts.describe()
                ),
            });
            std::thread::sleep(pause);
            *attempt = Attempt { batch: attempt.batch, ..Attempt::new(node, attempt.info) };
        }
    }

    /// Compiles and runs; the answer of the server may still be under way.
    fn work(&self, attempt: &mut Attempt<'_>, session: &Arc<Session>) -> Result<Unread> {
        let node = attempt.node;
        if self.action == Action::Clone {
            return self.clone_relation(attempt, session);
        }
        self.tell(Event::NodeCompiling { node: at(attempt.info, "compiling") });
        let phase = Phase::begin("compile");
        let batch = attempt.batch.map(|run| run.batch);
        let compiled = self.compiler.compile_batch(node, Some(session), batch);
        attempt.timing.push(phase.end());
        let compiled = compiled?;
        if !matches!(node.resource_type(), ResourceType::Seed | ResourceType::Snapshot) {
            self.tell(Event::WritingInjectedSql { node: at(attempt.info, "compiling") });
        }
        let code = Arc::clone(&compiled.compiled);
        attempt.compiled = Some(compiled);
        if let Action::Show { limit } = self.action {
            self.tell(Event::NodeExecuting { node: at(attempt.info, "executing") });
            let context =
                NodeContext::runtime(&self.shared, node, Some(session)).with_compiled(code);
            return show::rows(node, &context, session, limit).map(Unread::Rows);
        }
        if self.action == Action::Compile || node.is_ephemeral() {
            if !node.is_ephemeral() {
                self.tell(Event::NodeExecuting { node: at(attempt.info, "executing") });
            }
            // dbt times both phases of what is only compiled, too.
            attempt.timing.push(Phase::begin("execute").end());
            return Ok(Unread::Nothing);
        }
        self.tell(Event::NodeExecuting { node: at(attempt.info, "executing") });
        let phase = Phase::begin("execute");
        let context = NodeContext::runtime(&self.shared, node, Some(session))
            .with_compiled(code)
            .with_batch(batch);
        let context = match attempt.batch {
            Some(run) if run.is_incremental => context
                .with("is_incremental", constant("is_incremental", true))
                .with("should_full_refresh", constant("should_full_refresh", false)),
            _ => context,
        };
        let done = self.materialize(node, &context);
        attempt.written = context.written();
        attempt.timing.push(phase.end());
        done
    }

    /// Makes the node of what an earlier state has of it; nothing is compiled.
    fn clone_relation(&self, attempt: &mut Attempt<'_>, session: &Arc<Session>) -> Result<Unread> {
        let node = attempt.node;
        let context = NodeContext::runtime(&self.shared, node, Some(session));
        let done = self.materialize_as(CLONE, node, &context);
        attempt.written = context.written();
        done
    }

    /// Calls the node's materialization.
    fn materialize(&self, node: &Arc<Node>, context: &NodeContext) -> Result<Unread> {
        self.materialize_as(node.config.materialized_name(), node, context)
    }

    fn materialize_as(
        &self,
        name: &str,
        node: &Arc<Node>,
        context: &NodeContext,
    ) -> Result<Unread> {
        let materialization = self
            .shared
            .macros
            .materialization(name)
            .ok_or_else(|| MacroIndex::materialization_missing(name))?;
        check_language(materialization, node)?;
        let returned = materialization.definition.call(Args::none(), context)?;
        let main = context.result("main");
        let part = |name: &str| main.as_ref().and_then(|main| member(main, name, context));
        if node.resource_type() == ResourceType::Test {
            let table = part("table");
            let table = table.as_ref().and_then(Value::downcast::<Table>);
            let findings = data_test::Findings::read(node, table)?;
            let response = part("response").and_then(|it| it.downcast::<Response>().cloned());
            return Ok(Unread::Test { findings, response, node: Arc::clone(node) });
        }
        for relation in relations(&returned, node)? {
            // A function is no relation: it may have the name of one.
            if relation.kind != Some(RelationType::Function) {
                self.shared.cache.add(relation);
            }
        }
        if main.is_none() && name == CLONE {
            return Ok(Unread::Text("No-op".to_owned()));
        }
        if main.is_none() {
            let message = "main is not being called during running model";
            return Err(Diagnostic::new(Code::MaterializationInvalid, message));
        }
        let response = part("response");
        Ok(match response.as_ref().and_then(Value::downcast::<Response>) {
            Some(response) => Unread::Response(response.clone()),
            None => Unread::Text(response.map(|it| it.to_string()).unwrap_or_default()),
        })
    }

    fn tell(&self, event: Event) {
        self.sink.emit(event);
    }
}

/// What a node gave, before the server's last answers are read.
enum Unread {
    Nothing,
    Response(Response),
    Text(String),
    Rows(Shown),
    Test { findings: data_test::Findings, response: Option<Response>, node: Arc<Node> },
}

impl Unread {
    fn read(self, warnings_fail: bool) -> Result<Built> {
        match self {
            Self::Nothing => Ok(Built::default()),
            Self::Rows(Shown { table, response, sql }) => {
                Ok(Built { table: Some(table), response, sql, ..Built::default() })
            }
            Self::Text(message) => Ok(Built { message: Some(message), ..Built::default() }),
            Self::Response(response) => {
                let response = response.get()?;
                let message = Some(response.message.clone());
                Ok(Built { message, response: Some(response), ..Built::default() })
            }
            Self::Test { findings, response, node } => {
                let response = response.map(|response| response.get()).transpose()?;
                Ok(Built { response, ..findings.judge(&node.config, warnings_fail) })
            }
        }
    }
}

/// A phase of a node being timed.
pub(super) struct Phase {
    name: &'static str,
    started_at: Timestamp,
}

impl Phase {
    pub(super) fn begin(name: &'static str) -> Self {
        Self { name, started_at: Timestamp::now() }
    }

    pub(super) fn end(self) -> Timing {
        Timing { name: self.name, started_at: self.started_at, completed_at: Timestamp::now() }
    }
}

fn at(info: &NodeInfo, status: &'static str) -> NodeInfo {
    NodeInfo { status, ..info.clone() }
}

/// An attribute of a result, whatever class it has.
pub(super) fn member(value: &Value, name: &str, context: &NodeContext) -> Option<Value> {
    let found = value.get_attr(&mut State::new(context), name).ok()?;
    (!found.is_none() && !found.is_undefined()).then_some(found)
}

fn check_language(materialization: &MacroNode, node: &Node) -> Result<()> {
    let Some(languages) = &materialization.supported_languages else { return Ok(()) };
    if languages.iter().any(|language| language == node.language) {
        return Ok(());
    }
    let listed: Vec<String> = languages.iter().map(|language| format!("'{language}'")).collect();
    let message = format!(
        "Materialization \"{}\" only supports languages [{}]; got \"{}\"",
        materialization.name,
        listed.join(", "),
        node.language
    );
    Err(Diagnostic::new(Code::ConfigInvalid, message))
}

/// The relations that a materialization says it made.
fn relations(returned: &Value, node: &Node) -> Result<Vec<Relation>> {
    let invalid = |message: String| Diagnostic::new(Code::MaterializationInvalid, message);
    let dict = match returned {
        Value::Dict(dict) => dict,
        Value::Str(_) => {
            return Err(invalid(format!(
                "The materialization (\"{}\") did not explicitly return a list of relations to \
                 add to the cache.",
                node.config.materialized_name()
            )));
        }
        other => {
            return Err(invalid(format!(
                "Invalid return value from materialization, expected a dict with key \
                 \"relations\", got: {other}"
            )));
        }
    };
    let Some(list) = dict.get_str("relations") else {
        let keys: Vec<String> = dict.keys().iter().map(Value::repr).collect();
        return Err(invalid(format!(
            "Invalid return value from materialization, \"relations\" not found, got keys: [{}]",
            keys.join(", ")
        )));
    };
    let Value::List(list) = &list else {
        return Err(invalid(format!(
            "Invalid return value from materialization, \"relations\" not a list, got: {list}"
        )));
    };
    list.snapshot()
        .iter()
        .map(|item| {
            item.downcast::<Relation>().cloned().ok_or_else(|| {
                invalid(format!(
                    "Invalid return value from materialization, \"relations\" contains \
                     non-Relation: {item}"
                ))
            })
        })
        .collect()
}

/// Puts an error of the server where its SQL came from in the user's file.
fn locate(error: Box<Diagnostic>, attempt: &Attempt<'_>, session: &Session) -> Box<Diagnostic> {
    if error.code.family() != Family::Database {
        return error;
    }
    let (Some(failure), Some(compiled)) = (session.failure(), &attempt.compiled) else {
        return error;
    };
    match compiled.locate(attempt.node, &failure.sql, failure.position) {
        Some(span) => {
            let mut error = error.relocated(span);
            // Which macro sent the statement explains nothing when its place is known.
            error.related.clear();
            error
        }
        None => error,
    }
}

/// Makes an error ready for the user: places in built-in macros are not in any file of
/// theirs, and errors of the server name the SQL that was run, as dbt does.
pub(super) fn explain(
    mut error: Box<Diagnostic>,
    written: Option<&str>,
    manifest: Option<&Arc<Manifest>>,
) -> Box<Diagnostic> {
    let built_in = |span: &Span| manifest.is_some_and(|it| is_built_in(it, &span.path));
    error.related.retain(|(span, _)| !built_in(span));
    if error.span.as_ref().is_some_and(built_in) {
        error.span = if error.related.is_empty() { None } else { Some(error.related.remove(0).0) };
    }
    if let Some(path) = written.filter(|_| error.code.family() == Family::Database) {
        error.message.push_str("\ncompiled code at ");
        error.message.push_str(path);
    }
    error
}

/// Whether a file belongs to gdbt's own macros and to no package of the project.
fn is_built_in(manifest: &Manifest, path: &str) -> bool {
    let mut macros =
        manifest.macros.values().filter(|it| *it.original_file_path == *path).peekable();
    macros.peek().is_some() && macros.all(|it| is_built_in_package(&it.package_name))
}

/// A function of no arguments.
fn constant(name: &'static str, value: bool) -> Value {
    Value::function(name, move |_, args| args.bind(name, [], []).map(|([], [])| Value::Bool(value)))
}
