//! Every case of `tests/jinja/cases` gives what dbt-core's own environment gives.
//!
//! `tests/jinja/oracle.py` writes the expected outputs and, where dbt-core is installed,
//! checks that they still are what dbt-core gives.

// A test that cannot read its cases should stop.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use gdbt::context::modules;
use gdbt::jinja::blocks::{BlockKind, scan};
use gdbt::jinja::{Globals, SourceFile, Template, UndefinedMode, Value};

struct Case {
    name: String,
    sections: HashMap<String, String>,
}

fn read(path: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut section = String::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        if let Some(name) = line.strip_prefix("==== ") {
            cases.push(Case { name: name.to_owned(), sections: HashMap::new() });
            "template".clone_into(&mut section);
        } else if let Some(name) = line.strip_prefix("---- ") {
            name.clone_into(&mut section);
            cases.last_mut().unwrap().sections.insert(section.clone(), String::new());
        } else {
            cases
                .last_mut()
                .unwrap()
                .sections
                .entry(section.clone())
                .and_modify(|text| {
                    text.push('\n');
                    text.push_str(line);
                })
                .or_insert_with(|| format!("\n{line}"));
        }
    }
    for case in &mut cases {
        for text in case.sections.values_mut() {
            *text = text.strip_prefix('\n').unwrap_or(text).to_owned();
        }
    }
    cases
}

fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(truth) => (*truth).into(),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().unwrap().into(), Value::Int)
        }
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => Value::list(items.iter().map(from_json)),
        serde_json::Value::Object(entries) => {
            Value::dict(entries.iter().map(|(key, value)| (key.as_str(), from_json(value))))
        }
    }
}

struct Context {
    names: HashMap<String, Value>,
    mode: UndefinedMode,
}

impl Globals for Context {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.names.get(name).cloned()
    }

    fn undefined_mode(&self) -> UndefinedMode {
        self.mode
    }
}

/// The section that holds the outcome, and its text.
fn render(case: &Case) -> (&'static str, String) {
    let section = |name: &str| case.sections.get(name).map_or("", String::as_str);
    let mut names: HashMap<String, Value> = HashMap::new();
    let silent: std::sync::Arc<dyn gdbt::event::Sink> = std::sync::Arc::new(gdbt::event::Silent);
    let modules = ["datetime", "pytz", "re", "itertools"]
        .map(|name| (name, modules::module(name, &silent).unwrap()));
    names.insert("modules".to_owned(), Value::dict(modules));
    if let Ok(serde_json::Value::Object(entries)) = serde_json::from_str(section("context")) {
        names.extend(entries.iter().map(|(name, value)| (name.clone(), from_json(value))));
    }
    let outcome = (|| {
        let file = SourceFile::new("macros.sql", section("macros"));
        let kinds = [BlockKind::Macro, BlockKind::Test, BlockKind::Materialization];
        for block in scan(&file, &kinds)? {
            let definition = block.macro_def(&file)?;
            names.insert(definition.name.to_string(), Value::from_macro(definition));
        }
        let mode = match section("mode") {
            "parse" => UndefinedMode::Permissive,
            _ => UndefinedMode::Strict,
        };
        let template = Template::from_text("case.sql", section("template"))?;
        let context = Context { names, mode };
        if section("mode") == "native" {
            template.render_native(&context).map(|value| value.repr())
        } else {
            template.render(&context)
        }
    })();
    match outcome {
        Ok(text) => ("out", text),
        Err(error) => ("error", jinja_message(&error.message)),
    }
}

/// The first line of a message without what dbt adds to Jinja's words about undefined names.
fn jinja_message(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let jinjas = line.split(". This can happen when calling a macro that does not exist.").next();
    jinjas.unwrap_or_default().to_owned()
}

#[test]
fn cases_give_what_dbt_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jinja/cases");
    let mut differences = String::new();
    let mut total = 0;
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        for case in read(&path) {
            total += 1;
            let (kind, text) = render(&case);
            if case.sections.get(kind) != Some(&text) {
                let file = path.file_name().unwrap().to_string_lossy();
                let expected = case
                    .sections
                    .get_key_value("out")
                    .or_else(|| case.sections.get_key_value("error"));
                let _ = writeln!(
                    differences,
                    "{file}: {}\n  template {:?}\n  expected {expected:?}\n  got      {kind} {text:?}",
                    case.name, case.sections["template"]
                );
            }
        }
    }
    assert!(differences.is_empty(), "of {total} cases these differ:\n{differences}");
    assert!(total >= 400, "only {total} cases were found");
}

#[test]
fn cases_are_what_dbt_core_gives() {
    let python = std::env::var("GDBT_ORACLE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jinja/oracle.py");
    let Ok(output) = Command::new(python).arg(script).arg("check").output() else {
        println!("skipped: there is no Python");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => {}
        Some(77) => println!("skipped: {text}"),
        _ => panic!("{text}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn a_namespace_inside_itself_is_shown_once() {
    let context = Context { names: HashMap::new(), mode: UndefinedMode::Strict };
    let text = "{% set ns = namespace(a=1) %}{% set ns.b = [ns] %}{{ ns }}";
    let shown = Template::from_text("m.sql", text).unwrap().render(&context).unwrap();
    assert_eq!(shown, "<Namespace {'a': 1, 'b': [<Namespace {...}>]}>");
}
