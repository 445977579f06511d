//! The only stage that prints: text and JSON lines, the log file, the live display,
//! artifacts and diagrams.

pub mod artifacts;
mod catalogue;
mod clock;
pub mod column_lineage;
pub mod column_path;
mod data;
mod diagnostic;
pub mod dot;
pub mod er;
mod json_text;
mod layout;
pub mod lineage;
mod log_file;
pub mod mermaid;
mod message;
mod progress;
mod style;
pub mod svg;
mod unit_diff;
mod usage;
mod warning;

pub use style::{Style, bytes, grouped};
pub use warning::DeprecationOptions;

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Level, Sink, thread_name};
use crate::project::secret::Secrets;
use jiff::Timestamp;
use log_file::LogFile;
use parking_lot::{Mutex, MutexGuard};
use progress::Progress;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use warning::Deprecations;

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
    /// Event names that become errors; `all` or `*` for every one, `Deprecations` for all
    /// that are about old forms.
    pub error: Vec<String>,
    /// Exceptions to `error`.
    pub warn: Vec<String>,
    /// Event names that are not shown.
    pub silence: Vec<String>,
}

/// What becomes of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// It is an error.
    Error,
    /// It is shown.
    Warn,
    /// Nobody hears of it.
    Silence,
}

impl WarnError {
    /// What becomes of warnings of this name and code. A name goes before `Deprecations`, and that
    /// before `all`; among equals silence goes before warn, and that before error.
    pub fn handling(&self, name: &str, code: &str) -> Handling {
        let lists = [
            (&self.silence, Handling::Silence),
            (&self.warn, Handling::Warn),
            (&self.error, Handling::Error),
        ];
        let find = |wanted: &dyn Fn(&str) -> bool| {
            let mut lists = lists.iter();
            lists.find(|it| it.0.iter().any(|entry| wanted(entry))).map(|it| it.1)
        };
        let is_deprecation = code.starts_with('D');
        find(&|entry| entry == name)
            .or_else(|| find(&|entry| is_deprecation && entry == "Deprecations"))
            .or_else(|| find(&|entry| entry == "all" || entry == "*"))
            .unwrap_or(Handling::Warn)
    }

    /// Whether warnings of this name, which are about no old form, are errors.
    pub fn is_error(&self, name: &str) -> bool {
        self.handling(name, "") == Handling::Error
    }
}

/// Warnings that dbt makes no errors of, unless the project sets
/// `require_all_warnings_handled_by_warn_error`.
const ONLY_TOLD: [&str; 4] = [
    "FreshnessConfigProblem",
    "MicrobatchModelNoEventTimeInputs",
    "SemanticValidationFailure",
    "WarnStateTargetEqual",
];

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
    /// `require_all_warnings_handled_by_warn_error`: that goes for every warning, not for
    /// those alone that dbt has always treated so.
    pub all_warnings: bool,
    /// Which deprecations are shown, and how.
    pub deprecations: DeprecationOptions,
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
            all_warnings: false,
            deprecations: DeprecationOptions::default(),
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
    if error.exit_code() == 0 {
        let _ = error.print();
        return true;
    }
    let rendered = error.render();
    let stderr = std::io::stderr();
    let text =
        if stderr.is_terminal() { rendered.ansi().to_string() } else { rendered.to_string() };
    // dbt's word begins with a capital letter, and tools look for it.
    let _ = write!(stderr.lock(), "{}", text.replacen("error:", "Error:", 1));
    false
}

/// Prints and logs events.
#[derive(Debug)]
pub struct Report {
    options: Options,
    console: Mutex<()>,
    file: Option<Mutex<LogFile>>,
    progress: Option<Progress>,
    deprecations: Deprecations,
}

impl Report {
    /// A report with these options. The log file is opened with its first line.
    pub fn new(options: Options) -> Self {
        let file = options.file.as_ref().map(|file| LogFile::new(&file.folder, file.max_bytes));
        let progress = options.progress.then(Progress::new);
        let file = file.map(Mutex::new);
        let deprecations = Deprecations::default();
        Self { options, console: Mutex::new(()), file, progress, deprecations }
    }

    /// Tells how often each deprecation came up, if any did. Comes last in a command.
    ///
    /// # Errors
    /// `--warn-error` makes an error of the summary.
    pub fn tell_deprecations(&self) -> Result<()> {
        let summaries = self.deprecations.summaries();
        if summaries.is_empty() {
            return Ok(());
        }
        let show_all_hint = !self.options.deprecations.show_all;
        self.warn(Event::DeprecationsSummary { summaries, show_all_hint })
    }

    fn text(&self, event: &Event, style: Style) -> String {
        match event {
            Event::Warning(warning) => warning::text(warning, self.options.deprecations, style),
            event => message::message(event, style),
        }
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
        if catalogue::is_followed(event) {
            file.keep_back(&line);
        } else {
            let written = file.write(&line);
            self.tell_unwritten(file, written);
        }
    }

    fn tell_unwritten(&self, file: MutexGuard<'_, LogFile>, written: std::io::Result<()>) {
        if let Err(error) = written {
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
        let text = self.text(event, style);
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
        // Secrets go before the text is escaped, or some would not be recognised.
        json_text::line(&self.options.secrets.scrub_json(json!({
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
        })))
    }
}

impl Sink for Report {
    fn settle(&self) {
        if let Some(file) = &self.file {
            let mut file = file.lock();
            let written = file.flush();
            self.tell_unwritten(file, written);
        }
    }

    fn emit(&self, event: Event) {
        let label = catalogue::label(&event);
        if self.options.all_warnings
            && label.level == Level::Warn
            && self.options.warn_error.handling(label.name, label.code) == Handling::Silence
        {
            return;
        }
        self.log(&event);
        self.show(&event);
    }

    fn warn(&self, event: Event) -> Result<()> {
        if let Event::Warning(warning) = &event
            && warning.is_counted()
            && !self.deprecations.count(warning)
            && !self.options.deprecations.show_all
        {
            return Ok(());
        }
        let label = catalogue::label(&event);
        if !self.options.all_warnings && ONLY_TOLD.contains(&label.name) {
            self.emit(event);
            return Ok(());
        }
        match self.options.warn_error.handling(label.name, label.code) {
            Handling::Silence => return Ok(()),
            Handling::Warn => {
                self.emit(event);
                return Ok(());
            }
            Handling::Error => {}
        }
        let error = match event {
            Event::Warning(warning) => {
                let message = warning::message(&warning, self.options.deprecations, Style::PLAIN);
                Box::new(Diagnostic { message, code: Code::WarningAsError, ..warning.diagnostic })
            }
            event => Diagnostic::new(Code::WarningAsError, message::message(&event, Style::PLAIN)),
        };
        Err(error.with_help("This is an error because of --warn-error or --warn-error-options."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_decides_what_becomes_of_a_warning() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let options = WarnError {
            error: names(&["all"]),
            warn: names(&["Deprecations", "NoNodesSelected"]),
            silence: names(&["SourceOverrideDeprecation"]),
        };
        assert_eq!(options.handling("NothingToDo", "Q035"), Handling::Error);
        assert_eq!(options.handling("NoNodesSelected", "Q038"), Handling::Warn);
        assert_eq!(options.handling("ConfigDataPathDeprecation", "D004"), Handling::Warn);
        assert_eq!(options.handling("DeprecationsSummary", "D028"), Handling::Warn);
        assert_eq!(options.handling("SourceOverrideDeprecation", "D035"), Handling::Silence);
        assert_eq!(WarnError::default().handling("NothingToDo", "Q035"), Handling::Warn);
    }
}
