use super::{Value, Yaml};
use serde_json::json;
use std::fmt::Write as _;

fn load(text: &str) -> Yaml {
    Yaml::parse("m.yml", text).unwrap()
}

fn to_json(text: &str) -> serde_json::Value {
    load(text).root.to_json()
}

fn error(text: &str) -> (u32, u32, String) {
    let error = Yaml::parse("m.yml", text).unwrap_err();
    let span = error.span.unwrap();
    (span.line, span.column, error.message)
}

#[test]
fn scalars_mean_what_pyyaml_makes_of_them() {
    let cases = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!("y")),
        ("null", json!(null)),
        ("~", json!(null)),
        ("", json!(null)),
        ("010", json!(8)),
        ("08", json!("08")),
        ("0o10", json!("0o10")),
        ("0x1F", json!(31)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("+12", json!(12)),
        ("-12", json!(-12)),
        ("1:30", json!(90)),
        ("-1:30", json!(-90)),
        ("1:99", json!("1:99")),
        ("1:30.5", json!(90.5)),
        ("1e3", json!("1e3")),
        ("1.0e3", json!("1.0e3")),
        ("1.0e+3", json!(1000.0)),
        (".5", json!(0.5)),
        ("-.5", json!("-.5")),
        ("-0.5", json!(-0.5)),
        ("1.", json!(1.0)),
        (".", json!(".")),
        ("-", json!([null])),
        ("1.2.3", json!("1.2.3")),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("'1'", json!("1")),
        ("!!str 1", json!("1")),
        ("!!int '7'", json!(7)),
        ("2024-01-02", json!("2024-01-02")),
        ("2024-1-2", json!("2024-1-2")),
        ("2024-01-02 3:04:05.5 -1:30", json!("2024-01-02T03:04:05.500000-01:30")),
        ("2024-01-02T03:04:05Z", json!("2024-01-02T03:04:05+00:00")),
        ("2024-13-01", json!("2024-13-01")),
    ];
    for (text, expected) in cases {
        assert_eq!(to_json(text), expected, "{text:?}");
    }
    assert!(matches!(load(".inf").root.value, Value::Float(f) if f == f64::INFINITY));
    assert!(matches!(load("2024-01-02").root.value, Value::Timestamp(_)));
}

#[test]
fn the_last_of_two_equal_keys_wins_and_is_noted() {
    let yaml = load("a: 1\nb: 2\na: 3\n");
    assert_eq!(yaml.root.to_json().to_string(), r#"{"a":3,"b":2}"#);
    assert_eq!(yaml.duplicates[0].key, "a");
    assert_eq!(yaml.source.span(yaml.duplicates[0].second).line, 3);
    assert_eq!(to_json("1: a\ntrue: b").to_string(), r#"{"1":"b"}"#);
    let many: Vec<String> = (0..40).map(|i| format!("k{}: {i}\n", i % 30)).collect();
    let many = many.concat();
    assert_eq!(load(&many).duplicates.len(), 10);
    assert_eq!(load(&many).root.get("k3").unwrap().as_int(), Some(33));
}

#[test]
fn merge_keys_give_defaults_that_own_keys_override() {
    let text = "x: &x {a: 1, b: 2}\ny: &y {b: 5, c: 6}\nz:\n  d: 4\n  <<: [*x, *y]\n  a: 3\n";
    let yaml = load(text);
    let z = yaml.root.get("z").unwrap().to_json();
    assert_eq!(z, json!({"a": 3, "b": 2, "c": 6, "d": 4}));
    assert!(yaml.duplicates.is_empty());
    assert_eq!(to_json("'<<': 1"), json!({"<<": 1}));
    assert!(error("a: 1\n<<: 2").2.contains("merges a mapping"));
}

#[test]
fn errors_say_where() {
    assert_eq!(
        error("a: b: c"),
        (1, 5, "Syntax error near line 1: mapping values are not allowed in this context".into())
    );
    assert_eq!(error("a:\n\t- b").0, 2);
    assert_eq!(error("a: 1\n---\nb: 2").0, 2);
    assert_eq!(error("a: *nope").1, 4);
    let unquoted = Yaml::parse("m.yml", "a: {{ var('x') }}").unwrap_err();
    assert_eq!(unquoted.span.as_ref().unwrap().column, 5);
    assert!(unquoted.help.unwrap().contains("quoted"));
}

#[test]
fn places_are_those_of_the_values() {
    let yaml = load("é: 'x'\nlist:\n  - name: orders\n");
    let item = &yaml.root.get("list").unwrap().as_seq().unwrap()[0];
    let span = yaml.source.span(item.get("name").unwrap().place);
    assert_eq!((span.line, span.column, span.length), (3, 11, 6));
    assert_eq!(yaml.source.span(yaml.root.get("é").unwrap().place).column, 4);
}

#[test]
fn deep_and_exploding_files_are_refused() {
    for hostile in ["[", "{a: ", "- ", "? "] {
        error(&hostile.repeat(100_000));
    }
    let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
    for i in 1..30 {
        let aliases = vec![format!("*a{}", i - 1); 10].join(",");
        let _ = writeln!(bomb, "a{i}: &a{i} [{aliases}]");
    }
    assert!(error(&bomb).2.contains("too many values"));
    let mut deep = String::from("a0: &a0 x\n");
    for i in 1..2000 {
        let _ = writeln!(deep, "a{i}: &a{i} [*a{}]", i - 1);
    }
    assert!(error(&deep).2.contains("too many values"));
    assert!(error("a: &a [*a]").2.contains("contains it"));
}

#[test]
fn a_missing_line_feed_at_the_end_of_a_block_is_not_added() {
    assert_eq!(to_json("a: |\n  x\n"), json!({"a": "x\n"}));
    assert_eq!(to_json("a: |\n  x"), json!({"a": "x"}));
}

proptest::proptest! {
    #[test]
    fn any_text_gives_a_value_or_an_error(text in "[-a:{}\\[\\]&*!|>'\"%@ \n\t#?,<.0-9é]{0,60}") {
        let _ = Yaml::parse("m.yml", text);
    }
}
