//! Where compiled and executed SQL is written.

use crate::diagnostic::{Diagnostic, Result};
use crate::event_time::Batch;
use crate::manifest::Node;
use crate::project::Workspace;
use std::io::ErrorKind;

/// dbt's place of a node's SQL under the target folder: `subfolder` is `compiled` or `run`.
/// A node that has its file to itself is written under the file's path; of several nodes in
/// one file (generic tests) each is written below it. A batch is written into a folder with the
/// model's name.
pub fn target_path(target: &str, subfolder: &str, node: &Node, batch: Option<Batch>) -> String {
    let (path, file) = (&node.path, &node.original_file_path);
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let target = target.trim_end_matches('/');
    let package = &node.package_name;
    let path = if name(path) == name(file) {
        format!("{target}/{subfolder}/{package}/{file}")
    } else {
        format!("{target}/{subfolder}/{package}/{file}/{path}")
    };
    match batch {
        None => path,
        Some(batch) => {
            let (folder, extension) = path.rsplit_once('.').unwrap_or((&path, "sql"));
            format!("{folder}/{}_{}.{extension}", name(folder), batch.name())
        }
    }
}

/// Writes a file at a path relative to the project's root, with its folders. Secrets in it are
/// scrubbed: only the server gets them.
///
/// # Errors
/// The file cannot be written.
pub fn write(workspace: &Workspace, path: &str, text: &str) -> Result<()> {
    let file = workspace.root.root.join(path);
    let secrets = workspace.env.secrets();
    let text = secrets.scrub(text);
    // Emptying a file and writing it again costs more than a look, and most runs change nothing.
    if std::fs::read(&file).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let write = || std::fs::write(&file, text.as_ref());
    // The folder is there, but for the first file.
    let written = write().or_else(|error| match file.parent() {
        Some(folder) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(folder).and_then(|()| write())
        }
        _ => Err(error),
    });
    written.map_err(|error| Diagnostic::io(&file, &error))
}
