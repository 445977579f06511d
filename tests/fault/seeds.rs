//! Files that are empty or not what they should be.

use crate::project::Project;

#[test]
fn an_empty_seed_says_that_it_has_no_header() {
    let project = Project::new().file("seeds/s.csv", "").file("models/a.sql", "select 1 as x");
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("the file has no header line"), "{}", said.stdout);
    assert!(said.stdout.contains("seeds/s.csv:1"), "{}", said.stdout);
}

#[test]
fn a_seed_without_rows_is_an_empty_table() {
    let project = Project::new().file("seeds/s.csv", "id,name\n");
    for _ in 0..2 {
        project.ok("seed");
        assert_eq!(project.value("select count(*) || ' ' || count(name) from s"), "0 0");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let project = Project::new().file("seeds/s.csv", "\u{feff}id,name\n1,ann\n");
    for line in ["seed", "seed", "seed --full-refresh"] {
        project.ok(line);
        assert_eq!(project.value("select name from s where id = 1"), "ann");
    }
}

#[test]
fn a_row_with_too_many_fields_fails_and_leaves_the_table() {
    let project = Project::new().file("seeds/s.csv", "id,name\n1,ann\n");
    project.ok("seed");
    project.write("seeds/s.csv", "id,name\n2,bob\n3,c,d\n");
    let said = project.run("seed");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("seeds/s.csv:3"), "{}", said.stdout);
    assert_eq!(project.value("select string_agg(name, '') from s"), "ann");
}

#[test]
fn new_columns_of_a_seed_need_a_full_refresh() {
    let project = Project::new().file("seeds/s.csv", "id,name\n1,ann\n");
    project.ok("seed");
    project.write("seeds/s.csv", "id,other\n2,bob\n");
    let said = project.run("seed");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("column \"other\""), "{}", said.stdout);
    assert_eq!(project.value("select string_agg(name, '') from s"), "ann");
    project.ok("seed --full-refresh");
    assert_eq!(project.value("select string_agg(other, '') from s"), "bob");
}

/// As in dbt, which leaves such files out when it selects.
#[test]
fn a_model_file_without_text_is_not_run() {
    for text in ["", "  \n"] {
        let project = Project::new().file("models/none.sql", text).file("models/a.sql", "select 1");
        let said = project.ok("build");
        assert!(said.stdout.contains("Done. PASS=1 "), "{}", said.stdout);
    }
}

/// As in dbt, where there is no SQL to make a view of.
#[test]
fn a_model_of_comments_only_fails_alone() {
    for text in ["-- nothing yet\n", "{# nothing yet #}\n"] {
        let project = Project::new().file("models/none.sql", text).file("models/a.sql", "select 1");
        let said = project.run("build");
        assert_eq!(said.code, 1, "{}", said.stdout);
        assert!(said.stdout.contains("Error in model none (models/none.sql)"), "{}", said.stdout);
        assert!(said.stdout.contains("Done. PASS=1 WARN=0 ERROR=1"), "{}", said.stdout);
    }
}

/// The protocol ends texts with NUL: what has one inside is not sent, and the session goes on.
#[test]
fn a_model_with_a_nul_character_fails_alone() {
    let project = Project::new()
        .file("models/a_nul.sql", "select 'x\0y' as a")
        .file("models/b.sql", "select 1 as b");
    let said = project.run("build --threads 1");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("Error in model a_nul (models/a_nul.sql)"), "{}", said.stdout);
    assert!(said.stdout.contains("cannot be sent to PostgreSQL"), "{}", said.stdout);
    assert!(said.stdout.contains("NUL character"), "{}", said.stdout);
    assert!(said.stdout.contains("Done. PASS=1 WARN=0 ERROR=1"), "{}", said.stdout);
}
