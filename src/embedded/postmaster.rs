//! `postmaster.pid`: what a running server says about itself, and whether it is true.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::diagnostic::{Diagnostic, Result};

/// A server process, as its `postmaster.pid` describes it
/// (`src/include/utils/pidfile.h` in PostgreSQL's sources).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: Pid,
    /// The data directory as the server was started with it.
    data: String,
    /// Seconds since 1970.
    pub(super) started_at: i64,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
}

impl Postmaster {
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: parse_pid(lines.first()?)?,
            data: (*lines.get(1)?).to_owned(),
            started_at: lines.get(2)?.parse().ok()?,
            port: lines.get(3)?.parse().ok()?,
            socket_dir: PathBuf::from(lines.get(4).filter(|dir| !dir.is_empty())?),
        })
    }

    /// The server of a data directory, if it runs. While it starts, its file is incomplete
    /// for a moment and it is not seen.
    pub(super) fn running(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(pid_file(data)).ok()?;
        Self::parse(&text).filter(|found| is_server(found.pid, &found.data))
    }

    pub(super) fn signal(&self, signal: Signal) {
        // It may be gone already, which is as good.
        let _ = kill_process(self.pid, signal);
    }
}

/// Disarms the lock files of a data and a socket directory whose process number is no server
/// any more but another program (after a reboot, in a new container) or a dead process that
/// nobody has collected. The server would refuse to start. The rest of a file stays: by it
/// the server finds out whether children of the old one still work on the data.
pub(super) fn disarm_stale(data: &Path, socket_dir: &Path, port: u16) -> Result<()> {
    disarm(&pid_file(data))?;
    disarm(&socket_dir.join(format!(".s.PGSQL.{port}.lock")))
}

fn disarm(path: &Path) -> Result<()> {
    /// Larger than any process number (Linux: 2^22).
    const NOBODY: &str = "99999999";
    let Ok(text) = fs::read_to_string(path) else { return Ok(()) };
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let data = rest.lines().next().unwrap_or_default();
    if !parse_pid(first).is_some_and(|pid| test_kill_process(pid).is_ok() && !is_server(pid, data))
    {
        return Ok(());
    }
    fs::write(path, format!("{NOBODY}\n{rest}")).map_err(|error| Diagnostic::io(path, &error))
}

/// A process number; negative ones stand for something else than a server.
fn parse_pid(text: &str) -> Option<Pid> {
    text.trim().parse().ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Whether a process is the PostgreSQL server of a data directory. One that is dead but not
/// yet collected by its parent is not: it has no command line any more.
fn is_server(pid: Pid, data: &str) -> bool {
    let pid = pid.as_raw_nonzero();
    let line = if Path::new("/proc/self").exists() {
        fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
    } else {
        let shown = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
        shown.map(|output| output.stdout).unwrap_or_default()
    };
    let line = String::from_utf8_lossy(&line);
    !data.is_empty() && line.contains("postgres") && line.contains(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "4242\n/x y/data\n1700000000\n5432\n/tmp/gdbt-0-ab\n\n 33 4\nready   \n";

    #[test]
    fn the_file_is_read() {
        let found = Postmaster::parse(FILE).unwrap();
        assert_eq!((found.pid.as_raw_nonzero().get(), found.port), (4242, 5432));
        assert_eq!(found.socket_dir, Path::new("/tmp/gdbt-0-ab"));
        assert_eq!(Postmaster::parse("4242\n/x\n"), None);
        assert_eq!(Postmaster::parse("-1\n/x\n1\n1\n/\n"), None);
    }

    #[test]
    fn a_number_reused_by_another_program_is_disarmed() {
        let home = tempfile::tempdir().unwrap();
        let path = pid_file(home.path());
        let own = std::process::id().to_string();
        fs::write(&path, FILE.replace("4242", &own)).unwrap();
        assert_eq!(Postmaster::running(home.path()), None);
        disarm(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), FILE.replace("4242", "99999999"));
    }
}
