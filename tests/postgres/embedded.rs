//! The embedded server: first start, reuse, sharing, crashes, odd paths.

use std::fs;
use std::path::Path;
use std::process::Command;

use gdbt::embedded::{EmbeddedOptions, Identity, Server, Step, Stopped, ensure, status, stop};
use gdbt::postgres::{Connection, Error};

use crate::database::{options, value};

fn start(options: &EmbeddedOptions) -> Server {
    ensure(options, &mut |_| {}).unwrap()
}

fn kill(pid: i32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

/// Makes a table that shows whether the data outlives a restart.
fn remember(server: &Server) {
    let mut connection = Connection::connect(&server.connect_options()).unwrap();
    connection.query("create table memory as select 7 as x").unwrap();
    connection.query("checkpoint").unwrap();
}

fn remembers(server: &Server) -> bool {
    let mut connection = Connection::connect(&server.connect_options()).unwrap();
    value(&mut connection, "select x from memory").as_deref() == Some("7")
}

#[test]
fn a_first_start_makes_the_cluster_and_the_last_user_stops_it() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    assert_eq!(status(&options).unwrap(), None);
    assert_eq!(stop(&options).unwrap(), Stopped::NotRunning);

    let mut steps = Vec::new();
    let server = ensure(&options, &mut |step| steps.push(step)).unwrap();
    assert!(steps.ends_with(&[Step::Initialising, Step::Starting]), "{steps:?}");
    assert!(server.started_by_us);
    assert!(server.data_dir.join("PG_VERSION").exists());
    remember(&server);
    let shown = status(&options).unwrap().unwrap();
    assert_eq!((shown.url, shown.kept), (server.url(), false));
    let mut connection = Connection::connect(&server.connect_options()).unwrap();
    assert_eq!(value(&mut connection, "show server_encoding").as_deref(), Some("UTF8"));
    assert_eq!(value(&mut connection, "show listen_addresses").as_deref(), Some(""));

    // Another database is made when it is asked for.
    let named = EmbeddedOptions { database: Some("my db".to_owned()), ..options.clone() };
    let other = start(&named);
    assert!(other.url().contains("@/my%20db?"));
    let mut in_other = Connection::connect(&other.connect_options()).unwrap();
    assert_eq!(value(&mut in_other, "select current_database()").as_deref(), Some("my db"));
    assert!(!other.close().unwrap());

    // A second user keeps it up, also when the one that started it ends first.
    let second = start(&options);
    assert!(!second.started_by_us);
    assert!(!server.close().unwrap());
    assert!(remembers(&second));
    assert_eq!(stop(&options).unwrap(), Stopped::AfterLastUser);
    assert!(second.close().unwrap());
    assert_eq!(status(&options).unwrap(), None);
    let error = connection.query("select 1").unwrap_err();
    assert!(matches!(error, Error::Lost { .. }), "{error}");

    let third = start(&options);
    assert!(third.started_by_us && remembers(&third));
}

#[test]
fn a_kept_server_stays_until_it_is_stopped() {
    let home = tempfile::tempdir().unwrap();
    let once = options(home.path());
    let keep = EmbeddedOptions { keep: true, ..once.clone() };
    assert!(!start(&keep).close().unwrap());
    assert!(status(&once).unwrap().unwrap().kept);
    assert!(!start(&once).close().unwrap());
    assert_eq!(stop(&once).unwrap(), Stopped::Now);
    assert_eq!(status(&once).unwrap(), None);
}

#[test]
fn many_users_at_once_share_one_server() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let servers: Vec<Server> = std::thread::scope(|scope| {
        let users: Vec<_> = (0..6).map(|_| scope.spawn(|| start(&options))).collect();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    assert_eq!(servers.iter().filter(|server| server.started_by_us).count(), 1);
    let stopped = servers.into_iter().map(|server| server.close().unwrap());
    assert_eq!(stopped.collect::<Vec<_>>(), [false, false, false, false, false, true]);
}

#[test]
fn a_killed_server_recovers() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let server = start(&options);
    remember(&server);
    kill(status(&options).unwrap().unwrap().pid);
    let again = start(&options);
    assert!(again.started_by_us && remembers(&again));
    drop(server);
    assert!(remembers(&again));
}

#[test]
fn a_process_number_taken_by_another_program_is_no_server() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let server = start(&options);
    remember(&server);
    let pid_file = server.data_dir.join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    assert!(server.close().unwrap());
    // As after a reboot: the file is there, and its process is something else.
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).unwrap();
    assert_eq!(status(&options).unwrap(), None);
    assert!(remembers(&start(&options)));
}

#[test]
fn an_interrupted_initialisation_is_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let half = home.path().join(".gdbt/postgres/data.new/base");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("rubbish"), "x").unwrap();
    let server = start(&options(home.path()));
    assert!(!server.data_dir.join("base/rubbish").exists());
}

#[test]
fn any_project_path_will_do() {
    let home = tempfile::tempdir().unwrap();
    let long = "a long name/".repeat(20);
    for name in ["with space", "Ünïcødé 数据", "quote'\"$x", &long] {
        let root = home.path().join(name);
        fs::create_dir_all(&root).unwrap();
        let server = start(&options(&root));
        assert!(server.data_dir.starts_with(root.canonicalize().unwrap()));
        let psql = Command::new("psql").args(["-Atc", "select 1", &server.url()]).output();
        if let Ok(output) = psql {
            assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
        }
    }
}

#[test]
fn root_can_run_it_as_another_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // A private project cannot be reached by the other user; an open one can.
    for mode in [0o700, 0o755] {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
        let identity = Some(Identity::Other { uid: 65534, gid: 65534 });
        let options = EmbeddedOptions { identity, ..options(home.path()) };
        let server = start(&options);
        remember(&server);
        let inside = server.data_dir.starts_with(home.path().canonicalize().unwrap());
        assert_eq!(inside, mode == 0o755);
        let place = server.data_dir.parent().unwrap().to_owned();
        assert!(server.close().unwrap());
        let again = start(&options);
        assert!(remembers(&again));
        drop(again);
        fs::remove_dir_all(place).unwrap();
    }
}

#[test]
fn wrong_programs_are_refused_with_advice() {
    let home = tempfile::tempdir().unwrap();
    let base = options(home.path());
    let empty = EmbeddedOptions { bin_dir: Some("/nonexistent".into()), ..base.clone() };
    let error = ensure(&empty, &mut |_| {}).unwrap_err();
    assert_eq!(error.code.as_str(), "GD5001");
    assert!(error.help.unwrap().contains("GDBT_POSTGRES_BIN"));

    let ancient = EmbeddedOptions { version: Some(9), bin_dir: None, ..base.clone() };
    let error = ensure(&ancient, &mut |_| {}).unwrap_err();
    assert_eq!(error.code.as_str(), "GD5001");
    assert!(error.message.contains("PostgreSQL 9"));

    drop(start(&base));
    let other = EmbeddedOptions { version: Some(9), ..base };
    let error = ensure(&other, &mut |_| {}).unwrap_err();
    assert!(error.message.contains("version 9 is asked for"));
}

#[test]
fn damaged_data_is_reported_with_the_servers_log() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let data = {
        let server = start(&options);
        server.data_dir.clone()
    };
    fs::write(data.join("postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let error = ensure(&options, &mut |_| {}).unwrap_err();
    assert_eq!(error.code.as_str(), "GD5002");
    assert!(error.message.contains("no_such_setting"), "{}", error.message);
    assert!(Path::new(&data).exists());
}
