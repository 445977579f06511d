//! A database of its own for each test, on the embedded server that all tests share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gdbt::embedded::{EmbeddedOptions, Server, ensure};
use gdbt::postgres::{ConnectOptions, Connection};

/// The options for an embedded server of `root`. `GDBT_TEST_POSTGRES_VERSION` chooses the
/// major version.
pub fn options(root: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        project_root: root.to_owned(),
        bin_dir: std::env::var_os("GDBT_POSTGRES_BIN").map(Into::into),
        version: std::env::var("GDBT_TEST_POSTGRES_VERSION").ok().and_then(|v| v.parse().ok()),
        search_path: std::env::var_os("PATH"),
        cache_dir: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs")),
        ..EmbeddedOptions::default()
    }
}

/// A fresh database; dropped with the value.
pub struct Database {
    pub options: ConnectOptions,
    server: Server,
}

impl Database {
    /// The project whose server all tests share.
    pub fn root() -> PathBuf {
        let version = std::env::var("GDBT_TEST_POSTGRES_VERSION").unwrap_or_default();
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shared{version}"))
    }

    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let root = Self::root();
        std::fs::create_dir_all(&root).unwrap();
        let server = ensure(&options(&root), &mut |_| {}).unwrap();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        Connection::connect(&server.connect_options())
            .unwrap()
            .query(&format!("create database {name}"))
            .unwrap();
        Self { options: ConnectOptions { database: name, ..server.connect_options() }, server }
    }

    pub fn connect(&self) -> Connection {
        Connection::connect(&self.options).unwrap()
    }

    /// Waits until so many sessions run a query like this one.
    pub fn wait_for_sessions(&self, query: &str, count: usize) {
        let sql = format!(
            "select count(*) = {count} from pg_stat_activity where state = 'active' and \
             pid <> pg_backend_pid() and datname = current_database() and query like '{query}'"
        );
        wait_until_true(&mut self.connect(), &sql);
    }

    /// Ends a session from outside, and waits until it is gone.
    pub fn terminate(&self, process: i32) {
        let mut admin = self.connect();
        admin.query(&format!("select pg_terminate_backend({process})")).unwrap();
        let gone = format!("select count(*) = 0 from pg_stat_activity where pid = {process}");
        wait_until_true(&mut admin, &gone);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("drop database {} with (force)", self.options.database);
        let _ = Connection::connect(&self.server.connect_options()).map(|mut c| c.query(&drop));
    }
}

/// Asks until the answer is yes; fails after a time that only a defect takes.
pub fn wait_until_true(connection: &mut Connection, sql: &str) {
    let begun = Instant::now();
    while value(connection, sql).as_deref() != Some("t") {
        assert!(begun.elapsed() < Duration::from_mins(1), "still not so: {sql}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The first value of the first row of a query.
pub fn value(connection: &mut Connection, sql: &str) -> Option<String> {
    let set = connection.query(sql).unwrap().into_last()?;
    set.rows.get(0, 0).map(str::to_owned)
}
