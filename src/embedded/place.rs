//! Where a project's server keeps its things, and the locks its users share.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::identity::Identity;
use crate::diagnostic::{Code, Diagnostic, Result};

/// The directory of a project's server. It holds
/// - `data`: the cluster; it appears by renaming, so it is always complete,
/// - `server.log` and `server.log.1`: the log of this start and the one before,
/// - `lock`: held exclusively by whoever makes, starts or stops the server,
/// - `users`: held shared by every process that uses it,
/// - `keep`: there when the server is to stay up without users.
#[derive(Debug, Clone)]
pub(super) struct Place {
    dir: PathBuf,
    pub(super) identity: Identity,
}

impl Place {
    /// The place of a project's server: `.gdbt/postgres` in the project, or, where the user
    /// that runs the server cannot reach into the project, a directory in `/var/tmp`.
    pub(super) fn of(project_root: &Path, identity: Identity) -> Result<Self> {
        let root =
            project_root.canonicalize().map_err(|error| Diagnostic::io(project_root, &error))?;
        let dir = if identity.reaches(&root) {
            root.join(".gdbt/postgres")
        } else {
            PathBuf::from(format!("/var/tmp/gdbt-{}", fingerprint(&root)))
        };
        Ok(Self { dir, identity })
    }

    /// Makes the directory.
    pub(super) fn create(&self) -> Result<()> {
        let io = |error| Diagnostic::io(&self.dir, &error);
        if self.dir.starts_with("/var/tmp") {
            return make_private(&self.dir, 0o711)?.then_some(()).ok_or_else(|| {
                Diagnostic::new(
                    Code::ServerFailed,
                    format!("{} belongs to somebody else.", self.dir.display()),
                )
            });
        }
        fs::create_dir_all(&self.dir).map_err(io)?;
        if let Some(parent) = self.dir.parent() {
            if let Identity::Other { .. } = self.identity {
                // The umask may have closed them to the user that runs the server.
                for dir in [parent, &self.dir] {
                    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).map_err(io)?;
                }
            }
            // Nothing below belongs into version control.
            let ignore = parent.join(".gitignore");
            if !ignore.exists() {
                fs::write(&ignore, "*\n").map_err(|error| Diagnostic::io(&ignore, &error))?;
            }
        }
        Ok(())
    }

    /// Whether the place has been made.
    pub(super) fn exists(&self) -> bool {
        self.dir.is_dir()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Waits until nobody else makes, starts or stops the server, and keeps others from it
    /// until the file is dropped.
    pub(super) fn lock(&self) -> Result<File> {
        let file = self.open("lock")?;
        file.lock().map_err(|error| Diagnostic::io(&self.dir.join("lock"), &error))?;
        Ok(file)
    }

    /// Registers as a user of the server until the file is dropped. Hold the lock.
    pub(super) fn join_users(&self) -> Result<File> {
        let file = self.open("users")?;
        file.lock_shared().map_err(|error| Diagnostic::io(&self.dir.join("users"), &error))?;
        Ok(file)
    }

    /// Whether no process uses the server. Hold the lock, and no membership of `users`.
    pub(super) fn is_unused(&self) -> Result<bool> {
        match self.open("users")?.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(Diagnostic::io(&self.dir.join("users"), &error)),
        }
    }

    fn open(&self, name: &str) -> Result<File> {
        let path = self.dir.join(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Diagnostic::io(&path, &error))
    }

    /// Whether the server is to stay up without users.
    pub(super) fn is_kept(&self) -> bool {
        self.dir.join("keep").exists()
    }

    /// Sets whether the server is to stay up without users.
    pub(super) fn set_kept(&self, kept: bool) -> Result<()> {
        let path = self.dir.join("keep");
        let outcome = match kept {
            true => fs::write(&path, ""),
            false if path.exists() => fs::remove_file(&path),
            false => Ok(()),
        };
        outcome.map_err(|error| Diagnostic::io(&path, &error))
    }

    /// A private directory for the socket, short enough for a socket address (107 bytes).
    pub(super) fn socket_dir(&self) -> Result<PathBuf> {
        let uid = rustix::process::geteuid().as_raw();
        let name = format!("/tmp/gdbt-{uid}-{}", fingerprint(&self.dir));
        // Somebody else may have taken the name; then another one does.
        for suffix in 0..100 {
            let dir = match suffix {
                0 => PathBuf::from(&name),
                _ => PathBuf::from(format!("{name}-{suffix}")),
            };
            let usable = match self.identity {
                Identity::Own | Identity::Namespace => make_private(&dir, 0o700)?,
                Identity::Other { uid, .. } => {
                    // It may be given away already by an earlier start.
                    dir.symlink_metadata().is_ok_and(|found| found.is_dir() && found.uid() == uid)
                        || make_private(&dir, 0o700)?
                }
            };
            if usable {
                self.identity.own(&dir)?;
                return Ok(dir);
            }
        }
        Err(Diagnostic::new(Code::ServerFailed, format!("{name} belongs to somebody else.")))
    }
}

/// Makes a directory of our own, or accepts it when it is one. `false` when the name is
/// taken by something that is not ours.
fn make_private(dir: &Path, mode: u32) -> Result<bool> {
    let io = |error| Diagnostic::io(dir, &error);
    match DirBuilder::new().mode(mode).create(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(error)),
        _ => {}
    }
    let found = dir.symlink_metadata().map_err(io)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    // The mode of an old one, or one cut by the umask.
    fs::set_permissions(dir, fs::Permissions::from_mode(mode)).map_err(io)?;
    Ok(true)
}

/// A short name for a path.
fn fingerprint(path: &Path) -> String {
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let short = hash.iter().take(6).fold(0_u64, |short, byte| short << 8 | u64::from(*byte));
    format!("{short:012x}")
}
