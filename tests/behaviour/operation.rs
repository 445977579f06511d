//! `run-operation`: one macro by itself.

use crate::project::Project;

fn shop() -> Project {
    Project::new().file(
        "macros/operations.sql",
        "{% macro note(what, times=1) %}\n  {% do run_query('create table if not exists notes (what \
         text)') %}\n  {% for _ in range(times) %}{% do run_query(\"insert into notes values ('\" ~ \
         what ~ \"')\") %}{% endfor %}\n  {% do run_query('commit') %}\n  {{ log('noted ' ~ what, \
         info=true) }}\n{% endmacro %}\n\
         {% macro clean_up() %}{% do run_query('vacuum notes') %}{% endmacro %}\n\
         {% macro forget() %}{% call statement() %}truncate notes{% endcall %}\
         {% do run_query('forget it') %}{% endmacro %}\n\
         {% macro fail() %}{{ exceptions.raise_compiler_error('no way') }}{% endmacro %}\n",
    )
}

#[test]
fn a_macro_runs_with_its_arguments_and_leaves_results() {
    let project = shop();
    let said = project.ok("run-operation note --args '{what: milk, times: 2}'");
    assert!(said.text().contains("noted milk"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from notes where what = 'milk'"), "2");
    let results = project.artifact("run_results.json");
    let result = &results["results"][0];
    assert_eq!(result["unique_id"], "macro.shop.note");
    assert_eq!((&result["status"], &result["failures"]), (&"success".into(), &0.into()));
    assert_eq!(results["args"]["args"]["what"], "milk");
    // The package may be named, too.
    project.ok("run-operation shop.note --args '{what: eggs}'");
}

#[test]
fn each_statement_of_a_macro_commits_by_itself() {
    let project = shop();
    project.ok("run-operation note --args '{what: milk}'");
    project.ok("run-operation clean_up");
    // What was done before a failure stays.
    assert_eq!(project.run("run-operation forget").code, 1);
    assert_eq!(project.value("select count(*) from notes"), "0");
}

#[test]
fn a_macro_that_fails_exits_with_1_and_a_missing_one_with_2() {
    let project = shop();
    let said = project.run("run-operation fail");
    assert_eq!(said.code, 1);
    let text = said.text();
    assert!(text.contains("Encountered an error while running operation: Compilation Error"));
    assert!(text.contains("no way") && text.contains("macros/operations.sql"), "{text}");
    assert_eq!(project.artifact("run_results.json")["results"][0]["status"], "error");
    let said = project.run("run-operation forgett");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Did you mean 'forget'?"), "{}", said.stdout);
    assert_eq!(project.run("run-operation note --args 3").code, 2);
}

#[test]
fn a_macro_tells_its_arguments_through_get_macro() {
    let project = shop().file(
        "macros/asks.sql",
        "{% macro asks() %}{{ print(note.get_macro().arguments) }}{% endmacro %}\n",
    );
    let said = project.ok("run-operation asks");
    assert!(said.text().contains("('what', 'times')"), "{}", said.stdout);
}
