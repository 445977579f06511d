//! Old forms of the command line, the environment and `flags:`. Names, codes and words of
//! the warnings are dbt's.

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Warning;
use crate::project::Env;
use crate::project::yaml::{Map, Node};
use serde_json::{Value as Json, json};

/// What dbt reserves for variables of its own.
const ENGINE_PREFIX: &str = "DBT_ENGINE_";

/// What follows the prefix in the variables that dbt knows.
const ENGINE_VARIABLES: [&str; 66] = [
    "ARTIFACT_STATE_PATH",
    "CACHE_SELECTED_ONLY",
    "CLEAN_PROJECT_FILES_ONLY",
    "DEBUG",
    "DEFER",
    "DEFER_STATE",
    "DEFER_TO_STATE",
    "DOWNLOAD_DIR",
    "EMPTY",
    "EVENT_TIME_END",
    "EVENT_TIME_START",
    "EXCLUDE_RESOURCE_TYPES",
    "EXPORT_SAVED_QUERIES",
    "FAIL_FAST",
    "FAVOR_STATE",
    "FAVOR_STATE_MODE",
    "FULL_REFRESH",
    "HOST",
    "INCLUDE_SAVED_QUERY",
    "INDIRECT_SELECTION",
    "INTROSPECT",
    "INVOCATION_ENV",
    "LOG_CACHE_EVENTS",
    "LOG_FILE_MAX_BYTES",
    "LOG_FORMAT",
    "LOG_FORMAT_FILE",
    "LOG_LEVEL",
    "LOG_LEVEL_FILE",
    "LOG_PATH",
    "MACRO_DEBUGGING",
    "NO_PRINT",
    "PACKAGE_HUB_URL",
    "PARTIAL_PARSE",
    "PARTIAL_PARSE_FILE_DIFF",
    "PARTIAL_PARSE_FILE_PATH",
    "POPULATE_CACHE",
    "PP_FILE_DIFF_TEST",
    "PP_TEST",
    "PRINT",
    "PRINTER_WIDTH",
    "PROFILE",
    "PROFILES_DIR",
    "PROJECT_DIR",
    "QUIET",
    "RECORDED_FILE_PATH",
    "RESOURCE_TYPES",
    "SAMPLE",
    "SEND_ANONYMOUS_USAGE_STATS",
    "SHOW_RESOURCE_REPORT",
    "SINGLE_THREADED",
    "SQLPARSE",
    "STATE",
    "STATIC_PARSER",
    "STORE_FAILURES",
    "TARGET",
    "TARGET_PATH",
    "TEST_STATE_MODIFIED",
    "UPLOAD_TO_ARTIFACTS_INGEST_API",
    "USE_COLORS",
    "USE_COLORS_FILE",
    "USE_EXPERIMENTAL_PARSER",
    "USE_FAST_TEST_EDGES",
    "VERSION_CHECK",
    "WARN_ERROR",
    "WARN_ERROR_OPTIONS",
    "WRITE_JSON",
];

/// A warning for each old name of `--select` among the words of a command line.
pub(super) fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Warning> {
    let old = words.into_iter().filter(|word| ["--models", "--model", "-m"].contains(word));
    let mut old: Vec<&str> = old.collect();
    old.sort_unstable();
    old.dedup();
    let message = "Usage of `--models`, `--model`, and `-m` is deprecated in favor of `--select` \
                   or `-s`.";
    let warn = |_| deprecated("ModelParamUsageDeprecation", "D032", message.to_owned(), json!({}));
    old.into_iter().map(warn).collect()
}

/// A warning for each variable that has dbt's prefix and is not one of dbt's.
pub(super) fn of_environment(env: &Env) -> Vec<Warning> {
    let custom = env.names().filter(|name| {
        name.strip_prefix(ENGINE_PREFIX).is_some_and(|rest| !ENGINE_VARIABLES.contains(&rest))
    });
    let warn = |name: &str| {
        let message = format!(
            "Found custom environment variable `{name}` in the environment. The prefix \
             `{ENGINE_PREFIX}` is reserved for dbt engine environment variables. Custom \
             environment variables with the prefix `{ENGINE_PREFIX}` may cause collisions and \
             runtime errors."
        );
        let data = json!({"env_var": name, "reserved_prefix": ENGINE_PREFIX});
        deprecated("EnvironmentVariableNamespaceDeprecation", "D036", message, data)
    };
    custom.map(warn).collect()
}

/// The warning about `config` in profiles.yml.
pub(super) fn flags_in_profiles() -> Warning {
    let message = "User config should be moved from the 'config' key in profiles.yml to the \
                   'flags' key in dbt_project.yml.";
    deprecated("ProjectFlagsMovedDeprecation", "D013", message.to_owned(), json!({}))
}

/// Checks the keys of `warn_error_options` that have an old and a new name.
///
/// # Errors
/// Both names of one of them are used.
pub(super) fn of_warn_error_options(options: &Map) -> Result<Option<Warning>> {
    let is_set = |key: &str| {
        options.get(key).is_some_and(|node: &Node| {
            node.as_str().map_or_else(
                || node.as_seq().is_some_and(|items| !items.is_empty()),
                |text| !text.is_empty(),
            )
        })
    };
    for (new, old) in [("error", "include"), ("warn", "exclude")] {
        if is_set(new) && is_set(old) {
            let message = format!(
                "Only `{old}` or `{new}` can be specified in `warn_error_options`, not both"
            );
            return Err(Diagnostic::new(Code::BadArgument, message)
                .with_help(format!("`{old}` is the old name of `{new}`; use `{new}`.")));
        }
    }
    let (include, exclude) = (options.get("include").is_some(), options.get("exclude").is_some());
    if !include && !exclude {
        return Ok(None);
    }
    let found: Vec<&str> = [(include, "`include`"), (exclude, "`exclude`")]
        .into_iter()
        .filter_map(|(found, key)| found.then_some(key))
        .collect();
    let mut message =
        format!("Found {} in `warn_error_options` specification.", found.join(" and "));
    if include {
        message.push_str(" Please use `error` instead of `include`.");
    }
    if exclude {
        message.push_str(" Please use `warn` instead of `exclude`.");
    }
    let data = json!({"found_include": include, "found_exclude": exclude});
    Ok(Some(deprecated("WEOIncludeExcludeDeprecation", "D031", message, data)))
}

fn deprecated(name: &'static str, code: &'static str, message: String, data: Json) -> Warning {
    Warning::new(name, code, *Diagnostic::new(Code::Deprecated, message)).with_data(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::yaml::Yaml;

    #[test]
    fn each_old_name_of_select_is_told_once() {
        let names = |line: &str| of_words(line.split(' ')).len();
        assert_eq!(names("gdbt ls -m a -m b --models c"), 2);
        assert_eq!(names("gdbt ls --select a"), 0);
    }

    #[test]
    fn unknown_variables_with_the_reserved_prefix_are_told() {
        let env: Env = [("DBT_ENGINE_MINE", "1"), ("DBT_ENGINE_TARGET", "x"), ("DBT_MINE", "1")]
            .into_iter()
            .collect();
        let warnings = of_environment(&env);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].data["env_var"], "DBT_ENGINE_MINE");
    }

    #[test]
    fn old_names_of_warn_error_options_are_told_and_do_not_mix_with_new_ones() {
        let check = |text: &str| {
            let yaml = Yaml::parse("options", text).unwrap();
            of_warn_error_options(yaml.root.as_map().unwrap())
                .map(|found| found.map(|warning| warning.diagnostic.message))
                .map_err(|error| error.message)
        };
        assert_eq!(check("{error: all, warn: [A]}"), Ok(None));
        let old = check("{error: all, exclude: [A]}").unwrap().unwrap();
        assert!(old.contains("`exclude`") && !old.contains("`include`"), "{old}");
        assert!(check("{error: all, include: all}").unwrap_err().contains("not both"));
        assert!(check("{error: all, include: []}").unwrap().is_some());
    }
}
