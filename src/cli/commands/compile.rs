//! `gdbt compile`: templates become SQL
//! (<https://docs.getdbt.com/reference/commands/compile>).

use super::run::{self, Task};
use crate::cli::ExitStatus;
use crate::cli::args::{CompileArgs, CompileOutput};
use crate::cli::columns;
use crate::cli::loaded::Loaded;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Level};
use crate::manifest::Node;
use crate::parse;
use crate::result::NodeResult;
use crate::run::Outcome;
use std::collections::HashMap;

/// Compiles what is selected, or the query given.
pub fn run(args: &CompileArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let task = Task { injects_ephemerals: !args.no_inject_ephemeral_ctes, ..Task::compiling() };
    let is_inline = args.inline.is_some();
    let outcome = compiled(args.inline.as_deref(), session, &task)?;
    for result in named(session, &outcome, is_inline) {
        session.emit(Event::CompiledNode {
            name: result.subject.name().to_owned(),
            compiled: result.compiled.as_ref().map(|it| it.code.clone()).unwrap_or_default(),
            json: args.output == CompileOutput::Json,
            quiet: session.settings.quiet,
            inline: is_inline,
            unique_id: result.subject.unique_id().to_string(),
        });
    }
    Ok(ExitStatus::Success)
}

/// Carries out the task on the query, or on what is selected. What fails is an error of the
/// command.
pub(super) fn compiled(
    inline: Option<&str>,
    session: &Session,
    task: &Task,
) -> Result<Outcome, Vec<Diagnostic>> {
    let (loaded, mut outcome) = match inline {
        None => run::work(session, task)?,
        Some(sql) => {
            let loaded = Loaded::new(session)?;
            loaded.write_artifacts(session, &HashMap::new())?;
            loaded.write_graph_summary(session, false)?;
            let node = inline_node(session, &loaded, sql)?;
            let outcome = run::inline(session, &loaded, task, node)?;
            (loaded, outcome)
        }
    };
    let analysed = inline.is_none() && session.settings.write_json;
    let columns = analysed.then(|| columns::analyse(&loaded, &outcome.results, None));
    if inline.is_none() && session.settings.selection.select.is_empty() {
        // As in dbt: unless nodes are named, an ephemeral model has no result of its own.
        outcome.put_ephemerals_apart();
    }
    if !outcome.results.iter().any(NodeResult::is_failure) {
        run::tell_end_result(session, &outcome);
    }
    loaded.write_results(session, &outcome)?;
    if let Some(columns) = &columns {
        loaded.write_lineage(session, Some(columns))?;
    }
    let errors: Vec<Diagnostic> = outcome.results.iter().filter_map(run::error_of).collect();
    if errors.is_empty() { Ok(outcome) } else { Err(errors) }
}

/// The query as a node. What is wrong with it is told; the command fails with dbt's words.
fn inline_node(session: &Session, loaded: &Loaded, sql: &str) -> Result<Node> {
    parse::inline(&loaded.shared, sql).map_err(|diagnostics| {
        session.emit(Event::ParseInlineNodeError { diagnostics });
        Diagnostic::new(Code::InlineInvalid, "Error parsing inline query")
    })
}

/// The results to print: those of nodes that were selected by their own name, and not as
/// relatives of others.
pub(super) fn named<'a>(
    session: &'a Session,
    outcome: &'a Outcome,
    is_inline: bool,
) -> impl Iterator<Item = &'a NodeResult> {
    let select = &session.settings.selection.select;
    let printed = !select.is_empty();
    outcome.results.iter().filter(move |result| {
        let name = result.subject.name();
        if is_inline || select.iter().any(|criterion| criterion.contains(name)) {
            return true;
        }
        if printed {
            let message = format!("Excluded node '{name}' from results");
            session.emit(Event::Note { level: Level::Debug, message });
        }
        false
    })
}
