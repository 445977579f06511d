//! SIGKILL in the middle of a build; the next build puts everything right. [`Kills::times`] says
//! how often, and how to ask for more.

use crate::chance::{Chance, Kills};
use crate::process::Running;
use crate::project::Project;
use crate::warehouse::{Reader, expect_no_orphans, picture, rows, set_generation, warehouse};

/// How many lines of log an undisturbed build writes.
fn lines_of_log(project: &Project, line: &str) -> usize {
    let said = Running::start(project, line).end();
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    said.stdout.lines().count()
}

#[test]
fn killed_first_builds() {
    let mut chance = Chance::new();
    let undisturbed = warehouse();
    let lines = lines_of_log(&undisturbed, "build");
    let expected = picture(&undisturbed);
    let project = warehouse();
    for _ in 0..Kills::FirstBuild.times() {
        for schema in ["raw", "staging", "dwh", "public_dbt_test__audit", "dbt_test__audit"] {
            project.query(&format!("drop schema if exists {schema} cascade"));
        }
        let moment = chance.below(lines);
        Running::start(&project, "build").kill_after(moment, chance.below(5000));
        project.ok("build");
        assert_eq!(picture(&project), expected, "killed at line {moment}");
    }
    expect_no_orphans(&project);
}

#[test]
fn killed_incremental_builds() {
    let mut chance = Chance::new();
    let (project, undisturbed) = (warehouse(), warehouse());
    project.ok("build");
    undisturbed.ok("build");
    let lines = lines_of_log(&undisturbed, "build");
    for generation in 2..2 + Kills::Incremental.times() {
        set_generation(&project, generation);
        set_generation(&undisturbed, generation);
        let reader = Reader::start(&project, true);
        let moment = chance.below(lines);
        Running::start(&project, "build").kill_after(moment, chance.below(5000));
        project.ok("build");
        reader.expect_only_whole_states();
        undisturbed.ok("build");
        assert_eq!(picture(&project), picture(&undisturbed), "killed at line {moment}");
        assert_eq!(project.value("select count(*) from dwh.mart"), rows(generation));
    }
    expect_no_orphans(&project);
}

#[test]
fn killed_full_refreshes() {
    let mut chance = Chance::new();
    let project = warehouse();
    set_generation(&project, 3);
    project.ok("build");
    let lines = lines_of_log(&project, "build --full-refresh");
    let expected = picture(&project);
    for _ in 0..Kills::FullRefresh.times() {
        let reader = Reader::start(&project, false);
        let moment = chance.below(lines);
        Running::start(&project, "build --full-refresh").kill_after(moment, chance.below(5000));
        project.ok("build");
        reader.expect_only_whole_states();
        assert_eq!(picture(&project), expected, "killed at line {moment}");
    }
    expect_no_orphans(&project);
}

/// The query of the killed run holds its locks until the server notices; the next run waits
/// for that and does not fail.
#[test]
fn a_build_after_the_kill_of_a_long_query() {
    let project = Project::new().file(
        "models/slow.sql",
        "{{ config(materialized='table') }}\nselect 1 as x from pg_sleep({{ var('seconds', 0) }})",
    );
    if project.value("show server_version_num").parse::<u32>().unwrap() < 140_000 {
        return;
    }
    for _ in 0..Kills::LongQuery.times() {
        let mut running = Running::start(&project, "build --vars '{seconds: 600}'");
        running.wait_for("pg_sleep(600)");
        running.kill();
        project.ok("build");
        assert_eq!(picture(&project).len(), 1);
    }
    expect_no_orphans(&project);
}
