//! `gdbt show`: some rows of a node or a query
//! (<https://docs.getdbt.com/reference/commands/show>).

use super::compile::{compiled, named};
use super::run::Task;
use crate::adapter::Table;
use crate::cli::ExitStatus;
use crate::cli::args::{CompileOutput, ShowArgs};
use crate::cli::server::Server;
use crate::cli::session::Session;
use crate::context::{Invocation, Shared};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Sink};
use crate::manifest::NodeKind;
use crate::result::{NodeResult, Subject};
use crate::run::{self, Action};
use std::sync::Arc;

/// Prints the rows.
pub fn run(args: &ShowArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    if let Some(sql) = &args.inline_direct {
        return direct(sql, args, session);
    }
    if session.settings.selection.select.is_empty() && args.inline.is_none() {
        let message = "Either --select or --inline must be passed to show";
        return Err(Diagnostic::new(Code::BadArgument, message).into());
    }
    let task = Task { action: Action::Show { limit: limit(args) }, ..Task::compiling() };
    let is_inline = args.inline.is_some();
    let outcome = compiled(args.inline.as_deref(), session, &task)?;
    for result in named(session, &outcome, is_inline) {
        let Some(table) = &result.table else { continue };
        let id = result.subject.unique_id().to_string();
        show(args, session, shown_name(result), id, table)?;
    }
    Ok(ExitStatus::Success)
}

/// The first rows of a query that is no template. The project's resources are not read.
fn direct(sql: &str, args: &ShowArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let workspace = Arc::new(session.workspace()?);
    let settings = &session.settings;
    let invocation = Invocation {
        id: settings.invocation.id.clone(),
        started_at: settings.invocation.started_at,
        flags: settings.template_flags(),
        args: settings.args.clone(),
        sample: None,
    };
    let sink: Arc<dyn Sink> = session.report.clone();
    let server = Server::of(&workspace.profile, session)?;
    let shared = Shared::new(workspace, invocation, std::iter::empty(), Arc::clone(&sink))?;
    let limit = limit(args).and_then(|limit| usize::try_from(limit).ok());
    let table = run::query(&shared, &server.options, &sink, sql, limit);
    server.close()?;
    let name = "direct-query".to_owned();
    show(args, session, name.clone(), name, &table?)?;
    Ok(ExitStatus::Success)
}

/// `--limit`: all rows when it is negative.
fn limit(args: &ShowArgs) -> Option<u32> {
    u32::try_from(args.limit).ok()
}

fn show(
    args: &ShowArgs,
    session: &Session,
    name: String,
    unique_id: String,
    table: &Table,
) -> Result<()> {
    let json = args.output == CompileOutput::Json;
    session.emit(Event::ShowNode {
        name,
        // dbt ends the last row of a table, too.
        preview: if json { table.to_json()? } else { table.preview() + "\n" },
        json,
        quiet: session.settings.quiet,
        inline: args.inline.is_some() || args.inline_direct.is_some(),
        unique_id,
    });
    Ok(())
}

/// The node's name, with its version if it has one.
fn shown_name(result: &NodeResult) -> String {
    let name = result.subject.name();
    match &result.subject {
        Subject::Node(node) => match &node.kind {
            NodeKind::Model { version: Some(version), .. } => {
                format!("{name}.v{}", crate::manifest::version_text(version))
            }
            _ => name.to_owned(),
        },
        _ => name.to_owned(),
    }
}
