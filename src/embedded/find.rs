//! Finding the server's programs on this machine.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::diagnostic::{Code, Diagnostic, Result};

/// The oldest major version gdbt works with.
pub(super) const OLDEST: u32 = 13;

/// The server's programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The directory with `initdb` and `postgres`.
    pub bin_dir: PathBuf,
    /// The major version.
    pub major: u32,
}

impl Programs {
    /// The programs in a directory, if they are there, run, and are not too old.
    pub(super) fn at(bin_dir: &Path) -> Option<Self> {
        let postgres = bin_dir.join("postgres");
        if !postgres.is_file() || !bin_dir.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(postgres).arg("--version").stdin(Stdio::null()).output().ok()?;
        let major = major_version(std::str::from_utf8(&output.stdout).ok()?)?;
        (major >= OLDEST).then(|| Self { bin_dir: bin_dir.to_owned(), major })
    }

    /// The path of a program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }
}

/// The major version in the output of `postgres --version`.
fn major_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    number.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}

/// Programs in the directory the user named. It is an error if they are not there.
pub(super) fn explicit(bin_dir: &Path, version: Option<u32>) -> Result<Programs> {
    let programs = Programs::at(bin_dir).ok_or_else(|| {
        Diagnostic::new(
            Code::ServerMissing,
            format!(
                "No PostgreSQL server programs of version {OLDEST} or newer in {}.",
                bin_dir.display()
            ),
        )
        .with_help("GDBT_POSTGRES_BIN must name the directory that holds initdb and postgres.")
    })?;
    match version {
        Some(wanted) if wanted != programs.major => Err(Diagnostic::new(
            Code::ServerMissing,
            format!(
                "The programs in {} are PostgreSQL {}, but version {wanted} is needed.",
                bin_dir.display(),
                programs.major
            ),
        )),
        _ => Ok(programs),
    }
}

/// Programs on the search path, where `pg_config` points, or at a distribution's usual
/// place. Of the last, the newest version wins.
pub(super) fn installed(search_path: Option<&OsStr>, version: Option<u32>) -> Option<Programs> {
    let fits = |programs: &Programs| version.is_none_or(|wanted| wanted == programs.major);
    let on_path = search_path.map(std::env::split_paths).into_iter().flatten();
    let first = on_path.chain(pg_config()).find_map(|dir| Programs::at(&dir).filter(fits));
    first.or_else(|| {
        let mut places = usual_places();
        places.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        places.into_iter().find_map(|(_, dir)| Programs::at(&dir).filter(fits))
    })
}

fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output().ok()?;
    Some(PathBuf::from(std::str::from_utf8(&output.stdout).ok()?.trim()))
}

/// Directories by pattern `<parent>/<prefix><version><suffix>`.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/lib64", "pgsql", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/Library/PostgreSQL", "", "bin"),
];

fn usual_places() -> Vec<(u32, PathBuf)> {
    let mut found: Vec<(u32, PathBuf)> =
        ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"]
            .map(|dir| (0, PathBuf::from(dir)))
            .into();
    for (parent, prefix, suffix) in PLACES {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(version) = name.to_str().and_then(|name| name.strip_prefix(prefix)) else {
                continue;
            };
            let digits = version.split('.').next().unwrap_or(version);
            if let Ok(version) = digits.parse() {
                found.push((version, entry.path().join(suffix)));
            }
        }
    }
    found
}

/// Nothing was found and nothing could be fetched.
pub(super) fn missing(version: Option<u32>, why_not_fetched: &str) -> Box<Diagnostic> {
    let what = match version {
        Some(version) => format!("PostgreSQL {version}"),
        None => format!("PostgreSQL {OLDEST} or newer"),
    };
    Diagnostic::new(
        Code::ServerMissing,
        format!(
            "No server programs (initdb, postgres) of {what} were found on PATH, through \
             pg_config or at the usual places, and they could not be fetched: {why_not_fetched}"
        ),
    )
    .with_help(
        "Install the server (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install \
         postgresql-server; Alpine: apk add postgresql; macOS: brew install postgresql), or \
         npm, with which gdbt fetches it, or set GDBT_POSTGRES_BIN to the directory that holds \
         initdb and postgres, or use a database of your own through profiles.yml.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_programs_own_words() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("something else"), None);
    }
}
