//! `gdbt source load`.

use crate::project::Project;

const SOURCES: &str = "version: 2
sources:
  - name: raw
    tables:
      - name: sessions
        external: {location: data/sessions.csv}
        columns:
          - {name: userid, data_type: bigint}
          - {name: medium, data_type: varchar}
          - {name: loaded_at, data_type: timestamp, meta: {default: current_timestamp}}
      - name: unloaded
";

fn project() -> Project {
    Project::new()
        .file("models/sources.yml", SOURCES)
        .file("data/sessions.csv", "userid,medium\n1,search\n2,\n")
}

#[test]
fn files_become_tables() {
    let project = project();
    let said = project.ok("source load");
    assert!(said.stdout.contains("OK loaded raw.sessions"), "{}", said.stdout);
    assert!(said.stdout.contains("COPY 2"), "{}", said.stdout);
    let rows = project.query("select userid, medium from raw.sessions order by userid");
    assert_eq!(rows, [["1", "search"], ["2", "NULL"]]);
    assert_eq!(project.value("select count(loaded_at) from raw.sessions"), "2");
    project.ok("source load");
    assert_eq!(project.value("select count(*) from raw.sessions"), "4");
    project.ok("source load --full-refresh");
    assert_eq!(project.value("select count(*) from raw.sessions"), "2");
}

#[test]
fn a_bad_row_leaves_the_table_as_it_was() {
    let project = project();
    project.ok("source load");
    project.write("data/sessions.csv", "userid,medium\n3,search\n4\n");
    let said = project.run("source load");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("data/sessions.csv:3"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from raw.sessions"), "2");
}

#[test]
fn what_cannot_be_loaded_is_said() {
    let project = project();
    let said = project.run("source load --select source:raw.unloaded");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("external:"), "{}", said.stdout);
    project.write("models/sources.yml", &SOURCES.replace("data/sessions.csv", "data/none.csv"));
    let said = project.run("source load");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("data/none.csv"), "{}", said.stdout);
}
