//! Errors that other sessions cause: a node is run again if it had no effect.

use crate::project::Project;
use crate::warehouse::picture;

/// A project with a function that fails with `sqlstate` a number of times. It counts with a
/// sequence, which no rollback resets.
fn project(sqlstate: &str, failures: usize) -> Project {
    let project = Project::new();
    project.connect().query("create schema help; create sequence help.tries").unwrap();
    let function = format!(
        "create function help.once() returns int language plpgsql as $$ begin \
         if nextval('help.tries') <= {failures} then \
           raise exception 'somebody was faster' using errcode = '{sqlstate}'; \
         end if; return 1; end $$"
    );
    project.connect().query(&function).unwrap();
    project
}

fn tries(project: &Project) -> String {
    project.value("select last_value from help.tries")
}

#[test]
fn a_node_that_had_no_effect_is_run_again() {
    for (sqlstate, kind) in [("40001", "table"), ("40P01", "incremental"), ("40001", "view")] {
        let project = project(sqlstate, 2).file(
            "models/m.sql",
            &format!(
                "{{{{ config(materialized='{kind}', pre_hook='select help.once()') }}}}\n\
                 select 1 as x"
            ),
        );
        let said = project.ok("build");
        assert_eq!(said.stdout.matches("model m (models/m.sql) was disturbed").count(), 2);
        assert!(said.stdout.contains("(somebody was faster)"), "{}", said.stdout);
        assert!(said.stdout.contains("attempt 3 of 5"), "{}", said.stdout);
        assert_eq!(tries(&project), "3");
        // And once more, now that there is something to replace.
        project.query("select setval('help.tries', 1, false)");
        project.ok("build");
        assert_eq!(tries(&project), "3");
        assert_eq!(project.value("select x from m"), "1");
        assert_eq!(picture(&project).len(), 1, "{:?}", picture(&project));
    }
}

#[test]
fn a_data_test_is_run_again() {
    let project = project("40001", 1).file("tests/t.sql", "select help.once() as x where false");
    let said = project.ok("test");
    // The function is not called for no rows.
    assert!(said.stdout.contains("PASS=1"), "{}", said.stdout);
    project.write("tests/t.sql", "select * from (select help.once() as x) as t where x <> 1");
    assert!(project.ok("test").stdout.contains("attempt 2 of 5"));
}

#[test]
fn what_took_effect_is_not_run_again() {
    let project = project("40001", 1)
        .file("macros/note.sql", "{% macro note() %}create table if not exists help.log (x int); insert into help.log values (1){% endmacro %}")
        .file(
            "models/m.sql",
            "{{ config(materialized='table', pre_hook=before_begin('{{ note() }}')) }}\n\
             select help.once() as x",
        );
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("somebody was faster"), "{}", said.stdout);
    assert!(!said.stdout.contains("disturbed"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from help.log"), "1");
}

#[test]
fn attempts_come_to_an_end() {
    let project = project("40001", 100)
        .file("models/m.sql", "{{ config(materialized='table') }} select help.once() as x");
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("somebody was faster"), "{}", said.stdout);
    assert_eq!(tries(&project), "5");
    assert_eq!(picture(&project).len(), 0);
}

#[test]
fn other_errors_are_not_repeated() {
    for sqlstate in ["23505", "22012", "P0001", "57014"] {
        let project = project(sqlstate, 1)
            .file("models/m.sql", "{{ config(materialized='table') }} select help.once() as x");
        assert_eq!(project.run("build").code, 1);
        assert_eq!(tries(&project), "1", "{sqlstate}");
    }
}
