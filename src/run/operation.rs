//! One macro run by itself, as `run-operation` does
//! (<https://docs.getdbt.com/docs/build/hooks-operations#about-operations>).

use super::database::Database;
use super::execute;
use crate::context::{NodeContext, Shared};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Sink, thread_name};
use crate::jinja::Args;
use crate::manifest::MacroNode;
use crate::postgres::{ConnectOptions, Pool};
use crate::result::{NodeResult, NodeStatus, Subject, Timing};
use crate::suggest::nearest;
use jiff::Timestamp;
use serde_json::Map;
use std::sync::Arc;
use std::time::Instant;

/// A macro to be run, and with what.
#[derive(Debug)]
pub struct Operation {
    definition: Arc<MacroNode>,
    /// The package that the command line names; macros are searched there first.
    package: Option<Arc<str>>,
    args: Args,
}

impl Operation {
    /// The macro that `name` or `package.name` means.
    ///
    /// # Errors
    /// No package has it.
    pub fn find(shared: &Shared, name: &str, args: Args) -> Result<Self> {
        let (package, name) = match name.split_once('.') {
            Some((package, name)) => (Some(package), name),
            None => (None, name),
        };
        let definition = match package {
            Some(package) => shared.macros.find_in(package, name).map(|entry| &entry.node),
            None => shared.macros.strongest(name),
        };
        let definition = definition.cloned().ok_or_else(|| missing(shared, name))?;
        Ok(Self { definition, package: package.map(Arc::from), args })
    }

    /// Runs the macro. As in dbt, each statement commits by itself, so `vacuum` may be one. What
    /// goes wrong is told and in the result.
    ///
    /// # Errors
    /// The query comment cannot be rendered.
    pub fn run(
        self,
        shared: &Arc<Shared>,
        server: &ConnectOptions,
        sink: &Arc<dyn Sink>,
    ) -> Result<NodeResult> {
        let begun = Instant::now();
        let started_at = Timestamp::now();
        let database = Database::new(shared, Pool::new(server.clone()), sink)?;
        let session = database.session_named(format!("macro_{}", self.definition.name))?;
        session.commit_each();
        let context =
            NodeContext::operation(shared, self.package, Some(&session)).of_macro(&self.definition);
        let compile = Timing { name: "compile", started_at, completed_at: Timestamp::now() };
        let started_at = Timestamp::now();
        let called = self.definition.definition.call(self.args, &context);
        let finished = session.finish(called.is_ok());
        let error = called.and(finished).err();
        let error =
            error.map(|error| execute::explain(shared.explain(error), None, shared.manifest()));
        let execute = Timing { name: "execute", started_at, completed_at: Timestamp::now() };
        if let Some(error) = &error {
            sink.emit(Event::RunningOperationCaughtError { diagnostic: error.clone() });
        }
        Ok(NodeResult {
            freshness: None,
            subject: Subject::Macro(self.definition),
            compiled: None,
            source_map: None,
            status: if error.is_some() { NodeStatus::Error } else { NodeStatus::Success },
            timing: vec![compile, execute],
            thread_id: thread_name(),
            execution_time: begun.elapsed(),
            adapter_response: Map::new(),
            message: None,
            failures: Some(i64::from(error.is_some())),
            diagnostic: error.map(Arc::from),
            table: None,
            batches: None,
        })
    }
}

fn missing(shared: &Shared, name: &str) -> Box<Diagnostic> {
    let message = format!("dbt could not find a macro with the name '{name}' in any package");
    let error = Diagnostic::new(Code::MacroUnknown, message);
    match nearest(name, shared.macros.names()) {
        Some(near) => error.with_help(format!("Did you mean '{near}'?")),
        None => error,
    }
}
