//! `password_command`: a program that prints a password, for logins with short-lived tokens
//! such as those of cloud providers. gdbt's own; dbt has no such key.

use crate::project::secret::Secret;
use std::process::{Command, Stdio};

/// Runs the program with `sh -c` and takes the first line that it prints.
///
/// # Errors
/// Why there is no password, in words. What the program printed to its standard output is
/// never part of them.
pub(super) fn run(command: &str) -> Result<Secret, String> {
    let output = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("password_command cannot be run: {error}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let told = told.lines().next().unwrap_or_default().trim().to_owned();
        let told = if told.is_empty() { String::new() } else { format!(": {told}") };
        return Err(format!("password_command ended with {}{told}", output.status));
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| "password_command printed something that is not text".to_owned())?;
    match text.lines().next().map(str::trim_end).filter(|line| !line.is_empty()) {
        Some(line) => Ok(Secret::from(line)),
        None => Err("password_command printed nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(run("printf 'token\\nmore\\n'").unwrap().expose(), "token");
    }

    #[test]
    fn a_failure_is_told_without_what_was_printed() {
        let error = run("echo hidden; echo no access >&2; exit 3").unwrap_err();
        assert!(error.contains("no access") && !error.contains("hidden"), "{error}");
        assert!(run("true").unwrap_err().contains("printed nothing"));
    }
}
