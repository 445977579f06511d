//! What is printed and logged, and how.

use super::args::Command;
use super::deprecations;
use super::flags::{GlobalArgs, LogFormat, LogLevel};
use super::resolver::{Resolver, path, value_name};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Level, Warning};
use crate::project::RawProject;
use crate::project::yaml::Yaml;
use crate::report::{
    DeprecationOptions, FileOptions, Format, Options as ReportOptions, Style, WarnError,
};
use std::io::IsTerminal;

/// Settings that every command has, before they are put to use.
pub(super) struct Common {
    pub(super) debug: bool,
    pub(super) fail_fast: bool,
    pub(super) quiet: bool,
    pub(super) warn_error: bool,
    pub(super) write_json: bool,
    pub(super) version_check: bool,
    pub(super) partial_parse: bool,
    /// What the user asked for. Without a wish, only a terminal gets colours; templates are told
    /// dbt's default.
    pub(super) use_colors: Option<bool>,
    pub(super) use_colors_file: bool,
    pub(super) introspect: bool,
    pub(super) show_all_deprecations: bool,
    pub(super) show_resource_report: bool,
    pub(super) log_cache_events: bool,
    pub(super) log_level: String,
    pub(super) log_level_file: String,
    pub(super) log_format: String,
    pub(super) log_format_file: String,
    pub(super) log_file_max_bytes: u64,
}

impl Common {
    pub(super) fn resolve(global: &GlobalArgs, resolver: &Resolver<'_>) -> Result<Self> {
        let switches = &global.toggles;
        let on = |cli, name: &str, default| resolver.switch(cli, name, default);
        let level = global.log_level.map(|level| value_name(&level));
        let format = global.log_format.map(|format| value_name(&format));
        let log_level = resolver.choice::<LogLevel>(level, "log_level")?;
        let log_format = resolver.choice::<LogFormat>(format, "log_format")?;
        let level = global.log_level_file.map(|level| value_name(&level));
        let format = global.log_format_file.map(|format| value_name(&format));
        let log_level_file = resolver.choice::<LogLevel>(level, "log_level_file")?;
        let log_format_file = resolver.choice::<LogFormat>(format, "log_format_file")?;
        Ok(Self {
            debug: on(switches.debug(), "debug", false)?,
            fail_fast: on(switches.fail_fast(), "fail_fast", false)?,
            quiet: on(switches.quiet(), "quiet", false)?,
            warn_error: on(switches.warn_error(), "warn_error", false)?,
            write_json: on(switches.write_json(), "write_json", true)?,
            version_check: on(switches.version_check(), "version_check", true)?,
            partial_parse: on(switches.partial_parse(), "partial_parse", true)?,
            introspect: on(switches.introspect(), "introspect", true)?,
            show_all_deprecations: on(
                switches.show_all_deprecations(),
                "show_all_deprecations",
                false,
            )?,
            show_resource_report: on(
                switches.show_resource_report(),
                "show_resource_report",
                false,
            )?,
            log_cache_events: on(switches.log_cache_events(), "log_cache_events", false)?,
            use_colors: resolver
                .wish(global.no_color.then_some(false).or(switches.use_colors()), "use_colors")?,
            use_colors_file: on(switches.use_colors_file(), "use_colors_file", false)?,
            // The file follows the terminal when only that was set.
            log_level_file: log_level_file
                .or_else(|| log_level.clone())
                .unwrap_or_else(|| "debug".to_owned()),
            log_format_file: log_format_file
                .or_else(|| log_format.clone())
                .unwrap_or_else(|| "debug".to_owned()),
            log_level: log_level.unwrap_or_else(|| "info".to_owned()),
            log_format: log_format.unwrap_or_else(|| "default".to_owned()),
            log_file_max_bytes: match global.log_file_max_bytes {
                Some(bytes) => bytes,
                None => resolver.number("log_file_max_bytes")?.unwrap_or(10 * 1024 * 1024),
            },
        })
    }
}

/// The options of the report.
pub(super) fn report_options(
    global: &GlobalArgs,
    resolver: &Resolver<'_>,
    common: &Common,
    command: &Command,
    project: Option<&RawProject>,
    warnings: &mut Vec<Warning>,
) -> Result<ReportOptions> {
    let terminal = std::io::stdout().is_terminal();
    let switches = &global.toggles;
    let default_colour = || terminal && resolver.env.flag("NO_COLOR").is_none();
    let colour = common.use_colors.unwrap_or_else(default_colour);
    let level = match common.log_level.as_str() {
        "none" => None,
        _ if common.quiet => Some(Level::Error),
        _ if common.debug => Some(Level::Debug),
        name => Some(level(name)),
    };
    let format = format(&common.log_format, Format::Text);
    let width = match global.printer_width {
        Some(width) => width,
        None => resolver.number("printer_width")?.unwrap_or(80),
    };
    let log_path = match path(global.log_path.as_ref(), resolver.env.flag("DBT_LOG_PATH")) {
        Some(folder) => Some(folder),
        None => project.map(|project| {
            let named = project.yaml.root.get("log-path").and_then(|node| node.as_str());
            project.root.join(named.unwrap_or("logs"))
        }),
    };
    let file_level = if common.debug { "debug" } else { common.log_level_file.as_str() };
    let file = log_path.filter(|_| file_level != "none").map(|folder| FileOptions {
        folder,
        format: self::format(&common.log_format_file, Format::Debug),
        level: self::level(file_level),
        colour: common.use_colors_file,
        max_bytes: common.log_file_max_bytes,
    });
    let print = match resolver.env_flag("DBT_NO_PRINT")? {
        Some(true) => false,
        _ => resolver.switch(switches.print(), "print", true)?,
    };
    let flag =
        |name: &str| resolver.flags.and_then(|flags| flags.get(name)?.as_bool()).unwrap_or(false);
    Ok(ReportOptions {
        format,
        level,
        style: Style { colour, width },
        print,
        raw_output_only: command.prints_for_programs(),
        progress: terminal
            && std::io::stderr().is_terminal()
            && format == Format::Text
            && level.is_some_and(|level| level == Level::Info),
        file,
        warn_error: warn_error(global, resolver, common.warn_error, warnings)?,
        all_warnings: flag("require_all_warnings_handled_by_warn_error"),
        deprecations: DeprecationOptions {
            show_all: common.show_all_deprecations,
            name_all: flag("require_event_names_in_deprecations"),
        },
        invocation_id: String::new(),
        secrets: resolver.env.secrets(),
        extra: resolver
            .env
            .metadata()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    })
}

/// `--warn-error` and `--warn-error-options`; both at once are an error.
fn warn_error(
    global: &GlobalArgs,
    resolver: &Resolver<'_>,
    all: bool,
    warnings: &mut Vec<Warning>,
) -> Result<WarnError> {
    let text = match (&global.warn_error_options, resolver.env.flag("DBT_WARN_ERROR_OPTIONS")) {
        (Some(text), _) => Some(text.as_str()),
        (None, text) => text,
    };
    let given = match text {
        Some(text) => Some(Yaml::parse("--warn-error-options", text)?.root),
        None => resolver.flags.and_then(|flags| flags.get("warn_error_options")).cloned(),
    };
    let Some(node) = given else {
        let error = if all { vec!["all".to_owned()] } else { Vec::new() };
        return Ok(WarnError { error, ..WarnError::default() });
    };
    if all {
        let message = "warn_error_options: not allowed with argument warn_error";
        return Err(Diagnostic::new(Code::BadArgument, message));
    }
    let names = |keys: [&str; 2]| {
        let node = keys.iter().find_map(|key| node.get(key));
        match node.map(|node| (node.as_str(), node.as_seq())) {
            Some((Some(one), _)) => vec![one.to_owned()],
            Some((None, Some(many))) => {
                many.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        }
    };
    let Some(options) = node.as_map() else {
        let message = "--warn-error-options must be a YAML mapping with `error`, `warn`, `silence`";
        return Err(Diagnostic::new(Code::BadArgument, message)
            .with_help("Such as '{error: all, warn: [NoNodesForSelectionCriteria]}'."));
    };
    warnings.extend(deprecations::of_warn_error_options(options)?);
    Ok(WarnError {
        error: names(["error", "include"]),
        warn: names(["warn", "exclude"]),
        silence: names(["silence", "silence"]),
    })
}

fn level(name: &str) -> Level {
    match name {
        "debug" => Level::Debug,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => Level::Info,
    }
}

fn format(name: &str, default: Format) -> Format {
    match name {
        "text" => Format::Text,
        "debug" => Format::Debug,
        "json" => Format::Json,
        _ => default,
    }
}
