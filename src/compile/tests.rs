//! What compiling gives. Expected texts are those of dbt-core 1.11.

use super::*;
use crate::context::tests::TestProject;
use crate::manifest::UniqueId;
use serde_json::json;

fn ephemeral() -> serde_json::Value {
    json!({"materialized": "ephemeral"})
}

fn project() -> TestProject {
    TestProject::new("")
        .with_model("base", &ephemeral(), "select 1 as id", &[])
        .with_model("middle", &ephemeral(), "select *\nfrom {{ ref('base') }}", &["base"])
        .with_model(
            "top",
            &json!({}),
            "with x as (select * from {{ ref('middle') }})\nselect * from x, {{ ref('base') }}",
            &["middle", "base"],
        )
}

fn compile(project: TestProject, name: &str) -> (crate::diagnostic::Result<CompiledNode>, String) {
    let (shared, folder) = project.shared();
    let node =
        shared.manifest().unwrap().nodes[&UniqueId::from(format!("model.shop.{name}"))].clone();
    let compiled = Compiler::new(&shared, true).compile(&node, None);
    let path = folder.path().join(format!("target/compiled/shop/models/{name}.sql"));
    (compiled, std::fs::read_to_string(path).unwrap_or_default())
}

#[test]
fn ephemeral_models_are_inlined_once_and_in_order() {
    let (compiled, written) = compile(project(), "top");
    let compiled = compiled.unwrap().compiled;
    assert_eq!(
        compiled.code,
        "with  __dbt__cte__base as (\nselect 1 as id\n),  __dbt__cte__middle as (\nselect *\nfrom \
         __dbt__cte__base\n), x as (select * from __dbt__cte__middle)\nselect * from x, \
         __dbt__cte__base"
    );
    assert_eq!(written, compiled.code);
    assert_eq!(compiled.path.as_deref(), Some("target/compiled/shop/models/top.sql"));
    let ids: Vec<_> = compiled.extra_ctes.iter().map(|cte| cte.id.as_str()).collect();
    assert_eq!(ids, ["model.shop.base", "model.shop.middle"]);
}

#[test]
fn an_error_of_the_server_is_found_in_the_file_it_is_from() {
    let (shared, _folder) = project().shared();
    let node = shared.manifest().unwrap().nodes[&UniqueId::from("model.shop.top")].clone();
    let compiled = Compiler::new(&shared, true).compile(&node, None).unwrap();
    let statement = format!("create table t as (\n{}\n)", compiled.compiled.code);
    let find = |text: &str| {
        let position = statement.find(text).map(|at| statement[..at].chars().count());
        let span = compiled.locate(&node, &statement, position).unwrap();
        (span.path.to_string(), span.line, span.column, span.length)
    };
    assert_eq!(find("x, __dbt"), ("models/top.sql".into(), 2, 15, 1));
    assert_eq!(find("1 as id"), ("models/base.sql".into(), 1, 8, 1));
    assert_eq!(find("__dbt__cte__base\n), x"), ("models/middle.sql".into(), 2, 9, 11));
}

#[test]
fn errors_carry_the_node_and_the_place() {
    let project = TestProject::new("")
        .with_model("broken", &ephemeral(), "select\n  {{ frmjson(1) }}", &[])
        .with_model("user", &json!({}), "select * from {{ ref('broken') }}", &["broken"]);
    let error = compile(project, "user").0.unwrap_err();
    assert_eq!(error.node.as_deref(), Some("model broken (models/broken.sql)"));
    assert!(error.message.starts_with("'frmjson' is undefined. This can happen when"));
    assert_eq!(error.help.as_deref(), Some("Did you mean 'fromjson'?"));
    let span = error.span.unwrap();
    assert_eq!((&*span.path, span.line, span.column), ("models/broken.sql", 2, 6));
}
