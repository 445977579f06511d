//! Snapshots: the history of rows.

use crate::project::Project;

/// A snapshot of a table with these configurations.
fn shop(config: &str) -> Project {
    let project = Project::new().file(
        "snapshots/users.yml",
        &format!(
            "snapshots:\n  - name: users_history\n    relation: source('raw', 'users')\n    \
             config:\n      unique_key: id\n{config}"
        ),
    );
    project.write(
        "models/raw.yml",
        "sources:\n  - name: raw\n    schema: public\n    tables:\n      - name: users\n",
    );
    let mut connection = project.connect();
    connection
        .query(
            "create table users (id int, name text, changed timestamp);
             insert into users values (1, 'ann', '2024-01-01'), (2, 'bob', '2024-01-01')",
        )
        .unwrap();
    project
}

const HISTORY: &str = "select name, dbt_valid_to is null from users_history order by id, name";

#[test]
fn a_later_time_makes_a_new_version() {
    let project = shop("      strategy: timestamp\n      updated_at: changed\n");
    let said = project.ok("snapshot");
    assert!(said.stdout.contains("START snapshot public.users_history"), "{}", said.stdout);
    assert!(said.stdout.contains("OK snapshotted public.users_history"), "{}", said.stdout);
    project
        .connect()
        .query("update users set name = 'eve', changed = '2024-02-01' where id = 1")
        .unwrap();
    // A column that the snapshot does not have yet is added.
    project.connect().query("alter table users add column age int default 7").unwrap();
    project.ok("build");
    assert_eq!(project.query(HISTORY), [["ann", "f"], ["eve", "t"], ["bob", "t"]]);
    let query = "select age from users_history where name = 'eve'";
    assert_eq!(project.value(query), "7");
    project.ok("snapshot");
    assert_eq!(project.query(HISTORY).len(), 3);
}

#[test]
fn deleted_rows_end_as_configured() {
    let project = shop(
        "      strategy: check\n      check_cols: [name]\n      hard_deletes: new_record\n      \
         dbt_valid_to_current: \"'9999-12-31'::timestamp\"\n",
    );
    project.ok("snapshot");
    project.connect().query("delete from users where id = 2").unwrap();
    project.ok("snapshot");
    project.ok("snapshot");
    let history = "select name, dbt_is_deleted, extract(year from dbt_valid_to) = 9999 \
                   from users_history order by id, dbt_valid_from";
    let expected = [["ann", "False", "t"], ["bob", "False", "f"], ["bob", "True", "t"]];
    assert_eq!(project.query(history), expected);
    // The row comes back: its deletion ends.
    project.connect().query("insert into users values (2, 'bob', '2024-01-01')").unwrap();
    project.ok("snapshot");
    let deletions = "select count(*) from users_history where dbt_is_deleted = 'True'
                     and extract(year from dbt_valid_to) < 9999";
    assert_eq!(project.value(deletions), "1");
    assert_eq!(project.value("select count(*) from users_history"), "4");
}

#[test]
fn a_table_that_is_no_snapshot_is_refused() {
    let project = shop("      strategy: timestamp\n      updated_at: changed\n");
    project.connect().query("create table users_history (id int)").unwrap();
    let said = project.run("snapshot");
    assert_eq!(said.code, 1);
    let message = "Snapshot target is missing configured columns (missing \"dbt_scd_id\", \
                   \"dbt_valid_from\", \"dbt_valid_to\")";
    assert!(said.stdout.contains(message), "{}", said.stdout);
}
