//! Building and testing on a real server.

use crate::project::Project;
use serde_json::Value as Json;

/// seed → staging view → dimension table, with tests.
fn shop() -> Project {
    Project::new()
        .file("seeds/users.csv", "id,name\n1,ann\n2,bob\n")
        .file("models/stg_users.sql", "select id, name from {{ ref('users') }}")
        .file(
            "models/dim_user.sql",
            "{{ config(materialized='table', schema='dwh') }}\nselect * from {{ ref('stg_users') }}",
        )
        .file(
            "models/schema.yml",
            "version: 2\nmodels:\n  - name: stg_users\n    columns:\n      - name: id\n        \
             data_tests: [unique, not_null]\n",
        )
}

fn statuses(project: &Project) -> Vec<(String, String)> {
    let results = project.artifact("run_results.json")["results"].clone();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let mut statuses: Vec<_> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let id = text(&result["unique_id"]);
            let short = id.split('.').nth(2).unwrap().to_owned();
            (short, text(&result["status"]))
        })
        .collect();
    statuses.sort();
    statuses
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, status)| ((*name).to_owned(), (*status).to_owned())).collect()
}

#[test]
fn build_makes_everything_in_order() {
    let project = shop();
    let said = project.ok("build --threads 1");
    assert_eq!(project.query("select * from public_dwh.dim_user order by id")[1], ["2", "bob"]);
    insta::assert_snapshot!("build", said.text());
    // A second build finds everything in place.
    project.ok("build");
    assert_eq!(project.value("select count(*) from public_dwh.dim_user"), "2");
}

#[test]
fn a_failing_critical_test_stops_what_is_downstream() {
    let project = shop();
    project.write("seeds/users.csv", "id,name\n1,ann\n1,bob\n");
    let said = project.run("build");
    assert_eq!(said.code, 1);
    assert_eq!(
        statuses(&project),
        pairs(&[
            ("dim_user", "skipped"),
            ("not_null_stg_users_id", "pass"),
            ("stg_users", "success"),
            ("unique_stg_users_id", "fail"),
            ("users", "success"),
        ])
    );
    assert!(said.stdout.contains("Done. PASS=3 WARN=0 ERROR=1 SKIP=1 NO-OP=0 TOTAL=5"));
    assert!(said.stdout.contains("Got 1 result, configured to fail if != 0"));
    assert_eq!(project.value("select count(*) from pg_tables where tablename = 'dim_user'"), "0");
}

#[test]
fn a_warning_stops_nothing() {
    let project = shop();
    project.write("seeds/users.csv", "id,name\n1,ann\n1,bob\n");
    project.write("dbt_project.yml", "name: shop\nprofile: shop\ndata_tests:\n  +severity: warn\n");
    let said = project.ok("build");
    assert!(said.stdout.contains("WARN 1 unique_stg_users_id"), "{}", said.stdout);
    assert!(said.stdout.contains("Done. PASS=4 WARN=1 ERROR=0 SKIP=0 NO-OP=0 TOTAL=5"));
    assert_eq!(project.run("--warn-error build").code, 1);
}

#[test]
fn thresholds_decide_between_warning_and_failure() {
    let project = Project::new().file("models/t.sql", "select generate_series(1, 3) as id").file(
        "tests/some.sql",
        "{{ config(warn_if='>2', error_if='>5', store_failures=true) }} select * from {{ ref('t') }}",
    );
    let said = project.ok("build");
    assert!(said.stdout.contains("Got 3 results, configured to warn if >2"), "{}", said.stdout);
    assert!(said.stdout.contains("See test failures:"));
    assert_eq!(project.value("select count(*) from public_dbt_test__audit.some"), "3");
    project.write("models/t.sql", "select generate_series(1, 6) as id");
    let said = project.run("build");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("Got 6 results, configured to fail if >5"), "{}", said.stdout);
}

#[test]
fn tests_run_alone_and_keep_their_rows_when_asked() {
    let project = shop();
    project.ok("seed");
    project.ok("run");
    let said = project.ok("test --store-failures --select stg_users");
    assert!(said.stdout.contains("Done. PASS=2"), "{}", said.stdout);
    let made = "select count(*) from pg_tables where schemaname = 'public_dbt_test__audit'";
    assert_eq!(project.value(made), "2");
}

#[test]
fn errors_of_the_server_are_shown_in_the_users_file() {
    let project = Project::new()
        .file("models/a.sql", "-- a comment\nselect\n  1 as id,\n  missing_column\n")
        .file("models/b.sql", "select * from {{ ref('a') }}");
    let said = project.run("run");
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains(
            "Database Error in model a (models/a.sql)\n  column \"missing_column\" does not exist"
        ),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("--> models/a.sql:4:3 [GD4002]"), "{}", said.stdout);
    assert!(said.stdout.contains("compiled code at target/run/shop/models/a.sql"));
    assert_eq!(statuses(&project), pairs(&[("a", "error"), ("b", "skipped")]));
}

#[test]
fn fail_fast_skips_the_rest() {
    let project = Project::new()
        .file("models/a.sql", "select 1/0 as x")
        .file("models/b.sql", "select 1 as x")
        .file("models/c.sql", "select 1 as x from {{ ref('b') }}");
    project.write("models/a.sql", "{{ config(materialized='table') }} select 1/0 as x");
    let said = project.run("run --fail-fast --threads 1 --select a c");
    assert_eq!(said.code, 1);
    let results = project.artifact("run_results.json");
    let message = &results["results"][1]["message"];
    assert_eq!(message, "Skipping due to fail_fast", "{}", said.stdout);
}

#[test]
fn ephemeral_models_are_inlined_and_not_counted() {
    let project = Project::new()
        .file("models/e.sql", "{{ config(materialized='ephemeral') }} select 7 as x")
        .file("models/a.sql", "select x from {{ ref('e') }}");
    let said = project.ok("run");
    assert!(said.stdout.contains("1 of 1 OK created sql view model public.a"), "{}", said.stdout);
    assert_eq!(project.value("select x from a"), "7");
}

#[test]
fn an_ephemeral_model_that_cannot_be_compiled_is_named_as_the_cause() {
    let project = Project::new()
        .file("macros/broken.sql", "{% macro broken() %}{% if execute %}{{ exceptions.raise_compiler_error('no luck') }}{% endif %}{% endmacro %}")
        .file("models/e.sql", "{{ config(materialized='ephemeral') }} select {{ broken() }} as x")
        .file("models/a.sql", "select x from {{ ref('e') }}");
    let said = project.run("run");
    assert_eq!(said.code, 1);
    for text in [
        "1 of 1 SKIP relation public.a due to ephemeral model status 'error'",
        "Compilation Error in model e (models/e.sql)\n  no luck",
        "Done. PASS=0 WARN=0 ERROR=0 SKIP=1 NO-OP=0 TOTAL=1",
    ] {
        assert!(said.stdout.contains(text), "expected {text:?} in:\n{}", said.stdout);
    }
    let message = project.artifact("run_results.json")["results"][0]["message"].clone();
    let message = message.as_str().unwrap();
    assert!(message.contains("in referenced ephemeral model model.shop.e"), "{message}");
    // By itself it is an error of its own.
    assert_eq!(project.run("run -s e").code, 1);
    assert_eq!(statuses(&project), pairs(&[("e", "error")]));
}

#[test]
fn what_the_adapter_does_not_have_is_missed_when_the_node_runs() {
    let project = Project::new()
        .file("models/a.sql", "{{ adapter.unheard_of() }} select 1 as id")
        .file("models/b.sql", "select 1 as id");
    project.ok("parse");
    let said = project.run("run");
    assert!(said.text().contains("has no attribute 'unheard_of'"), "{}", said.stdout);
    assert_eq!(statuses(&project), pairs(&[("a", "error"), ("b", "success")]));
}

#[test]
fn seeds_show_rows_when_asked() {
    let project = Project::new().file("seeds/users.csv", "id,name\n1,ann\n");
    let said = project.ok("seed --show");
    let table = "Random sample of table: public.users\n------------------------------------\n\
                 | id | name |\n| -- | ---- |\n|  1 | ann  |";
    assert!(said.text().contains(table), "{}", said.text());
    project.write("seeds/schema.yml", "seeds: [{name: users, config: {delimiter: ''}}]\n");
    let said = project.run("seed");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("\"delimiter\" must be a 1-character string"));
}

#[test]
fn hooks_of_the_project_run_around_the_nodes() {
    let project = Project::new().file("models/a.sql", "select 1 as x").file(
        "dbt_project.yml",
        "name: shop\nprofile: shop\non-run-start: ['create table if not exists log (what text)']\n\
         on-run-end:\n  - \"insert into log values ('{{ results[0].status }} {{ results | length }}')\"\n",
    );
    let said = project.ok("run");
    assert_eq!(project.value("select what from log"), "success 1");
    assert!(said.stdout.contains("1 of 1 OK hook: shop.on-run-start.0"), "{}", said.stdout);
    assert!(said.stdout.contains("Done. PASS=3 WARN=0"), "{}", said.stdout);
    assert!(said.stdout.contains("Finished running 2 project hooks, 1 view model"));
}

#[test]
fn incremental_models_add_what_is_new_and_start_anew_when_asked() {
    let project = Project::new().file(
        "models/log.sql",
        "{{ config(materialized='incremental', unique_key='id') }}\nselect id, {{ var('v', 1) }} as v \
         from generate_series(1, {{ var('n', 2) }}) as id\n{% if is_incremental() %}where id > 1{% endif %}",
    );
    project.ok("run");
    project.ok("run --vars '{n: 3, v: 2}'");
    assert_eq!(
        project.value("select string_agg(id || ':' || v, ' ' order by id) from log"),
        "1:1 2:2 3:2"
    );
    project.ok("run --full-refresh --vars '{n: 1, v: 9}'");
    assert_eq!(project.value("select string_agg(id || ':' || v, ' ' order by id) from log"), "1:9");
}

#[test]
fn exposures_are_counted_and_nothing_is_done_for_them() {
    let project = Project::new().file("models/a.sql", "select 1 as x").file(
        "models/schema.yml",
        "version: 2\nexposures:\n  - name: board\n    type: dashboard\n    owner: {name: ann}\n    \
         depends_on: [ref('a')]\n",
    );
    let said = project.ok("build");
    assert!(said.stdout.contains("2 of 2 NO-OP exposure board"), "{}", said.stdout);
    assert!(said.stdout.contains("Done. PASS=1 WARN=0 ERROR=0 SKIP=0 NO-OP=1 TOTAL=2"));
    project.write("models/a.sql", "select 1/0 as x from missing");
    let said = project.run("build");
    assert!(said.stdout.contains("2 of 2 SKIP exposure board"), "{}", said.stdout);
}

#[test]
fn nothing_to_do_is_no_failure() {
    let project = shop();
    let said = project.ok("run --select nothing");
    assert!(said.stdout.contains("Nothing to do."), "{}", said.stdout);
    assert!(!said.stdout.contains("Done."));
}

#[test]
fn an_interruption_cancels_the_query_and_ends_with_a_summary() {
    let project = Project::new()
        .file(
            "models/slow.sql",
            "{{ config(materialized='table') }} select 1 as x from pg_sleep(600)",
        )
        .file("models/after.sql", "select * from {{ ref('slow') }}");
    let mut command = project.command("run");
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid() and datname = current_database()";
    while project.value(running) == "0" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = i32::try_from(child.id()).unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(id).unwrap(),
        rustix::process::Signal::INT,
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{stdout}");
    assert!(stdout.contains("Exited because of keyboard interrupt"), "{stdout}");
    assert_eq!(project.value(running), "0");
    assert_eq!(statuses(&project), pairs(&[("after", "skipped"), ("slow", "skipped")]));
}

#[test]
fn foreign_keys_follow_references() {
    let project = Project::new()
        .file("models/fact.sql", "{{ config(materialized='table') }}\nselect 1 as id")
        .file("models/a_dim.sql", "{{ config(materialized='table') }}\nselect 1 as id")
        .file(
            "models/schema.yml",
            "models:\n  - name: a_dim\n    config: {contract: {enforced: true}}\n    columns:\n      \
             - name: id\n        data_type: int\n        constraints: [{type: primary_key}]\n  - \
             name: fact\n    config: {contract: {enforced: true}}\n    columns:\n      - name: id\n        \
             data_type: int\n        constraints:\n          - {type: foreign_key, to: ref('a_dim'), \
             to_columns: [id]}\n",
        );
    project.ok("run");
    let keys = "select confrelid::regclass from pg_constraint where contype = 'f'";
    assert_eq!(project.value(keys), "a_dim");
    let manifest = project.artifact("manifest.json");
    let fact = &manifest["nodes"]["model.shop.fact"];
    assert_eq!(fact["depends_on"]["nodes"][0], "model.shop.a_dim");
    let to = fact["columns"]["id"]["constraints"][0]["to"].as_str().unwrap();
    assert!(to.ends_with("\"public\".\"a_dim\""), "{to}");
    let schema = project.read("models/schema.yml").replace("ref('a_dim')", "a_dim");
    project.write("models/schema.yml", &schema);
    let said = project.run("parse");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Invalid 'ref' or 'source' syntax"), "{}", said.stdout);
}
