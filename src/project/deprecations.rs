//! Warnings about old forms in project files, with dbt's event names and codes.

use super::yaml::{DuplicateKey, Fields, Place, Source, Yaml};
use crate::diagnostic::Code;
use crate::event::Warning;

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
            warnings.push(deprecated(name, code, &yaml.source, entry.key.place, message));
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
            warnings.push(deprecated(name, code, &yaml.source, entry.key.place, message));
        }
    }
    warnings
}

/// A warning for each key that is written twice in a file.
pub fn duplicate_keys(yaml: &Yaml) -> Vec<Warning> {
    let warning = |duplicate: &DuplicateKey| {
        let span = yaml.source.span(duplicate.second);
        let message = format!(
            "Duplicate key '{}' at line {}, column {} in file `{}`",
            duplicate.key, span.line, span.column, yaml.source.path
        );
        let mut warning = deprecated(
            "DuplicateYAMLKeysDeprecation",
            "D024",
            &yaml.source,
            duplicate.second,
            message,
        );
        let first = yaml.source.span(duplicate.first);
        warning.diagnostic.related.push((first, "the first one, which is ignored".to_owned()));
        warning
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
