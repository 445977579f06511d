//! dbt_project.yml: its meaning and its rules
//! (<https://docs.getdbt.com/reference/dbt_project.yml>).

use super::config_tree::{ConfigKind, ConfigTree};
use super::project::{Dispatch, Origin, Paths, Project, QueryComment, Quoting};
use super::render::YamlGlobals;
use super::version::{DBT_VERSION, Requirement, Version};
use super::yaml::{Fields, Map, Node, Value, Yaml};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Warning;
use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of a project file.
pub const PROJECT_FILE: &str = "dbt_project.yml";

/// Names that a project may not have, because templates use them.
const RESERVED_NAMES: &[&str] = &[
    "_sql_results",
    "adapter",
    "api",
    "column",
    "config",
    "context",
    "database",
    "env",
    "env_var",
    "exceptions",
    "execute",
    "flags",
    "fromjson",
    "fromyaml",
    "graph",
    "invocation_id",
    "load_agate_table",
    "load_result",
    "log",
    "model",
    "modules",
    "post_hooks",
    "pre_hooks",
    "ref",
    "render",
    "return",
    "run_started_at",
    "schema",
    "source",
    "sql",
    "sql_now",
    "store_result",
    "store_raw_result",
    "target",
    "this",
    "tojson",
    "toyaml",
    "try_or_compiler_error",
    "var",
    "write",
];

/// The keys of dbt_project.yml besides the config trees.
const KEYS: &[&str] = &[
    "name",
    "config-version",
    "version",
    "project-root",
    "source-paths",
    "model-paths",
    "macro-paths",
    "data-paths",
    "seed-paths",
    "test-paths",
    "tests",
    "analysis-paths",
    "docs-paths",
    "asset-paths",
    "function-paths",
    "target-path",
    "snapshot-paths",
    "clean-targets",
    "profile",
    "log-path",
    "packages-install-path",
    "quoting",
    "on-run-start",
    "on-run-end",
    "require-dbt-version",
    "dispatch",
    "vars",
    "packages",
    "query-comment",
    "restrict-access",
    "dbt-cloud",
    "flags",
];

/// A project file that is read but not rendered: what is needed to choose a profile.
#[derive(Debug, Clone)]
pub struct RawProject {
    /// The folder it is in.
    pub root: PathBuf,
    /// Its content.
    pub yaml: Yaml,
}

impl RawProject {
    /// Reads the dbt_project.yml of a folder.
    ///
    /// # Errors
    /// `ProjectMissing` when there is none, and the errors of its YAML.
    pub fn read(root: &Path) -> Result<Self> {
        Self::read_as(root, PROJECT_FILE.to_owned())
    }

    /// Reads a package's file; errors name it relative to the root project.
    pub(super) fn read_package(root_project: &Path, folder: &Path) -> Result<Self> {
        let file = folder.join(PROJECT_FILE);
        let shown = file.strip_prefix(root_project).unwrap_or(&file).display().to_string();
        Self::read_as(folder, shown)
    }

    fn read_as(root: &Path, shown: String) -> Result<Self> {
        let file = root.join(PROJECT_FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Diagnostic::new(
                    Code::ProjectMissing,
                    format!("No {PROJECT_FILE} found at expected path {}", file.display()),
                )
                .with_help("Run in the project's folder, or name it with --project-dir."));
            }
            Err(error) => return Err(Diagnostic::io(&file, &error)),
        };
        let yaml = Yaml::parse(shown, text)?;
        if yaml.root.as_map().is_none() {
            let message = format!("{PROJECT_FILE} does not parse to a dictionary");
            return Err(yaml.source.error(Code::ProjectInvalid, yaml.root.place, message));
        }
        Ok(Self { root: root.to_owned(), yaml })
    }

    /// `profile`, unrendered.
    pub fn profile(&self) -> Option<&Node> {
        self.yaml.root.get("profile").filter(|node| !node.is_null())
    }

    /// `flags`, if it is a mapping; a wrong one is reported when the project is loaded.
    pub fn flags(&self) -> Option<&Map> {
        self.yaml.root.get("flags").and_then(Node::as_map)
    }

    /// Renders and checks the project.
    ///
    /// # Errors
    /// Every mistake found in the file.
    pub fn load(
        self,
        globals: &YamlGlobals,
        origin: Origin,
        check_version: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Project, Vec<Diagnostic>> {
        let Self { root, yaml } = self;
        let source = Arc::clone(&yaml.source);
        let rendered = globals.render_tree(&source, &yaml.root, &is_late)?;
        let fields = Fields::of(&source, &rendered, PROJECT_FILE)?.with_code(Code::ProjectInvalid);
        if check_version {
            check_required_version(&fields)?;
        }
        let mut loader = Loader { fields: &fields, errors: Vec::new() };
        let project = loader.project(root, origin, &yaml);
        if !loader.errors.is_empty() {
            return Err(loader.errors);
        }
        warnings.extend(super::deprecations::of_project(&fields, &yaml));
        Ok(project)
    }
}

/// dbt renders hooks, vars and the query comment later, when they are used.
fn is_late(path: &[&str]) -> bool {
    match path.first().copied() {
        Some("on-run-start" | "on-run-end" | "query-comment" | "vars") => true,
        Some("seeds" | "models" | "snapshots" | "tests" | "data_tests") => path.iter().any(|key| {
            let key = key.trim_start_matches(['+', ' ']);
            matches!(key, "pre-hook" | "post-hook" | "pre_hook" | "post_hook")
        }),
        _ => false,
    }
}

/// The first check of all: a file for another dbt may have any form.
fn check_required_version(fields: &Fields<'_>) -> Result<()> {
    let Some(node) = fields.get("require-dbt-version") else { return Ok(()) };
    let texts = fields.text_or_texts("require-dbt-version")?.unwrap_or_default();
    let mut requirements = Vec::new();
    for text in &texts {
        let parsed = Requirement::parse_list(text);
        requirements
            .extend(parsed.map_err(|error| error.with_span(fields.source().span(node.place)))?);
    }
    let installed: Version = DBT_VERSION.parse()?;
    if requirements.iter().all(|requirement| requirement.accepts(&installed)) {
        return Ok(());
    }
    let package = fields.required_text("name")?;
    let wanted: Vec<String> = requirements.iter().map(|r| format!("'{r}'")).collect();
    let message = format!(
        "This version of dbt is not supported with the '{package}' package.\n  \
         Installed version of dbt: ={DBT_VERSION}\n  \
         Required version of dbt for '{package}': [{}]\n\
         Check for a different version of the '{package}' package, or run dbt again with \
         --no-version-check",
        wanted.join(", ")
    );
    Err(fields.error_at(node, message))
}

/// Reads the fields, collecting errors instead of stopping at the first.
struct Loader<'f> {
    fields: &'f Fields<'f>,
    errors: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn take<T: Default>(&mut self, value: Result<T>) -> T {
        value.unwrap_or_else(|error| {
            self.errors.push(*error);
            T::default()
        })
    }

    fn project(&mut self, root: PathBuf, origin: Origin, yaml: &Yaml) -> Project {
        self.check_keys();
        self.check_cloud();
        let name = self.name();
        let version = self.version();
        let paths = self.paths();
        let target_path = self.text("target-path", "target");
        let clean_targets = self.fields.texts("clean-targets");
        let clean_targets = self.take(clean_targets).unwrap_or_else(|| vec![target_path.clone()]);
        Project {
            name,
            version,
            root,
            origin,
            paths,
            log_path: self.text("log-path", "logs"),
            packages_install_path: self.text("packages-install-path", "dbt_packages"),
            target_path,
            clean_targets,
            quoting: self.quoting(),
            configs: self.configs(yaml),
            vars: self.map("vars"),
            dispatch: self.dispatch(),
            on_run_start: self.hooks("on-run-start"),
            on_run_end: self.hooks("on-run-end"),
            query_comment: self.query_comment(),
            flags: self.map("flags"),
            restrict_access: self.flag("restrict-access").unwrap_or(false),
            source: Arc::clone(&yaml.source),
            unrendered: yaml.root.clone(),
        }
    }

    fn check_keys(&mut self) {
        let kinds = ConfigKind::ALL.iter();
        let known: Vec<&str> = KEYS.iter().copied().chain(kinds.map(|kind| kind.key())).collect();
        self.errors.extend(self.fields.unknown_keys(&known, |key| {
            format!("at path []: Additional properties are not allowed ('{key}' was unexpected)")
        }));
        if self.fields.get("tests").is_some_and(has_content)
            && self.fields.get("data_tests").is_some_and(has_content)
        {
            let message = "at path []: Invalid project config: cannot have both 'tests' and \
                           'data_tests' defined";
            self.errors.push(*self.fields.error(message));
        }
    }

    /// The settings of dbt's hosted service are its own; here they only have to be a mapping.
    fn check_cloud(&mut self) {
        let Some(node) = self.fields.get("dbt-cloud") else { return };
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            let shown = node.scalar_text().unwrap_or_else(|| node.kind().to_owned());
            let message = format!(
                "at path ['dbt-cloud']: '{shown}' is not valid under any of the given schemas"
            );
            let help = "Write a mapping, such as `project-id: '123'`.";
            self.errors.push(*self.fields.error_at(node, message).with_help(help));
        }
    }

    fn name(&mut self) -> Arc<str> {
        let Some(node) = self.fields.get("name") else {
            let error = self.fields.error("Required \"name\" field not present in project");
            self.errors.push(*error);
            return "".into();
        };
        let Some(name) = node.as_str() else {
            let message =
                format!("at path ['name']: the name must be a string, not {}", node.kind());
            self.errors.push(*self.fields.error_at(node, message));
            return "".into();
        };
        if RESERVED_NAMES.contains(&name) {
            let message = format!("at path []: Invalid project name: {name} is a reserved word");
            self.errors.push(*self.fields.error_at(node, message));
        } else if !is_identifier(name) {
            let message =
                format!("at path ['name']: '{name}' does not match '^[^\\\\d\\\\W]\\\\w*$'");
            let suggestion: String =
                name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            let help = format!(
                "A project's name has letters, digits and underscores, such as `{suggestion}`."
            );
            self.errors.push(*self.fields.error_at(node, message).with_help(help));
        }
        name.into()
    }

    fn version(&mut self) -> Option<String> {
        let node = self.fields.get("version")?;
        let version = match &node.value {
            Value::Str(text) if is_version(text) => Some(text.clone()),
            Value::Int(_) | Value::Float(_) => node.scalar_text(),
            _ => None,
        };
        if version.is_none() {
            let shown = node.scalar_text().unwrap_or_else(|| node.kind().to_owned());
            let message = format!(
                "at path ['version']: '{shown}' is not valid under any of the given schemas"
            );
            let help = "Write a semantic version, such as '1.0.0'.";
            self.errors.push(*self.fields.error_at(node, message).with_help(help));
        }
        version
    }

    fn text(&mut self, key: &str, default: &str) -> String {
        let text = self.fields.text(key);
        self.take(text).unwrap_or(default).to_owned()
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        let flag = self.fields.flag(key);
        self.take(flag)
    }

    fn map(&mut self, key: &str) -> Map {
        let fields = self.fields.fields(key);
        self.take(fields.map(|fields| fields.map(|it| it.map().clone()))).unwrap_or_default()
    }

    fn path_list(&mut self, key: &str, old_key: Option<&str>, default: &str) -> Vec<String> {
        let used = match old_key {
            Some(old) if self.fields.get(key).is_none() => old,
            _ => key,
        };
        let list = self.fields.texts(used);
        self.take(list).unwrap_or_else(|| vec![default.to_owned()])
    }

    fn paths(&mut self) -> Paths {
        let mut paths = Paths {
            models: self.path_list("model-paths", Some("source-paths"), "models"),
            macros: self.path_list("macro-paths", None, "macros"),
            seeds: self.path_list("seed-paths", Some("data-paths"), "seeds"),
            tests: self.path_list("test-paths", None, "tests"),
            analyses: self.path_list("analysis-paths", None, "analyses"),
            snapshots: self.path_list("snapshot-paths", None, "snapshots"),
            functions: self.path_list("function-paths", None, "functions"),
            docs: Vec::new(),
            assets: Vec::new(),
        };
        let docs = self.fields.texts("docs-paths");
        paths.docs = self.take(docs).unwrap_or_else(|| paths.all_source_paths());
        let assets = self.fields.texts("asset-paths");
        paths.assets = self.take(assets).unwrap_or_default();
        paths
    }

    fn quoting(&mut self) -> Quoting {
        let fields = self.fields.fields("quoting");
        let Some(fields) = self.take(fields) else { return Quoting::default() };
        let known = ["schema", "database", "project", "identifier", "snowflake_ignore_case"];
        self.errors.extend(fields.unknown(&known));
        let database = if fields.get("database").is_some() { "database" } else { "project" };
        Quoting {
            database: self.take(fields.flag(database)),
            schema: self.take(fields.flag("schema")),
            identifier: self.take(fields.flag("identifier")),
        }
    }

    fn configs(&mut self, yaml: &Yaml) -> IndexMap<ConfigKind, ConfigTree> {
        let mut configs = IndexMap::new();
        for kind in ConfigKind::ALL {
            // `tests` is the old name of `data_tests`.
            let found = std::iter::once(kind.key())
                .chain(kind.old_key())
                .find_map(|key| Some((key, self.fields.get(key)?)));
            let Some((key, rendered)) = found else { continue };
            let fields = self.fields.fields(key);
            if self.take(fields.map(|it| it.map(|_| ()))).is_none() {
                continue;
            }
            let unrendered = yaml.root.get(key).cloned().unwrap_or_else(|| rendered.clone());
            configs.insert(*kind, ConfigTree { rendered: rendered.clone(), unrendered });
        }
        configs
    }

    fn dispatch(&mut self) -> Vec<Dispatch> {
        let list = self.fields.list("dispatch");
        let mut dispatch = Vec::new();
        for node in self.take(list) {
            let entry = Fields::of(self.fields.source(), node, "an entry of `dispatch`")
                .map(|fields| fields.with_code(Code::ProjectInvalid))
                .and_then(|fields| {
                    fields.required("search_order")?;
                    Ok(Dispatch {
                        macro_namespace: fields.required_text("macro_namespace")?.to_owned(),
                        search_order: fields.texts("search_order")?.unwrap_or_default(),
                    })
                });
            dispatch.extend(self.take(entry.map(Some)));
        }
        dispatch
    }

    fn hooks(&mut self, key: &str) -> Vec<String> {
        let hooks = self.fields.text_or_texts(key);
        self.take(hooks).unwrap_or_default()
    }

    fn query_comment(&mut self) -> QueryComment {
        let Some(node) = self.fields.map().get("query-comment") else {
            return QueryComment::default();
        };
        match &node.value {
            // An explicit null, or no text, turns comments off.
            Value::Null => QueryComment { comment: Some(String::new()), ..QueryComment::default() },
            Value::Str(text) => {
                QueryComment { comment: Some(text.clone()), ..QueryComment::default() }
            }
            Value::Map(map) if map.is_empty() => {
                QueryComment { comment: Some(String::new()), ..QueryComment::default() }
            }
            _ => {
                let fields = self.fields.fields("query-comment");
                let Some(fields) = self.take(fields) else { return QueryComment::default() };
                self.errors.extend(fields.unknown(&["comment", "append", "job-label"]));
                QueryComment {
                    comment: self.take(fields.text("comment")).map(str::to_owned),
                    append: self.take(fields.flag("append")).unwrap_or(false),
                    job_label: self.take(fields.flag("job-label")).unwrap_or(false),
                }
            }
        }
    }
}

fn has_content(node: &Node) -> bool {
    !matches!(&node.value, Value::Map(map) if map.is_empty())
}

fn is_identifier(name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    name.chars().all(word) && name.chars().next().is_some_and(|first| !first.is_numeric())
}

/// A semantic version that may lack its last number, such as `1.0`.
fn is_version(text: &str) -> bool {
    text.parse::<Version>().is_ok() || format!("{text}.0").parse::<Version>().is_ok()
}
