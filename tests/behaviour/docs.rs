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

/// The data of a page.
fn data(page: &str) -> Json {
    let (_, data) = page.split_once("type=\"application/json\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

fn named<'a>(list: &'a Json, id: &str) -> &'a Json {
    list.as_array().unwrap().iter().find(|it| it["id"] == id).unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn the_site_holds_what_is_known() {
    let tests = "models:\n  - name: stg_user\n    columns:\n      - name: id\n        data_tests:\n          - unique\n          \
                 - not_null\n  - name: dim_user\n    columns:\n      - name: id\n        data_tests:\n          \
                 - relationships: {arguments: {to: ref('stg_user'), field: id}}\n";
    let project = project().file("models/schema.yml", tests);
    project.ok("build");
    project.ok("docs generate --static");
    let page = project.read("target/index.html");
    assert_eq!(page, project.read("target/static_index.html"));
    let data = data(&page);
    assert_eq!(data["project"], "shop");
    let node = named(&data["nodes"], "model.shop.dim_user");
    assert_eq!(node["layer"], "mart");
    assert_eq!(node["columns"][2]["type"], "numeric(8,2)");
    assert_eq!((&node["last"]["status"], &node["last"]["rows"]), (&"success".into(), &1.into()));
    assert!(node["compiled"].as_str().unwrap().contains("stg_user\""));
    let tests = data["tests"].as_array().unwrap();
    let unique = tests.iter().find(|test| test["kind"] == "unique").unwrap();
    assert_eq!((&unique["last"]["status"], &unique["column"]), (&"pass".into(), &"id".into()));
    assert_eq!(data["runs"].as_array().unwrap().len(), 1);
    let relation = &data["er"]["relations"][0];
    assert_eq!(
        (&relation["from"], &relation["to"]),
        (&"model.shop.dim_user".into(), &"model.shop.stg_user".into())
    );
    assert_eq!(
        named(&data["er"]["entities"], "model.shop.stg_user")["columns"][0]["primary"],
        true
    );
    // Compiling for the site does not make what the last run found out old.
    project.ok("docs generate");
    let again = self::data(&project.read("target/index.html"));
    assert_eq!(named(&again["nodes"], "model.shop.dim_user")["last"], node["last"]);
}

#[test]
fn the_folder_is_served() {
    let project = project();
    let mut server = project
        .command("docs serve --port 0 --no-browser")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(server.stdout.take().unwrap());
    let port: u16 = std::io::BufRead::lines(said)
        .find_map(|line| {
            line.unwrap().strip_prefix("Serving docs at ").map(|port| port.parse().unwrap())
        })
        .unwrap();
    let get = |path: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/").contains("\"project\":\"shop\""));
    assert!(get("/../dbt_project.yml").starts_with("HTTP/1.1 404"));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn lineage_is_printed_in_every_form() {
    let project = project();
    let names = |json: &str| -> Vec<String> {
        let json: Json = serde_json::from_str(json).unwrap();
        let nodes = json["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(&project.ok("lineage").stdout);
    assert_eq!(all.len(), 5, "{all:?}");
    let near = project.ok("lineage --select stg_user --upstream 1");
    let mut near = names(&near.stdout);
    near.sort();
    assert_eq!(near, ["stg_user", "users"]);
    let around = names(&project.ok("lineage --select users --downstream 2").stdout);
    assert_eq!(around.len(), 3, "{around:?}");
    let mermaid = project.ok("lineage --output mermaid --select +dim_user").stdout;
    assert!(mermaid.starts_with("flowchart LR") && mermaid.contains("-->"), "{mermaid}");
    assert!(project.ok("lineage --output dot").stdout.starts_with("digraph lineage {"));
    let svg = project.ok("lineage --output svg").stdout;
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert_eq!(svg.matches("<title>").count(), 5);
}

#[test]
fn entities_are_printed_with_their_keys() {
    let keys = "models:\n  - name: orders\n    columns:\n      - name: user_id\n        data_tests: [not_null]\n    \
                constraints: [{type: foreign_key, columns: [user_id], to: \"ref('people')\", to_columns: [id]}]\n  \
                - name: people\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n";
    let project = Project::offline()
        .file("profiles.yml", "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: localhost, user: u, password: p, dbname: d, schema: s, port: 1}\n")
        .file("models/orders.sql", "select 1 as user_id")
        .file("models/people.sql", "select 1 as id")
        .file("models/schema.yml", keys);
    let said = project.ok("lineage --er --output mermaid");
    insta::assert_snapshot!(said.stdout, @r#"
    erDiagram
      "orders" {
        unknown user_id FK
      }
      "people" {
        unknown id PK
      }
      "people" ||--o{ "orders" : "user_id"
    "#);
    assert_eq!(project.run("lineage --er --output svg").code, 2);
}
