//! Where events go, and how important they are.

use super::Event;
use crate::diagnostic::Result;

/// How important an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For those who look for the cause of something.
    Debug,
    /// What a user follows.
    Info,
    /// Something is probably not as meant.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// dbt's name of the level.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Where events go. Shared by all threads.
pub trait Sink: Send + Sync {
    /// Takes note of what happened.
    fn emit(&self, event: Event);

    /// What was told is to be seen by now: the caller is going to wait for somebody.
    fn settle(&self) {}

    /// Takes note of a warning, or gives it back as an error where `--warn-error` asks
    /// for that. Code that can still stop should use this rather than [`Sink::emit`].
    fn warn(&self, event: Event) -> Result<()> {
        self.emit(event);
        Ok(())
    }
}

/// The current thread's name, as dbt has it in logs and templates.
pub fn thread_name() -> String {
    match std::thread::current().name() {
        Some("main") | None => "MainThread".to_owned(),
        Some(name) => name.to_owned(),
    }
}

/// A sink that ignores everything, for tests and for libraries used without output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Sink for Silent {
    fn emit(&self, _: Event) {}
}
