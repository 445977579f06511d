//! Paths as texts.

use std::path::{Component, Path, PathBuf};

/// The path without `.` and `..`, so that comparing beginnings is safe. Links are not
/// followed.
pub fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normalized.pop();
            }
            part => normalized.push(part),
        }
    }
    normalized
}
