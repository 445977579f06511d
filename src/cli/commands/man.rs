//! `gdbt man`: manual pages.

use crate::cli::args::ManArgs;
use crate::cli::session::Session;
use crate::cli::{ExitStatus, definition};
use crate::diagnostic::{Diagnostic, Result};
use crate::event::Event;
use clap_mangen::Man;
use std::path::Path;

/// Prints the page of gdbt, or writes all pages into a folder.
pub fn run(args: &ManArgs, session: &Session) -> Result<ExitStatus> {
    let written = match &args.into {
        Some(folder) => write(folder).map_err(|error| Diagnostic::io(folder, &error)),
        None => {
            page().map_err(|error| Diagnostic::io(Path::new("gdbt.1"), &error)).map(|message| {
                session.emit(Event::Output { message });
            })
        }
    };
    written.map(|()| ExitStatus::Success)
}

/// The command line with a version of one line, which stands at the foot of each page.
fn command() -> clap::Command {
    definition().version(env!("GDBT_VERSION"))
}

/// `gdbt.1`, `gdbt-run.1` and so on.
fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command(), folder)
}

fn page() -> std::io::Result<String> {
    let mut page = Vec::new();
    Man::new(command()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).trim_end().to_owned())
}
