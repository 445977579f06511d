//! The packages `dbt` and `dbt_postgres`, which are part of gdbt.

use super::files::{Checksum, FileKind, SourceFile};
use super::project::{Origin, Paths, Project, QueryComment, Quoting};
use super::yaml::{Map, Node, Place, Source, Value};
use include_dir::{Dir, include_dir};
use indexmap::IndexMap;
use std::path::PathBuf;
use std::sync::Arc;

static PACKAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/macros");

/// The built-in packages, in the order of dbt's own: the adapter's before the general one.
pub(super) fn projects() -> Vec<Project> {
    ["dbt_postgres", "dbt"].into_iter().map(project).collect()
}

fn project(name: &str) -> Project {
    let one = |path: &str| vec![path.to_owned()];
    let paths = Paths {
        models: Vec::new(),
        macros: one("macros"),
        seeds: Vec::new(),
        tests: one("tests"),
        analyses: Vec::new(),
        snapshots: Vec::new(),
        functions: Vec::new(),
        docs: one("docs"),
        assets: Vec::new(),
    };
    Project {
        name: name.into(),
        version: Some(super::version::DBT_VERSION.to_owned()),
        root: PathBuf::from(name),
        origin: Origin::BuiltIn,
        paths,
        target_path: "target".to_owned(),
        log_path: "logs".to_owned(),
        clean_targets: Vec::new(),
        packages_install_path: "dbt_packages".to_owned(),
        quoting: Quoting::default(),
        configs: IndexMap::new(),
        vars: Map::default(),
        dispatch: Vec::new(),
        on_run_start: Vec::new(),
        on_run_end: Vec::new(),
        query_comment: QueryComment::default(),
        flags: Map::default(),
        restrict_access: false,
        source: Arc::new(Source::new("dbt_project.yml", "")),
        unrendered: Node { value: Value::Map(Map::default()), place: Place::default() },
    }
}

/// The files of a built-in package, in the order of [`super::files::discover`].
pub(super) fn files(project: &Project) -> Vec<SourceFile> {
    let mut files = Vec::new();
    if let Some(folder) = PACKAGES.get_dir(&*project.name) {
        collect(folder, project, &mut files);
    }
    files.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    files
}

fn collect(folder: &Dir<'_>, project: &Project, files: &mut Vec<SourceFile>) {
    for inner in folder.dirs() {
        collect(inner, project, files);
    }
    for file in folder.files() {
        let Ok(path) = file.path().strip_prefix(&*project.name) else { continue };
        let path = path.to_string_lossy().replace('\\', "/");
        let (Some((kind, searched)), Some(text)) = (kind(&path), file.contents_utf8()) else {
            continue;
        };
        files.push(SourceFile {
            package: Arc::clone(&project.name),
            kind,
            path: path.into(),
            searched_path: searched.into(),
            absolute: None,
            contents: text.into(),
            checksum: Checksum::None,
        });
    }
}

fn kind(path: &str) -> Option<(FileKind, &'static str)> {
    let (folder, name) = path.split_once('/')?;
    match (folder, name.rsplit_once('.')?.1) {
        ("macros", "sql") => Some((FileKind::Macro, "macros")),
        ("tests", "sql") => Some((FileKind::GenericTest, "tests/generic")),
        ("docs", "md") => Some((FileKind::Docs, "docs")),
        ("macros" | "tests", "yml") => Some((FileKind::Properties, "macros")),
        _ => None,
    }
}
