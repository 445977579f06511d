//! `gdbt deps`: so far only for projects that need no packages.

use crate::cli::ExitStatus;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Event;
use crate::project::{RawProject, declares_packages};

/// Says that there is nothing to install, or refuses to install it.
pub fn run(session: &Session) -> Result<ExitStatus> {
    let folder = &session.settings.load.project_dir;
    RawProject::read(folder)?;
    if declares_packages(folder)? {
        let message = "The command `deps` is dbt's, and gdbt does not install packages yet.";
        return Err(Diagnostic::new(Code::Unsupported, message)
            .with_help("Install the packages with `dbt deps`; gdbt reads what it installs."));
    }
    session.emit(Event::DepsNoPackagesFound);
    Ok(ExitStatus::Success)
}
