//! Under whose identity the server's programs run. PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::diagnostic::{Code, Diagnostic, Result};

/// How to run the server's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// As the current user.
    Own,
    /// In a user namespace without a mapping (`unshare --user`). There root looks like
    /// nobody to the programs, while its files stay its own.
    Namespace,
    /// As another user, which then owns the data.
    Other {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl Identity {
    /// The one that fits the current user and machine.
    pub(super) fn choose() -> Result<Self> {
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            // initdb asks for the user's name. Containers often run as a user without one.
            let named = has_entry(&passwd, uid.as_raw()) || succeeds("id", &["-un"]);
            return Ok(if named || !can_unshare() { Self::Own } else { Self::Namespace });
        }
        if can_unshare() {
            return Ok(Self::Namespace);
        }
        match find_user(&passwd, "postgres").or_else(|| find_user(&passwd, "nobody")) {
            Some((uid, gid)) => Ok(Self::Other { uid, gid }),
            None => Err(Diagnostic::new(
                Code::ServerFailed,
                "PostgreSQL does not run as root, and there is neither a way to make a user \
                 namespace nor a user `postgres` or `nobody` to run it as.",
            )
            .with_help("Run gdbt as an ordinary user, or add a user `postgres`.")),
        }
    }

    /// A command that runs `program` under this identity, free of PostgreSQL's own
    /// environment variables.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = match self {
            Self::Own => Command::new(program),
            Self::Namespace => {
                let mut command = Command::new("unshare");
                command.arg("--user").arg(program);
                command
            }
            Self::Other { uid, gid } => {
                let mut command = Command::new(program);
                command.uid(uid).gid(gid);
                command
            }
        };
        for name in ["PGDATA", "PGHOST", "PGPORT", "PGOPTIONS", "PGUSER", "PGDATABASE", "PGTZ"] {
            command.env_remove(name);
        }
        // The caller's directory may be closed to the other user.
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// Gives a path to the user the programs run as.
    pub(super) fn own(self, path: &Path) -> Result<()> {
        match self {
            Self::Own | Self::Namespace => Ok(()),
            Self::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(|error| Diagnostic::io(path, &error))
            }
        }
    }

    /// Whether the programs can reach what lies below a directory.
    pub(super) fn reaches(self, directory: &Path) -> bool {
        let Self::Other { uid, .. } = self else { return true };
        directory.ancestors().all(|ancestor| {
            fs::metadata(ancestor).is_ok_and(|found| {
                found.mode() & 0o001 != 0 || (found.uid() == uid && found.mode() & 0o100 != 0)
            })
        })
    }
}

fn can_unshare() -> bool {
    succeeds("unshare", &["--user", "true"])
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether the text of `/etc/passwd` has a line for a user id.
fn has_entry(passwd: &str, uid: u32) -> bool {
    let uid = uid.to_string();
    passwd.lines().any(|line| line.split(':').nth(2) == Some(&uid))
}

/// The ids of a user in the text of `/etc/passwd`.
fn find_user(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres:x:70:71::/var/lib:/bin/sh\n";
        assert_eq!(find_user(passwd, "postgres"), Some((70, 71)));
        assert_eq!(find_user(passwd, "nobody"), None);
        assert!(has_entry(passwd, 70) && !has_entry(passwd, 7));
    }
}
