//! `gdbt db`: the project's embedded server.

use crate::cli::ExitStatus;
use crate::cli::args::DbCommand;
use crate::cli::server::{embedded_options, start};
use crate::cli::session::Session;
use crate::diagnostic::Result;
use crate::embedded::{self, EmbeddedOptions, Status, Stopped};
use crate::event::Event;

/// Starts, stops, or shows it.
pub fn run(command: &DbCommand, session: &Session) -> Result<ExitStatus> {
    let settings = &session.settings;
    let options = embedded_options(&settings.load.project_dir, &settings.env)?;
    let say = |message: String| session.emit(Event::Output { message });
    match command {
        DbCommand::Start => {
            let options = EmbeddedOptions { keep: true, ..options };
            start(&options, session.report.as_ref())?.close()?;
            say("It stays up until `gdbt db stop`.".to_owned());
            Ok(ExitStatus::Success)
        }
        DbCommand::Stop => {
            say(match embedded::stop(&options)? {
                Stopped::Now => "Stopped.".to_owned(),
                Stopped::AfterLastUser => {
                    "Another gdbt uses it; it stops when that one ends.".to_owned()
                }
                Stopped::NotRunning => "It was not running.".to_owned(),
            });
            Ok(ExitStatus::Success)
        }
        DbCommand::Status => {
            let status = embedded::status(&options)?;
            let down = "Not running. `gdbt db start` starts it.";
            say(status.as_ref().map_or_else(|| down.to_owned(), describe));
            Ok(if status.is_some() { ExitStatus::Success } else { ExitStatus::Failure })
        }
        DbCommand::Url => {
            if let Some(status) = embedded::status(&options)? {
                say(status.url);
                return Ok(ExitStatus::Success);
            }
            session.emit(Event::Note {
                level: crate::event::Level::Error,
                message: "The embedded server is not running. `gdbt db start` starts it."
                    .to_owned(),
            });
            Ok(ExitStatus::Failure)
        }
    }
}

fn describe(status: &Status) -> String {
    let stays = if status.kept { "until `gdbt db stop`" } else { "while a gdbt command uses it" };
    format!(
        "PostgreSQL {} runs {stays}\n  directory  {}\n  process    {}\n  url        {}",
        status.major,
        status.data_dir.display(),
        status.pid,
        status.url
    )
}
