//! `gdbt ls`.

use crate::project::Project;

fn project() -> Project {
    Project::offline()
        .file("seeds/colours.csv", "id,name\n1,red\n")
        .file("models/staging/stg.sql", "select * from {{ ref('colours') }}")
        .file("models/mart/fact.sql", "select * from {{ ref('stg') }} join {{ source('raw', 't') }}")
        .file(
            "models/schema.yml",
            "version: 2\nsources:\n  - name: raw\n    tables: [{name: t}]\nmodels:\n  - name: stg\n    \
             columns:\n      - name: id\n        data_tests: [unique]\n",
        )
}

#[test]
fn the_listing_alone_is_on_standard_output() {
    let said = project().ok("ls");
    assert_eq!(
        said.stdout,
        "shop.mart.fact\nshop.staging.stg\nshop.colours\nsource:shop.raw.t\nshop.unique_stg_id\n"
    );
    assert!(said.stderr.contains("Running with gdbt="), "{}", said.stderr);
}

#[test]
fn every_form_of_output_is_that_of_dbt() {
    let project = project();
    let ls = |options: &str| project.ok(&format!("ls {options}")).stdout;
    assert_eq!(ls("--output name --resource-type model"), "fact\nstg\n");
    assert_eq!(
        ls("--output path --select stg --exclude test_type:generic"),
        "models/staging/stg.sql\n"
    );
    assert_eq!(
        ls("--output json --output-keys 'name config.materialized' --models stg"),
        "{\"name\": \"stg\", \"config.materialized\": \"view\"}\n"
    );
    let json: serde_json::Value = serde_json::from_str(&ls("--output json -s fact")).unwrap();
    assert_eq!(json["unique_id"], "model.shop.fact");
    assert_eq!(json["depends_on"]["nodes"][0], "source.shop.raw.t");
    assert!(json.get("raw_code").is_none());
}

#[test]
fn diagrams_show_the_selection() {
    let project = project();
    insta::assert_snapshot!("mermaid", project.ok("ls --output mermaid").stdout);
    insta::assert_snapshot!("dot", project.ok("ls --output dot --select +stg").stdout);
}

#[test]
fn nothing_selected_is_a_warning() {
    let project = project();
    let said = project.ok("ls --select nothing");
    assert_eq!(said.stdout, "");
    assert!(said.stderr.contains("'nothing' does not match any enabled nodes"), "{}", said.stderr);
    assert!(said.stderr.contains("No nodes selected!"));
    assert_eq!(project.run("--warn-error ls --select nothing").code, 2);
}
