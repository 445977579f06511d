//! Warnings about old forms in project files, with dbt's event names and codes.

use super::yaml::{DuplicateKey, Fields, Place, Source, Yaml};
use crate::diagnostic::Code;
use crate::event::Warning;
use serde_json::json;

/// Warnings about a dbt_project.yml.
pub(super) fn of_project(fields: &Fields<'_>, yaml: &Yaml) -> Vec<Warning> {
    let mut warnings = duplicate_keys(yaml);
    let renamed = [
        ("source-paths", "model-paths", "ConfigSourcePathDeprecation", "D003"),
        ("data-paths", "seed-paths", "ConfigDataPathDeprecation", "D004"),
    ];
    for (old, new, name, code) in renamed {
        if let Some(entry) = fields.map().entry(old) {
            let message = format!(
                "The `{old}` config has been renamed to `{new}`. Please update your \
                 `dbt_project.yml` configuration to reflect this change."
            );
            let warning = deprecated(name, code, &yaml.source, entry.key.place, message);
            let data = json!({"deprecated_path": old, "exp_path": new});
            warnings.push(warning.with_data(data));
        }
    }
    let moved = [
        ("log-path", "logs", "logs", "ConfigLogPathDeprecation", "D010"),
        ("target-path", "target", "artifacts", "ConfigTargetPathDeprecation", "D011"),
    ];
    for (key, default, output, name, code) in moved {
        let entry = fields.map().entry(key);
        if let Some(entry) = entry.filter(|entry| entry.value.as_str() != Some(default)) {
            let variable = key.to_uppercase().replace('-', "_");
            let message = format!(
                "The `{key}` config in `dbt_project.yml` has been deprecated, and will no longer \
                 be supported in a future version of dbt-core. If you wish to write dbt {output} \
                 to a custom directory, please use the --{key} CLI flag or DBT_{variable} env var \
                 instead."
            );
            let warning = deprecated(name, code, &yaml.source, entry.key.place, message);
            warnings.push(warning.with_data(json!({"deprecated_path": key})));
        }
    }
    warnings
}

/// A warning for each key that is written twice in a file.
pub fn duplicate_keys(yaml: &Yaml) -> Vec<Warning> {
    // dbt counts lines in a text without white space around it; the span has the true line.
    let text = &yaml.source.text;
    let blank = text.len() - text.trim_start().len();
    let blank_lines = text.as_bytes().iter().take(blank).filter(|byte| **byte == b'\n').count();
    let blank_lines = u32::try_from(blank_lines).unwrap_or_default();
    let warning = |duplicate: &DuplicateKey| {
        let span = yaml.source.span(duplicate.second);
        let what = format!(
            "Duplicate key '{}' in \"<unicode string>\", line {}, column {}",
            duplicate.key,
            span.line.saturating_sub(blank_lines),
            span.column
        );
        let message = format!("{what} in file `{}`", yaml.source.path);
        let mut warning = deprecated(
            "DuplicateYAMLKeysDeprecation",
            "D024",
            &yaml.source,
            duplicate.second,
            message,
        );
        let first = yaml.source.span(duplicate.first);
        warning.diagnostic.related.push((first, "the first one, which is ignored".to_owned()));
        warning.with_data(json!({"duplicate_description": what, "file": yaml.source.path}))
    };
    yaml.duplicates.iter().map(warning).collect()
}

fn deprecated(
    name: &'static str,
    code: &'static str,
    source: &Source,
    place: Place,
    message: String,
) -> Warning {
    let diagnostic = *source.error(Code::Deprecated, place, message);
    Warning::new(name, code, diagnostic)
}
