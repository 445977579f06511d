//! A server that stops a statement in the middle: out of time, or out of room.

use crate::project::Project;
use crate::warehouse::{Reader, picture, set_generation, warehouse};

/// Changes settings of new sessions of the project's database.
fn alter(project: &Project, changes: &[&str]) {
    let database = &project.options().database;
    for change in changes {
        project.connect().query(&format!("alter database {database} {change}")).unwrap();
    }
}

fn expect_old_or_new(changes: &[&str], pause: &str, error: &str) {
    let (project, undisturbed) = (warehouse(), warehouse());
    project.ok("build");
    undisturbed.ok("build");
    for generation in 2..4 {
        set_generation(&project, generation);
        set_generation(&undisturbed, generation);
        let reader = Reader::start(&project, true);
        alter(&project, changes);
        let said = project.run(&format!("build --vars '{{pause: {pause}}}'"));
        assert_eq!(said.code, 1, "{}", said.stdout);
        assert!(said.stdout.contains(error), "{}", said.stdout);
        alter(&project, &["reset all"]);
        reader.expect_only_whole_states();
        project.ok("build");
        undisturbed.ok("build");
        assert_eq!(picture(&project), picture(&undisturbed));
    }
}

#[test]
fn out_of_time() {
    let error = "canceling statement due to statement timeout";
    expect_old_or_new(&["set statement_timeout to '2s'"], "600", error);
}

#[test]
fn out_of_room() {
    let changes = ["set temp_file_limit to 0", "set work_mem to 64", "set enable_hashagg to off"];
    expect_old_or_new(&changes, "0", "temporary file size exceeds");
}
