//! `gdbt clean`: deletes the folders of `clean-targets`.

use crate::cli::ExitStatus;
use crate::cli::args::CleanArgs;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Event, Warning};
use crate::jinja::Value;
use crate::project::render::{NoTarget, SecretRule, YamlGlobals};
use crate::project::{Origin, Project, RawProject, Vars, normalized};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Deletes them, but never sources, and nothing outside of the project unless asked to.
pub fn run(args: &CleanArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let project = project(session)?;
    let root = normalized(&absolute(&project.root));
    let folder = |path: &String| normalized(&root.join(path));
    let targets: Vec<PathBuf> = project.clean_targets.iter().map(folder).collect();
    let sources: Vec<PathBuf> = project.paths.all_source_paths().iter().map(folder).collect();
    if !leaves_project(args, session) {
        refuse(
            targets.iter().filter(|target| !target.starts_with(&root)),
            "dbt will not clean the following directories outside the project:",
            "--no-clean-project-files-only deletes them, too.",
        )?;
    }
    // A folder that contains sources would take them along.
    let holds_sources =
        |target: &&PathBuf| **target == root || sources.iter().any(|it| it.starts_with(target));
    refuse(
        targets.iter().filter(holds_sources),
        "dbt will not clean the following source paths:",
        "Take them out of clean-targets.",
    )?;
    if moved_packages(&project) {
        session.warn(vec![install_path_moved()])?;
    }
    for target in &targets {
        let path = target.display().to_string();
        session.emit(Event::CheckCleanPath { path: path.clone() });
        match std::fs::remove_dir_all(target) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Diagnostic::io(target, &error).into()),
        }
        session.emit(Event::ConfirmCleanPath { path });
    }
    session.emit(Event::FinishedCleanPaths);
    Ok(ExitStatus::Success)
}

/// Whether the project cleans the folder where packages once were, but not the one of today.
fn moved_packages(project: &Project) -> bool {
    let cleans = |folder: &str| project.clean_targets.iter().any(|target| target == folder);
    cleans("dbt_modules") && !cleans(&project.packages_install_path)
}

fn install_path_moved() -> Warning {
    let message = "The default package install path has changed from `dbt_modules` to \
                   `dbt_packages`. Please update `clean-targets` in `dbt_project.yml` and check \
                   `.gitignore` as well. Or, set `packages-install-path: dbt_modules` if you'd \
                   like to keep the current value.";
    let diagnostic = *Diagnostic::new(Code::Deprecated, message);
    Warning::new("PackageInstallPathDeprecation", "D002", diagnostic).with_data(json!({}))
}

/// Whether folders outside of the project may be deleted, too.
fn leaves_project(args: &CleanArgs, session: &Session) -> bool {
    let variable = session.settings.env.flag("DBT_CLEAN_PROJECT_FILES_ONLY");
    let off = variable
        .is_some_and(|text| ["0", "false", "f", "no", "n", "off"].contains(&&*text.to_lowercase()));
    args.no_clean_project_files_only || (off && !args.clean_project_files_only)
}

/// The project alone: cleaning needs no profile and no installed packages.
fn project(session: &Session) -> Result<Project, Vec<Diagnostic>> {
    let load = &session.settings.load;
    let vars = Arc::new(Vars::from_cli(load.vars.clone()));
    let target = Some(Value::object(NoTarget));
    let globals = YamlGlobals::new(&session.settings.env, &vars, target, SecretRule::Refused)
        .with_library(session.settings.load.library);
    let mut warnings = Vec::new();
    let mut project = RawProject::read(&load.project_dir)?.load(
        &globals,
        Origin::Root,
        !load.skip_version_check,
        &mut warnings,
    )?;
    if let Some(target) = &load.target_path
        && project.clean_targets == [project.target_path.clone()]
    {
        project.clean_targets = vec![target.clone()];
    }
    session.warn(warnings)?;
    Ok(project)
}

fn refuse<'a>(
    paths: impl Iterator<Item = &'a PathBuf>,
    message: &str,
    help: &str,
) -> Result<(), Box<Diagnostic>> {
    let paths: Vec<String> = paths.map(|path| format!("'{}'", path.display())).collect();
    if paths.is_empty() {
        return Ok(());
    }
    let message = format!("{message} [{}]", paths.join(", "));
    Err(Diagnostic::new(Code::ProjectInvalid, message).with_help(help))
}

fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
