//! One file per command.

mod clean;
mod completions;
mod db;
mod debug;
mod init;

use super::ExitStatus;
use super::args::Command;
use super::session::Session;
use crate::diagnostic::{Code, Diagnostic};

/// Runs a command. Errors are those of the command as a whole; what went wrong with single
/// nodes is in the exit status and was told already.
pub fn run(command: &Command, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    match command {
        Command::Clean(args) => clean::run(args, session),
        Command::Completions(args) => Ok(completions::run(args, session)),
        Command::Db(command) => Ok(db::run(command, session)?),
        Command::Debug(args) => Ok(debug::run(args, session)),
        Command::Init(args) => Ok(init::run(args, session)?),
        _ => Err(vec![*Diagnostic::new(Code::Unsupported, "not yet")]),
    }
}
