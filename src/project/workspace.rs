//! Everything a command works with: the project, its packages, the profile, the vars and
//! the environment.

use super::builtin;
use super::env::Env;
use super::files::{self, SourceFile};
use super::profiles::{Profile, ProfileOptions};
use super::project::{Origin, Project};
use super::project_file::RawProject;
use super::render::{Library, SecretRule, YamlGlobals};
use super::vars::Vars;
use super::yaml::{Map, Node, Yaml};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Warning;
use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the command line says about loading a project.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The folder of dbt_project.yml; empty is the current one.
    pub project_dir: PathBuf,
    /// Which profile and target.
    pub profile: ProfileOptions,
    /// `--vars`.
    pub vars: Map,
    /// Whether `require-dbt-version` is not checked (`--no-version-check`).
    pub skip_version_check: bool,
    /// `--target-path`.
    pub target_path: Option<String>,
    /// What templates in project and profile files see besides their own names.
    pub library: Option<Library>,
}

/// A loaded project with all that belongs to it. It is not changed after loading.
#[derive(Debug)]
pub struct Workspace {
    /// The root project, then its installed packages, then `dbt_postgres` and `dbt`.
    pub packages: IndexMap<Arc<str>, Arc<Project>>,
    /// The root project.
    pub root: Arc<Project>,
    /// The profile.
    pub profile: Profile,
    /// All variables.
    pub vars: Arc<Vars>,
    /// The environment.
    pub env: Arc<Env>,
    /// What is not wrong but should be changed.
    pub warnings: Vec<Warning>,
}

impl LoadOptions {
    /// Loads the profile of a project.
    ///
    /// # Errors
    /// As [`Profile::load`].
    pub fn profile_of(&self, project: &RawProject, env: &Arc<Env>) -> Result<Profile> {
        let vars = Arc::new(Vars::from_cli(self.vars.clone()));
        let globals =
            YamlGlobals::new(env, &vars, None, SecretRule::Allowed).with_library(self.library);
        Profile::load(&self.profile, project, &globals, env)
    }
}

impl Workspace {
    /// Loads a project, its packages and its profile.
    ///
    /// # Errors
    /// Every mistake found in the first stage that has any.
    pub fn load(options: &LoadOptions, env: Arc<Env>) -> Result<Self, Vec<Diagnostic>> {
        let raw = RawProject::read(&options.project_dir)?;
        let cli = Arc::new(Vars::from_cli(options.vars.clone()));
        let secret =
            YamlGlobals::new(&env, &cli, None, SecretRule::Allowed).with_library(options.library);
        let profile = options.profile_of(&raw, &env)?;
        let mut loader = PackageLoader {
            env: &env,
            target: profile.target(),
            library: options.library,
            check_version: !options.skip_version_check,
            warnings: Vec::new(),
        };
        let mut root = loader.load(raw, &cli, Origin::Root)?;
        if let Some(path) = &options.target_path {
            if root.clean_targets == [root.target_path.clone()] {
                root.clean_targets = vec![path.clone()];
            }
            root.target_path.clone_from(path);
        }
        let root = Arc::new(root);
        let packages = loader.packages(&root, &secret)?;
        let mut vars = Vars::from_cli(options.vars.clone());
        for (name, project) in &packages {
            vars.add_package(Arc::clone(name), project.vars.clone());
        }
        let warnings = loader.warnings;
        Ok(Self { packages, root, profile, vars: Arc::new(vars), env, warnings })
    }

    /// A package by its name.
    pub fn package(&self, name: &str) -> Option<&Arc<Project>> {
        self.packages.get(name)
    }

    /// Finds and reads the files of all packages, in the order of the packages.
    ///
    /// # Errors
    /// One for each file that cannot be read.
    pub fn read_files(&self) -> Result<Vec<SourceFile>, Vec<Diagnostic>> {
        let mut all = Vec::new();
        let mut errors = Vec::new();
        for project in self.packages.values() {
            match files::discover(project) {
                Ok(files) => all.extend(files),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(all) } else { Err(errors) }
    }
}

struct PackageLoader<'e> {
    env: &'e Arc<Env>,
    target: crate::jinja::Value,
    library: Option<Library>,
    check_version: bool,
    warnings: Vec<Warning>,
}

impl PackageLoader<'_> {
    fn load(
        &mut self,
        raw: RawProject,
        vars: &Arc<Vars>,
        origin: Origin,
    ) -> Result<Project, Vec<Diagnostic>> {
        let target = Some(self.target.clone());
        let globals = YamlGlobals::new(self.env, vars, target, SecretRule::Refused)
            .with_library(self.library);
        raw.load(&globals, origin, self.check_version, &mut self.warnings)
    }

    fn packages(
        &mut self,
        root: &Arc<Project>,
        secret: &YamlGlobals,
    ) -> Result<IndexMap<Arc<str>, Arc<Project>>, Vec<Diagnostic>> {
        let folders = package_folders(&root.root.join(&root.packages_install_path))?;
        check_installed(root, folders.len(), secret)?;
        let mut packages = IndexMap::from([(Arc::clone(&root.name), Arc::clone(root))]);
        let mut errors = Vec::new();
        // dbt gives packages no variables of the command line here.
        let no_vars = Arc::new(Vars::default());
        for folder in folders {
            let project = RawProject::read_package(&root.root, &folder)
                .map_err(Vec::from)
                .and_then(|raw| self.load(raw, &no_vars, Origin::Installed));
            match project {
                Ok(project) => errors.extend(add(&mut packages, project)),
                Err(found) => errors.extend(found.into_iter().map(as_package_error)),
            }
        }
        for project in builtin::projects() {
            errors.extend(add(&mut packages, project));
        }
        if errors.is_empty() { Ok(packages) } else { Err(errors) }
    }
}

fn as_package_error(mut error: Diagnostic) -> Diagnostic {
    error.message = format!("Failed to read package: {}", error.message);
    error
}

fn add(packages: &mut IndexMap<Arc<str>, Arc<Project>>, project: Project) -> Option<Diagnostic> {
    let Some(first) = packages.get(&project.name) else {
        packages.insert(Arc::clone(&project.name), Arc::new(project));
        return None;
    };
    let message = format!(
        "dbt found more than one package with the name \"{}\" included in this project. Package \
         names must be unique in a project. Please rename one of these packages.",
        project.name
    );
    let help = format!("They are {} and {}.", first.root.display(), project.root.display());
    Some(*Diagnostic::new(Code::Duplicate, message).with_help(help))
}

/// The folders of installed packages, sorted by name.
fn package_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Diagnostic::io(folder, &error)),
    };
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir() && !file_name(path).starts_with("__"))
        .collect();
    folders.sort();
    Ok(folders)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Refuses a project whose packages were not installed.
fn check_installed(root: &Project, installed: usize, globals: &YamlGlobals) -> Result<()> {
    let Some((file, wanted)) = wanted_packages(root, globals)? else { return Ok(()) };
    if wanted <= installed {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::PackagesMissing,
        format!(
            "dbt found {wanted} package(s) specified in {file}, but only {installed} package(s) \
             installed in {}. Run \"dbt deps\" to install package dependencies.",
            root.packages_install_path
        ),
    ))
}

/// Which file lists packages, and how many.
fn wanted_packages(root: &Project, globals: &YamlGlobals) -> Result<Option<(&'static str, usize)>> {
    let packages = package_list(&root.root, "packages.yml")?;
    let dependencies = package_list(&root.root, "dependencies.yml")?;
    match (packages, dependencies) {
        (Some(_), Some((yaml, list))) => Err(yaml.source.error(
            Code::ProjectInvalid,
            list.place,
            "The 'packages' key cannot be specified in both packages.yml and dependencies.yml",
        )),
        (Some((yaml, list)), None) => {
            // Rendered, so that a package whose variable is missing is an error here too.
            let list = globals.render_tree(&yaml.source, &list, &|_| false)?;
            Ok(Some(("packages.yml", list.as_seq().map_or(0, <[Node]>::len))))
        }
        (None, Some((_, list))) => {
            Ok(Some(("dependencies.yml", list.as_seq().map_or(0, <[Node]>::len))))
        }
        (None, None) => Ok(None),
    }
}

fn package_list(folder: &Path, name: &'static str) -> Result<Option<(Yaml, Node)>> {
    let file = folder.join(name);
    if !file.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).map_err(|error| Diagnostic::io(&file, &error))?;
    let yaml = Yaml::parse(name, text)?;
    let list = yaml.root.get("packages").cloned();
    Ok(list.map(|list| (yaml, list)))
}
