//! Putting packages where the project looks for them.

use super::events;
use super::failed;
use super::fetch::{Fetcher, Pinned};
use crate::diagnostic::{Diagnostic, Result};
use crate::event::Event;
use std::path::{Component, Path, PathBuf};

/// Replaces what is in the folder of packages by these. `shown` is the folder as the
/// project names it.
///
/// # Errors
/// A package cannot be fetched, or its name leads out of the folder.
pub fn install(
    packages: &[Pinned],
    folder: &Path,
    shown: &str,
    fetcher: &Fetcher<'_>,
) -> Result<()> {
    let sink = fetcher.options.sink.as_ref();
    let mut outdated = Vec::new();
    for package in packages {
        sink.emit(events::installing(&label(package)));
        let target = target(folder, shown, &fetcher.metadata(package)?.name)?;
        place(package, &target, fetcher)?;
        sink.emit(events::installed(&fetcher.options.secrets.scrub(&version(package))));
        if let Pinned::Hub { package, version, latest } = package {
            if version == latest {
                sink.emit(events::up_to_date());
            } else {
                outdated.push(package.clone());
                sink.emit(events::update_available(latest));
            }
        }
        if let Pinned::Git { subdirectory: Some(inner), .. } = package {
            sink.emit(events::subdirectory(inner));
        }
    }
    if !outdated.is_empty() {
        sink.emit(Event::empty_line());
        sink.emit(events::updates_available(&outdated));
    }
    Ok(())
}

/// Where a package goes. Its name is somebody else's, so it must be a plain one.
fn target(folder: &Path, shown: &str, name: &str) -> Result<PathBuf> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) => Ok(folder.join(name)),
        _ => Err(failed(format!(
            "Invalid package name '{name}': resolves outside of the packages-install-path \
             ('{shown}')"
        ))),
    }
}

fn place(package: &Pinned, target: &Path, fetcher: &Fetcher<'_>) -> Result<()> {
    remove(target)?;
    let source = fetcher.folder(package)?;
    if let Pinned::Local { .. } = package {
        fetcher.options.sink.emit(events::linking());
        let real = source.canonicalize().unwrap_or_else(|_| source.clone());
        if std::os::unix::fs::symlink(&real, target).is_ok() {
            return Ok(());
        }
        return copy(&source, target);
    }
    match std::fs::rename(&source, target) {
        Ok(()) => Ok(()),
        // The folder of downloads may be on another file system.
        Err(_) => copy(&source, target),
    }
}

/// Removes a folder, or a link to one without what it leads to.
fn remove(path: &Path) -> Result<()> {
    let Ok(about) = path.symlink_metadata() else { return Ok(()) };
    let removed =
        if about.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.map_err(|error| Diagnostic::io(path, &error))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.map_err(|error| failed(error.to_string()))?;
        let relative = entry.path().strip_prefix(from).unwrap_or(entry.path());
        let target = to.join(relative);
        let done = if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)
        } else if entry.file_type().is_file() {
            std::fs::copy(entry.path(), &target).map(drop)
        } else {
            Ok(())
        };
        done.map_err(|error| Diagnostic::io(&target, &error))?;
    }
    Ok(())
}

/// The name that `deps` shows.
fn label(package: &Pinned) -> String {
    match package {
        Pinned::Local { path } => path.clone(),
        Pinned::Git { unrendered, subdirectory, .. } => match subdirectory {
            Some(folder) => format!("{unrendered}/{folder}"),
            None => unrendered.clone(),
        },
        Pinned::Tarball { name, .. } => name.clone(),
        Pinned::Hub { package, .. } => package.clone(),
    }
}

fn version(package: &Pinned) -> String {
    match package {
        Pinned::Local { path } => format!("<local @ {path}>"),
        Pinned::Git { revision, .. } if revision == "HEAD" => "HEAD (default revision)".to_owned(),
        Pinned::Git { revision, .. } => format!("revision {revision}"),
        Pinned::Tarball { url, .. } => format!("tarball (url: {url})"),
        Pinned::Hub { version, .. } => format!("version {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        let folder = Path::new("/p/dbt_packages");
        assert_eq!(target(folder, "x", "utils").unwrap(), Path::new("/p/dbt_packages/utils"));
        for name in ["..", "../x", "/etc", "a/b", "", "."] {
            let error = target(folder, "dbt_packages", name).unwrap_err();
            assert!(error.message.contains("resolves outside"), "{name}");
        }
    }
}
