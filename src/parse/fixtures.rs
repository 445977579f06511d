//! The rows of unit tests that stand in files: fixtures and seeds.

use super::Sources;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::manifest::{JsonMap, Node, NodeKind};
use crate::project::{FileKind, SourceFile, Workspace};
use crate::suggest;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// Fixture files and seeds by package and name.
pub struct Fixtures<'a> {
    files: HashMap<(&'a str, &'a str), &'a SourceFile>,
    seeds: HashMap<(&'a str, &'a str), &'a Node>,
    workspace: &'a Workspace,
}

impl<'a> Fixtures<'a> {
    /// Those of all packages.
    ///
    /// # Errors
    /// Two fixtures of a package have one name.
    pub(super) fn new(
        workspace: &'a Workspace,
        sources: &'a Sources,
        nodes: &'a [Arc<Node>],
    ) -> Result<Self> {
        let mut files: HashMap<_, &SourceFile> = HashMap::new();
        for file in sources.files.iter().filter(|file| file.kind == FileKind::Fixture) {
            if let Some(first) = files.insert((&*file.package, file.stem()), file) {
                return Err(found_twice(first, file));
            }
        }
        let seeds = nodes.iter().filter(|node| matches!(node.kind, NodeKind::Seed { .. }));
        let seeds = seeds.map(|seed| ((&*seed.package_name, &*seed.name), &**seed)).collect();
        Ok(Self { files, seeds, workspace })
    }

    /// The fixture of a package with this name.
    pub fn find(&self, package: &str, name: &str) -> Option<&'a SourceFile> {
        self.files.get(&(package, name)).copied()
    }

    /// The most similar name of a fixture.
    pub fn nearest(&self, package: &str, name: &str) -> Option<&str> {
        let names = self.files.keys().filter(|(of, _)| *of == package).map(|(_, name)| *name);
        suggest::nearest(name, names)
    }

    /// The seed of a package with this name.
    pub fn seed(&self, package: &str, name: &str) -> Option<&'a Node> {
        self.seeds.get(&(package, name)).copied()
    }

    /// Where a package's seeds are.
    pub fn seed_paths(&self, package: &str) -> Json {
        let project = self.workspace.package(package);
        project.map(|project| project.paths.seeds.clone()).unwrap_or_default().into()
    }
}

fn found_twice(first: &SourceFile, second: &SourceFile) -> Box<Diagnostic> {
    let name = second.stem();
    let id = format!("fixture.{}.{name}", second.package);
    let (first, second) = (&first.path, &second.path);
    super::checks::duplicate_resource("fixtures", name, (&id, &**first), (&id, &**second))
        .with_span(Span::line(Arc::clone(second), 1))
        .with_related(Span::line(Arc::clone(first), 1), "first defined here")
}

/// The rows of a CSV text as objects of texts, as Python's `csv.DictReader` reads them: a
/// missing field at the end of a row is null.
pub fn csv_rows(text: &str) -> Result<Vec<Json>> {
    let invalid = |error: &dyn std::fmt::Display| {
        Diagnostic::new(Code::UnitTestInvalid, format!("The CSV cannot be read: {error}"))
    };
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records();
    let Some(header) = records.next() else { return Ok(Vec::new()) };
    let header = header.map_err(|error| invalid(&error))?;
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|error| invalid(&error))?;
        if record.len() > header.len() {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(invalid(&format!(
                "line {line} has {} fields and the header {}",
                record.len(),
                header.len()
            )));
        }
        let row: JsonMap = header
            .iter()
            .enumerate()
            .map(|(index, name)| (name.to_owned(), record.get(index).into()))
            .collect();
        rows.push(Json::Object(row));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn csv_becomes_objects_of_texts() {
        let rows = csv_rows("id,name\n1,\"a, b\"\n\n2\n").unwrap();
        assert_eq!(rows, [json!({"id": "1", "name": "a, b"}), json!({"id": "2", "name": null})]);
    }

    #[test]
    fn a_row_that_is_too_long_is_an_error() {
        let error = csv_rows("id\n1,2\n").unwrap_err();
        assert!(error.message.contains("line 2 has 2 fields"), "{error}");
    }
}
