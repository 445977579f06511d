//! `gdbt source load`, killed in the middle or run twice at once.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::process::{Running, wait_until};
use crate::project::Project;

const ROWS: usize = 200_000;

/// A project with a source whose file takes a while to load.
fn project() -> Project {
    let mut file = "id,name\n".to_owned();
    for id in 0..ROWS {
        writeln!(file, "{id},name of number {id}").unwrap();
    }
    Project::new().file("data/things.csv", &file).file(
        "models/sources.yml",
        "version: 2\nsources:\n  - name: raw\n    tables:\n      - name: things\n        \
         external: {location: data/things.csv}\n        columns:\n          \
         - {name: id, data_type: bigint}\n          - {name: name, data_type: text}\n",
    )
}

/// The rows of the table once no session loads it any more; 0 when it is not there.
fn rows(project: &Project) -> usize {
    wait_until("nobody loads", || {
        project.value(
            "select count(*) from pg_stat_activity where datname = current_database() and \
             query ilike 'copy %' and state = 'active'",
        ) == "0"
    });
    if project.value("select to_regclass('raw.things')") == "NULL" {
        return 0;
    }
    project.value("select count(*) from raw.things").parse().unwrap()
}

#[test]
fn a_killed_load_leaves_the_table_as_it_was_or_complete() {
    let mut chance = Chance::new();
    let project = project();
    let begun = Instant::now();
    project.ok("source load");
    let usual = usize::try_from(begun.elapsed().as_micros()).unwrap();
    project.query("drop schema raw cascade");
    let mut before = 0;
    for _ in 0..8 {
        let running = Running::start(&project, "source load");
        std::thread::sleep(Duration::from_micros(chance.below(usual).try_into().unwrap()));
        running.kill();
        let after = rows(&project);
        assert!(after == before || after == before + ROWS, "{before} → {after}");
        before = after;
    }
    project.ok("source load --full-refresh");
    assert_eq!(rows(&project), ROWS);
}

#[test]
fn two_loads_at_once_both_load() {
    let project = project();
    let both = [Running::start(&project, "source load"), Running::start(&project, "source load")];
    for said in both.map(Running::end) {
        assert_eq!(said.code, 0, "{}", said.stdout);
    }
    assert_eq!(rows(&project), 2 * ROWS);
}
