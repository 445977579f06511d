//! `gdbt deps`: resolves, locks and installs the packages that a project lists.

use crate::cli::ExitStatus;
use crate::cli::args::{DepsArgs, PackageSource as Source};
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Event;
use crate::packages::{
    self, FetchOptions, Fetcher, Lock, NewPackage, PackageList, PackageSource, install, resolve,
};
use crate::project::render::{SecretRule, YamlGlobals};
use crate::project::yaml::Value;
use crate::project::{RawProject, Vars};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DEFAULT_FOLDER: &str = "dbt_packages";
const TEMPORARY: &str = "/tmp";

/// Installs the packages. The project needs no profile for it.
pub fn run(args: &DepsArgs, session: &Session) -> Result<ExitStatus> {
    let settings = &session.settings;
    let raw = RawProject::read(&settings.load.project_dir)?;
    let vars = Arc::new(Vars::from_cli(settings.load.vars.clone()));
    let globals = YamlGlobals::new(&settings.env, &vars, None, SecretRule::Allowed)
        .with_library(settings.load.library);
    let root = if raw.root.as_os_str().is_empty() { Path::new(".") } else { &raw.root };
    let root = root.canonicalize().map_err(|error| Diagnostic::io(root, &error))?;
    let mut list = PackageList::read(&root, &globals)?;
    if let Some(package) = new_package(args)? {
        packages::add(&package, &root.join(list.file), session.report.as_ref())?;
        list = PackageList::read(&root, &globals)?;
    }
    let folder = install_path(&raw, &globals)?;
    if list.is_empty() {
        emptied(&root, &folder)?;
        session.emit(Event::DepsNoPackagesFound);
        return Ok(ExitStatus::Success);
    }
    let temporary = settings.env.get("TMPDIR").filter(|folder| !folder.is_empty());
    let fetcher = Fetcher::new(FetchOptions {
        root: root.clone(),
        root_name: project_name(&raw),
        home: settings.env.get("HOME"),
        hub: settings.env.get("DBT_PACKAGE_HUB_URL").filter(|url| !url.is_empty()),
        downloads: settings.env.get("DBT_DOWNLOADS_DIR").map(Path::new),
        temporary: Path::new(temporary.unwrap_or(TEMPORARY)),
        globals: &globals,
        secrets: &settings.report.secrets,
        check_version: !settings.load.skip_version_check,
        sink: session.report.clone(),
    })?;
    let lock = Lock::of(&root);
    if args.upgrade || !lock.is_current(&list)? {
        let resolved = resolve(&list, &fetcher)?;
        lock.write(&resolved, &list, &fetcher, session.report.as_ref())?;
    }
    if args.lock {
        return Ok(ExitStatus::Success);
    }
    let packages = lock.packages(&fetcher)?;
    let target = emptied(&root, &folder)?;
    install(&packages, &target, &folder, &fetcher)?;
    Ok(ExitStatus::Success)
}

/// What `--add-package` says.
fn new_package(args: &DepsArgs) -> Result<Option<NewPackage>> {
    let Some(text) = &args.add_package else { return Ok(None) };
    let (name, version) = match text.split('@').collect::<Vec<_>>().as_slice() {
        [name, version] => ((*name).to_owned(), Some((*version).to_owned())),
        _ => (text.clone(), None),
    };
    let (source, shown) = match args.source {
        Source::Hub => (PackageSource::Hub, "hub"),
        Source::Git => (PackageSource::Git, "git"),
        Source::Local => (PackageSource::Local, "local"),
    };
    if version.as_ref().is_none_or(String::is_empty) && source != PackageSource::Local {
        let message =
            format!("Version is required in --add-package when a package when source is {shown}");
        return Err(Diagnostic::new(Code::BadArgument, message)
            .with_help(format!("Such as --add-package {name}@1.0.0.")));
    }
    Ok(Some(NewPackage { name, version, source }))
}

fn project_name(raw: &RawProject) -> String {
    let name = raw.yaml.root.get("name").and_then(|name| name.as_str());
    name.unwrap_or_default().to_owned()
}

/// `packages-install-path`, as the project has it.
fn install_path(raw: &RawProject, globals: &YamlGlobals) -> Result<String> {
    let Some(node) = raw.yaml.root.get("packages-install-path") else {
        return Ok(DEFAULT_FOLDER.to_owned());
    };
    let Some(text) = node.as_str() else { return Ok(DEFAULT_FOLDER.to_owned()) };
    match globals.render(&raw.yaml.source, text, node.place)? {
        Value::Str(path) if !path.is_empty() => Ok(path),
        _ => Ok(DEFAULT_FOLDER.to_owned()),
    }
}

/// The folder of packages, made anew. It may not hold the project itself.
fn emptied(root: &Path, folder: &str) -> Result<PathBuf> {
    let path = root.join(folder);
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    if root.starts_with(&real) {
        let message = format!("packages-install-path '{folder}' holds the project itself");
        return Err(Diagnostic::new(Code::ProjectInvalid, message)
            .with_help("Its content is deleted by `deps`: name a folder for packages alone."));
    }
    let failed = |error: std::io::Error| Diagnostic::io(&path, &error);
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(&path).map_err(failed)?,
        Ok(_) => std::fs::remove_file(&path).map_err(failed)?,
        Err(_) => {}
    }
    std::fs::create_dir_all(&path).map_err(failed)?;
    Ok(path)
}
