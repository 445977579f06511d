//! The scheduler's work: nodes of a plan are carried out, and what happens is told.

use super::execute::{self, Executor};
use super::plan::Plan;
use super::scheduler::{Outcome, Work};
use super::{narrate, summary};
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, NodeInfo, Position, thread_name};
use crate::manifest::Node;
use crate::result::{NodeResult, NodeStatus, Subject};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Nodes being carried out.
pub struct NodeWork<'a> {
    executor: &'a Executor,
    plan: &'a Plan,
    /// Whether failing tests block, as in `build`.
    tests_gate: bool,
    results: Mutex<Vec<NodeResult>>,
    /// Ephemeral models that cannot be compiled.
    broken: Mutex<Vec<Broken>>,
    /// Nodes that were cancelled.
    cut_off: Mutex<Vec<Arc<Node>>>,
    running: Mutex<HashSet<usize>>,
    cancelling: AtomicBool,
}

/// An ephemeral model that cannot be compiled.
struct Broken {
    result: NodeResult,
    /// Whether something that was skipped because of it told of it.
    told: bool,
}

impl<'a> NodeWork<'a> {
    /// Nothing done yet.
    pub fn new(executor: &'a Executor, plan: &'a Plan, tests_gate: bool) -> Self {
        Self {
            executor,
            plan,
            tests_gate,
            results: Mutex::default(),
            broken: Mutex::default(),
            cut_off: Mutex::default(),
            running: Mutex::default(),
            cancelling: AtomicBool::new(false),
        }
    }

    /// The results in the order the nodes ended, and the nodes that were cancelled. A broken
    /// ephemeral model has no result of its own if what was skipped because of it names it.
    pub fn into_results(self) -> (Vec<NodeResult>, Vec<Arc<Node>>) {
        let mut results = self.results.into_inner();
        let untold = self.broken.into_inner().into_iter().filter(|broken| !broken.told);
        results.extend(untold.map(|broken| broken.result));
        (results, self.cut_off.into_inner())
    }

    /// An exposure: there is nothing to do.
    fn no_op(&self, subject: &Subject, position: Option<Position>) -> Outcome {
        let info = narrate::started(subject);
        let mut result =
            NodeResult::skipped(subject.clone(), thread_name(), Some("NO-OP".to_owned()));
        result.status = NodeStatus::NoOp;
        result.failures = Some(0);
        self.conclude(result, &info, position)
    }

    fn tell(&self, event: Event) {
        self.executor.sink.emit(event);
    }

    fn database(&self) -> &str {
        self.executor.shared.default_database()
    }

    /// Records a result and tells its end.
    fn conclude(&self, result: NodeResult, info: &NodeInfo, position: Option<Position>) -> Outcome {
        let failed = matches!(
            result.status,
            NodeStatus::Error | NodeStatus::Fail | NodeStatus::PartialSuccess
        );
        let blocks = failed && (self.tests_gate || result.status != NodeStatus::Fail);
        self.tell(Event::NodeFinished {
            node: narrate::finished(info, result.status),
            result: run_result(&result),
        });
        let action = self.executor.action;
        if let Some(position) = position.filter(|_| action == execute::Action::Run)
            && let Some(line) = narrate::result_line(&result, info, position, self.database())
        {
            self.tell(line);
        }
        if blocks {
            self.tell(Event::MarkSkippedChildren {
                unique_id: result.subject.unique_id().to_string(),
                status: result.status,
                message: result.message.clone(),
            });
        }
        if position.is_some() || action == execute::Action::Compile {
            self.results.lock().push(result);
        } else if failed {
            self.broken.lock().push(Broken { result, told: false });
        }
        Outcome { blocks, fails: failed }
    }

    /// Tells that something is skipped because of an ephemeral model, and what is wrong with
    /// that.
    fn tell_broken(&self, cause: &Subject, node: NodeInfo, position: Position) {
        let mut broken = self.broken.lock();
        let id = cause.unique_id();
        let broken = broken.iter_mut().find(|it| it.result.subject.unique_id() == id);
        let status = broken.as_ref().map_or(NodeStatus::Skipped, |it| it.result.status);
        self.tell(Event::LogSkipBecauseError { node, position, status });
        if let Some(broken) = broken {
            summary::tell_details(self.executor.sink.as_ref(), &broken.result);
            broken.told = true;
        }
    }
}

impl Work for NodeWork<'_> {
    fn run(&self, place: usize, position: Option<Position>) -> Outcome {
        let Some(subject) = self.plan.subject(place) else {
            return Outcome { blocks: false, fails: false };
        };
        let Subject::Node(node) = subject else { return self.no_op(subject, position) };
        let info = narrate::started(subject);
        self.tell(Event::NodeStart { node: info.clone() });
        if let Some(position) = position.filter(|_| self.executor.action == execute::Action::Run) {
            self.tell(narrate::start_line(node, &info, position, self.database()));
        }
        self.running.lock().insert(place);
        let result = self.executor.execute(node, &info);
        self.running.lock().remove(&place);
        if self.cancelling.load(Ordering::Relaxed) && result.status == NodeStatus::Error {
            self.cut_off.lock().push(Arc::clone(node));
            return Outcome { blocks: true, fails: false };
        }
        self.conclude(result, &info, position)
    }

    fn skip(&self, place: usize, position: Option<Position>, cause: Option<usize>) {
        let (Some(subject), Some(position)) = (self.plan.subject(place), position) else { return };
        let info = NodeInfo { status: "skipped", ..narrate::started(subject) };
        let cause = cause.and_then(|cause| self.plan.subject(cause));
        let message = cause.map(|cause| {
            format!(
                "Compilation Error in {}, caused by compilation error in referenced ephemeral \
                 model {}",
                subject.unique_id(),
                cause.unique_id()
            )
        });
        match cause {
            Some(cause) => self.tell_broken(cause, info, position),
            None => self.tell(Event::SkippingDetails { node: info, position }),
        }
        let thread = thread_name();
        self.results.lock().push(NodeResult::skipped(subject.clone(), thread, message));
    }

    fn panicked(&self, place: usize, position: Option<Position>, message: &str) {
        let Some(subject) = self.plan.subject(place) else { return };
        self.running.lock().remove(&place);
        let error = Diagnostic::new(Code::Internal, format!("gdbt panicked: {message}"))
            .with_node(format!("{} {}", subject.resource_type(), subject.name()))
            .with_help("This is a defect of gdbt. Please report it with logs/dbt.log.");
        let info = narrate::started(subject);
        self.tell(Event::GenericExceptionOnRun { node: info.clone(), message: error.to_string() });
        let mut result = NodeResult::skipped(subject.clone(), thread_name(), None);
        result.status = NodeStatus::Error;
        result.message = Some(error.to_string());
        result.diagnostic = Some(Arc::from(error));
        self.conclude(result, &info, position);
    }

    fn cancel(&self) {
        if !self.cancelling.swap(true, Ordering::Relaxed) {
            for place in self.running.lock().iter() {
                if let Some(subject) = self.plan.subject(*place) {
                    let connection = subject.unique_id().to_string();
                    self.tell(Event::LogCancelLine { connection });
                }
            }
        }
        // A server that cannot be told to cancel is told again; the run ends with its answer.
        let _ = self.executor.database.pool.cancel_all();
    }
}

/// dbt's `run_result` of a node, for logs.
fn run_result(result: &NodeResult) -> Map<String, Json> {
    let timing: Vec<Json> = result
        .timing
        .iter()
        .map(|phase| {
            json!({
                "name": phase.name,
                "started_at": phase.started_at.to_string(),
                "completed_at": phase.completed_at.to_string(),
            })
        })
        .collect();
    let value = json!({
        "status": result.status,
        "message": result.message.as_deref().unwrap_or(""),
        "thread": result.thread_id,
        "execution_time": result.execution_time.as_secs_f64(),
        "num_failures": result.failures.unwrap_or(0),
        "timing_info": timing,
        "adapter_response": result.adapter_response,
    });
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
