//! Names that are hard to quote, to cut, or to tell apart.

use crate::project::Project;
use crate::warehouse::picture;

/// A model of each materialization under a hard name, with everything else hard, too.
#[test]
fn hard_names_build_twice() {
    // 63 bytes, which is as long as a name can be; the two differ in the last one only.
    let long = format!("{}_a", "long_name_".repeat(7))[9..].to_owned();
    let longer = format!("{}b", &long[..long.len() - 1]);
    assert_eq!(long.len(), 63);
    let umlauts = format!("{}é", "ü".repeat(30));
    let tables = [
        "select",
        "_select",
        "Group By",
        "it's",
        "tab-le; drop",
        "naïve 表",
        &umlauts,
        &long,
        &longer,
    ];
    let project = Project::new().file(
        "dbt_project.yml",
        "name: shop\nprofile: shop\nmodels:\n  +schema: 'Schéma \"x\" user'\n",
    );
    for (index, alias) in tables.iter().enumerate() {
        for (kind, config) in [
            ("table", "materialized='table', indexes=[{'columns': ['\"order\"']}]"),
            ("view", "materialized='view'"),
            ("incremental", "materialized='incremental', unique_key='\"order\"'"),
        ] {
            // One name for each relation, as long as before.
            let alias = match kind {
                "table" => (*alias).to_owned(),
                "view" => replace_first(alias, 'V'),
                _ => replace_first(alias, 'W'),
            };
            project.write(
                &format!("models/m{index}_{kind}.sql"),
                &format!(
                    "{{{{ config({config}, alias='{}') }}}}\nselect {index} as \"order\", 'x' as \
                     \"Größe %\", 1 as \"a b\"\n",
                    alias.replace('\'', "\\'")
                ),
            );
        }
    }
    project.ok("build");
    let first = picture(&project);
    assert_eq!(first.len(), tables.len() * 3, "{first:#?}");
    project.ok("build");
    assert_eq!(picture(&project), first);
    project.ok("build --full-refresh");
    assert_eq!(picture(&project), first);
}

/// Postgres would cut the name, and the next run would not find what it made.
#[test]
fn names_that_postgres_would_cut_are_refused() {
    // 70 characters; 40 characters that are 80 bytes.
    for (alias, limit) in [("x".repeat(70), "63 characters"), ("ü".repeat(40), "63 bytes")] {
        for kind in ["table", "view", "incremental"] {
            let project = Project::new().file(
                "models/m.sql",
                &format!("{{{{ config(materialized='{kind}', alias='{alias}') }}}} select 1 as x"),
            );
            let said = project.run("build");
            assert_eq!(said.code, 1, "{}", said.stdout);
            assert!(said.stdout.contains(&format!("longer than {limit}")), "{}", said.stdout);
            assert_eq!(picture(&project).len(), 0);
        }
    }
}

fn replace_first(name: &str, with: char) -> String {
    let first = name.chars().next().unwrap();
    // As many bytes as before.
    let rest = &name[first.len_utf8()..];
    format!("{}{rest}", with.to_string().repeat(first.len_utf8()))
}
