//! Earlier states: `--state`, `--defer`, `retry`, selectors.yml.

use crate::project::Project;

fn shop() -> Project {
    let project = Project::new()
        .file("models/a.sql", "select 1 as id")
        .file("models/b.sql", "select * from {{ ref('a') }} where {{ var('where', 'true') }}")
        .file("models/c.sql", "select * from {{ ref('b') }}")
        .file("models/e.sql", "{{ config(materialized='ephemeral') }} select * from {{ ref('a') }}")
        .file("macros/m.sql", "{% macro one() %}1{% endmacro %}")
        .file("models/uses.sql", "select {{ one() }} as id");
    // A second target in another schema of the same database.
    let profile = project.read("profiles.yml");
    let dev = profile.split("    dev:\n").nth(1).unwrap();
    let prod = dev.replace("schema: public", "schema: prod");
    project.write("profiles.yml", &format!("{profile}    prod:\n{prod}"));
    project
}

fn keep_state(project: &Project) {
    project.write("state/manifest.json", &project.read("target/manifest.json"));
}

fn listed(project: &Project, selection: &str) -> Vec<String> {
    let said = project.ok(&format!("ls --output name --state state --select {selection}"));
    said.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn what_changed_is_found_and_nothing_else() {
    let project = shop();
    project.ok("parse --target prod");
    keep_state(&project);
    assert_eq!(listed(&project, "state:modified"), [""; 0]);
    project.write("macros/m.sql", "{% macro one() %}2{% endmacro %}");
    project.write("models/a.sql", "select 2 as id");
    project.write("models/new.sql", "select 1 as id");
    assert_eq!(listed(&project, "state:modified"), ["a", "new", "uses"]);
    assert_eq!(listed(&project, "state:modified.body"), ["a", "new"]);
    assert_eq!(listed(&project, "state:modified.macros"), ["uses"]);
    assert_eq!(listed(&project, "state:new"), ["new"]);
    assert_eq!(listed(&project, "state:modified.body+ --exclude state:new"), ["a", "b", "c", "e"]);
    assert_eq!(listed(&project, "state:unmodified"), ["b", "c", "e"]);
    let said = project.run("ls --select state:modified");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("Got a state selector method, but no comparison manifest"));
}

#[test]
fn what_is_not_built_here_is_read_elsewhere() {
    let project = shop();
    project.ok("run --target prod");
    keep_state(&project);
    project.ok("run --select c --defer --state state");
    assert!(project.read("target/compiled/shop/models/c.sql").contains("\"prod\".\"b\""));
    // What is built here goes first, unless --favor-state.
    project.ok("run --select b --defer --state state");
    project.ok("compile --select c --defer --state state");
    assert!(project.read("target/compiled/shop/models/c.sql").contains("\"public\".\"b\""));
    project.ok("compile --select c --defer --state state --favor-state");
    assert!(project.read("target/compiled/shop/models/c.sql").contains("\"prod\".\"b\""));
    project.ok("compile --select b c --defer --state state --favor-state");
    assert!(project.read("target/compiled/shop/models/c.sql").contains("\"public\".\"b\""));
    let said = project.run("run --defer");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("--state or --defer-state are required for deferral"));
    let said = project.run("run --defer --state nowhere");
    assert!(said.stdout.contains("Could not find manifest in --state path: \"nowhere\""));
    let said = project.ok("ls --state target");
    assert!(said.stderr.contains("The state and target directories are the same: 'target'"));
}

#[test]
fn a_breaking_change_of_a_contract_is_told() {
    let contract = |columns: &str| {
        format!(
            "models:\n  - name: a\n    config: {{contract: {{enforced: true}}, materialized: table}}\n    \
             columns:\n      - {{name: id, data_type: int}}\n{columns}"
        )
    };
    let project = shop();
    let more = "      - {name: gone, data_type: text}\n";
    project.write("models/s.yml", &contract(more));
    project.ok("parse");
    keep_state(&project);
    project.write("models/s.yml", &contract(""));
    let said = project.ok("ls --select state:modified.contract --state state");
    assert!(
        said.stderr.contains("Breaking change to contracted, unversioned model a (models/a.sql)")
    );
    assert!(said.stderr.contains("Columns were removed: \n    - gone"), "{}", said.stderr);
    assert_eq!(project.run("--warn-error ls --select state:modified --state state").code, 2);
}

#[test]
fn retry_runs_what_failed_or_was_skipped_as_before() {
    let project = shop();
    assert_eq!(project.run("retry").code, 2);
    assert!(project.run("retry").stdout.contains("Could not find previous run in 'target'"));
    assert_eq!(project.run("run --vars '{where: nope}' --threads 2").code, 1);
    let ids = |project: &Project| {
        let results = project.artifact("run_results.json");
        let results = results["results"].as_array().unwrap();
        let mut ids: Vec<String> =
            results.iter().map(|it| it["unique_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    // The variable is still that of the first run.
    assert_eq!(project.run("retry").code, 1);
    assert_eq!(ids(&project), ["model.shop.b", "model.shop.c"]);
    let said = project.ok("retry --vars '{where: \"true\"}'");
    assert_eq!(ids(&project), ["model.shop.b", "model.shop.c"]);
    assert!(said.text().contains("PASS=2"), "{}", said.stdout);
    assert!(project.ok("retry").text().contains("Nothing to do"));
}

#[test]
fn selectors_have_names_and_one_is_the_default() {
    let project = shop().file(
        "selectors.yml",
        "selectors:\n  - name: some\n    default: true\n    definition: {union: [a, {method: fqn, value: b}]}\n  - name: more\n    definition: {union: [{method: selector, value: some}, \
         c]}\n",
    );
    let said = project.ok("ls");
    assert_eq!(said.stdout, "shop.a\nshop.b\n");
    assert!(said.stderr.contains("Using default selector some"));
    assert_eq!(project.ok("ls --selector more").stdout, "shop.a\nshop.b\nshop.c\n");
    assert_eq!(project.ok("ls --select c").stdout, "shop.c\n");
    let said = project.run("ls --selector other");
    assert_eq!(said.code, 2);
    let message = "Could not find selector named other, expected one of ['some', 'more']";
    assert!(said.stderr.contains(message), "{}", said.stderr);
    let parsed = &project.artifact("manifest.json")["selectors"]["more"]["definition"];
    assert_eq!(parsed["union"][0]["union"][0]["method"], "fqn");
}
