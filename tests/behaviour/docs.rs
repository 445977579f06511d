//! `gdbt docs`.

use crate::project::Project;
use serde_json::Value as Json;

fn project() -> Project {
    Project::new()
        .file("seeds/users.csv", "id,name\n1,ann\n")
        .file("models/staging/stg_user.sql", "select id, name from {{ ref('users') }}")
        .file(
            "models/mart/dim_user.sql",
            "{{ config(materialized='table', persist_docs={'relation': true, 'columns': true}) }}\n\
             select *, 1.5::numeric(8, 2) as score from {{ ref('stg_user') }}",
        )
        .file(
            "models/schema.yml",
            "version: 2\nsources:\n  - name: raw\n    schema: public\n    tables:\n      \
             - {name: people, identifier: users}\n      - {name: nowhere}\nmodels:\n  - name: dim_user\n    \
             description: People.\n    columns:\n      - {name: id, description: Its number.}\n",
        )
}

fn ids(catalog: &Json, key: &str) -> Vec<String> {
    let mut ids: Vec<String> = catalog[key].as_object().unwrap().keys().cloned().collect();
    ids.sort();
    ids
}

#[test]
fn the_catalog_has_what_the_database_has() {
    let project = project();
    project.ok("build");
    let said = project.ok("docs generate");
    assert!(said.stdout.contains("Building catalog"), "{}", said.stdout);
    assert!(said.stdout.contains("Catalog written to /"), "{}", said.stdout);
    let catalog = project.artifact("catalog.json");
    let nodes = ["model.shop.dim_user", "model.shop.stg_user", "seed.shop.users"];
    assert_eq!(ids(&catalog, "nodes"), nodes);
    assert_eq!(ids(&catalog, "sources"), ["source.shop.raw.people"]);
    let table = &catalog["nodes"]["model.shop.dim_user"];
    assert_eq!(table["metadata"]["type"], "BASE TABLE");
    assert_eq!(table["metadata"]["comment"], "People.");
    let column =
        serde_json::json!({"type": "integer", "index": 1, "name": "id", "comment": "Its number."});
    assert_eq!(table["columns"]["id"], column);
    assert_eq!(table["columns"]["score"]["type"], "numeric(8,2)");
    assert_eq!(catalog["nodes"]["model.shop.stg_user"]["metadata"]["type"], "VIEW");
    assert_eq!(catalog["errors"], Json::Null);
    let manifest = project.artifact("manifest.json");
    assert_eq!(manifest["nodes"]["model.shop.dim_user"]["compiled"], true);
}

#[test]
fn a_selection_is_the_catalogs_unless_nothing_is_compiled() {
    let project = project();
    project.ok("build");
    project.ok("docs generate --select dim_user source:raw.people");
    let catalog = project.artifact("catalog.json");
    assert_eq!(ids(&catalog, "nodes"), ["model.shop.dim_user"]);
    assert_eq!(ids(&catalog, "sources"), ["source.shop.raw.people"]);
    project.ok("docs generate --select missing");
    assert_eq!(ids(&project.artifact("catalog.json"), "nodes"), [""; 0]);
    project.ok("docs generate --no-compile --select dim_user");
    assert_eq!(ids(&project.artifact("catalog.json"), "nodes").len(), 3);
    let manifest = project.artifact("manifest.json");
    assert_eq!(manifest["nodes"]["model.shop.dim_user"].get("compiled"), None);
}

#[test]
fn an_empty_catalog_asks_nothing() {
    let project = project();
    let said = project.ok("docs generate --empty-catalog");
    assert!(!said.stdout.contains("Building catalog"), "{}", said.stdout);
    let catalog = project.artifact("catalog.json");
    assert!(ids(&catalog, "nodes").is_empty() && ids(&catalog, "sources").is_empty());
}

#[test]
fn a_projects_own_macro_is_asked() {
    let own = "{% macro get_catalog_relations(information_schema, relations) %}\n\
               {% call statement('catalog', fetch_result=True) %}\n\
               select '{{ information_schema.database }}' as table_database, 'public' as table_schema,\n\
               'dim_user' as table_name, 'BASE TABLE' as table_type, null as table_comment,\n\
               'me' as table_owner, 'id' as column_name, 1 as column_index, 'int' as column_type,\n\
               null as column_comment, 'Rows' as \"stats:rows:label\", 7 as \"stats:rows:value\",\n\
               'How many.' as \"stats:rows:description\", true as \"stats:rows:include\"\n\
               {% endcall %}{{ return(load_result('catalog').table) }}{% endmacro %}";
    let project = project().file("macros/catalog.sql", own);
    project.ok("build");
    project.ok("docs generate");
    let catalog = project.artifact("catalog.json");
    assert_eq!(ids(&catalog, "nodes"), ["model.shop.dim_user"]);
    let table = &catalog["nodes"]["model.shop.dim_user"];
    assert_eq!(table["metadata"]["owner"], "me");
    assert_eq!(table["stats"]["rows"]["value"], 7);
    assert_eq!(table["stats"]["has_stats"]["value"], true);
}

#[test]
fn a_catalog_that_fails_is_written_with_its_error() {
    let own = "{% macro get_catalog_relations(information_schema, relations) %}\n\
               {% do run_query('select nonsense') %}{% endmacro %}";
    let project = project().file("macros/catalog.sql", own);
    project.ok("build");
    let said = project.run("docs generate");
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains("Encountered an error while generating catalog:"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("dbt encountered 1 failure while writing the catalog"),
        "{}",
        said.stdout
    );
    let errors = project.artifact("catalog.json")["errors"].as_array().unwrap().clone();
    assert!(errors[0].as_str().unwrap().contains("nonsense"), "{errors:?}");
}

#[test]
fn a_model_that_does_not_compile_stops_it() {
    let project =
        project().file("models/broken.sql", "select {{ exceptions.raise_compiler_error('no') }}");
    let said = project.run("docs generate");
    assert_eq!(said.code, 2, "{}", said.stdout);
    assert!(!project.folder().join("target/catalog.json").exists());
}

#[test]
fn assets_go_beside_the_site() {
    let project = project()
        .file(
            "dbt_project.yml",
            "name: shop\nprofile: shop\nasset-paths: [images, missing, ../up]\n",
        )
        .file("images/deep/a.txt", "new");
    project.write("target/images/old.txt", "old");
    project.ok("docs generate --empty-catalog");
    assert_eq!(project.read("target/images/deep/a.txt"), "new");
    assert!(!project.folder().join("target/images/old.txt").exists());
}
