//! `deps --add-package`: a new entry of packages.yml.

use super::dump::dump;
use super::events;
use super::failed;
use crate::diagnostic::{Diagnostic, Result};
use crate::event::{Event, Sink};
use crate::project::yaml::Yaml;
use serde_json::{Map, Value as Json, json};
use std::path::Path;

/// What `--add-package` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPackage {
    /// A name on the hub, a URL or a folder.
    pub name: String,
    /// Its version; several are separated by commas.
    pub version: Option<String>,
    /// Where it comes from.
    pub source: PackageSource,
}

/// `--source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PackageSource {
    Hub,
    Git,
    Local,
}

/// Writes the entry to packages.yml (or dependencies.yml), in place of those of the same
/// package. The file is written anew, as dbt does.
///
/// # Errors
/// The file cannot be read or written.
pub fn add(package: &NewPackage, file: &Path, sink: &dyn Sink) -> Result<()> {
    let failed_io = |error: &std::io::Error| Diagnostic::io(file, error);
    let mut content = match std::fs::read_to_string(file) {
        Ok(text) => {
            let yaml = Yaml::parse(file.display().to_string(), text)?;
            yaml.root.as_map().map(crate::project::yaml::Map::to_json).unwrap_or_default()
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            sink.emit(Event::Formatting {
                message: "Created packages.yml".to_owned(),
                debug: false,
            });
            Map::new()
        }
        Err(error) => return Err(failed_io(&error)),
    };
    let list = content.entry("packages").or_insert_with(|| json!([]));
    let Json::Array(list) = list else { return Err(failed("'packages' is not a list")) };
    let names = variants(&package.name);
    list.retain(|entry| {
        let same = identifier(entry).is_some_and(|it| names.iter().any(|name| names_it(name, it)));
        if same && let Json::Object(entry) = entry {
            let shown = entry.iter().filter(|(_, value)| value.is_string() || value.is_number());
            let shown = shown.map(|(key, value)| (key.clone(), value.clone())).collect();
            sink.emit(events::duplicate_removed(&shown));
        }
        !same
    });
    list.push(entry(package));
    std::fs::write(file, dump(&Json::Object(content))).map_err(|error| failed_io(&error))?;
    let version = package.version.as_deref().unwrap_or("None");
    sink.emit(events::added(&package.name, version, &file.display().to_string()));
    Ok(())
}

fn entry(package: &NewPackage) -> Json {
    let (key, version_key) = match package.source {
        PackageSource::Hub => ("package", "version"),
        PackageSource::Git => ("git", "revision"),
        PackageSource::Local => ("local", "version"),
    };
    let mut entry = Map::new();
    entry.insert(key.to_owned(), json!(package.name));
    if let Some(version) = &package.version {
        let value = if version.contains(',') {
            json!(version.split(',').collect::<Vec<_>>())
        } else {
            json!(version)
        };
        entry.insert(version_key.to_owned(), value);
    }
    Json::Object(entry)
}

/// The forms of a name: with `_` and with `-`, with and without what is before its slash.
fn variants(name: &str) -> Vec<String> {
    let short = name.rsplit('/').next().unwrap_or(name);
    [name, short]
        .iter()
        .flat_map(|name| [(*name).to_owned(), name.replace('_', "-"), name.replace('-', "_")])
        .collect()
}

fn identifier(entry: &Json) -> Option<&str> {
    ["package", "git", "local", "tarball", "private"]
        .iter()
        .find_map(|key| entry.get(*key)?.as_str())
}

/// Whether a name stands in an identifier as a whole part of it.
fn names_it(name: &str, identifier: &str) -> bool {
    let Some(start) = identifier.find(name) else { return false };
    let edge = |character: Option<char>| character.is_none_or(|it| it == '/' || it == '.');
    edge(identifier[..start].chars().next_back())
        && edge(identifier[start + name.len()..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    fn write(package: &NewPackage, file: &Path) {
        add(package, file, &Silent).unwrap();
    }

    #[test]
    fn a_new_entry_takes_the_place_of_the_same_package() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("packages.yml");
        let after = |name: &str, version: &str| {
            let version = Some(version.to_owned());
            let package = NewPackage { name: name.into(), version, source: PackageSource::Hub };
            write(&package, &file);
            std::fs::read_to_string(&file).unwrap()
        };
        assert_eq!(
            after("dbt-labs/dbt_utils", "1.0.0"),
            "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.0.0\n"
        );
        std::fs::write(&file, "packages:\n  - git: https://x/dbt-labs/dbt-utils.git\n").unwrap();
        assert_eq!(
            after("dbt-labs/dbt_utils", ">=1.0.0,<2.0.0"),
            "packages:\n  - package: dbt-labs/dbt_utils\n    version:\n      - '>=1.0.0'\n      - \
             <2.0.0\n"
        );
        assert!(after("a/dbt", "1.0.0").contains("dbt_utils"));
    }
}
