//! A project: what its dbt_project.yml means.

use super::config_tree::{ConfigKind, ConfigTree};
use super::yaml::{Map, Node, Source};
use indexmap::IndexMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A project or an installed package: its dbt_project.yml, rendered and checked.
#[derive(Debug)]
pub struct Project {
    /// Its name; the package name in ids and in two-argument `ref`.
    pub name: Arc<str>,
    /// Its version, as written.
    pub version: Option<String>,
    /// The folder of dbt_project.yml.
    pub root: PathBuf,
    /// Where its files come from.
    pub origin: Origin,
    /// Where its kinds of files are.
    pub paths: Paths,
    /// `target-path`, relative to the root unless absolute.
    pub target_path: String,
    /// `log-path`, relative to the root unless absolute.
    pub log_path: String,
    /// `clean-targets`; the target path when unset.
    pub clean_targets: Vec<String>,
    /// `packages-install-path`, where `deps` installs packages.
    pub packages_install_path: String,
    /// `quoting` of relation names.
    pub quoting: Quoting,
    /// Configs by folder, for each kind of resource.
    pub configs: IndexMap<ConfigKind, ConfigTree>,
    /// `vars`, unrendered, with package scopes.
    pub vars: Map,
    /// `dispatch`: where macros of a namespace are searched.
    pub dispatch: Vec<Dispatch>,
    /// `on-run-start` SQL, unrendered.
    pub on_run_start: Vec<String>,
    /// `on-run-end` SQL, unrendered.
    pub on_run_end: Vec<String>,
    /// `query-comment`.
    pub query_comment: QueryComment,
    /// `flags`, for the command line's settings.
    pub flags: Map,
    /// Whether other projects may only use its public models.
    pub restrict_access: bool,
    /// The file itself, for errors about places in it.
    pub source: Arc<Source>,
    /// The whole file, unrendered.
    pub unrendered: Node,
}

/// Where a project's files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The project that the command runs in.
    Root,
    /// A package under `packages-install-path`.
    Installed,
    /// A package that is part of gdbt: `dbt` or `dbt_postgres`.
    BuiltIn,
}

/// The folders of a project, relative to its root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Paths {
    pub models: Vec<String>,
    pub macros: Vec<String>,
    pub seeds: Vec<String>,
    pub tests: Vec<String>,
    pub analyses: Vec<String>,
    pub snapshots: Vec<String>,
    pub functions: Vec<String>,
    pub docs: Vec<String>,
    pub assets: Vec<String>,
}

/// Which parts of relation names are quoted; unset ones have the adapter's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quoting {
    /// The database.
    pub database: Option<bool>,
    /// The schema.
    pub schema: Option<bool>,
    /// The relation's own name.
    pub identifier: Option<bool>,
}

/// An entry of `dispatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// The namespace that `adapter.dispatch` names.
    pub macro_namespace: String,
    /// The packages to search, first one first.
    pub search_order: Vec<String>,
}

/// The comment put into every statement
/// (<https://docs.getdbt.com/reference/project-configs/query-comment>).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryComment {
    /// Its template; `None` is dbt's default comment, empty text is no comment.
    pub comment: Option<String>,
    /// Whether it goes after the statement.
    pub append: bool,
    /// BigQuery's; kept for the artifacts.
    pub job_label: bool,
}

impl Paths {
    /// The folders with property files: every folder that holds resources.
    pub fn all_source_paths(&self) -> Vec<String> {
        let all = [
            &self.models,
            &self.seeds,
            &self.snapshots,
            &self.analyses,
            &self.macros,
            &self.tests,
            &self.functions,
        ];
        let mut seen = Vec::new();
        for path in all.into_iter().flatten() {
            let path = path.trim_end_matches('/').to_owned();
            if !seen.contains(&path) {
                seen.push(path);
            }
        }
        seen
    }
}

impl Project {
    /// Where a macro namespace is searched, when `dispatch` says so.
    pub fn search_order(&self, macro_namespace: &str) -> Option<&[String]> {
        let entry = self.dispatch.iter().find(|entry| entry.macro_namespace == macro_namespace)?;
        Some(&entry.search_order)
    }

    /// One of dbt's switches under `flags:`, if it is given as true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.flags.get(name)?.as_bool()
    }

    /// The folder for artifacts, absolute if the root is.
    pub fn target_dir(&self) -> PathBuf {
        self.root.join(&self.target_path)
    }
}
