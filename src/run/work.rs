//! The scheduler's work: nodes of a plan are carried out, and what happens is told.

use super::execute::{self, Executor, Phase};
use super::plan::Plan;
use super::scheduler::{Outcome, Work};
use super::{narrate, summary};
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, NodeInfo, Position, thread_name};
use crate::result::{NodeResult, NodeStatus, Subject};
use parking_lot::Mutex;
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
    inlined: Mutex<Vec<NodeResult>>,
    /// Nodes that were cancelled.
    cut_off: Mutex<Vec<Subject>>,
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
            inlined: Mutex::default(),
            cut_off: Mutex::default(),
            running: Mutex::default(),
            cancelling: AtomicBool::new(false),
        }
    }

    /// The results in the order the nodes ended, those of ephemeral models that were only
    /// compiled, and the nodes that were cancelled. A broken ephemeral model has no result of its
    /// own if what was skipped because of it names it.
    pub fn into_results(self) -> (Vec<NodeResult>, Vec<NodeResult>, Vec<Subject>) {
        let mut results = self.results.into_inner();
        let untold = self.broken.into_inner().into_iter().filter(|broken| !broken.told);
        results.extend(untold.map(|broken| broken.result));
        (results, self.inlined.into_inner(), self.cut_off.into_inner())
    }

    /// An exposure: there is nothing to do.
    fn no_op(&self, subject: &Subject, position: Option<Position>) -> Outcome {
        let info = self.started(subject);
        self.tell(Event::NodeStart { node: info.clone() });
        let mut result =
            NodeResult::skipped(subject.clone(), thread_name(), Some("NO-OP".to_owned()));
        self.tell(Event::NodeCompiling { node: NodeInfo { status: "compiling", ..info.clone() } });
        result.timing.push(Phase::begin("compile").end());
        self.tell(Event::NodeExecuting { node: NodeInfo { status: "executing", ..info.clone() } });
        result.timing.push(Phase::begin("execute").end());
        result.status = NodeStatus::NoOp;
        result.failures = Some(0);
        self.conclude(result, &info, position)
    }

    fn started(&self, subject: &Subject) -> NodeInfo {
        narrate::started(subject, &self.executor.manifest)
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
            result: narrate::record(&result),
        });
        let action = self.executor.action;
        if let Some(position) = position.filter(|_| action.tells_lines())
            && let Some(line) = narrate::result_line(&result, info, position, self.database())
        {
            self.tell(line);
        }
        if blocks {
            self.tell_children_skipped(&result);
        }
        if position.is_some() || action != execute::Action::Run {
            self.results.lock().push(result);
        } else if failed {
            self.broken.lock().push(Broken { result, told: false });
        } else {
            self.inlined.lock().push(result);
        }
        Outcome { blocks, fails: failed }
    }

    fn tell_children_skipped(&self, result: &NodeResult) {
        self.tell(Event::MarkSkippedChildren {
            unique_id: result.subject.unique_id().to_string(),
            status: result.status,
            message: result.message.clone(),
            result: narrate::record(result),
        });
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
            let executor = self.executor;
            summary::tell_details(executor.sink.as_ref(), &broken.result, &executor.manifest);
            broken.told = true;
        }
    }
}

impl Work for NodeWork<'_> {
    fn run(&self, place: usize, position: Option<Position>) -> Outcome {
        let Some(subject) = self.plan.subject(place) else {
            return Outcome { blocks: false, fails: false };
        };
        if matches!(subject, Subject::Exposure(_) | Subject::Macro(_)) {
            return self.no_op(subject, position);
        }
        let info = self.started(subject);
        self.tell(Event::NodeStart { node: info.clone() });
        let action = self.executor.action;
        if let Some(position) = position.filter(|_| action.tells_lines()) {
            self.tell(narrate::start_line(subject, action, &info, position, self.database()));
        }
        self.running.lock().insert(place);
        let result = match subject {
            Subject::Node(node) if action != execute::Action::Freshness => {
                self.executor.execute(node, &info)
            }
            Subject::UnitTest(test) if action == execute::Action::Run => {
                self.executor.run_unit_test(test, &info)
            }
            Subject::UnitTest(_) => NodeResult::begun(subject.clone()),
            _ => self.executor.check_freshness(subject, &info),
        };
        self.running.lock().remove(&place);
        let failed = matches!(result.status, NodeStatus::Error | NodeStatus::RuntimeError);
        if self.cancelling.load(Ordering::Relaxed) && failed {
            self.cut_off.lock().push(subject.clone());
            return Outcome { blocks: true, fails: false };
        }
        self.conclude(result, &info, position)
    }

    fn skip(&self, place: usize, position: Option<Position>, cause: Option<usize>) {
        let Some(subject) = self.plan.subject(place) else { return };
        // dbt tells of skipped ephemeral models in `build` alone.
        if position.is_none() && !self.tests_gate {
            return;
        }
        self.tell(Event::NodeStart { node: self.started(subject) });
        let info = NodeInfo { status: "skipped", ..self.started(subject) };
        let cause = cause.and_then(|cause| self.plan.subject(cause));
        let message = cause.map(|cause| {
            format!(
                "Compilation Error in {}, caused by compilation error in referenced ephemeral \
                 model {}",
                subject.unique_id(),
                cause.unique_id()
            )
        });
        let result = NodeResult::skipped(subject.clone(), thread_name(), message);
        match (cause, position) {
            (Some(cause), Some(position)) => self.tell_broken(cause, info.clone(), position),
            (None, Some(position)) => {
                self.tell(Event::SkippingDetails { node: info.clone(), position });
            }
            (_, None) => {}
        }
        self.tell(Event::NodeFinished {
            node: narrate::finished(&info, result.status),
            result: narrate::record(&result),
        });
        if self.tests_gate {
            self.tell_children_skipped(&result);
        }
        if position.is_some() {
            self.results.lock().push(result);
        }
    }

    fn panicked(&self, place: usize, position: Option<Position>, message: &str) {
        let Some(subject) = self.plan.subject(place) else { return };
        self.running.lock().remove(&place);
        let error = Diagnostic::new(Code::Internal, format!("gdbt panicked: {message}"))
            .with_node(format!("{} {}", subject.resource_type(), subject.name()))
            .with_help("This is a defect of gdbt. Please report it with logs/dbt.log.");
        let info = self.started(subject);
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
        self.executor.stopping.store(true, Ordering::Relaxed);
        // A server that cannot be told to cancel is told again; the run ends with its answer.
        let _ = self.executor.database.pool.cancel_all();
    }
}
