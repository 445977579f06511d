//! Each mistake is one clear error: a code, a place in the user's file, what to do.

use crate::project::Project;

/// Runs a line that must end with 2 and name all of these.
fn refused(project: &Project, line: &str, expected: &[&str]) {
    let said = project.run(line);
    assert_eq!(said.code, 2, "{line}:\n{}{}", said.stdout, said.stderr);
    let all = format!("{}{}", said.stdout, said.stderr);
    for text in expected {
        assert!(all.contains(text), "expected {text:?} in:\n{all}");
    }
}

#[test]
fn no_project() {
    let project = Project::offline();
    std::fs::remove_file(project.folder().join("dbt_project.yml")).unwrap();
    refused(&project, "run", &["dbt_project.yml", "GD1001"]);
}

#[test]
fn broken_yaml() {
    let project =
        Project::offline().file("models/schema.yml", "version: 2\nmodels:\n  - name: a\n   x: 1\n");
    refused(&project, "parse", &["models/schema.yml:4", "GD1005"]);
    let project = Project::offline();
    project.write("dbt_project.yml", "name: [shop\n");
    refused(&project, "parse", &["dbt_project.yml:", "GD1005"]);
}

#[test]
fn missing_profile_and_target() {
    let project = Project::new();
    refused(
        &project,
        "run --profile nothing",
        &["Could not find profile named 'nothing'", "GD1003"],
    );
    refused(&project, "run --target prod", &["does not have a target named 'prod'", "dev"]);
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error_and_never_the_embedded_one() {
    let profile = |host: &str, port: u16, user: &str| {
        format!(
            "shop:\n  target: dev\n  outputs:\n    dev: {{type: postgres, host: {host}, port: {port}, \
             user: {user}, password: hunter2, dbname: x, schema: public}}\n"
        )
    };
    let project = Project::offline().file("models/a.sql", "select 1 as x");
    project.write("profiles.yml", &profile("127.0.0.1", 1, "me"));
    refused(&project, "run", &["Database Error", "127.0.0.1", "GD4001"]);
    project.write("profiles.yml", &profile("no-such-host.invalid", 5432, "me"));
    refused(&project, "run", &["Database Error", "no-such-host.invalid", "GD4001"]);
    assert!(!project.run("run").stdout.contains("hunter2"));
    assert!(!project.folder().join(".gdbt").exists());
}

/// Without a profile the server is the embedded one; here it has no programs.
#[test]
fn compiling_starts_no_server_unless_a_template_asks_it() {
    let project = Project::offline().file("models/a.sql", "select {{ 1 + 1 }} as x");
    let run = |line: &str| {
        let mut command = project.command(line);
        let said = command.env("GDBT_POSTGRES_BIN", "/nowhere").output().unwrap();
        (said.status.success(), String::from_utf8(said.stdout).unwrap())
    };
    let (ok, said) = run("compile");
    assert!(ok, "{said}");
    assert_eq!(project.read("target/compiled/shop/models/a.sql"), "select 2 as x");
    project.write("models/b.sql", "select {{ run_query('select 1').columns[0].values()[0] }} as x");
    let (ok, said) = run("compile");
    assert!(!ok && said.contains("GD5001"), "{said}");
    assert!(!run("run").0);
}

#[test]
fn unknown_references_have_near_matches() {
    let project = Project::offline()
        .file("models/orders.sql", "select 1 as id")
        .file("models/a.sql", "select 1\nfrom {{ ref('ordres') }}");
    refused(
        &project,
        "parse",
        &[
            "depends on a node named 'ordres' which was not found",
            "models/a.sql:2",
            "orders",
            "GD3002",
        ],
    );
    project.write("models/a.sql", "select * from {{ source('raw', 'nothing') }}");
    refused(&project, "parse", &["raw.nothing", "models/a.sql:1:18", "GD3003"]);
}

#[test]
fn a_cycle_is_named_with_its_path() {
    let project = Project::offline()
        .file("models/a.sql", "select * from {{ ref('b') }}")
        .file("models/b.sql", "select * from {{ ref('a') }}");
    refused(&project, "parse", &["Found a cycle", "model.shop.a", "model.shop.b", "GD3004"]);
}

#[test]
fn duplicate_models_are_named_with_both_files() {
    let project = Project::offline()
        .file("models/one/a.sql", "select 1")
        .file("models/two/a.sql", "select 1");
    refused(&project, "parse", &["models/one/a.sql", "models/two/a.sql", "GD3005"]);
}

#[test]
fn jinja_errors_are_shown_in_the_users_file() {
    let project = Project::offline().file("models/a.sql", "select 1\n{% if true %}\nfrom x");
    refused(
        &project,
        "parse",
        &["Compilation Error in model a (models/a.sql)", "models/a.sql:", "GD2001"],
    );
    project.write("models/a.sql", "select\n  {{ exceptions.raise_compiler_error('no luck') }}");
    refused(&project, "parse", &["no luck", "models/a.sql:2", "GD2004"]);
}

#[test]
fn every_mistake_is_told_not_only_the_first() {
    let project = Project::offline()
        .file("models/a.sql", "select * from {{ ref('x1') }}")
        .file("models/b.sql", "select * from {{ ref('y1') }}");
    refused(&project, "parse", &["'x1'", "'y1'"]);
}

#[test]
fn bad_selectors_and_values() {
    let project = Project::offline().file("models/a.sql", "select 1");
    refused(&project, "ls --select nomethod:x", &["nomethod", "GD6001"]);
    refused(&project, "ls --vars '[1]'", &["--vars", "GD1008"]);
    refused(&project, "ls --resource-type modle", &["model", "GD1008"]);
}

#[test]
fn configuration_that_reaches_nothing_is_a_warning() {
    let project = Project::offline().file("models/staging/a.sql", "select 1 as x");
    let file = project.read("dbt_project.yml");
    let models = "models:\n  shop:\n    staging: {+schema: a}\n    stagging: {+schema: b}\n";
    project.write("dbt_project.yml", &format!("{file}\n{models}"));
    let said = project.ok("parse").stdout;
    assert!(
        said.contains("There are 1 unused configuration paths:\n- models.shop.stagging"),
        "{said}"
    );
}

#[test]
fn seeds_depend_on_nothing() {
    let project = Project::offline()
        .file("seeds/s.csv", "id\n1\n")
        .file("models/a.sql", "select 1 as id")
        .file(
            "seeds/schema.yml",
            "seeds:\n  - name: s\n    config: {post_hook: \"select * from {{ ref('a') }}\"}\n",
        );
    refused(&project, "parse", &["Seeds cannot depend on other nodes", "seed.shop.s"]);
}

#[test]
fn a_query_comment_that_cannot_be_rendered_stops_the_run() {
    let project = Project::new().file("models/a.sql", "select 1 as id");
    let file = "name: shop\nprofile: shop\nquery-comment: \"{{ unheard_of() }}\"\n";
    project.write("dbt_project.yml", file);
    refused(&project, "run", &["'unheard_of' is undefined"]);
}

#[test]
fn debug_tells_which_check_failed() {
    let project = Project::new();
    let failed = |line: &str, expected: &[&str]| {
        let said = project.run(line);
        assert_eq!(said.code, 1, "{line}: {}", said.stdout);
        for text in expected {
            assert!(said.stdout.contains(text), "expected {text:?} in:\n{}", said.stdout);
        }
    };
    let reason = "Profile loading failed for the following reason:";
    failed("debug --profile nothing", &["1 check failed", reason, "profile named 'nothing'"]);
    failed("debug --profiles-dir none", &["looked for a profiles.yml file in none/profiles.yml"]);
    project.write("dbt_project.yml", "name: [\n");
    failed("debug", &["dbt_project.yml file [ERROR invalid]", "GD1005"]);
    refused(&project, "debug --project-dir nowhere", &["Path 'nowhere' does not exist."]);
}

#[test]
fn debug_tells_who_else_can_read_a_password() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::offline();
    let profile = |password: &str| {
        project.write("profiles/profiles.yml", &format!(
            "shop: {{target: dev, outputs: {{dev: {{type: postgres, host: 127.0.0.1, port: 1, user: u, \
             password: \"{password}\", dbname: d, schema: s}}}}}}\n"
        ));
    };
    let file = project.folder().join("profiles/profiles.yml");
    let said = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        project.run("debug --profile shop --profiles-dir profiles").stdout
    };
    profile("hushhush");
    assert!(said(0o644).contains("holds a password and others can read it"), "{}", said(0o644));
    assert!(!said(0o600).contains("others can read it"));
    profile("{{ env_var('PGPASSWORD', 'x') }}");
    assert!(!said(0o644).contains("others can read it"));
}

#[test]
fn every_broken_rule_of_the_semantic_layer_is_told() {
    let project = Project::offline();
    project.write("models/orders.sql", "select 1 as id");
    project.write("models/metricflow_time_spine.sql", "select current_date as date_day");
    let schema = "semantic_models:
  - name: orders
    model: ref('orders')
    entities: [{name: id, type: foreign}]
    dimensions: [{name: kind, type: categorical}]
    measures: [{name: kind, agg: sum, expr: id}]
metrics:
  - {name: Total, label: Total, type: simple, type_params: {measure: kind}}
";
    project.write("models/schema.yml", schema);
    let rules = [
        "can't use name `kind` for a dimension when it was already used for a measure",
        "Aggregation time dimension for measure kind is not set!",
        "The semantic model orders contains dimensions, but it does not define a primary entity.",
        "Invalid name `Total` - names may only contain lower case letters",
        "Semantic Manifest validation failed.",
    ];
    refused(&project, "parse", &rules);
}

#[test]
fn a_file_of_another_encoding_is_named() {
    let project = Project::offline();
    project.write("models/latin.sql", "");
    std::fs::write(project.folder().join("models/latin.sql"), b"select '\xfcber' as a").unwrap();
    let said = project.run("parse");
    assert_eq!(said.code, 2, "{}", said.stdout);
    assert!(said.stdout.contains("models/latin.sql"), "{}", said.stdout);
    assert!(said.stdout.contains("Save this one as UTF-8"), "{}", said.stdout);
}
