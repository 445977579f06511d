//! `on-run-start` and `on-run-end`
//! (<https://docs.getdbt.com/reference/project-configs/on-run-start-on-run-end>).

use super::execute::Executor;
use super::{narrate, results};
use crate::diagnostic::{Diagnostic, Result};
use crate::event::{Event, NodeInfo, Position};
use crate::jinja::Value;
use crate::manifest::{Compiled, Manifest, Node, NodeKind};
use crate::result::{NodeResult, NodeStatus, Subject, Timing};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the first node.
    Start,
    /// After the last node.
    End,
}

impl Moment {
    /// dbt's name, which is also the tag of the hooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "on-run-start",
            Self::End => "on-run-end",
        }
    }
}

/// Runs the hooks of a moment, those of packages first. After one that fails the rest are
/// skipped. An error is one of rendering: dbt gives up then.
pub fn run(
    executor: &Executor,
    manifest: &Manifest,
    moment: Moment,
    results_so_far: &[NodeResult],
) -> Result<Vec<NodeResult>> {
    let hooks = hooks_of(manifest, moment);
    if hooks.is_empty() {
        return Ok(Vec::new());
    }
    if moment == Moment::End {
        executor.sink.emit(Event::empty_line());
    }
    let values = match moment {
        Moment::Start => Vec::new(),
        Moment::End => results::hook_values(results_so_far),
    };
    let total = hooks.len();
    let mut done: Vec<NodeResult> = Vec::with_capacity(total);
    let mut failed = false;
    for (place, hook) in hooks.iter().enumerate() {
        let position = Position { index: place + 1, total };
        let job = Job { executor, hook, moment, position, values: &values };
        let result = if failed { job.skip() } else { job.run()? };
        failed |= result.status == NodeStatus::Error;
        done.push(result);
    }
    if moment == Moment::Start {
        executor.sink.emit(Event::empty_line());
    }
    Ok(done)
}

/// Hooks in dbt's order: the root project first, then packages by name, each by its index.
fn hooks_of(manifest: &Manifest, moment: Moment) -> Vec<Arc<Node>> {
    let index = |node: &Node| match node.kind {
        NodeKind::Operation { index } => index,
        _ => 0,
    };
    let mut hooks: Vec<Arc<Node>> = manifest
        .nodes
        .values()
        .filter(|node| matches!(node.kind, NodeKind::Operation { .. }))
        .filter(|node| node.tags.iter().any(|tag| tag == moment.as_str()))
        .cloned()
        .collect();
    hooks.sort_by_key(|node| {
        let of_package = node.package_name != manifest.project_name;
        (of_package, Arc::clone(&node.package_name), index(node))
    });
    hooks
}

/// One hook being run.
struct Job<'a> {
    executor: &'a Executor,
    hook: &'a Arc<Node>,
    moment: Moment,
    position: Position,
    values: &'a [(&'static str, Value)],
}

impl Job<'_> {
    /// The hook's name in dbt's messages, such as `shop.on-run-start.0`.
    fn name(&self) -> String {
        let number = self.position.index - 1;
        format!("{}.{}.{number}", self.hook.package_name, self.moment.as_str())
    }

    fn subject(&self) -> Subject {
        Subject::Node(Arc::clone(self.hook))
    }

    fn run(&self) -> Result<NodeResult> {
        let executor = self.executor;
        let begun = Instant::now();
        let info = narrate::started(&self.subject(), &self.executor.manifest);
        let session = executor.database.session(self.hook, None, &info)?;
        let started_at = Timestamp::now();
        let compiled =
            executor.compiler.compile_with(self.hook, Some(&session), self.values.to_vec());
        let compile = Timing { name: "compile", started_at, completed_at: Timestamp::now() };
        let compiled = compiled.map_err(|error| error.with_node(self.hook.label()))?.compiled;
        executor.sink.emit(Event::WritingInjectedSql { node: info.clone() });
        executor.sink.emit(Event::LogHookStartLine {
            node: info.clone(),
            statement: self.name(),
            position: self.position,
        });
        let started_at = Timestamp::now();
        let sql = statement(&compiled.code);
        // Hooks are outside of transactions: each statement commits itself.
        let outcome = session.commit().and_then(|()| {
            if sql.trim().is_empty() {
                return Ok(());
            }
            session.execute(&sql, false, false)?.0.get().map(|_| ())
        });
        let finished = session.finish(outcome.is_ok());
        let outcome = outcome.and(finished);
        let execute = Timing { name: "execute", started_at, completed_at: Timestamp::now() };
        let result = self.result(&outcome, compiled, vec![compile, execute], begun.elapsed());
        self.tell_end(&info, &result);
        Ok(result)
    }

    fn result(
        &self,
        outcome: &Result<()>,
        compiled: Arc<Compiled>,
        timing: Vec<Timing>,
        execution_time: Duration,
    ) -> NodeResult {
        let name = self.name();
        let (status, message) = match outcome {
            Ok(()) => (NodeStatus::Success, format!("{name} passed")),
            Err(error) => (NodeStatus::Error, format!("{name} failed, error:\n {}", body(error))),
        };
        NodeResult {
            freshness: None,
            subject: self.subject(),
            compiled: Some(compiled),
            source_map: None,
            status,
            timing,
            thread_id: "main".to_owned(),
            execution_time,
            adapter_response: Map::new(),
            message: Some(message),
            failures: Some(i64::from(status != NodeStatus::Success)),
            diagnostic: outcome.as_ref().err().map(|error| Arc::from(error.clone())),
            table: None,
            batches: None,
        }
    }

    fn skip(&self) -> NodeResult {
        let message = format!("{} skipped", self.name());
        let mut result = NodeResult::skipped(self.subject(), "main", Some(message));
        result.failures = Some(1);
        self.tell_end(&narrate::at_rest(&self.subject(), &self.executor.manifest), &result);
        result
    }

    fn tell_end(&self, info: &NodeInfo, result: &NodeResult) {
        self.executor.sink.emit(Event::LogHookEndLine {
            node: narrate::finished(info, result.status),
            statement: self.name(),
            position: self.position,
            status: result.status,
            execution_time: result.execution_time,
        });
    }
}

/// The server's message without dbt's header.
fn body(error: &Diagnostic) -> &str {
    &error.message
}

/// The SQL of a hook: its text, or the `sql` of what `before_begin` and `after_commit` make.
fn statement(text: &str) -> String {
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(hook)) => {
            let sql = hook.get("sql").and_then(Json::as_str);
            sql.map_or_else(|| text.to_owned(), str::to_owned)
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::statement;

    #[test]
    fn a_hook_may_be_text_or_a_json_object() {
        assert_eq!(statement("select 1"), "select 1");
        assert_eq!(statement(r#"{"sql": "vacuum", "transaction": false}"#), "vacuum");
    }
}
