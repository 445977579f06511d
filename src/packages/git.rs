//! Git repositories, through the git program.

use super::events;
use super::failed;
use crate::diagnostic::{Diagnostic, Result};
use crate::event::Sink;
use crate::project::secret::Secrets;
use std::path::Path;
use std::process::{Command, Stdio};

/// Protocols that git may use; `ext::` and its like run programs.
const PROTOCOLS: &str = "file:git:http:https:ssh";

/// Checks repositories out.
pub(super) struct Git<'a> {
    pub(super) sink: &'a dyn Sink,
    pub(super) secrets: &'a Secrets,
}

impl Git<'_> {
    /// Clones a repository into a new folder, checks a revision out and gives its commit.
    /// A subdirectory is fetched alone.
    pub(super) fn checkout(
        &self,
        url: &str,
        revision: &str,
        subdirectory: Option<&str>,
        into: &Path,
    ) -> Result<String> {
        let bad = |what: &str, value: &str| {
            let value = self.secrets.scrub(value);
            failed(format!("'{value}' is not a valid git {what}"))
        };
        // Git would take these for options.
        if url.starts_with('-') || url.is_empty() {
            return Err(bad("URL", url));
        }
        if revision.starts_with('-') || revision.is_empty() {
            return Err(bad("revision", revision));
        }
        let parent = into.parent().unwrap_or(into);
        let mut clone = vec!["clone", "--depth", "1"];
        if subdirectory.is_some() {
            clone.extend(["--filter=blob:none", "--sparse"]);
        }
        let target = into.to_string_lossy().into_owned();
        clone.extend(["--", url, &target]);
        let spec = |error: String| self.broken(url, revision, &error);
        run(parent, &clone).map_err(|error| self.broken(url, "None", &error))?;
        if let Some(folder) = subdirectory {
            run(into, &["sparse-checkout", "set", "--", folder]).map_err(spec)?;
        }
        self.sink.emit(events::checking_out(revision));
        if revision != "HEAD" {
            fetch(into, revision).map_err(spec)?;
        }
        let sha = run(into, &["rev-parse", "HEAD"]).map_err(spec)?.trim().to_owned();
        self.sink.emit(events::checked_out(&sha));
        // What git noted down has the URL, and that may have a token.
        let notes = into.join(".git");
        std::fs::remove_dir_all(&notes).map_err(|error| Diagnostic::io(&notes, &error))?;
        Ok(sha)
    }

    fn broken(&self, url: &str, revision: &str, error: &str) -> Box<Diagnostic> {
        let message = format!("Error checking out spec='{revision}' for repo {url}\n{error}");
        failed(self.secrets.scrub(&message).into_owned())
    }
}

/// Gets a revision and puts the working tree there. Tags go before branches.
fn fetch(folder: &Path, revision: &str) -> Result<(), String> {
    let depth = ["fetch", "origin", "--depth", "1"];
    if is_commit(revision) {
        run(folder, &[&depth[..], &[revision]].concat())?;
        return run(folder, &["reset", "--hard", revision]).map(drop);
    }
    run(folder, &["remote", "set-branches", "origin", revision])?;
    run(folder, &[&depth[..], &["--tags", revision]].concat())?;
    let tags = run(folder, &["tag", "--list"])?;
    let is_tag = tags.lines().any(|tag| tag == revision);
    let spec = format!("{}/{revision}", if is_tag { "tags" } else { "origin" });
    run(folder, &["reset", "--hard", &spec]).map(drop)
}

fn is_commit(revision: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    revision.len() == 40 && revision.bytes().all(is_hex)
}

fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                "Make sure git is installed on your machine.".to_owned()
            }
            _ => format!("git: {error}"),
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
