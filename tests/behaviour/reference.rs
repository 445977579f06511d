//! The reference project finds the faults of its data as their author put them there.

use crate::project::Project;
use std::path::Path;

/// What is wrong with the sample, as (test, findings).
const FINDINGS: [(&str, i64); 6] = [
    ("conversions_without_session", 121),
    ("duplicate_conversions", 9),
    ("duplicate_sessions", 29),
    ("sessions_disagree_on_is_paid", 3),
    ("sessions_without_medium", 5),
    ("users_registered_more_than_once", 11),
];

fn reference() -> Project {
    let project = Project::new();
    let profile = project.read("profiles.yml").replacen("shop:", "growth_analytics:", 1);
    project.write("profiles.yml", &profile);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("project");
    for part in ["dbt_project.yml", "data", "macros", "models", "seeds", "tests"] {
        for file in walkdir::WalkDir::new(source.join(part)) {
            let file = file.unwrap();
            if file.file_type().is_file() {
                let path = file.path().strip_prefix(&source).unwrap();
                project
                    .write(path.to_str().unwrap(), &std::fs::read_to_string(file.path()).unwrap());
            }
        }
    }
    project
}

/// Name and status of what is no success, by name.
fn statuses(project: &Project) -> Vec<(String, String, Option<i64>)> {
    let results = project.artifact("run_results.json");
    let mut found: Vec<_> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let name = result["unique_id"].as_str().unwrap().split('.').nth(2).unwrap().to_owned();
            (name, result["status"].as_str().unwrap().to_owned(), result["failures"].as_i64())
        })
        .filter(|(_, status, _)| !matches!(status.as_str(), "success" | "pass" | "no-op"))
        .collect();
    found.sort();
    found
}

#[test]
fn faults_of_the_data_are_warnings_and_what_raw_must_not_have_stops_before_staging() {
    let project = reference();
    project.ok("source load");
    project.ok("build");
    let warnings: Vec<_> = FINDINGS
        .iter()
        .map(|(name, findings)| ((*name).to_owned(), "warn".to_owned(), Some(*findings)))
        .collect();
    assert_eq!(statuses(&project), warnings);
    assert_eq!(project.value("select count(*) from dq.conversions_without_session"), "121");
    let records = project.artifact("dq_results.json");
    let layers: Vec<&str> = records["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["status"] == "warn")
        .map(|record| record["layer"].as_str().unwrap())
        .collect();
    assert!(layers.contains(&"raw"), "{layers:?}");

    let stops = |sql: &str, status: &str| {
        let mart = "select md5(string_agg(m::text, ' ' order by m::text)) from \
                    mart.mart_channel_attribution m";
        let before = project.value(mart);
        project.connect().query(sql).unwrap();
        assert_eq!(project.run("build").code, 1);
        let found = statuses(&project);
        let of = |name: &str| found.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
        assert_eq!(of("known_medium"), Some(status), "{found:?}");
        for model in ["all_sessions", "fact_sessions", "mart_channel_attribution"] {
            assert_eq!(of(model), Some("skipped"), "{found:?}");
        }
        assert_eq!(project.value(mart), before);
    };
    // A medium that nobody knows, then a column of another name.
    stops("insert into raw.sessions values (1, '2024-05-01', false, 'CARRIER PIGEON')", "fail");
    stops("alter table raw.sessions rename column medium to channel", "error");
}
