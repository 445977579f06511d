use super::super::fixture;
use super::*;
use crate::diagnostic::Diagnostic;
use proptest::prelude::*;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// All kinds that `ls` lists.
const LISTED: &[ResourceType] = &[
    ResourceType::Model,
    ResourceType::Seed,
    ResourceType::Snapshot,
    ResourceType::Analysis,
    ResourceType::Test,
    ResourceType::Source,
    ResourceType::Exposure,
];
const LS: Filter<'_> = Filter { types: LISTED, include_empty: true };

fn texts(list: &Json) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn spec_error(text: &str) -> Diagnostic {
    *Spec::parse(&[text.to_owned()], &[], IndirectSelection::Eager).unwrap_err()
}

#[test]
fn selects_what_dbt_selects() {
    // Made from dbt's answers by tests/compat/selection/generate.py.
    let text = include_str!("../../../tests/compat/selection/expected.json");
    let expected: Json = serde_json::from_str(text).unwrap();
    let manifest = fixture::manifest(&expected["graph"]);
    let dag = Dag::build(&manifest).unwrap();
    let selector = Selector::new(&manifest, &dag);
    let cases = expected["cases"].as_array().unwrap();
    assert!(cases.len() > 150);
    for case in cases {
        let (select, exclude) = (texts(&case["select"]), texts(&case["exclude"]));
        let mode = case["mode"].as_str().unwrap().parse().unwrap();
        let spec = Spec::parse(&select, &exclude, mode);
        if let Ok(spec) = spec {
            let selection = selector.select(&spec, LS).unwrap();
            let ids = selection.ids(&dag);
            let found: BTreeSet<&str> = ids.iter().map(|id| id.as_str()).collect();
            let ids = texts(&case["ids"]);
            let wanted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
            assert_eq!(found, wanted, "{select:?} ! {exclude:?} % {mode:?}");
        } else {
            assert!(case.get("error").is_some(), "{select:?} {spec:?}");
        }
    }
}

#[test]
fn criteria_that_match_nothing_are_noted_as_written() {
    let manifest = fixture::models(&["a>b"]);
    let dag = Dag::build(&manifest).unwrap();
    let select = ["a  +none,b".to_owned(), "tag:x".to_owned()];
    let spec = Spec::parse(&select, &["zz".to_owned()], IndirectSelection::Eager).unwrap();
    let selection = Selector::new(&manifest, &dag).select(&spec, LS).unwrap();
    let unmatched = ["+none,b", "tag:x", "zz"]
        .map(|spec| Event::NoNodesForSelectionCriteria { spec: spec.to_owned() });
    assert_eq!(selection.warnings, unmatched);
    assert_eq!(selection.ids(&dag), [&UniqueId::from("model.shop.a")]);
}

#[test]
fn empty_files_are_listed_but_not_run() {
    let graph = serde_json::json!({
        "model.shop.blank": {"name": "blank", "fqn": ["shop", "blank"], "raw_code": " \n"},
        "seed.shop.codes": {"name": "codes", "fqn": ["shop", "codes"], "raw_code": ""},
    });
    let manifest = fixture::manifest(&graph);
    let dag = Dag::build(&manifest).unwrap();
    let spec = Spec::parse(&[], &[], IndirectSelection::Eager).unwrap();
    let select = |include_empty| {
        let filter = Filter { types: LISTED, include_empty };
        Selector::new(&manifest, &dag).select(&spec, filter).unwrap().nodes.count_ones(..)
    };
    assert_eq!((select(true), select(false)), (2, 1));
}

#[test]
fn wrong_criteria_say_what_is_wrong() {
    let unknown = spec_error("tga:x");
    assert_eq!(unknown.message, "'tga' is not a valid method name");
    assert_eq!(unknown.help.as_deref(), Some("Did you mean `tag`?"));
    assert_eq!(
        spec_error("@orders+").message,
        "Invalid node spec @orders+ - \"@\" prefix and \"+\" suffix are incompatible"
    );
    assert!(spec_error("source:a.b.c.d").message.starts_with("Invalid source selector value"));
    assert!(spec_error("test_type:odd").message.contains("expected \"generic\""));
    assert!(spec_error("resource_type:odd").message.contains("Invalid resource_type selector"));
    assert!(spec_error("/abs/path").message.contains("must be relative"));
    assert!(spec_error("state:changed").message.contains("expected one of"));
    assert!(spec_error("unit_test:a.b.c").message.starts_with("Invalid unit test selector value"));
}

#[test]
fn methods_about_an_earlier_state_need_one() {
    let manifest = fixture::models(&["a>b"]);
    let dag = Dag::build(&manifest).unwrap();
    let error = |text: &str| {
        let spec = Spec::parse(&[text.to_owned()], &[], IndirectSelection::Eager).unwrap();
        Selector::new(&manifest, &dag).select(&spec, LS).unwrap_err().message
    };
    let message = "Got a state selector method, but no comparison manifest";
    assert_eq!(error("state:modified"), message);
    assert_eq!(error("result:error"), "No comparison run_results");
    assert!(error("source_status:fresher").starts_with("No previous state comparison"));
}

fn criterion() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "c", "d", "e", "*", "tag:x", "zz"]);
    let before = prop::sample::select(vec!["", "+", "1+", "@"]);
    let after = prop::sample::select(vec!["", "+", "+1"]);
    (before, name, after).prop_map(|(before, name, after)| {
        let after = if before == "@" { "" } else { after };
        format!("{before}{name}{after}")
    })
}

fn edges() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..5_usize, 0..5_usize), 0..10).prop_map(|pairs| {
        let ordered = pairs.into_iter().map(|(a, b)| (a.min(b), a.max(b)));
        ordered.filter(|(a, b)| a != b).collect()
    })
}

proptest! {
    #[test]
    fn selections_obey_the_laws_of_sets(x in criterion(), y in criterion(), edges in edges()) {
        let names = ["a", "b", "c", "d", "e"];
        let edges: Vec<String> =
            edges.iter().map(|(from, to)| format!("{}>{}", names[*from], names[*to])).collect();
        let mut all: Vec<&str> = names.to_vec();
        all.extend(edges.iter().map(String::as_str));
        let manifest = fixture::models(&all);
        let dag = Dag::build(&manifest).unwrap();
        let selector = Selector::new(&manifest, &dag);
        let select = |select: &[&str], exclude: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
            let spec =
                Spec::parse(&owned(select), &owned(exclude), IndirectSelection::Eager).unwrap();
            selector.select(&spec, LS).unwrap().nodes
        };
        let (left, right) = (select(&[&x], &[]), select(&[&y], &[]));
        let both = &left & &right;
        let either = &left | &right;
        prop_assert_eq!(&select(&[&x, &y], &[]), &either);
        prop_assert_eq!(&select(&[&format!("{x} {y}")], &[]), &either);
        prop_assert_eq!(&select(&[&format!("{x},{y}")], &[]), &both);
        prop_assert_eq!(&select(&[&format!("{y},{x}")], &[]), &both);
        let mut rest = left.clone();
        rest.difference_with(&right);
        prop_assert_eq!(&select(&[&x], &[&y]), &rest);
        prop_assert!(left.is_subset(&select(&["*"], &[])));
    }

    #[test]
    fn any_text_is_a_selection_or_an_error(text in ".{0,40}") {
        let manifest = fixture::models(&["a>b"]);
        let dag = Dag::build(&manifest).unwrap();
        if let Ok(spec) = Spec::parse(&[text], &[], IndirectSelection::Buildable) {
            let _ = Selector::new(&manifest, &dag).select(&spec, LS);
        }
    }
}
