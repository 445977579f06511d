//! What every command needs: the settings and where events go.

use super::settings::Settings;
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Sink, Warning};
use crate::project::Workspace;
use crate::report::Report;
use std::sync::Arc;

/// One run of a command.
#[derive(Debug)]
pub struct Session {
    /// What was asked for.
    pub settings: Settings,
    /// Where events go.
    pub report: Arc<Report>,
}

impl Session {
    /// Tells something.
    pub fn emit(&self, event: Event) {
        self.report.emit(event);
    }

    /// Loads the project and its profile.
    pub fn workspace(&self) -> Result<Workspace, Vec<Diagnostic>> {
        let mut workspace = Workspace::load(&self.settings.load, Arc::clone(&self.settings.env))?;
        self.warn(std::mem::take(&mut workspace.warnings))?;
        Ok(workspace)
    }

    /// Tells warnings; the first that is to be an error is returned.
    pub fn warn(&self, warnings: Vec<Warning>) -> Result<(), Vec<Diagnostic>> {
        for warning in warnings {
            self.report.warn(Event::Warning(warning))?;
        }
        Ok(())
    }
}
