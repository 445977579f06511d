//! Other processes: this test program, run again with a task in its environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gdbt::embedded::{ensure, status};
use gdbt::postgres::Connection;

use crate::database::{Database, options, value};

const ROOT: &str = "GDBT_TEST_CHILD_ROOT";

/// Runs in the other process: uses the server of a project, says so, and waits to be told.
#[test]
#[ignore = "only the other tests start it"]
fn task() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let server = ensure(&options(Path::new(&root)), &mut |_| {}).unwrap();
    let database = std::env::var("GDBT_TEST_CHILD_DATABASE");
    let mut options = server.connect_options();
    options.database = database.clone().unwrap_or(options.database);
    let mut connection = Connection::connect(&options).unwrap();
    std::io::stdout().write_all(b"\nready\n").unwrap();
    if database.is_ok() {
        connection.query("select 'slow', pg_sleep(600)").unwrap();
    }
    let _ = std::io::stdin().read(&mut [0]);
    server.close().unwrap();
}

/// Starts the other process and waits until it uses the server.
fn start(root: &Path, database: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "child::task"]).env(ROOT, root);
    if let Some(database) = database {
        command.env("GDBT_TEST_CHILD_DATABASE", database);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "ready"));
    child
}

#[test]
fn processes_share_a_server_and_the_last_one_stops_it() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let mut first = start(home.path(), None);
    let mut second = start(home.path(), None);
    // The one that started the server is killed; the other does not notice.
    first.kill().unwrap();
    first.wait().unwrap();
    let ours = ensure(&options, &mut |_| {}).unwrap();
    assert!(!ours.started_by_us);
    assert!(!ours.close().unwrap());
    drop(second.stdin.take());
    assert!(second.wait().unwrap().success());
    assert_eq!(status(&options).unwrap(), None);
}

#[test]
fn a_server_left_by_a_killed_process_is_used_and_stopped() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let mut child = start(home.path(), None);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(status(&options).unwrap().is_some());
    let server = ensure(&options, &mut |_| {}).unwrap();
    assert!(!server.started_by_us);
    assert!(server.close().unwrap());
}

#[test]
fn what_a_killed_process_ran_stops_on_the_server() {
    let database = Database::new();
    let mut connection = database.connect();
    if connection.server_version() < 140_000 {
        return;
    }
    let mut child = start(&Database::root(), Some(&database.options.database));
    let running = "select count(*) from pg_stat_activity where query like 'select ''slow''%' \
                   and datname = current_database() and state = 'active'";
    let wait_for = |connection: &mut Connection, count: &str| {
        let begun = Instant::now();
        while value(connection, running).as_deref() != Some(count) {
            assert!(begun.elapsed() < Duration::from_secs(30), "still not {count}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait_for(&mut connection, "1");
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for(&mut connection, "0");
}
