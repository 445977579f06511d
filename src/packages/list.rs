//! packages.yml and dependencies.yml: the packages that a project lists.

use super::spec::Spec;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::project::render::YamlGlobals;
use crate::project::yaml::{Node, Yaml};
use serde_json::Value as Json;
use std::path::Path;

const PACKAGES: &str = "packages.yml";
const DEPENDENCIES: &str = "dependencies.yml";

/// The packages that a project lists.
#[derive(Debug, Clone)]
pub struct PackageList {
    /// The file that lists them, `packages.yml` when none does.
    pub file: &'static str,
    /// Rendered entries, each with its unrendered form.
    entries: Vec<(Json, Json)>,
}

impl PackageList {
    /// Reads the list of the project in a folder. Only packages.yml is rendered, as in dbt.
    ///
    /// # Errors
    /// The files cannot be read or are not of dbt's form.
    pub fn read(folder: &Path, globals: &YamlGlobals) -> Result<Self> {
        let packages = load(folder, PACKAGES)?;
        let dependencies = load(folder, DEPENDENCIES)?;
        let has = |yaml: &Option<Yaml>, key: &str| {
            yaml.as_ref().is_some_and(|yaml| yaml.root.get(key).is_some())
        };
        if has(&packages, "packages") && has(&dependencies, "packages") {
            return Err(Diagnostic::new(
                Code::ProjectInvalid,
                "The 'packages' key cannot be specified in both packages.yml and dependencies.yml",
            ));
        }
        if has(&packages, "projects") {
            let message = "The 'projects' key cannot be specified in packages.yml";
            return Err(Diagnostic::new(Code::ProjectInvalid, message));
        }
        let of_dependencies = has(&dependencies, "packages");
        let (file, yaml) =
            if of_dependencies { (DEPENDENCIES, dependencies) } else { (PACKAGES, packages) };
        let Some(yaml) = yaml.filter(|yaml| !yaml.root.is_null()) else {
            return Ok(Self { file, entries: Vec::new() });
        };
        Self::of_yaml(file, &yaml, (!of_dependencies).then_some(globals))
    }

    /// Reads the list of a lock file.
    ///
    /// # Errors
    /// As [`PackageList::read`].
    pub fn of_lock(file: &'static str, yaml: &Yaml, globals: &YamlGlobals) -> Result<Self> {
        Self::of_yaml(file, yaml, Some(globals))
    }

    fn of_yaml(file: &'static str, yaml: &Yaml, globals: Option<&YamlGlobals>) -> Result<Self> {
        let list = yaml.root.get("packages");
        let malformed = |error: &str| malformed(yaml, list.unwrap_or(&yaml.root), error);
        let rendered = match (list, globals) {
            (None, _) => return Err(malformed("'packages' is a required property")),
            (Some(list), Some(globals)) => globals.render_tree(&yaml.source, list, &|_| false)?,
            (Some(list), None) => list.clone(),
        };
        let written = list.and_then(Node::as_seq).unwrap_or_default();
        let Some(rendered) = rendered.as_seq() else {
            return Err(malformed("'packages' is not a list"));
        };
        let mut entries = Vec::new();
        for (entry, unrendered) in rendered.iter().zip(written) {
            let (entry, unrendered) = (entry.to_json(), unrendered.to_json());
            if entry.get("private").is_none() {
                Spec::read(&entry, &unrendered).map_err(|error| malformed(&error))?;
            }
            entries.push((entry, unrendered));
        }
        Ok(Self { file, entries })
    }

    /// Whether there is nothing to install.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn specs(&self) -> Result<Vec<Spec>> {
        self.entries
            .iter()
            .map(|(entry, unrendered)| {
                Spec::refuse_private(entry)?;
                Spec::read(entry, unrendered).map_err(super::failed)
            })
            .collect()
    }

    /// What the lock file's hash is made of.
    pub(super) fn hashed(&self) -> impl Iterator<Item = Json> {
        self.entries.iter().map(|(entry, unrendered)| Spec::hashed(entry, unrendered))
    }
}

fn load(folder: &Path, name: &'static str) -> Result<Option<Yaml>> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Yaml::parse(name, text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Diagnostic::io(&path, &error)),
    }
}

fn malformed(yaml: &Yaml, node: &Node, error: &str) -> Box<Diagnostic> {
    let message = format!(
        "The packages.yml file in this project is malformed. Please double check\nthe contents \
         of this file and fix any errors before retrying.\n\nYou can find more information on the \
         syntax for this file here:\nhttps://docs.getdbt.com/docs/package-management\n\n\
         Validator Error:\n{error}\n"
    );
    yaml.source.error(Code::ProjectInvalid, node.place, message)
}
