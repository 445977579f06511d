use super::compare::Pair;
use super::contract::{self, ContractChange};
use super::previous::PreviousState;
use serde_json::{Value as Json, json};
use std::path::Path;

fn same(kind: &str, old: &Json, new: &Json) -> bool {
    Pair { old, new, kind, more_unrendered: false }.same_contents()
}

#[test]
fn what_follows_from_the_target_is_no_change() {
    let node = |schema: &str| {
        json!({"raw_code": "x", "fqn": ["s", "a"], "schema": schema, "relation_name": schema,
               "config": {"schema": schema}, "unrendered_config": {"materialized": "table"}})
    };
    assert!(same("model", &node("dev"), &node("prod")));
    let mut other = node("prod");
    other["unrendered_config"]["schema"] = json!("elsewhere");
    assert!(!same("model", &node("dev"), &other));
    let mut tagged = node("prod");
    tagged["unrendered_config"]["tags"] = json!(["a"]);
    assert!(same("model", &node("dev"), &tagged));
}

#[test]
fn an_older_artifact_may_leave_out_what_is_null() {
    let old = json!({"raw_code": "x", "fqn": ["s", "a"], "unrendered_config": {}});
    let new = json!({"raw_code": "x", "fqn": ["s", "a"], "unrendered_config": {},
                     "latest_version": null, "deprecation_date": null, "access": "protected"});
    assert!(same("model", &old, &new));
}

#[test]
fn descriptions_count_where_they_are_written_to_the_database() {
    let node = |text: &str, persist: bool| {
        json!({"raw_code": "x", "description": text, "unrendered_config": {},
               "config": {"persist_docs": {"relation": persist}}})
    };
    assert!(same("model", &node("a", false), &node("b", false)));
    assert!(!same("model", &node("a", true), &node("b", true)));
}

#[test]
fn a_test_is_its_modifiers() {
    let test =
        |config: Json| json!({"test_metadata": {}, "fqn": ["a"], "unrendered_config": config});
    assert!(same("test", &test(json!({"tags": 1})), &test(json!({"meta": 2}))));
    assert!(!same("test", &test(json!({})), &test(json!({"limit": 2}))));
}

fn contracted(columns: &Json, materialized: &str, constraints: &Json) -> Json {
    json!({"unique_id": "model.s.a", "contract": {"enforced": true}, "columns": columns,
           "config": {"materialized": materialized}, "constraints": constraints})
}

#[test]
fn breaking_changes_are_those_that_readers_notice() {
    let text = |size: &str| json!({"id": {"name": "id", "data_type": size, "constraints": []}});
    let base = contracted(&text("varchar(3)"), "table", &json!([]));
    let change = |new: &Json| contract::compare(&base, new);
    assert_eq!(change(&base), ContractChange::Same);
    let wider = contracted(&text("varchar(10)"), "table", &json!([]));
    assert_eq!(change(&wider), ContractChange::Changed);
    let retyped = contracted(&text("int"), "table", &json!([]));
    let words = "Columns with data_type changes: \n    - id (varchar(3) -> int)".to_owned();
    assert_eq!(change(&retyped), ContractChange::Broken(vec![words]));
    let ContractChange::Broken(breaks) = change(&json!({"columns": {}})) else { panic!() };
    assert_eq!(breaks.len(), 2);
    assert!(breaks[0].starts_with("Contract enforcement was removed"));
    let key = json!([{"type": "primary_key", "columns": ["id"]}]);
    let keyed = contracted(&text("varchar(3)"), "table", &key);
    let words =
        "Enforced model level constraints were removed: \n    - 'primary_key' constraint on columns \
         ['id']"
        .to_owned();
    assert_eq!(contract::compare(&keyed, &base), ContractChange::Broken(vec![words]));
    let as_view = contracted(&text("varchar(3)"), "view", &keyed["constraints"]);
    let ContractChange::Broken(breaks) = contract::compare(&keyed, &as_view) else { panic!() };
    assert_eq!(
        breaks,
        ["Materialization changed with enforced constraints: \n    - table -> view"]
    );
    assert_eq!(
        contract::removed(&base, false),
        ContractChange::Broken(vec![
            "Contracted model 'model.s.a' was deleted or renamed.".to_owned()
        ])
    );
    let mut past = base.clone();
    past["deprecation_date"] = json!("2001-01-01T00:00:00+00:00");
    assert_eq!(contract::removed(&past, false), ContractChange::Same);
}

#[test]
fn an_artifact_of_an_unknown_version_is_refused_and_a_missing_one_is_not() {
    let home = tempfile::tempdir().unwrap();
    let load = || PreviousState::load(Path::new("state"), home.path(), Path::new("target"));
    assert!(!load().unwrap().has_manifest());
    std::fs::create_dir(home.path().join("state")).unwrap();
    let write = |text: &str| std::fs::write(home.path().join("state/manifest.json"), text).unwrap();
    let manifest = |version: u32| {
        let schema = format!("https://schemas.getdbt.com/dbt/manifest/v{version}.json");
        json!({"metadata": {"dbt_schema_version": schema}, "nodes": {"a": {"raw_sql": "x"}}})
            .to_string()
    };
    write(&manifest(6));
    assert_eq!(load().unwrap().resource("a").unwrap()["raw_code"], "x");
    for wrong in [manifest(3), manifest(99), "{}".to_owned(), "nonsense".to_owned()] {
        write(&wrong);
        assert!(load().is_err(), "{wrong}");
    }
}
