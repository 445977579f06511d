//! `gdbt completions`: a completion script for a shell.

use crate::cli::args::CompletionsArgs;
use crate::cli::session::Session;
use crate::cli::{ExitStatus, definition};
use crate::event::Event;

/// Prints the script.
pub fn run(args: &CompletionsArgs, session: &Session) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "gdbt", &mut script);
    let message = String::from_utf8_lossy(&script).trim_end().to_owned();
    session.emit(Event::Output { message });
    ExitStatus::Success
}
