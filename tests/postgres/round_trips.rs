//! What a run costs, counted at the wire: round trips of each kind of node when its relation
//! exists already, and of a run as such.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::project::Project;
use crate::proxy::{Counts, Proxy};

/// A kind of node: its file for a number, its settings, and what builds it.
struct Kind {
    name: &'static str,
    command: &'static str,
    folder: &'static str,
    text: &'static str,
    trips: usize,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "view",
        command: "run",
        folder: "models",
        text: "{{ config(materialized='view') }} select 1 as id",
        trips: 1,
    },
    Kind {
        name: "table",
        command: "run",
        folder: "models",
        text: "{{ config(materialized='table') }} select 1 as id",
        trips: 1,
    },
    Kind {
        name: "full",
        command: "run",
        folder: "models",
        text: "{{ config(materialized='table', indexes=[{'columns': ['id'], 'unique': true}], \
               grants={'select': ['public']}, \
               persist_docs={'relation': true, 'columns': true}) }} select 1 as id",
        trips: 2,
    },
    Kind {
        name: "append",
        command: "run",
        folder: "models",
        text: "{{ config(materialized='incremental') }} select 1 as id",
        trips: 3,
    },
    Kind {
        name: "merge",
        command: "run",
        folder: "models",
        text: "{{ config(materialized='incremental', unique_key='id') }} select 1 as id",
        trips: 3,
    },
    Kind {
        name: "history",
        command: "snapshot",
        folder: "snapshots",
        text: "{% snapshot NAME %}{{ config(schema='public', unique_key='id', strategy='check', \
               check_cols=['x']) }} select 1 as id, 2 as x{% endsnapshot %}",
        trips: 3,
    },
    Kind {
        name: "compared",
        command: "snapshot",
        folder: "snapshots",
        text: "{% snapshot NAME %}{{ config(schema='public', unique_key='id', strategy='check', \
               check_cols='all') }} select 1 as id, 2 as x{% endsnapshot %}",
        trips: 3,
    },
    Kind {
        name: "dated",
        command: "snapshot",
        folder: "snapshots",
        text: "{% snapshot NAME %}{{ config(schema='public', unique_key='id', \
               strategy='timestamp', updated_at='at') }} \
               select 1 as id, timestamp '2026-01-01' as at{% endsnapshot %}",
        trips: 3,
    },
    Kind {
        name: "check",
        command: "test",
        folder: "tests",
        text: "select 1 as id where false",
        trips: 1,
    },
];

fn add(project: &Project, kind: &Kind, count: usize) {
    for number in 0..count {
        let name = format!("{}_{number}", kind.name);
        let text = kind.text.replace("NAME", &name);
        project.write(&format!("{}/{name}.sql", kind.folder), &text);
        if kind.name == "full" {
            let docs = format!(
                "version: 2\nmodels:\n  - name: {name}\n    description: all of it\n    columns:\n      \
                 - {{name: id, description: the key}}\n"
            );
            project.write(&format!("models/{name}.yml"), &docs);
        }
    }
}

/// Makes the project's profile lead through the relay.
fn lead_through(project: &Project, proxy: &Proxy) {
    let options = project.options();
    let profile = project
        .read("profiles.yml")
        .replace(&format!("host: {}", options.host), "host: 127.0.0.1\n      sslmode: disable")
        .replace(&format!("port: {}", options.port), &format!("port: {}", proxy.options.port));
    project.write("profiles.yml", &profile);
}

/// What a run costs with so many nodes of a kind, once they exist.
fn warm_cost(kind: &Kind, count: usize) -> Counts {
    let project = Project::new();
    let proxy = Proxy::start(project.options());
    lead_through(&project, &proxy);
    add(&project, kind, count);
    let line = format!("{} --threads 1", kind.command);
    project.ok(&line);
    let (said, counts) = proxy.counts(|| project.ok(&line));
    assert!(said.stdout.contains(&format!("PASS={count} ")), "{}", said.stdout);
    counts
}

#[test]
fn a_node_takes_few_round_trips_and_a_run_few_more() {
    for kind in KINDS {
        let (one, three) = (warm_cost(kind, 1), warm_cost(kind, 3));
        assert_eq!((one.connections, three.connections), (1, 1), "{}", kind.name);
        let each = (three.trips - one.trips) / 2;
        assert_eq!(three.trips - one.trips, 2 * each, "{}: {one:?} {three:?}", kind.name);
        assert_eq!(each, kind.trips, "{}", kind.name);
        // Start-up, one query of the catalog unless nothing has a relation, goodbye.
        let fixed = if kind.command == "test" { 2 } else { 3 };
        assert_eq!(one.trips - each, fixed, "{}", kind.name);
    }
}

/// A unit test with two inputs: its query is described, then run. The columns of the inputs are
/// asked for once for all tests.
#[test]
fn a_unit_test_takes_two_round_trips() {
    let cost = |count: usize| {
        let project = Project::new();
        let proxy = Proxy::start(project.options());
        lead_through(&project, &proxy);
        project.write("models/a.sql", "{{ config(materialized='table') }} select 1 as id");
        project.write("models/b.sql", "{{ config(materialized='table') }} select 1 as id");
        let mut tests = "unit_tests:\n".to_owned();
        for number in 0..count {
            let model = format!("joined_{number}");
            let sql = "select a.id from {{ ref('a') }} as a join {{ ref('b') }} as b using (id)";
            project.write(&format!("models/{model}.sql"), sql);
            let _ = write!(
                tests,
                "  - name: test_{number}\n    model: {model}\n    given:\n      \
                 - {{input: ref('a'), rows: [{{id: 1}}, {{id: 2}}]}}\n      \
                 - {{input: ref('b'), rows: [{{id: 2}}]}}\n    expect: {{rows: [{{id: 2}}]}}\n"
            );
        }
        project.write("models/tests.yml", &tests);
        project.ok("run --select a b");
        let (said, counts) = proxy.counts(|| project.ok("test --threads 1"));
        assert!(said.stdout.contains(&format!("PASS={count} ")), "{}", said.stdout);
        counts
    };
    let (one, three) = (cost(1), cost(3));
    assert_eq!((three.trips - one.trips) / 2, 2, "{one:?} {three:?}");
    // Start-up, the columns of the inputs, the relations that there are, goodbye.
    assert_eq!(one.trips - 2, 4, "{one:?}");
}

/// Four threads share nothing, and each uses its connection for all it does.
#[test]
fn each_thread_has_one_connection() {
    let project = Project::new();
    let proxy = Proxy::start(project.options());
    lead_through(&project, &proxy);
    for number in 0..12 {
        let text = "{{ config(materialized='table') }} select 1 as id from pg_sleep(0.02)";
        project.write(&format!("models/m{number}.sql"), text);
    }
    let (_, counts) = proxy.counts(|| project.ok("build --threads 4"));
    assert!(counts.connections <= 4, "{counts:?}");
    let (_, counts) = proxy.counts(|| project.ok("build --threads 4"));
    assert!(counts.connections <= 4, "{counts:?}");
    assert_eq!(counts.trips, 12 + 1 + 2 * counts.connections);
}

/// The same project with dbt-core, where it is at hand.
#[test]
fn dbt_takes_several_times_as_many() {
    let Some(python) = std::env::var_os("GDBT_ORACLE_PYTHON") else { return };
    let dbt = Path::new(&python).with_file_name("dbt");
    let project = Project::new();
    let proxy = Proxy::start(project.options());
    lead_through(&project, &proxy);
    for kind in KINDS {
        add(&project, kind, 3);
    }
    let with_dbt = |line: &str| {
        let output = Command::new(&dbt)
            .args(line.split(' '))
            .args(["--threads", "1", "--profiles-dir", "."])
            .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
            .current_dir(project.folder())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    project.ok("build");
    for command in ["run", "snapshot", "test"] {
        let ((), dbt) = proxy.counts(|| with_dbt(command));
        let (_, ours) = proxy.counts(|| project.ok(&format!("{command} --threads 1")));
        eprintln!("{command}: dbt-core {dbt:?}, gdbt {ours:?}");
        assert!(ours.trips * 3 <= dbt.trips, "{command}: {ours:?} {dbt:?}");
        assert!(ours.connections < dbt.connections, "{command}: {ours:?} {dbt:?}");
    }
}
