//! Wrong usage ends with 2 and says what to do.

use crate::database;
use crate::project::{Project, Said};

#[test]
fn mistyped_options_and_commands_get_a_suggestion() {
    let project = Project::offline();
    let said = project.run("run --full-refesh");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("--full-refresh"), "{}", said.stderr);
    let said = project.run("biuld");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("build"), "{}", said.stderr);
}

#[test]
fn what_only_dbt_has_is_refused_by_name() {
    let project = Project::offline();
    let said = project.run("run --record-timing-info profile.out");
    assert_eq!(said.code, 2);
    assert!(
        said.stdout.contains("--record-timing-info") && said.stdout.contains("GD1009"),
        "{}",
        said.stdout
    );
    let mut command = project.command("run");
    let said = command.env("DBT_UPLOAD_TO_ARTIFACTS_INGEST_API", "1").output().unwrap();
    assert_eq!(said.status.code(), Some(2));
}

#[test]
fn help_is_on_standard_output_and_ends_with_0() {
    let project = Project::offline();
    for line in ["--help", "-h", "build --help", "source load --help", "--version"] {
        let said = project.ok(line);
        assert!(!said.stdout.is_empty() && said.stderr.is_empty(), "{line}");
    }
    assert_eq!(project.run("").code, 2);
}

#[test]
fn settings_come_from_the_environment_too() {
    let project = Project::offline().file("models/a.sql", "select 1 as id");
    let output = project.command("ls").env("DBT_LOG_LEVEL", "loud").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("DBT_LOG_LEVEL"));
    let output = project.command("parse").env("DBT_TARGET_PATH", "elsewhere").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(project.folder().join("elsewhere/manifest.json").is_file());
}

#[test]
fn a_new_project_is_complete() {
    let project = Project::offline();
    project.ok("init wares");
    let said = project.ok("ls --project-dir wares --quiet");
    assert!(said.stdout.contains("wares.mart.visits_by_channel"), "{}", said.stdout);
    assert_eq!(project.run("init wares").code, 2);
    assert_eq!(project.run("init 2-wrong").code, 2);
}

#[test]
fn clean_deletes_what_it_may_and_nothing_else() {
    let project = Project::offline().file("target/x.txt", "x").file("models/a.sql", "select 1");
    project.ok("clean");
    assert!(!project.folder().join("target").exists());
    for targets in ["['models']", "['.']", "['../elsewhere']"] {
        let text = format!("name: shop\nprofile: shop\nclean-targets: {targets}\n");
        project.write("dbt_project.yml", &text);
        assert_eq!(project.run("clean").code, 2, "{targets}");
    }
    assert!(project.folder().join("models/a.sql").is_file());
}

#[test]
fn a_new_project_builds_on_a_server_of_its_own_that_stops_at_the_end() {
    let project = Project::offline();
    project.ok("init wares");
    let options = database::options(&project.folder().join("wares"));
    let mut command = project.command("build --project-dir wares");
    if let Some(programs) = &options.bin_dir {
        command.env("GDBT_POSTGRES_BIN", programs);
    }
    let said: Said = command.output().unwrap().into();
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("Embedded PostgreSQL"), "{}", said.stdout);
    assert!(said.stdout.contains("Done. PASS=8 WARN=0 ERROR=0"), "{}", said.stdout);
    assert_eq!(project.run("db status --project-dir wares").code, 1);
}

#[test]
fn cleaning_needs_no_profile() {
    let project = Project::offline().file("profiles.yml", "shop: [").file("target/x", "x");
    project.ok("clean");
    assert!(!project.folder().join("target").exists());
}

#[test]
fn completions_are_a_script_and_nothing_else() {
    let said = Project::offline().ok("completions bash");
    assert!(said.stdout.starts_with("_gdbt()"), "{}", &said.stdout[..200]);
}

#[test]
fn manual_pages_are_printed_and_written() {
    let project = Project::offline();
    let page = project.ok("man").stdout;
    assert!(
        page.contains(".TH gdbt 1") && page.contains("Compiles and runs dbt projects"),
        "{page}"
    );
    project.ok("man --into pages");
    assert!(project.read("pages/gdbt-run.1").contains("gdbt-run"));
}
