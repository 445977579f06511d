//! Connections that break while a transaction is committed.

use crate::cutter::{Cut, Cutter};
use crate::project::{Project, Said};
use crate::warehouse::{expect_no_orphans, picture};

/// Runs a line with a relay that cuts, and says how it went.
fn run_cut(project: &Project, line: &str, cut: Cut, times: usize) -> Said {
    let cutter = Cutter::start(project.options(), cut, times);
    let profile = project.read("profiles.yml");
    let options = project.options();
    let through = profile
        .replace(&format!("host: {}", options.host), "host: 127.0.0.1\n      sslmode: disable")
        .replace(&format!("port: {}", options.port), &format!("port: {}", cutter.port));
    project.write("profiles.yml", &through);
    let said = project.run(line);
    project.write("profiles.yml", &profile);
    assert_eq!(cutter.left(), 0, "{}", said.stdout);
    said
}

fn project() -> Project {
    Project::new()
        .file("seeds/s.csv", "id\n1\n2\n")
        .file("models/v.sql", "select id from {{ ref('s') }}")
        .file(
            "models/t.sql",
            "{{ config(materialized='table', indexes=[{'columns': ['id']}]) }}\n\
             select id from {{ ref('v') }}",
        )
        .file(
            "models/i.sql",
            "{{ config(materialized='incremental') }} select {{ var('round', 1) }} as round",
        )
}

#[test]
fn what_was_not_committed_is_run_again() {
    let (project, undisturbed) = (project(), project());
    for line in ["build", "build --vars '{round: 2}'", "build --full-refresh"] {
        undisturbed.ok(line);
        let said = run_cut(&project, line, Cut::Before, 4);
        assert_eq!(said.code, 0, "{}", said.stdout);
        let again = said.stdout.matches("was disturbed (the connection was lost)").count();
        assert_eq!(again, 4, "{}", said.stdout);
        assert_eq!(picture(&project), picture(&undisturbed));
    }
    expect_no_orphans(&project);
}

#[test]
fn what_was_committed_is_not_run_again() {
    let (project, undisturbed) = (project(), project());
    for line in ["build", "build --vars '{round: 2}'", "build --full-refresh"] {
        undisturbed.ok(line);
        let said = run_cut(&project, line, Cut::Answer, 4);
        assert_eq!(said.code, 0, "{}", said.stdout);
        assert!(!said.stdout.contains("disturbed"), "{}", said.stdout);
        assert_eq!(said.stdout.matches("the server says that it did commit").count(), 4);
        // A row that was added twice would show.
        assert_eq!(picture(&project), picture(&undisturbed));
    }
    expect_no_orphans(&project);
}

#[test]
fn what_cannot_be_known_is_said() {
    let project = project();
    project.ok("build");
    let before = picture(&project);
    // The view's statements go in one flight, so not even the transaction's number is known.
    let said = run_cut(&project, "build -s v", Cut::Everything, 1);
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("the server cannot say"), "{}", said.stdout);
    project.ok("build -s v+");
    assert_eq!(picture(&project), before);
    expect_no_orphans(&project);
}
