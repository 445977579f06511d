//! Views that the project does not build, on tables that it does.

use crate::project::Project;

fn project(config: &str) -> Project {
    let project = Project::new()
        .file(
            "dbt_project.yml",
            &format!("name: shop\nprofile: shop\nmodels:\n  +materialized: table\n{config}"),
        )
        .file("models/t.sql", "select 1 as id, 'x'::text as name")
        .file("models/v.sql", "{{ config(materialized='view') }} select id from {{ ref('t') }}");
    project.ok("build");
    let mut connection = project.connect();
    connection
        .query(
            "create schema bi; \
             create view bi.report with (security_barrier=true) as select id, name from public.t; \
             comment on view bi.report is 'what''s read'; grant select on bi.report to public; \
             comment on column bi.report.id is 'key'; \
             create materialized view bi.totals as select count(*) as n from bi.report; \
             create unique index totals_n on bi.totals (n)",
        )
        .unwrap();
    project
}

fn views(project: &Project) -> String {
    project.value("select count(*) from pg_class where relnamespace = 'bi'::regnamespace and relkind in ('v', 'm')")
}

#[test]
fn they_are_reported_before_they_are_dropped() {
    let project = project("");
    let said = project.ok("build");
    let warning = "Replacing public.t drops what reads it and is not built by this project: \
                   bi.report, bi.totals";
    assert!(said.stdout.contains(warning), "{}", said.stdout);
    assert!(!said.stdout.contains("public.v is"), "{}", said.stdout);
    assert_eq!(views(&project), "0");
    let said = project.ok("build");
    assert!(!said.stdout.contains("drops what reads it"), "{}", said.stdout);
}

/// A materialized view is replaced by other macros than a table.
#[test]
fn those_of_a_materialized_view_are_treated_alike() {
    let project = Project::new().file(
        "models/m.sql",
        "{{ config(materialized='materialized_view', dependent_views=var('then')) }} select 1 as id",
    );
    project.ok("build --vars '{then: drop}'");
    project.query("create view report as select id from m; select 1");
    let said = project.run("build --full-refresh --vars '{then: refuse}'");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("Replacing public.m would drop what reads it"), "{}", said.stdout);
    project.ok("build --full-refresh --vars '{then: recreate}'");
    assert_eq!(project.value("select id from report"), "1");
    let said = project.ok("build --full-refresh --vars '{then: drop}'");
    assert!(said.stdout.contains("is not built by this project: public.report"), "{}", said.stdout);
    assert!(!said.stdout.contains("took along"), "{}", said.stdout);
}

/// What is no view goes silently under dbt.
#[test]
fn foreign_keys_that_fall_are_told() {
    let project = project("");
    project
        .connect()
        .query(
            "alter table public.t add primary key (id); \
             create table bi.orders (id int references public.t)",
        )
        .unwrap();
    let said = project.ok("build");
    let told = "took along: constraint orders_id_fkey on table bi.orders";
    assert!(said.stdout.contains(told), "{}", said.stdout);
}

#[test]
fn with_warn_error_nothing_is_dropped() {
    let project = project("");
    assert_eq!(project.run("--warn-error build").code, 1);
    assert_eq!(views(&project), "2");
}

#[test]
fn they_are_made_again_where_the_project_wants_that() {
    let project = project("  +dependent_views: recreate\n");
    let about = "select string_agg(concat(relname, reloptions, relacl, obj_description(c.oid), \
                 pg_get_viewdef(c.oid), col_description(c.oid, 1)), ';' order by relname) \
                 from pg_class c where relnamespace = 'bi'::regnamespace";
    let before = project.value(about);
    for line in ["build", "build -s t", "build --full-refresh"] {
        let said = project.ok(line);
        assert!(!said.stdout.contains("drops what reads it"), "{}", said.stdout);
        assert_eq!(project.value(about), before);
        assert_eq!(project.value("select n from bi.totals"), "1");
        // The project's own view, too, though `-s t` does not build it.
        assert_eq!(project.value("select id from v"), "1");
    }
    // A view that no longer fits keeps the old table.
    project.write("models/t.sql", "select 2 as id");
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(
        said.stdout.contains("column \"name\"") || said.stdout.contains("column t.name"),
        "{}",
        said.stdout
    );
    assert_eq!(project.value("select id from bi.report"), "1");
}

#[test]
fn the_node_fails_where_the_project_wants_that() {
    let project = project("  +dependent_views: refuse\n");
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("Replacing public.t would drop what reads it"), "{}", said.stdout);
    assert_eq!(views(&project), "2");
    project.query("drop schema bi cascade; select 1");
    project.ok("build");
    // A wrong word is refused.
    project
        .write("dbt_project.yml", "name: shop\nprofile: shop\nmodels:\n  +dependent_views: keep\n");
    let said = project.run("build");
    assert!(said.stdout.contains("must be drop, recreate or refuse"), "{}", said.stdout);
}
