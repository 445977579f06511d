//! Lines on the terminal and in the log.

use crate::project::Project;

fn project() -> Project {
    Project::new().file(
        "models/a.sql",
        "{{ print('raw') }}{{ log('told', info=true) }}{{ log('whispered') }}select 1 as x",
    )
}

#[test]
fn json_lines_have_dbts_form() {
    let lines = project().ok("--log-format json run").json_lines();
    let named = |name: &str| {
        lines.iter().find(|line| line["info"]["name"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(named("MainReportVersion")["info"]["code"], "A001");
    let result = named("LogModelResult");
    assert_eq!(result["info"]["code"], "Q012");
    assert_eq!(result["info"]["level"], "info");
    assert_eq!(result["data"]["status"], "CREATE VIEW");
    assert_eq!(result["data"]["node_info"]["unique_id"], "model.shop.a");
    assert_eq!(result["data"]["node_info"]["node_status"], "success");
    let stats = &named("StatsLine")["data"]["stats"];
    assert_eq!((stats["pass"].as_i64(), stats["total"].as_i64()), (Some(1), Some(1)));
    assert_eq!(named("JinjaLogInfo")["data"]["msg"], "told");
    assert_eq!(named("ConcurrencyLine")["data"]["target_name"], "dev");
    for key in ["invocation_id", "pid", "thread", "ts", "msg", "extra", "category"] {
        assert!(result["info"].get(key).is_some(), "{key}");
    }
}

#[test]
fn quiet_leaves_only_print_and_errors() {
    let project = project();
    // The model is rendered once to parse and once to run; `print` speaks both times.
    assert!(project.ok("--quiet run").stdout.lines().all(|line| line == "raw"));
    assert_eq!(project.ok("--quiet --no-print run").stdout, "");
    project.write("models/a.sql", "select 1/0 as x union all select missing");
    let said = project.run("-q run");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("Database Error in model a"), "{}", said.stdout);
    assert!(!said.stdout.contains("Running with"));
}

#[test]
fn the_log_file_has_everything() {
    let project = project();
    project.ok("run");
    let log = project.read("logs/dbt.log");
    assert!(log.contains("[info ] [MainThread]: Running with gdbt="), "{log}");
    assert!(log.contains("[debug] [Thread-1 (]: Began running node model.shop.a"), "{log}");
    assert!(log.contains("whispered") && log.contains("create view"), "{log}");
    let said = project.ok("run --log-level none --log-path elsewhere");
    assert_eq!(said.stdout, "raw\nraw\n");
    assert!(project.folder().join("elsewhere/dbt.log").exists() || said.code == 0);
}

#[test]
fn colours_are_for_terminals_or_when_asked_for() {
    let project = project();
    assert!(!project.ok("run").stdout.contains('\u{1b}'));
    let said = project.ok("run --use-colors");
    assert!(said.stdout.contains("[\u{1b}[32mCREATE VIEW\u{1b}[0m in"), "{}", said.stdout);
    assert!(!project.ok("run --use-colors --no-color").stdout.contains('\u{1b}'));
}
