//! Files for other tools.

use crate::project::Project;
use serde_json::Value as Json;

fn project() -> Project {
    Project::new()
        .file("seeds/users.csv", "id,name\n1,ann\n")
        .file("models/mart/dim_user.sql", "select * from {{ ref('users') }}")
        .file(
            "models/schema.yml",
            "version: 2\nsources:\n  - name: raw\n    tables: [{name: t}]\nmodels:\n  - name: dim_user\n    \
             columns:\n      - name: id\n        data_tests: [not_null]\n",
        )
}

fn keys(value: &Json) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn run_results_have_dbts_form() {
    let project = project();
    project.ok("build --threads 1 --vars '{a: 1}'");
    let artifact = project.artifact("run_results.json");
    assert_eq!(keys(&artifact), ["metadata", "results", "elapsed_time", "args"]);
    let schema = "https://schemas.getdbt.com/dbt/run-results/v6.json";
    assert_eq!(artifact["metadata"]["dbt_schema_version"], schema);
    assert_eq!(artifact["args"]["which"], "build");
    assert_eq!(artifact["args"]["vars"]["a"], 1);
    insta::assert_json_snapshot!("run_results", artifact["results"], {
        "[].timing[].started_at" => "[time]",
        "[].timing[].completed_at" => "[time]",
        "[].execution_time" => "[seconds]",
        "[].relation_name" => insta::dynamic_redaction(|value, _| {
            let insta::internals::Content::String(text) = &value else { return value };
            let start = text.find('.').unwrap_or(0);
            format!("\"db\"{}", &text[start..]).into()
        }),
        "[].compiled_code" => insta::dynamic_redaction(|value, _| {
            let insta::internals::Content::String(text) = &value else { return value };
            regex::Regex::new("\"test_[0-9_]+\"").unwrap().replace_all(text, "\"db\"").into_owned().into()
        }),
    });
}

#[test]
fn the_manifest_has_dbts_form() {
    let project = project();
    project.ok("parse");
    let manifest = project.artifact("manifest.json");
    assert_eq!(
        keys(&manifest),
        [
            "metadata",
            "nodes",
            "sources",
            "macros",
            "docs",
            "exposures",
            "metrics",
            "groups",
            "selectors",
            "disabled",
            "parent_map",
            "child_map",
            "group_map",
            "saved_queries",
            "semantic_models",
            "unit_tests",
            "functions"
        ]
    );
    let metadata = &manifest["metadata"];
    assert_eq!(metadata["dbt_schema_version"], "https://schemas.getdbt.com/dbt/manifest/v12.json");
    assert_eq!(metadata["dbt_version"], "1.11.16");
    assert_eq!(metadata["project_id"], "fb54f3c5992b96d001bb16e8e92d968d");
    assert_eq!(metadata["adapter_type"], "postgres");
    assert_eq!(manifest["child_map"]["seed.shop.users"][0], "model.shop.dim_user");
    assert!(manifest["nodes"]["model.shop.dim_user"].get("compiled_code").is_none());
    project.ok("compile");
    let manifest = project.artifact("manifest.json");
    let code = manifest["nodes"]["model.shop.dim_user"]["compiled_code"].as_str().unwrap();
    assert!(code.contains("\"public\".\"users\""), "{code}");
}

#[test]
fn lineage_tells_what_flows_where() {
    let project = project();
    project.ok("parse");
    let lineage = project.artifact("lineage.json");
    let node = lineage["nodes"].as_array().unwrap().iter().find(|it| it["name"] == "dim_user");
    let node = node.unwrap();
    assert_eq!(node["layer"], "mart");
    assert_eq!(node["path"], "models/mart/dim_user.sql");
    assert_eq!(lineage["edges"][0]["from"], "seed.shop.users");
    assert_eq!(lineage["edges"][0]["to"], "model.shop.dim_user");
    assert!(lineage["mermaid"].as_str().unwrap().starts_with("flowchart LR"));
    assert!(lineage["dot"].as_str().unwrap().starts_with("digraph"));
}

#[test]
fn nothing_is_written_when_not_wanted() {
    let project = project();
    project.ok("build --no-write-json");
    for name in ["manifest.json", "run_results.json", "lineage.json"] {
        assert!(!project.folder().join("target").join(name).exists(), "{name}");
    }
}

#[test]
fn metadata_of_the_environment_is_copied_and_secrets_are_not() {
    let project = project()
        .file("models/a.sql", "{{ log('token ' ~ var('token'), info=true) }} select 1 as x");
    let output = project
        .command("run --vars '{token: hunter2}'")
        .env("DBT_ENV_CUSTOM_ENV_RUN", "42")
        .env("DBT_ENV_SECRET_TOKEN", "hunter2")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("token *****"), "{stdout}");
    assert_eq!(project.artifact("run_results.json")["metadata"]["env"]["RUN"], "42");
    for file in ["target/run_results.json", "target/manifest.json", "logs/dbt.log"] {
        assert!(!project.read(file).contains("hunter2"), "{file}");
    }
}
