//! Locks that other sessions hold.

use crate::process::Running;
use crate::project::Project;
use crate::warehouse::picture;

fn project() -> Project {
    let project =
        Project::new().file("models/t.sql", "{{ config(materialized='table') }} select 1 as x");
    project.ok("build");
    project
}

/// A session that holds a lock on the table until it is dropped.
fn holder(project: &Project) -> gdbt::postgres::Connection {
    let mut holder = project.connect();
    holder.query("set application_name = 'reporting'; begin; select x from t").unwrap();
    holder
}

#[test]
fn a_run_says_what_it_waits_for_and_goes_on() {
    let project = project();
    let holder = holder(&project);
    let mut running = Running::start(&project, "build");
    running.wait_for("waits for a lock of process");
    drop(holder);
    let said = running.end();
    assert_eq!(said.code, 0, "{}", said.stdout);
    let line = said.stdout.lines().find(|line| line.contains("waits for a lock")).unwrap();
    assert!(line.contains("model.shop.t waits"), "{line}");
    assert!(line.contains("application reporting"), "{line}");
    assert!(line.contains("select x from t"), "{line}");
}

#[test]
fn lock_timeout_ends_the_wait_and_names_the_holder() {
    let project = project();
    project.write("dbt_project.yml", "name: shop\nprofile: shop\nmodels:\n  +lock_timeout: 0.2\n");
    let before = picture(&project);
    let holder = holder(&project);
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("canceling statement due to lock timeout"), "{}", said.stdout);
    let name = format!("held by process {} ", holder.backend_pid());
    assert!(said.stdout.contains(&name), "{name}: {}", said.stdout);
    assert!(said.stdout.contains("application reporting"), "{}", said.stdout);
    assert_eq!(picture(&project), before);
    drop(holder);
    project.ok("build");
}
