//! Puts the commit into `gdbt --version` of a release that is built from a git checkout.

#![allow(clippy::print_stdout)] // How a build script speaks to cargo.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    // Other builds would be made anew after each commit.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if is_release { commit() } else { None };
    match commit {
        Some(commit) => println!("cargo:rustc-env=GDBT_VERSION={version} ({commit})"),
        None => println!("cargo:rustc-env=GDBT_VERSION={version}"),
    }
}

/// The commit that is checked out here; none where the sources are no checkout of their own.
fn commit() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join(".git").exists() {
        return None;
    }
    println!("cargo:rerun-if-changed={}", git(root, &["rev-parse", "--git-path", "logs/HEAD"])?);
    git(root, &["show", "--no-patch", "--format=%h %cs", "HEAD"])
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
