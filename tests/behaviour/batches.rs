//! Microbatch models, samples and rows that are only shown.

use crate::project::Project;

/// A source with event times, a view of it and a microbatch model.
fn shop() -> Project {
    let project = Project::new()
        .file(
            "models/events.sql",
            "{{ config(materialized='table', event_time='at') }}\n\
             select 1 as id, timestamp '2024-01-01 10:00' as at\n\
             union all select 2, timestamp '2024-01-02 10:00'\n\
             union all select 3, timestamp '2024-01-03 10:00'",
        )
        .file(
            "models/daily.sql",
            "{{ config(materialized='incremental', incremental_strategy='microbatch', \
             unique_key='id', event_time='at', batch_size='day', begin='2024-01-01') }}\n\
             select id, at, {{ var('divisor', 1) }} / (id - 2 + {{ var('shift', 9) }}) as x \
             from {{ ref('events') }}",
        );
    project.ok("run --select events");
    project
}

const DAYS: &str = "--event-time-start 2024-01-01 --event-time-end 2024-01-04";

#[test]
fn every_day_is_a_batch() {
    let project = shop();
    let said = project.ok(&format!("run --select daily {DAYS}"));
    for line in [
        "1 of 1 START sql microbatch model public.daily",
        "Batch 1 of 3 START batch 2024-01-01 of public.daily",
        "Batch 3 of 3 OK created batch 2024-01-03 of public.daily",
        "1 of 1 OK created sql microbatch model public.daily",
    ] {
        assert!(said.stdout.contains(line), "{line}:\n{}", said.stdout);
    }
    assert_eq!(project.value("select count(*) from daily"), "3");
    let results = project.artifact("run_results.json");
    let batches = &results["results"][0]["batch_results"];
    assert_eq!(batches["successful"][2][0], "2024-01-03T00:00:00+00:00");
    let sql = project.read("target/compiled/shop/models/daily/daily_2024-01-02.sql");
    assert!(sql.contains("at >= '2024-01-02 00:00:00+00:00'"), "{sql}");
}

/// Each of the two batches in the middle waits until the other one is there too.
#[test]
fn batches_run_at_the_same_time_where_the_model_says_so() {
    let project = shop();
    project.query(
        "create function meet() returns boolean language plpgsql as $$ begin \
         perform pg_advisory_xact_lock_shared(7, 7); \
         for attempt in 1..3000 loop \
           if (select count(*) from pg_locks where locktype = 'advisory' and classid = 7 \
               and database = (select oid from pg_database where datname = current_database())) > 1 \
           then return true; end if; \
           perform pg_sleep(0.01); \
         end loop; \
         raise 'nobody else came'; end $$; select 1",
    );
    project.write(
        "models/daily.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', \
         unique_key='id', event_time='at', batch_size='day', begin='2024-01-01', \
         batch_threads=2) }}\n\
         select id, at from {{ ref('events') }}\n\
         {% if model.batch and model.batch.id in ['20240102', '20240103'] %}\
         where (select meet()){% endif %}",
    );
    let window = "--event-time-start 2024-01-01 --event-time-end 2024-01-05";
    let said = project.ok(&format!("run --select daily {window}"));
    assert!(said.stdout.contains("Batch 4 of 4 OK"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from daily"), "3");
    let results = project.artifact("run_results.json");
    let batches = &results["results"][0]["batch_results"]["successful"];
    let starts: Vec<&str> =
        batches.as_array().unwrap().iter().map(|it| it[0].as_str().unwrap()).collect();
    assert!(starts.is_sorted() && starts.len() == 4, "{starts:?}");
}

#[test]
fn failed_batches_are_run_again() {
    let project = shop();
    // The second day divides by zero.
    let said = project.run(&format!("run --select daily {DAYS} --vars '{{shift: 0}}'"));
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("PARTIAL SUCCESS (2/3)"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from daily"), "2");
    let said = project.ok("retry --vars '{shift: 9}'");
    assert!(said.stdout.contains("Batch 1 of 1 START batch 2024-01-02"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from daily"), "3");
}

#[test]
fn a_sample_reads_its_time_and_empty_reads_nothing() {
    let project = shop();
    project.write(
        "models/copy.sql",
        "{{ config(materialized='table') }} select * from {{ ref('events') }}",
    );
    project.ok("run --select copy --sample '{start: 2024-01-02, end: 2024-01-03}'");
    assert_eq!(project.value("select string_agg(id::text, ',') from copy"), "2");
    project.ok("run --select copy --empty");
    assert_eq!(project.value("select count(*) from copy"), "0");
}

#[test]
fn show_prints_rows_and_builds_nothing() {
    let project = shop();
    let said = project.ok("show --select daily --limit 2");
    assert!(said.stdout.contains("Previewing node 'daily':\n| id | "), "{}", said.stdout);
    let query = "select count(*) as n from {{ ref(\"events\") }}";
    let said = project.ok(&format!("show --inline '{query}' --output json"));
    assert!(said.stdout.contains("\"n\": 3"), "{}", said.stdout);
    let said = project.ok(&format!("compile --inline '{query}'"));
    assert!(said.stdout.contains("Compiled inline node is:\nselect count(*)"), "{}", said.stdout);
    let said = project.run("show --inline 'select * from {{ ref(\"nothing\") }}'");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Error parsing inline query"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from pg_class where relname = 'daily'"), "0");
}
