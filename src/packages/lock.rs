//! package-lock.yml: the versions that were picked, and a hash of what was asked for.

use super::dump::dump;
use super::events;
use super::fetch::{Fetcher, Pinned};
use super::list::PackageList;
use super::resolve::of_lock;
use crate::diagnostic::{Diagnostic, Result};
use crate::event::Sink;
use crate::project::yaml::Yaml;
use crate::python_json::dumps_sorted;
use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};
use std::path::{Path, PathBuf};

const FILE: &str = "package-lock.yml";
const HASH: &str = "sha1_hash";

/// The lock file of a project.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
}

impl Lock {
    /// The lock file of the project in a folder, whether it is there or not.
    pub fn of(root: &Path) -> Self {
        Self { path: root.join(FILE) }
    }

    /// Whether the file is there and was made for this list.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_current(&self, list: &PackageList) -> Result<bool> {
        let Some(yaml) = self.read()? else { return Ok(false) };
        let hash = yaml.root.get(HASH).and_then(|node| node.as_str());
        Ok(hash == Some(&*hash_of(list)))
    }

    /// Writes what was resolved.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(
        &self,
        packages: &[Pinned],
        list: &PackageList,
        fetcher: &Fetcher<'_>,
        sink: &dyn Sink,
    ) -> Result<()> {
        let entries: Vec<Json> =
            packages.iter().map(|package| fetcher.entry(package)).collect::<Result<_>>()?;
        let text = dump(&json!({"packages": entries, HASH: hash_of(list)}));
        std::fs::write(&self.path, text).map_err(|error| Diagnostic::io(&self.path, &error))?;
        sink.emit(events::lock_updated(&self.path.display().to_string()));
        Ok(())
    }

    /// The packages of the file; none when there is no file.
    ///
    /// # Errors
    /// The file is not of dbt's form, or a version in it cannot be had.
    pub fn packages(&self, fetcher: &Fetcher<'_>) -> Result<Vec<Pinned>> {
        let Some(yaml) = self.read()? else { return Ok(Vec::new()) };
        let list = PackageList::of_lock(FILE, &yaml, fetcher.options.globals)?;
        of_lock(&list, fetcher)
    }

    fn read(&self) -> Result<Option<Yaml>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Yaml::parse(FILE, text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Diagnostic::io(&self.path, &error)),
        }
    }
}

/// dbt's hash of a list: of its entries as Python writes them in JSON, sorted.
fn hash_of(list: &PackageList) -> String {
    let mut texts: Vec<String> = list.hashed().map(|entry| dumps_sorted(&entry)).collect();
    texts.sort();
    format!("{:x}", Sha1::digest(texts.join("\n").as_bytes()))
}
