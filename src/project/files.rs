//! Finding and reading a project's files, as dbt does: by folder and ending, without what
//! `.dbtignore` names.

use super::builtin;
use super::project::{Origin, Project};
use crate::diagnostic::{Diagnostic, Result};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// What a file is for. A file may be found under several kinds, as in dbt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// Macros: `.sql` under the macro paths.
    Macro,
    /// Models: `.sql` and `.py`.
    Model,
    /// Snapshot blocks: `.sql`.
    Snapshot,
    /// Analyses: `.sql`.
    Analysis,
    /// Singular tests: `.sql` under the test paths, outside `generic/` and `fixtures/`.
    SingularTest,
    /// Generic tests: `.sql` under `generic/` of the test paths.
    GenericTest,
    /// Seeds: `.csv`.
    Seed,
    /// Docs blocks: `.md`.
    Docs,
    /// Property files: `.yml` and `.yaml`.
    Properties,
    /// Fixtures of unit tests: `.csv` and `.sql` under `fixtures/` of the test paths.
    Fixture,
    /// Functions: `.sql` and `.py`.
    Function,
}

impl FileKind {
    /// All kinds, in the order dbt reads them.
    pub const ALL: &[Self] = &[
        Self::Macro,
        Self::Model,
        Self::Snapshot,
        Self::Analysis,
        Self::SingularTest,
        Self::GenericTest,
        Self::Seed,
        Self::Docs,
        Self::Properties,
        Self::Fixture,
        Self::Function,
    ];

    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Model | Self::Function => &[".sql", ".py"],
            Self::Macro
            | Self::Snapshot
            | Self::Analysis
            | Self::SingularTest
            | Self::GenericTest => &[".sql"],
            Self::Seed => &[".csv"],
            Self::Docs => &[".md"],
            Self::Properties => &[".yml", ".yaml"],
            Self::Fixture => &[".csv", ".sql"],
        }
    }

    fn folders(self, project: &Project) -> Vec<String> {
        let paths = &project.paths;
        let below = |folder: &str| {
            let join = |path: &String| format!("{}/{folder}", path.trim_end_matches('/'));
            paths.tests.iter().map(join).collect()
        };
        match self {
            Self::Macro => paths.macros.clone(),
            Self::Model => paths.models.clone(),
            Self::Snapshot => paths.snapshots.clone(),
            Self::Analysis => paths.analyses.clone(),
            Self::SingularTest => paths.tests.clone(),
            Self::GenericTest => below("generic"),
            Self::Seed => paths.seeds.clone(),
            Self::Docs => paths.docs.clone(),
            Self::Properties => paths.all_source_paths(),
            Self::Fixture => below("fixtures"),
            Self::Function => paths.functions.clone(),
        }
    }
}

/// A file of a project, with its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The package it belongs to.
    pub package: Arc<str>,
    /// What it is for.
    pub kind: FileKind,
    /// Its path relative to the project's root, with `/`: dbt's `original_file_path`.
    pub path: Arc<str>,
    /// The folder it was found through, such as `models`.
    pub searched_path: Arc<str>,
    /// Where it is on this machine; `None` for a file that is part of gdbt.
    pub absolute: Option<PathBuf>,
    /// Its text, as in the file. Empty for seeds, which are read when they are loaded.
    pub contents: Arc<str>,
    /// dbt's checksum of it.
    pub checksum: Checksum,
}

impl SourceFile {
    /// Its path relative to the folder it was found through: dbt's `path`.
    pub fn relative_path(&self) -> &str {
        let rest = self.path.strip_prefix(&*self.searched_path).unwrap_or(&self.path);
        rest.trim_start_matches('/')
    }

    /// The file's name without its ending: the name of a model or a seed.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// dbt's checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// SHA-256 of the text without the white space around it.
    Sha256(String),
    /// The path stands for a seed above 1 MiB.
    Path(Arc<str>),
    /// None was made.
    None,
}

impl Checksum {
    /// The checksum of a text.
    pub fn of(text: &str) -> Self {
        Self::of_exact(strip(text))
    }

    /// The checksum of a text with all its white space.
    pub fn of_exact(text: &str) -> Self {
        Self::Sha256(format!("{:x}", Sha256::digest(text.as_bytes())))
    }

    /// dbt's name of the kind of checksum.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Path(_) => "path",
            Self::None => "none",
        }
    }

    /// The checksum's text.
    pub fn text(&self) -> &str {
        match self {
            Self::Sha256(hex) => hex,
            Self::Path(path) => path,
            Self::None => "",
        }
    }
}

/// Python's `str.strip()`. It also takes the separators U+001C to U+001F as white space.
pub fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// Seeds above this size have their path as checksum.
const LARGEST_HASHED_SEED: u64 = 1024 * 1024;

/// Finds and reads all files of a project. They are in dbt's order of kinds, and by path
/// within a kind, so that every run sees the same order.
///
/// # Errors
/// One for each file that cannot be read.
pub fn discover(project: &Project) -> Result<Vec<SourceFile>, Vec<Diagnostic>> {
    if project.origin == Origin::BuiltIn {
        return Ok(builtin::files(project));
    }
    let ignored = dbtignore(&project.root)?;
    let mut found = Vec::new();
    for kind in FileKind::ALL {
        let start = found.len();
        for folder in kind.folders(project) {
            find(project, *kind, &folder, ignored.as_ref(), &mut found);
        }
        found[start..].sort_by(|a: &SourceFile, b| a.path.cmp(&b.path));
        // Folders may overlap.
        dedup(&mut found, start);
    }
    let read: Vec<Result<SourceFile>> = found.into_par_iter().map(read).collect();
    let mut files = Vec::with_capacity(read.len());
    let mut errors = Vec::new();
    for file in read {
        match file {
            Ok(file) => files.push(file),
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}

fn dedup(files: &mut Vec<SourceFile>, start: usize) {
    let mut kind = files.split_off(start);
    kind.dedup_by(|a, b| a.path == b.path);
    files.append(&mut kind);
}

fn find(
    project: &Project,
    kind: FileKind,
    folder: &str,
    ignored: Option<&Gitignore>,
    found: &mut Vec<SourceFile>,
) {
    let top = project.root.join(folder);
    let searched: Arc<str> = folder.trim_start_matches("./").trim_end_matches('/').into();
    // What cannot be listed is skipped, as Python's `os.walk` does.
    for entry in WalkDir::new(&top).into_iter().filter_map(std::result::Result::ok) {
        let name = entry.file_name().to_string_lossy();
        if !wanted(&name, kind.extensions()) || entry.file_type().is_dir() {
            continue;
        }
        if entry.file_type().is_symlink() && entry.path().is_dir() {
            continue;
        }
        let Ok(relative) = entry.path().strip_prefix(&top) else { continue };
        let relative = relative.to_string_lossy().replace('\\', "/");
        let first = relative.split('/').next().unwrap_or_default();
        if kind == FileKind::SingularTest && matches!(first, "generic" | "fixtures") {
            continue;
        }
        let path = if searched.is_empty() || &*searched == "." {
            relative
        } else {
            format!("{searched}/{relative}")
        };
        let hidden = ignored
            .is_some_and(|rules| rules.matched_path_or_any_parents(&path, false).is_ignore());
        if !hidden {
            found.push(SourceFile {
                package: Arc::clone(&project.name),
                kind,
                path: path.into(),
                searched_path: Arc::clone(&searched),
                absolute: Some(entry.into_path()),
                contents: "".into(),
                checksum: Checksum::None,
            });
        }
    }
}

/// dbt's pattern for names is `[!.#~]*.ending`, whatever the letter case.
fn wanted(name: &str, extensions: &[&str]) -> bool {
    let ends = |extension: &&str| {
        name.len() > extension.len()
            && name
                .get(name.len() - extension.len()..)
                .is_some_and(|end| end.eq_ignore_ascii_case(extension))
    };
    !name.starts_with(['.', '#', '~']) && extensions.iter().any(ends)
}

fn read(mut file: SourceFile) -> Result<SourceFile> {
    let Some(absolute) = file.absolute.as_deref() else { return Ok(file) };
    let io = |error: std::io::Error| Diagnostic::io(absolute, &error);
    if file.kind == FileKind::Seed
        && std::fs::metadata(absolute).map_err(io)?.len() > LARGEST_HASHED_SEED
    {
        file.checksum = Checksum::Path(Arc::clone(&file.path));
        return Ok(file);
    }
    let text = std::fs::read_to_string(absolute).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            io(error).with_help("dbt's files are UTF-8 text. Save this one as UTF-8.")
        }
        _ => io(error),
    })?;
    file.checksum = Checksum::of(&text);
    if file.kind != FileKind::Seed {
        file.contents = text.into();
    }
    Ok(file)
}

/// The rules of `.dbtignore`, which has the syntax of `.gitignore`.
fn dbtignore(root: &Path) -> Result<Option<Gitignore>> {
    let file = root.join(".dbtignore");
    if !file.is_file() {
        return Ok(None);
    }
    // Rules are matched with paths relative to the root.
    let mut rules = GitignoreBuilder::new("");
    let text = std::fs::read_to_string(&file).map_err(|error| Diagnostic::io(&file, &error))?;
    for line in text.lines() {
        // A line that is no pattern is no rule, as in git.
        let _ = rules.add_line(None, line);
    }
    Ok(rules.build().ok())
}
