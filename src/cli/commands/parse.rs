//! `gdbt parse`: reads the project and writes the manifest.

use crate::cli::ExitStatus;
use crate::cli::loaded::Loaded;
use crate::cli::session::Session;
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;

/// Finds every mistake that can be found without a server.
pub fn run(session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    loaded.write_artifacts(session, &HashMap::new())?;
    Ok(ExitStatus::Success)
}
