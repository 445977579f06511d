//! Making, starting and stopping the cluster of a [`Place`]. The caller holds its lock.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::find::Programs;
use super::place::Place;
use super::postmaster::{Postmaster, disarm_stale};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::postgres::quote::identifier;
use crate::postgres::{ConnectCause, ConnectOptions, Connection, Error};

/// The cluster's superuser, and its database unless another is asked for.
pub(super) const NAME: &str = "gdbt";
/// TCP is off, so the port only names the socket.
pub(super) const PORT: u16 = 5432;
/// Longest time for a start, which may have to recover, or a stop, which writes data out.
const PATIENCE: Duration = Duration::from_mins(2);
const TICK: Duration = Duration::from_millis(5);

/// The cluster is for work that can be repeated: speed before durability.
const SETTINGS: &str = "
# Written by gdbt. The data can be rebuilt at any time, so nothing waits for the disk.
listen_addresses = ''
unix_socket_permissions = 0700
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '2GB'
jit = off
";

/// The major version of an existing cluster; `None` when there is none.
pub(super) fn existing_version(place: &Place) -> Result<Option<u32>> {
    let data = place.data();
    if !data.exists() {
        return Ok(None);
    }
    let path = data.join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(|error| Diagnostic::io(&path, &error))?;
    text.trim().parse().map(Some).map_err(|_| {
        Diagnostic::new(
            Code::ServerFailed,
            format!("{} is not the data of a PostgreSQL server.", data.display()),
        )
        .with_help("Remove the directory; gdbt makes a new one.")
    })
}

/// Makes the cluster with initdb, aside, so that an interrupted one leaves nothing behind
/// that could be taken for a cluster.
pub(super) fn create(place: &Place, programs: &Programs) -> Result<()> {
    let fresh = place.join("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|error| Diagnostic::io(&fresh, &error))?;
    }
    fs::create_dir(&fresh).map_err(|error| Diagnostic::io(&fresh, &error))?;
    place.identity.own(&fresh)?;
    // Not every system has C.UTF-8.
    if let Err(first) = initdb(place, programs, &fresh, "C.UTF-8") {
        initdb(place, programs, &fresh, "C").map_err(|_| first)?;
    }
    let settings = fresh.join("postgresql.conf");
    let written = fs::read_to_string(&settings)
        .and_then(|text| fs::write(&settings, format!("{text}{SETTINGS}")));
    written.map_err(|error| Diagnostic::io(&settings, &error))?;
    fs::rename(&fresh, place.data()).map_err(|error| Diagnostic::io(&fresh, &error))
}

fn initdb(place: &Place, programs: &Programs, data: &Path, locale: &str) -> Result<()> {
    let mut command = place.identity.command(&programs.program("initdb"));
    command
        .args(["--username", NAME, "--auth", "trust", "--encoding", "UTF8", "--no-sync"])
        .args(["--locale", locale, "--pgdata"])
        .arg(data);
    let output = command.output().map_err(|error| cannot_run(&command, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Diagnostic::new(
        Code::ServerFailed,
        format!("initdb could not make {}:\n{}", data.display(), stderr.trim()),
    ))
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Box<Diagnostic> {
    let program = command.get_program().to_string_lossy();
    Diagnostic::new(Code::ServerFailed, format!("{program} could not be run: {error}"))
}

/// How to connect to a database of the server of a socket directory.
pub(super) fn connect_options(socket_dir: &Path, port: u16, database: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(socket_dir.to_string_lossy(), port, NAME, database);
    options.retries = 0;
    options
}

/// What an attempt to connect found.
enum Answer {
    /// A session.
    Open(Box<Connection>),
    /// Not yet, or no longer.
    Busy,
    /// Nothing answers.
    Silent,
    /// Something that waiting does not mend.
    Failed(Box<Diagnostic>),
}

fn ask(options: &ConnectOptions) -> Answer {
    match Connection::connect(options) {
        Ok(connection) => Answer::Open(Box::new(connection)),
        Err(Error::Connect { cause: ConnectCause::Refused(refusal), message }) => {
            match refusal.sqlstate.as_str() {
                "57P03" => Answer::Busy,
                "3D000" => create_database(options),
                _ => Answer::Failed(Diagnostic::new(Code::ServerFailed, message)),
            }
        }
        Err(_) => Answer::Silent,
    }
}

/// Makes the database, which is not there at the first start or when it is newly asked for.
fn create_database(options: &ConnectOptions) -> Answer {
    let admin = ConnectOptions { database: "postgres".to_owned(), ..options.clone() };
    let create = format!("create database {}", identifier(&options.database));
    let made = Connection::connect(&admin).and_then(|mut connection| connection.query(&create));
    match made {
        Ok(_) => ask(options),
        Err(error) => Answer::Failed(error.into_diagnostic()),
    }
}

/// The running server and a session with it; `None` when no server runs or it is past use.
/// Waits for one that is starting, and stops one whose socket is gone.
pub(super) fn find_running(
    place: &Place,
    database: &str,
) -> Result<Option<(Postmaster, Connection)>> {
    let start = Instant::now();
    while let Some(server) = Postmaster::running(&place.data()) {
        match ask(&connect_options(&server.socket_dir, server.port, database)) {
            Answer::Open(connection) => return Ok(Some((server, *connection))),
            Answer::Failed(diagnostic) => return Err(diagnostic),
            // A server without a socket (a cleaned /tmp, say) is of no use to anybody.
            Answer::Silent if start.elapsed() > Duration::from_secs(10) => {
                stop(place)?;
            }
            Answer::Busy | Answer::Silent => {}
        }
        if start.elapsed() > PATIENCE {
            return Err(Diagnostic::new(
                Code::ServerFailed,
                format!("The server does not answer. Its log: {}", place.log().display()),
            ));
        }
        sleep(TICK);
    }
    Ok(None)
}

/// Starts the server and waits until it takes connections.
pub(super) fn start(
    place: &Place,
    programs: &Programs,
    database: &str,
) -> Result<(Child, PathBuf, Connection)> {
    let socket_dir = place.socket_dir()?;
    disarm_stale(&place.data(), &socket_dir, PORT)?;
    let options = connect_options(&socket_dir, PORT, database);
    let begun = Instant::now();
    loop {
        let mut child = spawn(place, programs, &socket_dir)?;
        match wait_until_ready(place, &mut child, &options, begun) {
            Ok(Some(connection)) => return Ok((child, socket_dir, connection)),
            Ok(None) => sleep(Duration::from_millis(100)),
            Err(diagnostic) => {
                // Only succeeds when it is empty.
                let _ = fs::remove_dir(&socket_dir);
                return Err(diagnostic);
            }
        }
    }
}

fn spawn(place: &Place, programs: &Programs, socket_dir: &Path) -> Result<Child> {
    use std::os::unix::process::CommandExt;
    let path = place.log();
    let _ = fs::rename(&path, place.join("server.log.1"));
    let io = |error| Diagnostic::io(&path, &error);
    let log = File::create(&path).map_err(io)?;
    let mut command = place.identity.command(&programs.program("postgres"));
    command
        .arg("-D")
        .arg(place.data())
        .arg("-k")
        .arg(socket_dir)
        .args(["-p", &PORT.to_string()])
        .stdout(log.try_clone().map_err(io)?)
        .stderr(log)
        .stdin(Stdio::null())
        // A Ctrl-C at the terminal is for gdbt; the server goes on until gdbt stops it.
        .process_group(0);
    command.spawn().map_err(|error| cannot_run(&command, &error))
}

/// Waits for a started server. `None` when it could not start yet.
fn wait_until_ready(
    place: &Place,
    child: &mut Child,
    options: &ConnectOptions,
    begun: Instant,
) -> Result<Option<Connection>> {
    loop {
        match ask(options) {
            Answer::Open(connection) => return Ok(Some(*connection)),
            Answer::Failed(diagnostic) => {
                // The server runs, but is of no use: it must not stay.
                let _ = stop(place);
                let _ = child.wait();
                return Err(diagnostic);
            }
            Answer::Busy | Answer::Silent => {}
        }
        let ended = child.try_wait().map_err(|error| Diagnostic::io(&place.log(), &error))?;
        let log = || fs::read_to_string(place.log()).unwrap_or_default();
        if ended.is_some() {
            let log = log();
            if is_passing(&log) && begun.elapsed() < Duration::from_secs(30) {
                return Ok(None);
            }
            return Err(failed_to_start(place, &log));
        }
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed_to_start(place, &log()));
        }
        sleep(TICK);
    }
}

/// Whether a server could not start because a predecessor is still ending, or starting.
fn is_passing(log: &str) -> bool {
    ["pre-existing shared memory block", "lock file \""].iter().any(|text| log.contains(text))
}

fn failed_to_start(place: &Place, log: &str) -> Box<Diagnostic> {
    let mut message = "The server did not start. The end of its log:".to_owned();
    let lines: Vec<&str> = log.lines().collect();
    for line in &lines[lines.len().saturating_sub(10)..] {
        let _ = write!(message, "\n{line}");
    }
    Diagnostic::new(Code::ServerFailed, message).with_help(format!(
        "The whole log is in {}. If the data is damaged, remove {}; gdbt makes a new cluster.",
        place.log().display(),
        place.data().display()
    ))
}

/// Stops the server, ending its sessions; `false` when none runs. One that does not obey is
/// told again, without the writing out of data that a recovery can replace.
pub(super) fn stop(place: &Place) -> Result<bool> {
    let Some(server) = Postmaster::running(&place.data()) else { return Ok(false) };
    for (signal, patience) in [(Signal::INT, PATIENCE), (Signal::QUIT, Duration::from_secs(10))] {
        server.signal(signal);
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if Postmaster::running(&place.data()).is_none_or(|now| now.pid != server.pid) {
                // Only succeeds when it is empty.
                let _ = fs::remove_dir(&server.socket_dir);
                return Ok(true);
            }
            sleep(TICK);
        }
    }
    Err(Diagnostic::new(
        Code::ServerFailed,
        format!("The server (process {}) does not stop.", server.pid.as_raw_nonzero()),
    )
    .with_help(format!("Its log: {}", place.log().display())))
}
