//! The folders of `asset-paths`, which go beside the site
//! (<https://docs.getdbt.com/reference/project-configs/asset-paths>).

use crate::diagnostic::{Diagnostic, Result};
use crate::project::Project;
use std::fs;
use std::path::{Component, Path};
use walkdir::WalkDir;

/// Copies the folders that exist to `target`, in place of those of before.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy(project: &Project, target: &Path) -> Result<()> {
    // A path such as `../images` would be written outside of the target.
    let inside = |path: &&String| {
        Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
    };
    for path in project.paths.assets.iter().filter(inside) {
        let (from, to) = (project.root.join(path), target.join(path));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(|error| Diagnostic::io(to, &error))?;
    }
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(from).to_path_buf();
            Diagnostic::io(&path, &error.into())
        })?;
        let path = entry.path();
        let target = to.join(path.strip_prefix(from).unwrap_or(path));
        let copied = if entry.file_type().is_dir() {
            fs::create_dir_all(&target)
        } else {
            fs::copy(path, &target).map(|_| ())
        };
        copied.map_err(|error| Diagnostic::io(&target, &error))?;
    }
    Ok(())
}
