//! What the command line, the environment and `flags:` of dbt_project.yml mean together.
//! The first that speaks wins, in that order; then dbt's default holds.

use super::args::Command;
use super::deprecations;
use super::flags::GlobalArgs;
use super::output::{Common, report_options};
use super::resolver::{Resolver, path, text, value_name};
use super::selection::Selection;
use super::window::Windows;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Warning;
use crate::event_time::{TimeWindow, option_text};
use crate::project::yaml::Map as YamlMap;
use crate::project::{Env, LoadOptions, ProfileOptions, RawProject, Vars};
use crate::report::Options as ReportOptions;
use crate::report::artifacts::Invocation;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// dbt's switches that only `flags:` can set, with their defaults
/// (<https://docs.getdbt.com/reference/global-configs/behavior-changes>).
const BEHAVIOURS: [(&str, bool); 15] = [
    ("require_batched_execution_for_custom_microbatch_strategy", false),
    ("require_explicit_package_overrides_for_builtin_materializations", true),
    ("require_resource_names_without_spaces", true),
    ("source_freshness_run_project_hooks", true),
    ("skip_nodes_if_on_run_start_fails", false),
    ("state_modified_compare_more_unrendered_values", false),
    ("state_modified_compare_vars", false),
    ("require_yaml_configuration_for_mf_time_spines", false),
    ("require_nested_cumulative_type_params", false),
    ("validate_macro_args", false),
    ("require_all_warnings_handled_by_warn_error", false),
    ("require_event_names_in_deprecations", false),
    ("require_generic_test_arguments_property", true),
    ("require_unique_project_resource_names", false),
    ("require_ref_searches_node_package_before_root", false),
];

/// Everything that a command was asked for. It does not change while it works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This run.
    pub invocation: Invocation,
    /// dbt's name of the command, such as `run`.
    pub which: &'static str,
    /// How to load the project.
    pub load: LoadOptions,
    /// The environment.
    pub env: Arc<Env>,
    /// How to report.
    pub report: ReportOptions,
    /// Which nodes.
    pub selection: Selection,
    /// Earlier artifacts, and what is done with them.
    pub state: StateSettings,
    /// `--fail-fast`.
    pub fail_fast: bool,
    /// `--full-refresh`; none when not given.
    pub full_refresh: bool,
    /// `--store-failures`.
    pub store_failures: bool,
    /// `--show-failures`.
    pub show_failures: Option<u32>,
    /// `--junit`.
    pub junit: Option<PathBuf>,
    /// Which rows models read.
    pub windows: Windows,
    /// Whether artifacts are written.
    pub write_json: bool,
    /// Old forms that the settings were given in.
    pub warnings: Vec<Warning>,
    /// `--quiet`.
    pub quiet: bool,
    /// `--show-resource-report`.
    pub show_resource_report: bool,
    /// The settings by dbt's names in lower case: `args` of run_results.json.
    pub args: Map<String, Json>,
}

/// Earlier artifacts, and what is done with them.
#[derive(Debug, Clone, Default)]
pub struct StateSettings {
    /// `--state`.
    pub state: Option<PathBuf>,
    /// `--defer-state`.
    pub defer_state: Option<PathBuf>,
    /// `--defer`.
    pub defer: bool,
    /// `--favor-state`.
    pub favor_state: bool,
}

impl StateSettings {
    fn resolve(global: &GlobalArgs, resolver: &Resolver<'_>) -> Result<Self> {
        let env =
            |name: &str, old: &str| resolver.env.flag(name).or_else(|| resolver.env.flag(old));
        let switch = |cli: Option<bool>, name: &str, old: &str| match resolver.env_flag(old)? {
            Some(value) if cli.is_none() => Ok(value),
            _ => resolver.switch(cli, name, false),
        };
        let toggles = &global.toggles;
        Ok(Self {
            state: path(global.state.as_ref(), env("DBT_STATE", "DBT_ARTIFACT_STATE_PATH")),
            defer_state: path(global.defer_state.as_ref(), resolver.env.flag("DBT_DEFER_STATE")),
            defer: switch(toggles.defer(), "defer", "DBT_DEFER_TO_STATE")?,
            favor_state: switch(toggles.favor_state(), "favor_state", "DBT_FAVOR_STATE_MODE")?,
        })
    }
}

impl Settings {
    /// Resolves the settings of a command.
    ///
    /// # Errors
    /// A value that cannot be understood, wherever it comes from.
    pub fn resolve(
        global: &GlobalArgs,
        command: &Command,
        env: &Arc<Env>,
        invocation_command: &str,
    ) -> Result<Self> {
        let started_at = Timestamp::now();
        let project_dir = match (&global.project_dir, env.flag("DBT_PROJECT_DIR")) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => PathBuf::from(folder),
            (None, None) => PathBuf::new(),
        };
        // A missing or broken project file is reported when the project is loaded; some
        // commands need none.
        let project = RawProject::read(&project_dir).ok();
        let profiles_dir = path(global.profiles_dir.as_ref(), env.flag("DBT_PROFILES_DIR"));
        let old_flags = old_flags(profiles_dir.as_ref(), env);
        let mut warnings = Vec::new();
        let flags = match (project.as_ref().and_then(RawProject::flags), &old_flags) {
            (Some(flags), Some(_)) if !flags.is_empty() => return Err(both_flags()),
            (_, Some(flags)) => {
                warnings.push(deprecations::flags_in_profiles());
                Some(flags)
            }
            (flags, None) => flags,
        };
        let resolver = Resolver { env, flags };
        let invocation = Invocation {
            id: uuid::Uuid::new_v4().to_string(),
            started_at,
            env: env.metadata().into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            secrets: env.secrets(),
        };
        let common = Common::resolve(global, &resolver)?;
        let mut report =
            report_options(global, &resolver, &common, command, project.as_ref(), &mut warnings)?;
        report.invocation_id.clone_from(&invocation.id);
        let selection = Selection::resolve(global, command, &resolver)?;
        let full_refresh =
            command.full_refresh() || resolver.env_flag("DBT_FULL_REFRESH")? == Some(true);
        let store_failures =
            command.store_failures() || resolver.env_flag("DBT_STORE_FAILURES")? == Some(true);
        let toggles = &global.toggles;
        let vars = Vars::parse_cli(global.vars.as_deref().unwrap_or("{}"))?;
        report.secrets = report.secrets.and(Vars::secrets(&vars));
        let load = LoadOptions {
            project_dir,
            profile: ProfileOptions {
                profiles_dir,
                profile: text(global.profile.as_ref(), env.flag("DBT_PROFILE")),
                target: text(global.target.as_ref(), env.flag("DBT_TARGET")),
                threads: if resolver.switch(toggles.single_threaded(), "single_threaded", false)? {
                    Some(1)
                } else {
                    global.threads.map(usize::from)
                },
            },
            vars,
            skip_version_check: !common.version_check,
            target_path: path(global.target_path.as_ref(), env.flag("DBT_TARGET_PATH"))
                .map(|path| path.display().to_string()),
            library: Some(crate::context::library),
        };
        let mut settings = Self {
            invocation,
            which: command.which(),
            load,
            report,
            selection,
            state: StateSettings::resolve(global, &resolver)?,
            fail_fast: common.fail_fast,
            full_refresh,
            store_failures,
            show_failures: command.failures().and_then(|args| args.show_failures),
            junit: command.failures().and_then(|args| args.junit.clone()),
            windows: Windows::resolve(
                &command.window(),
                command.has_window(),
                &resolver,
                started_at,
            )?,
            write_json: common.write_json,
            quiet: common.quiet,
            warnings,
            show_resource_report: common.show_resource_report,
            args: Map::new(),
            env: Arc::clone(env),
        };
        settings.args = settings.describe(&common, &resolver, invocation_command);
        if let Command::RunOperation(operation) = command {
            settings.args.insert("macro".to_owned(), json!(operation.macro_name));
            settings.args.insert("args".to_owned(), Json::Object(operation.arguments()?));
        }
        if let Command::Show(show) = command {
            settings.args.insert("limit".to_owned(), json!(show.limit));
        }
        if let Some(sql) = command.inline() {
            settings.args.insert("inline".to_owned(), json!(sql));
        }
        Ok(settings)
    }

    /// The `flags` that templates see: dbt's names in upper case.
    pub fn template_flags(&self) -> Map<String, Json> {
        let mut flags: Map<String, Json> =
            self.args.iter().map(|(name, value)| (name.to_uppercase(), value.clone())).collect();
        flags.insert("FULL_REFRESH".to_owned(), json!(self.full_refresh));
        flags.insert("STORE_FAILURES".to_owned(), json!(self.store_failures));
        flags.insert("WHICH".to_owned(), json!(self.which));
        flags
    }

    /// One of dbt's behaviour switches.
    pub fn behaviour(&self, name: &str) -> bool {
        self.args.get(name).and_then(Json::as_bool).unwrap_or(false)
    }

    fn describe(
        &self,
        common: &Common,
        resolver: &Resolver<'_>,
        invocation_command: &str,
    ) -> Map<String, Json> {
        let report = &self.report;
        let optional =
            |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let warn_error = json!({
            "error": report.warn_error.error, "warn": report.warn_error.warn,
            "silence": report.warn_error.silence,
        });
        let event_time = self.windows.event_time;
        let pairs = [
            ("which", json!(self.which)),
            ("invocation_command", json!(invocation_command)),
            ("project_dir", json!(absolute(&self.load.project_dir))),
            ("profiles_dir", json!(optional(&self.load.profile.profiles_dir))),
            ("profile", json!(self.load.profile.profile)),
            ("target", json!(self.load.profile.target)),
            ("target_path", json!(self.load.target_path)),
            ("threads", json!(self.load.profile.threads)),
            ("vars", Json::Object(self.load.vars.to_json())),
            ("select", json!(self.selection.select)),
            ("exclude", json!(self.selection.exclude)),
            ("resource_types", json!(self.selection.resource_types)),
            ("exclude_resource_types", json!(self.selection.exclude_resource_types)),
            ("indirect_selection", json!(value_name(&self.selection.indirect))),
            ("full_refresh", json!(self.full_refresh.then_some(true))),
            ("store_failures", json!(self.store_failures.then_some(true))),
            ("fail_fast", json!(self.fail_fast.then_some(true))),
            ("debug", json!(common.debug.then_some(true))),
            ("warn_error", json!(common.warn_error.then_some(true))),
            ("warn_error_options", warn_error),
            ("quiet", json!(self.quiet)),
            ("print", json!(report.print)),
            ("write_json", json!(self.write_json)),
            ("version_check", json!(common.version_check)),
            ("show_all_deprecations", json!(common.show_all_deprecations)),
            ("show_resource_report", json!(common.show_resource_report)),
            ("log_cache_events", json!(common.log_cache_events)),
            ("use_colors", json!(common.use_colors.unwrap_or(true))),
            ("use_colors_file", json!(common.use_colors_file)),
            ("printer_width", json!(report.style.width)),
            ("log_level", json!(common.log_level)),
            ("log_level_file", json!(common.log_level_file)),
            ("log_format", json!(common.log_format)),
            ("log_format_file", json!(common.log_format_file)),
            ("log_path", json!(report.file.as_ref().map(|file| absolute(&file.folder)))),
            ("log_file_max_bytes", json!(common.log_file_max_bytes)),
            ("partial_parse", json!(common.partial_parse)),
            ("static_parser", json!(true)),
            ("introspect", json!(common.introspect)),
            ("populate_cache", json!(true)),
            ("cache_selected_only", json!(false)),
            ("state", json!(optional(&self.state.state))),
            ("defer_state", json!(optional(&self.state.defer_state))),
            ("defer", json!(self.state.defer)),
            ("favor_state", json!(self.state.favor_state)),
            ("selector", json!(self.selection.selector)),
            ("empty", json!(self.windows.empty)),
            ("sample", json!(self.windows.sample.map(TimeWindow::to_option))),
            ("event_time_start", json!(event_time.map(|window| option_text(window.start)))),
            ("event_time_end", json!(event_time.map(|window| option_text(window.end)))),
            ("send_anonymous_usage_stats", json!(false)),
        ];
        let mut args: Map<String, Json> = pairs
            .into_iter()
            .filter(|pair| !pair.1.is_null())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        for (name, default) in BEHAVIOURS {
            let value = resolver.flags.and_then(|flags| flags.get(name)?.as_bool());
            args.insert(name.to_owned(), json!(value.unwrap_or(default)));
        }
        args
    }
}

/// `config` of profiles.yml.
fn old_flags(profiles_dir: Option<&PathBuf>, env: &Env) -> Option<YamlMap> {
    let options = ProfileOptions { profiles_dir: profiles_dir.cloned(), ..Default::default() };
    crate::project::profiles::old_flags(&options, env)
}

fn both_flags() -> Box<Diagnostic> {
    let message = "Do not specify both 'config' in profiles.yml and 'flags' in dbt_project.yml. \
                   Using 'config' in profiles.yml is deprecated.";
    Diagnostic::new(Code::ProjectInvalid, message)
        .with_help("Move what is under `config` in profiles.yml to `flags` in dbt_project.yml.")
}

fn absolute(path: &Path) -> String {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Level;
    use crate::report::Format;
    use std::ffi::OsString;

    fn resolve(line: &str, env: &[(&str, &str)]) -> Result<Settings> {
        let cli = super::super::parse(line.split(' ').map(OsString::from), |_| None).unwrap();
        let env: Env = env.iter().copied().collect();
        Settings::resolve(&cli.global, &cli.command, &Arc::new(env), line)
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let env = [("DBT_TARGET", "a"), ("DBT_FAIL_FAST", "1"), ("DBT_LOG_FORMAT", "JSON")];
        let settings = resolve("gdbt run", &env).unwrap();
        assert_eq!(settings.load.profile.target.as_deref(), Some("a"));
        assert!(settings.fail_fast);
        assert_eq!(settings.report.format, Format::Json);
        let settings = resolve("gdbt run -t b --no-fail-fast --log-format text", &env).unwrap();
        assert_eq!(settings.load.profile.target.as_deref(), Some("b"));
        assert!(!settings.fail_fast);
        assert_eq!(settings.report.format, Format::Text);
    }

    #[test]
    fn flags_of_the_project_come_last() {
        let folder = tempfile::tempdir().unwrap();
        let text = "name: shop\nflags:\n  fail_fast: true\n  printer_width: 99\n  validate_macro_args: true\n";
        std::fs::write(folder.path().join("dbt_project.yml"), text).unwrap();
        let line = format!("gdbt --project-dir {} build", folder.path().display());
        let settings = resolve(&line, &[]).unwrap();
        assert!(settings.fail_fast && settings.behaviour("validate_macro_args"));
        assert!(settings.behaviour("require_generic_test_arguments_property"));
        assert_eq!(settings.report.style.width, 99);
        assert!(!resolve(&line, &[("DBT_FAIL_FAST", "false")]).unwrap().fail_fast);
    }

    #[test]
    fn wrong_values_say_where_they_come_from() {
        let message = |env| resolve("gdbt run", &[env]).unwrap_err().message;
        assert!(message(("DBT_DEBUG", "maybe")).contains("DBT_DEBUG: 'maybe'"));
        assert!(message(("DBT_LOG_LEVEL", "loud")).contains("debug, info, warn, error, none"));
        assert!(message(("DBT_PRINTER_WIDTH", "x")).contains("DBT_PRINTER_WIDTH"));
    }

    #[test]
    fn warnings_become_errors_as_asked() {
        let all = resolve("gdbt --warn-error run", &[]).unwrap().report.warn_error;
        assert!(all.is_error("NoNodesForSelectionCriteria"));
        let options = "{error: all, warn: [NothingToDo]}";
        let some = resolve("gdbt run", &[("DBT_WARN_ERROR_OPTIONS", options)]).unwrap();
        assert!(some.report.warn_error.is_error("UnusedResourceConfigPath"));
        assert!(!some.report.warn_error.is_error("NothingToDo"));
    }

    #[test]
    fn the_log_file_follows_the_terminal_only_when_that_was_set() {
        let file = |line: &str| {
            let line = format!("gdbt --log-path logs {line} run");
            resolve(&line, &[]).unwrap().report.file.unwrap()
        };
        assert_eq!(file("--quiet").level, Level::Debug);
        assert_eq!(file("--log-level warn").level, Level::Warn);
        assert_eq!(file("--log-level warn --log-level-file info").level, Level::Info);
        assert_eq!(file("--log-format json").format, Format::Json);
    }
}
