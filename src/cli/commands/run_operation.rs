//! `gdbt run-operation`: one macro, with the arguments of the command line.

use crate::cli::ExitStatus;
use crate::cli::args::OperationArgs;
use crate::cli::loaded::Loaded;
use crate::cli::server::Server;
use crate::cli::session::Session;
use crate::context::json::from_json;
use crate::diagnostic::{Diagnostic, Result};
use crate::event::Sink;
use crate::jinja::Args;
use crate::run::{Operation, Outcome};
use std::sync::Arc;
use std::time::Instant;

/// Runs the macro. Exits with 1 when it fails.
pub fn run(args: &OperationArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    let given = args.arguments()?;
    let given = given
        .iter()
        .fold(Args::none(), |args, (name, value)| args.with(name.as_str(), from_json(value)));
    let operation = Operation::find(&loaded.shared, &args.macro_name, given)?;
    let begun = Instant::now();
    let server = Server::of(&loaded.workspace.profile, session)?;
    let sink: Arc<dyn Sink> = session.report.clone();
    let result = operation.run(&loaded.shared, &server.options, &sink);
    server.close()?;
    let result = result?;
    let success = !result.is_failure();
    let outcome = Outcome {
        results: vec![result],
        inlined: Vec::new(),
        elapsed: begun.elapsed(),
        interrupted: false,
        broken: None,
    };
    loaded.write_results(session, &outcome)?;
    Ok(if success { ExitStatus::Success } else { ExitStatus::Failure })
}
