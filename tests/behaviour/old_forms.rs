//! Old forms are told with dbt's event names, and as errors where that is asked for.

use crate::project::Project;
use serde_json::Value as Json;

/// The events of a name that a command tells.
fn told(project: &Project, line: &str, name: &str) -> Vec<Json> {
    let said = project.run(&format!("--log-format json --show-all-deprecations {line}"));
    let events = said.json_lines().into_iter();
    events.filter(|event| event["info"]["name"] == name).collect()
}

#[test]
fn old_options_and_reserved_variables_are_told() {
    let project = Project::offline().file("models/orders.sql", "select 1 as id");
    assert_eq!(told(&project, "ls -m orders", "ModelParamUsageDeprecation").len(), 1);
    assert_eq!(told(&project, "ls -s orders", "ModelParamUsageDeprecation").len(), 0);

    let line = "ls --warn-error-options '{\"error\": \"all\", \"exclude\": [\"Deprecations\"]}'";
    let old_keys = told(&project, line, "WEOIncludeExcludeDeprecation");
    assert_eq!(old_keys.len(), 1);
    assert_eq!(old_keys[0]["data"]["found_exclude"], true);
    let said = project.run("ls --warn-error-options '{error: all, include: all}'");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Only `include` or `error` can be specified"), "{}", said.stdout);

    let output = project.command("ls").env("DBT_ENGINE_SHOP_REGION", "eu").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = text + &String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("DBT_ENGINE_SHOP_REGION"), "{text}");
}

#[test]
fn settings_in_profiles_yml_hold_and_are_told() {
    let project = Project::offline()
        .file("models/orders.sql", "select 1 as id")
        .file("profiles.yml", "config:\n  printer_width: 120\nshop:\n  embedded: true\n");
    assert_eq!(told(&project, "parse", "ProjectFlagsMovedDeprecation").len(), 1);
    let said = project.run("--warn-error parse");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("moved from the 'config' key in profiles.yml"), "{}", said.stdout);
    let both = "name: shop\nprofile: shop\nflags: {fail_fast: true}\n";
    let said = project.file("dbt_project.yml", both).run("parse");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Do not specify both"), "{}", said.stdout);
}

#[test]
fn templates_that_use_itertools_are_told() {
    let model =
        "select {% for pair in modules.itertools.product([1], [2]) %}{{ pair[0] }}{% endfor %}";
    let project = Project::offline().file("models/pairs.sql", model);
    assert_eq!(told(&project, "parse", "ModulesItertoolsUsageDeprecation").len(), 1);
    assert_eq!(project.run("--warn-error parse").code, 2);
}

#[test]
fn models_past_their_date_are_told_with_their_names() {
    let project = Project::offline()
        .file("models/old.sql", "select 1 as id")
        .file("models/reader.sql", "select * from {{ ref('old') }}")
        .file("models/s.yml", "models:\n- name: old\n  deprecation_date: 2001-02-03\n");
    let old = told(&project, "parse", "DeprecatedModel");
    assert_eq!(old[0]["data"]["model_name"], "old");
    let references = told(&project, "parse", "DeprecatedReference");
    assert_eq!(references[0]["data"]["model_name"], "reader");
    assert_eq!(references[0]["data"]["ref_model_name"], "old");
}

#[test]
fn the_arguments_of_tests_are_what_the_project_says() {
    let model = "models:\n- name: orders\n  columns:\n  - name: id\n    tests:\n    \
                 - positive: {arguments: {strict: true}}\n";
    let test = "{% test positive(model, column_name, strict=none, arguments=none) %}\
                select 1 where {{ 'false' if strict else 'true' }}{% endtest %}";
    let project = Project::offline()
        .file("models/orders.sql", "select 1 as id")
        .file("models/s.yml", model)
        .file("macros/positive.sql", test);
    let name = "ArgumentsPropertyInGenericTestDeprecation";
    assert_eq!(told(&project, "parse", name).len(), 0);
    let flags = "name: shop\nprofile: shop\n\
                 flags: {require_generic_test_arguments_property: false}\n";
    let project = project.file("dbt_project.yml", flags);
    assert_eq!(told(&project, "parse", name).len(), 1);
    let manifest = project.artifact("manifest.json");
    let nodes = manifest["nodes"].as_object().unwrap();
    let test = nodes.values().find(|node| node["resource_type"] == "test").unwrap();
    assert_eq!(test["test_metadata"]["kwargs"]["arguments"]["strict"], true);
}

#[test]
fn cleaning_tells_where_packages_are_now() {
    let project =
        Project::offline().file("dbt_project.yml", "name: shop\nclean-targets: [dbt_modules]\n");
    assert_eq!(told(&project, "clean", "PackageInstallPathDeprecation").len(), 1);
    assert_eq!(project.run("--warn-error clean").code, 2);
}
