//! A server that goes away: killed, restarted, or ending one session.

use rustix::process::Signal;

use crate::process::{Running, signal_process, wait_until};
use crate::project::{Project, Said};

const SLOW: &str = "{{ config(materialized='table') }}\n\
                    select 1 as x from pg_sleep({{ var('seconds', 0) }})";

/// A project that uses its own embedded server, kept up, with one model that can be slow.
struct Embedded(Project);

impl Embedded {
    fn new() -> Self {
        let project = Project::offline()
            .file(
                "profiles.yml",
                "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, embedded: true, schema: public}\n",
            )
            .file("models/slow.sql", SLOW)
            .file("models/after.sql", "select x + 1 as y from {{ ref('slow') }}");
        project.ok("db start");
        Self(project)
    }

    /// The server's process.
    fn server(&self) -> i32 {
        let said = self.0.ok("db status").stdout;
        let line = said.lines().find_map(|line| line.split_once("process ")).unwrap();
        line.1.trim().parse().unwrap()
    }

    /// A build that is in the middle of its slow model.
    fn start_slow(&self) -> Running {
        let mut running = Running::start(&self.0, "build --vars '{seconds: 600}'");
        running.wait_for("pg_sleep(600)");
        running
    }

    fn expect_good_build(&self) {
        let said = self.0.ok("build");
        assert!(said.stdout.contains("Done. PASS=2 "), "{}", said.stdout);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.0.run("db stop");
    }
}

/// The run failed, says why in one place, and left no panic.
fn expect_clear_failure(said: &Said) {
    let text = format!("{}{}", said.stdout, said.stderr);
    assert!(matches!(said.code, 1 | 2), "exit {}: {text}", said.code);
    assert!(text.contains("slow") && text.contains("connection"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_killed_server_is_recovered_by_the_next_run() {
    let embedded = Embedded::new();
    embedded.expect_good_build();
    // Between runs.
    signal_process(embedded.server(), Signal::KILL);
    embedded.expect_good_build();
    // In the middle of one.
    embedded.0.ok("db start");
    let running = embedded.start_slow();
    signal_process(embedded.server(), Signal::KILL);
    expect_clear_failure(&running.end());
    embedded.expect_good_build();
}

#[test]
fn a_server_that_shuts_down_fails_the_run_and_serves_the_next() {
    let embedded = Embedded::new();
    let running = embedded.start_slow();
    // PostgreSQL's fast shutdown, as a restart does it.
    signal_process(embedded.server(), Signal::INT);
    let said = running.end();
    expect_clear_failure(&said);
    assert!(said.stdout.contains("due to administrator command"), "{}", said.stdout);
    embedded.expect_good_build();
}

#[test]
fn a_terminated_session_fails_its_node_and_no_other() {
    let project = Project::new()
        .file("models/slow.sql", SLOW)
        .file("models/after.sql", "select x from {{ ref('slow') }}")
        .file("models/apart.sql", "select 1 as x");
    let mut running = Running::start(&project, "build --vars '{seconds: 600}'");
    running.wait_for("pg_sleep(600)");
    wait_until("the session is terminated", || {
        let ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = \
                     current_database() and pid <> pg_backend_pid() and query like '%pg_sleep(600)%' \
                     and state = 'active'";
        !project.query(ended).is_empty()
    });
    let said = running.end();
    expect_clear_failure(&said);
    assert!(said.stdout.contains("Done. PASS=1 WARN=0 ERROR=1 SKIP=1"), "{}", said.stdout);
    project.ok("build");
}

#[test]
fn a_second_interruption_quits_at_once() {
    let project = Project::new().file("models/slow.sql", SLOW);
    let mut running = Running::start(&project, "build --vars '{seconds: 600}'");
    running.wait_for("pg_sleep(600)");
    running.signal(Signal::INT);
    running.signal(Signal::INT);
    let said = running.end();
    assert_ne!(said.code, 0, "{}", said.stdout);
    project.ok("build");
}
