//! The only stage that prints: text and JSON lines, the log file, the live display,
//! artifacts and diagrams.

pub mod artifacts;
mod catalogue;
mod clock;
mod data;
mod diagnostic;
pub mod dot;
pub mod lineage;
mod log_file;
pub mod mermaid;
mod message;
mod progress;
mod style;

pub use style::{Style, bytes, grouped};

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Level, Sink, thread_name};
use crate::project::secret::Secrets;
use jiff::Timestamp;
use log_file::LogFile;
use parking_lot::Mutex;
use progress::Progress;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `HH:MM:SS  message`.
    Text,
    /// With microseconds, level and thread.
    Debug,
    /// One JSON object a line.
    Json,
}

/// What to do with warnings (`--warn-error`, `--warn-error-options`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WarnError {
    /// Event names that become errors; `all` or `*` for every one.
    pub error: Vec<String>,
    /// Exceptions to `error`.
    pub warn: Vec<String>,
    /// Event names that are not shown.
    pub silence: Vec<String>,
}

impl WarnError {
    /// Whether warnings of this name are errors.
    pub fn is_error(&self, name: &str) -> bool {
        let all = self.error.iter().any(|entry| entry == "all" || entry == "*");
        let listed = |list: &[String]| list.iter().any(|entry| entry == name);
        (all || listed(&self.error)) && !listed(&self.warn) && !listed(&self.silence)
    }
}

/// Where and how to log to a file.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// The folder of `dbt.log`.
    pub folder: PathBuf,
    /// How lines look.
    pub format: Format,
    /// The least level.
    pub level: Level,
    /// Use colours.
    pub colour: bool,
    /// The size at which the file is set aside; 0 for never.
    pub max_bytes: u64,
}

/// What is reported, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// How lines on the terminal look.
    pub format: Format,
    /// The least level on the terminal; none for nothing.
    pub level: Option<Level>,
    /// Colours and width on the terminal.
    pub style: Style,
    /// Whether `print()` prints.
    pub print: bool,
    /// Keep standard output for raw output alone, as for `ls`; the rest goes to standard error.
    pub raw_output_only: bool,
    /// Draw a live display.
    pub progress: bool,
    /// The log file.
    pub file: Option<FileOptions>,
    /// What to do with warnings.
    pub warn_error: WarnError,
    /// This run's id.
    pub invocation_id: String,
    /// Texts that must not appear anywhere.
    pub secrets: Secrets,
    /// `DBT_ENV_CUSTOM_ENV_*`, copied into JSON lines.
    pub extra: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::Text,
            level: Some(Level::Info),
            style: Style::PLAIN,
            print: true,
            raw_output_only: false,
            progress: false,
            file: None,
            warn_error: WarnError::default(),
            invocation_id: String::new(),
            secrets: Secrets::default(),
            extra: BTreeMap::new(),
        }
    }
}

/// Prints clap's message: an error with its suggestions, help, or the version. Says
/// whether it was asked for.
pub fn tell_usage(error: &clap::Error) -> bool {
    // A closed pipe is the reader's choice, not an error.
    let _ = error.print();
    error.exit_code() == 0
}

/// Prints and logs events.
#[derive(Debug)]
pub struct Report {
    options: Options,
    console: Mutex<()>,
    file: Option<Mutex<LogFile>>,
    progress: Option<Progress>,
}

impl Report {
    /// A report with these options. The log file is opened with its first line.
    pub fn new(options: Options) -> Self {
        let file = options.file.as_ref().map(|file| LogFile::new(&file.folder, file.max_bytes));
        let progress = options.progress.then(Progress::new);
        Self { options, console: Mutex::new(()), file: file.map(Mutex::new), progress }
    }

    fn show(&self, event: &Event) {
        if let Some(progress) = &self.progress {
            progress.follow(event);
        }
        let raw = catalogue::is_raw(event);
        let level = catalogue::label(event).level;
        if matches!(event, Event::SourceLoadProgress { .. })
            || (matches!(event, Event::Print { .. }) && !self.options.print)
        {
            return;
        }
        if raw || self.options.level.is_some_and(|least| level >= least) {
            let line = self.line(event, self.options.format, self.options.style);
            let to_stdout =
                !self.options.raw_output_only || raw || self.options.format == Format::Json;
            self.write_console(&line, to_stdout);
        }
    }

    fn write_console(&self, line: &str, to_stdout: bool) {
        let text = format!("{line}\n");
        let write = || {
            let _held = self.console.lock();
            // A closed pipe is the reader's choice, not an error.
            let _ = if to_stdout {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            } else {
                std::io::stderr().lock().write_all(text.as_bytes())
            };
        };
        match &self.progress {
            Some(progress) => progress.suspend(write),
            None => write(),
        }
    }

    fn log(&self, event: &Event) {
        let (Some(options), Some(file)) = (&self.options.file, &self.file) else { return };
        if catalogue::is_kept_from_file(event) || catalogue::label(event).level < options.level {
            return;
        }
        let style = Style { colour: options.colour, width: self.options.style.width };
        let line = self.line(event, options.format, style);
        let mut file = file.lock();
        if let Err(error) = file.write(&line) {
            let path = file.path().display();
            let note = Event::Note {
                level: Level::Warn,
                message: format!("Cannot write the log file {path}: {error}"),
            };
            drop(file);
            self.show(&note);
        }
    }

    fn line(&self, event: &Event, format: Format, style: Style) -> String {
        let now = Timestamp::now();
        let text = message::message(event, style);
        let reset = if style.colour { "\u{1b}[0m" } else { "" };
        let line = match format {
            Format::Text if catalogue::is_raw(event) => text,
            Format::Text => format!("{reset}{}  {text}", clock::short_time(now)),
            Format::Debug => self.debug_line(event, &text, now, reset),
            Format::Json => self.json_line(event, &text, now),
        };
        match self.options.secrets.scrub(&line) {
            std::borrow::Cow::Borrowed(_) => line,
            std::borrow::Cow::Owned(line) => line,
        }
    }

    fn debug_line(&self, event: &Event, text: &str, now: Timestamp, reset: &str) -> String {
        let time = clock::time_of_day(now);
        let level = catalogue::label(event).level.as_str();
        let thread: String = thread_name().chars().take(10).collect();
        let head = if matches!(event, Event::MainReportVersion) {
            let bar = "=".repeat(30);
            format!("\n\n{bar} {time} | {} {bar}\n", self.options.invocation_id)
        } else {
            String::new()
        };
        format!("{head}{reset}{time} [{level:<5}] [{thread:<10}]: {text}")
    }

    fn json_line(&self, event: &Event, text: &str, now: Timestamp) -> String {
        let label = catalogue::label(event);
        json!({
            "data": data::data(event),
            "info": {
                "category": "",
                "code": label.code,
                "extra": self.options.extra,
                "invocation_id": self.options.invocation_id,
                "level": label.level.as_str(),
                "msg": text,
                "name": label.name,
                "pid": std::process::id(),
                "thread": thread_name(),
                "ts": clock::timestamp(now),
            },
        })
        .to_string()
    }
}

impl Sink for Report {
    fn emit(&self, event: Event) {
        let label = catalogue::label(&event);
        if label.level == Level::Warn
            && self.options.warn_error.silence.iter().any(|name| name == label.name)
        {
            return;
        }
        self.log(&event);
        self.show(&event);
    }

    fn warn(&self, event: Event) -> Result<()> {
        if !self.options.warn_error.is_error(catalogue::label(&event).name) {
            self.emit(event);
            return Ok(());
        }
        let error = match event {
            Event::Warning(warning) => Box::new(warning.diagnostic),
            event => Diagnostic::new(Code::WarningAsError, message::message(&event, Style::PLAIN)),
        };
        Err(error.with_help("This is an error because of --warn-error or --warn-error-options."))
    }
}
