//! Which columns make which.

use crate::project::Project;
use serde_json::{Value as Json, json};

fn project() -> Project {
    Project::new()
        .file("seeds/channels.csv", "Name,group\nx,paid\n")
        .file(
            "models/raw.yml",
            "sources:\n  - name: raw\n    schema: public\n    tables:\n      - name: users\n      - name: seen\n        \
             identifier: channels\nmodels:\n  - name: mart\n    columns: [{name: total}, {name: gone}]\n",
        )
        .file("models/stg_users.sql", "select * from {{ source('raw', 'users') }}")
        .file(
            "models/clean.sql",
            "{{ config(materialized='ephemeral') }}\nselect id, lower(email) as email, channel, amount from \
             {{ ref('stg_users') }} where not deleted",
        )
        .file(
            "models/mart.sql",
            "select c.\"group\", sum(u.amount) as total, count(distinct u.email) as users\nfrom {{ ref('clean') }} \
             u\njoin {{ ref('channels') }} c on c.name = u.channel\ngroup by 1",
        )
}

fn upstream(lineage: &Json, node: &str, column: &str) -> Json {
    lineage["columns"][node][column]["upstream"].clone()
}

#[test]
fn compiling_tells_what_each_column_is_made_of() {
    let project = project();
    project.ok("compile");
    let lineage = project.artifact("lineage.json");
    assert_eq!(lineage["unanalysed"], json!([]));
    assert_eq!(
        upstream(&lineage, "model.shop.mart", "total"),
        json!([{"node": "model.shop.clean", "column": "amount", "kind": "aggregated"}])
    );
    assert_eq!(
        upstream(&lineage, "model.shop.mart", "group"),
        json!([{"node": "seed.shop.channels", "column": "group", "kind": "direct"}])
    );
    assert_eq!(
        upstream(&lineage, "model.shop.clean", "email"),
        json!([{"node": "model.shop.stg_users", "column": "email", "kind": "transformed"}])
    );
    // Which columns the source has is not known; this one is read.
    assert_eq!(
        upstream(&lineage, "model.shop.stg_users", "email"),
        json!([{"node": "source.shop.raw.users", "column": "email", "kind": "direct"}])
    );
    assert_eq!(
        lineage["rows"]["model.shop.clean"],
        json!([{"node": "model.shop.stg_users", "column": "deleted", "kind": "filter"}])
    );
}

#[test]
fn a_source_over_a_seed_is_the_one_that_is_referred_to() {
    let project = project().file("models/seen.sql", "select * from {{ source('raw', 'seen') }}");
    project.ok("compile");
    assert_eq!(
        upstream(&project.artifact("lineage.json"), "model.shop.seen", "name"),
        json!([{"node": "source.shop.raw.seen", "column": "name", "kind": "direct"}])
    );
}

#[test]
fn the_way_of_a_column_is_shown() {
    let project = project();
    insta::assert_snapshot!(project.ok("lineage --column mart.total").stdout, @r"
    mart.total is made of
    └─ aggregated clean.amount
       └─ direct stg_users.amount
          └─ direct raw.users.amount
    ");
    insta::assert_snapshot!(project.ok("lineage --column stg_users.channel --downstream 9").stdout, @r"
    stg_users.channel is used in
    └─ direct clean.channel
       └─ join all of mart
    ");
    let said = project.ok("lineage --column mart.users --upstream 1 --output json");
    assert_eq!(
        serde_json::from_str::<Json>(&said.stdout).unwrap(),
        json!({
            "column": {"node": "model.shop.mart", "column": "users"},
            "steps": [{
                "from": {"node": "model.shop.clean", "column": "email"},
                "to": {"node": "model.shop.mart", "column": "users"},
                "kind": "aggregated",
            }],
        })
    );
    let mermaid = project.ok("lineage --column mart.users --output mermaid").stdout;
    assert!(mermaid.contains("c1[\"clean.email\"]\n  c1 -->|aggregated| c0"), "{mermaid}");
    let said = project.run("lineage --column mart.totl");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Did you mean 'total'?") || said.stderr.contains("'total'?"));
}

#[test]
fn what_cannot_be_traced_is_told_with_its_place() {
    let project = project().file(
        "models/both.sql",
        "select ts\nfrom {{ source('raw', 'users') }} a\njoin other.events b on a.id = b.id",
    );
    project.ok("compile");
    let told = &project.artifact("lineage.json")["unanalysed"][0];
    assert_eq!(told["node"], "model.shop.both");
    let place = (&told["file"], &told["line"], &told["column"]);
    assert_eq!(place, (&json!("models/both.sql"), &json!(1), &json!(8)));
    assert!(told["reason"].as_str().unwrap().starts_with("column ts may be of a or b"));
    let said = project.run("lineage --check");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("models/both.sql:1:8: the columns of model.shop.both"));
    assert!(
        said.stdout.contains("models/raw.yml:10:30: column gone of model.shop.mart is described")
    );
    assert!(said.stdout.trim_end().ends_with("3 of 4 traced"), "{}", said.stdout);
}

#[test]
fn columns_that_only_the_database_has_are_followed() {
    let project = Project::new()
        .file(
            "models/wide.sql",
            "select 1 as id {% if flags.WHICH == 'run' %}, 2 as more{% endif %}",
        )
        .file("models/reader.sql", "select more from {{ ref('wide') }}");
    project.ok("run");
    project.ok("docs generate");
    let lineage = project.artifact("lineage.json");
    assert_eq!(lineage["unanalysed"], json!([]));
    assert_eq!(
        upstream(&lineage, "model.shop.reader", "more"),
        json!([{"node": "model.shop.wide", "column": "more", "kind": "direct"}])
    );
}

#[test]
fn an_incremental_model_that_reads_itself_is_traced() {
    let project = Project::new()
        .file("seeds/days.csv", "day,n\n2026-01-01,1\n")
        .file(
            "models/daily.sql",
            "{{ config(materialized='incremental') }}\nselect day, n from {{ ref('days') }}\n{% if is_incremental() %}\n\
             where day > (select max(day) from {{ this }})\n{% endif %}",
        );
    project.ok("build");
    project.ok("compile");
    let lineage = project.artifact("lineage.json");
    assert_eq!(lineage["unanalysed"], json!([]));
    assert_eq!(
        lineage["rows"]["model.shop.daily"],
        json!([{"node": "seed.shop.days", "column": "day", "kind": "filter"}])
    );
}
