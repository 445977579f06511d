//! Two builds of one project at the same time.

use crate::process::Running;
use crate::project::Project;
use crate::warehouse::{Reader, expect_no_orphans, picture, rows, set_generation, warehouse};

/// Runs two at once and expects both to succeed.
fn twice_at_once(project: &Project, line: &str) {
    let both = [Running::start(project, line), Running::start(project, line)];
    for said in both.map(Running::end) {
        assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    }
    // Artifacts are written by both; what is there is whole.
    project.artifact("manifest.json");
    project.artifact("run_results.json");
}

#[test]
fn two_first_builds() {
    let undisturbed = warehouse();
    undisturbed.ok("build");
    let expected = picture(&undisturbed);
    for _ in 0..4 {
        let project = warehouse();
        twice_at_once(&project, "build");
        assert_eq!(picture(&project), expected);
        expect_no_orphans(&project);
    }
}

#[test]
fn two_incremental_builds() {
    let (project, undisturbed) = (warehouse(), warehouse());
    project.ok("build");
    undisturbed.ok("build");
    let reader = Reader::start(&project, true);
    for generation in 2..7 {
        set_generation(&project, generation);
        set_generation(&undisturbed, generation);
        twice_at_once(&project, "build");
        undisturbed.ok("build");
        assert_eq!(picture(&project), picture(&undisturbed));
        assert_eq!(project.value("select count(*) from dwh.mart"), rows(generation));
    }
    reader.expect_only_whole_states();
    expect_no_orphans(&project);
}

/// A new table drops the views on it, as in dbt, until they are built again. A run that misses
/// one at that moment, or waits for the table while the table waits for the view, tries again.
#[test]
fn two_builds_with_views_on_tables() {
    let project = Project::new()
        .file("dbt_project.yml", "name: shop\nprofile: shop\nmodels:\n  +materialized: view\n")
        .file(
            "models/a.sql",
            "{{ config(materialized='table') }} select 1 as x from pg_sleep(0.02)",
        )
        .file("models/b.sql", "select x + 1 as x from {{ ref('a') }}")
        .file(
            "models/c.sql",
            "{{ config(materialized='table') }} select x + 1 as x from {{ ref('b') }}",
        )
        .file("models/d.sql", "select x + 1 as x from {{ ref('c') }}");
    for _ in 0..5 {
        twice_at_once(&project, "build");
        project.ok("build");
        assert_eq!(project.value("select x from d"), "4");
        assert_eq!(picture(&project).len(), 4);
    }
}
