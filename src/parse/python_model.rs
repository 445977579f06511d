//! Python models: what their text says of references and configuration.
//!
//! dbt reads them without running them: calls of `dbt.ref`, `dbt.source`, `dbt.config` and
//! `dbt.config.get` with literals. PostgreSQL cannot run Python models, so this only serves
//! the manifest, and materializations of projects that do something else with the code.

use crate::context::Captured;
use crate::context::calls::{ref_args, source_args};
use crate::context::json::to_json;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::jinja::analysis::{StaticCall, static_calls};
use crate::jinja::{Args, Template, Value};
use crate::manifest::JsonMap;
use serde_json::Value as Json;
use std::ops::Range;
use std::sync::Arc;

/// The calls that dbt understands, longest first.
const CALLS: [&str; 5] =
    ["dbt.config.meta_get", "dbt.config.get", "dbt.config", "dbt.source", "dbt.ref"];

/// What a Python model refers to and how it configures itself.
pub fn read(path: &Arc<str>, text: &str) -> Result<Captured> {
    let code = blanked(text, true);
    let uncommented = blanked(text, false);
    check_model(path, text, &code)?;
    let mut captured = Captured::default();
    let mut keys = Keys::default();
    for (name, range) in calls(&code) {
        let place = || span(path, text, range.clone());
        let args = literals(&uncommented, &range).ok_or_else(|| {
            let message = format!(
                "Error when trying to literal_eval an arg to dbt.ref(), dbt.source(), \
                 dbt.config() or dbt.config.get(): {}",
                text[range.clone()].trim()
            );
            Diagnostic::new(Code::PropertyInvalid, message)
                .with_span(place())
                .with_help("Only literals can be read without running the model.")
        })?;
        let at = |error: crate::jinja::Error| error.into_diagnostic().with_span(place());
        match name {
            "dbt.ref" => captured.refs.push(ref_args(args).map_err(at)?),
            "dbt.source" => captured.sources.push(source_args(&args).map_err(at)?),
            "dbt.config" => captured.configs.push(settings(&args)),
            "dbt.config.get" => keys.add(&args, "config_keys"),
            _ => keys.add(&args, "meta_keys"),
        }
    }
    captured.configs.extend(keys.settings());
    Ok(captured)
}

fn span(path: &Arc<str>, text: &str, range: Range<usize>) -> Span {
    let source = crate::jinja::SourceFile::new(Arc::clone(path), text);
    source.span(range)
}

/// One `def model(dbt, session)` is expected.
fn check_model(path: &Arc<str>, text: &str, code: &str) -> Result<()> {
    let invalid = |message: String, range: Range<usize>| {
        Diagnostic::new(Code::PropertyInvalid, message).with_span(span(path, text, range))
    };
    if text.trim().is_empty() {
        return Ok(());
    }
    if text.contains("{{") || text.contains("{%") {
        let at = text.find("{{").or_else(|| text.find("{%")).unwrap_or_default();
        let message = "No jinja in python model code is allowed".to_owned();
        return Err(invalid(message, at..at + 2));
    }
    let definitions: Vec<usize> = code
        .match_indices("def model(")
        .map(|(at, _)| at)
        .filter(|at| code[..*at].ends_with('\n') || *at == 0)
        .collect();
    let [at] = definitions.as_slice() else {
        let message = format!(
            "dbt allows exactly one model defined per python file, found {}",
            definitions.len()
        );
        return Err(invalid(message, definitions.last().map_or(0..0, |at| *at..at + 9)));
    };
    let start = at + "def model(".len();
    let end = code[start..].find(')').map_or(code.len(), |end| start + end);
    let arguments: Vec<&str> =
        code[start..end].split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    let mut problems = Vec::new();
    let name = |argument: &str| argument.split([':', '=']).next().unwrap_or("").trim().to_owned();
    if arguments.first().is_some_and(|first| name(first) != "dbt") {
        problems.push("'dbt' not provided for model as the first argument");
    }
    if arguments.len() != 2 {
        problems
            .push("model function should have two args, `dbt` and a session to current warehouse");
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems.join("\n"), *at..end)) }
}

/// The text with comments blanked, and strings where asked for, byte for byte.
fn blanked(text: &str, strings: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let blank = |out: &mut [u8], range: Range<usize>| {
        for byte in &mut out[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'#' => {
                let end =
                    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n);
                blank(&mut out, at..end);
                at = end;
            }
            quote @ (b'\'' | b'"') => {
                let end = string_end(bytes, at, quote);
                if strings {
                    blank(&mut out, at..end);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Where a string that begins at `start` ends.
fn string_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let triple = bytes.get(start..start + 3) == Some(&[quote; 3][..]);
    let mut at = start + if triple { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => {
                if !triple {
                    return at + 1;
                }
                if bytes.get(at..at + 3) == Some(&[quote; 3][..]) {
                    return at + 3;
                }
            }
            b'\n' if !triple => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The calls in blanked code, in order, with the place of their arguments.
fn calls(code: &str) -> Vec<(&'static str, Range<usize>)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut found = Vec::new();
    for (at, _) in code.match_indices("dbt.") {
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let rest = &code[at..];
        let Some(name) = CALLS.into_iter().find(|name| {
            rest.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('('))
        }) else {
            continue;
        };
        let Some(open) = rest.find('(').map(|open| at + open) else { continue };
        let mut depth = 0usize;
        let close = code[open..].char_indices().find_map(|(offset, c)| {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            (depth == 0).then_some(open + offset)
        });
        found.extend(close.map(|close| (name, open + 1..close)));
    }
    found
}

/// The arguments, if all of them are literals: Python's are written as Jinja's.
fn literals(text: &str, range: &Range<usize>) -> Option<Args> {
    let template =
        Template::from_text("model", format!("{{{{ call({}) }}}}", &text[range.clone()])).ok()?;
    let StaticCall { args, kwargs, has_spread, .. } =
        static_calls(&template, &["call"]).into_iter().next()?;
    if has_spread {
        return None;
    }
    let args = Args::positional(args.into_iter().collect::<Option<Vec<_>>>()?);
    kwargs.into_iter().try_fold(args, |args, (name, value)| Some(args.with(name, value?)))
}

fn settings(args: &Args) -> JsonMap {
    let json = |value: &Value| to_json(value).unwrap_or_default();
    args.keyword.iter().map(|(name, value)| (name.to_string(), json(value))).collect()
}

/// The configuration that a model reads: dbt keeps it as configuration of its own.
#[derive(Default)]
struct Keys {
    used: [Vec<Json>; 2],
    defaults: [Vec<Json>; 2],
}

impl Keys {
    fn add(&mut self, args: &Args, kind: &str) {
        let at = usize::from(kind == "meta_keys");
        let json = |index: usize| args.positional.get(index).and_then(|value| to_json(value).ok());
        self.used[at].push(json(0).unwrap_or_default());
        self.defaults[at].push(json(1).unwrap_or_default());
    }

    fn settings(self) -> Option<JsonMap> {
        if self.used.iter().all(Vec::is_empty) {
            return None;
        }
        let [config, meta] = self.used;
        let [config_defaults, meta_defaults] = self.defaults;
        let lists = [
            ("config_keys_used", config),
            ("config_keys_defaults", config_defaults),
            ("meta_keys_used", meta),
            ("meta_keys_defaults", meta_defaults),
        ];
        Some(lists.into_iter().map(|(name, list)| (name.to_owned(), list.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MODEL: &str = "\
import pandas  # dbt.ref('comment')
def model(dbt, session):
    '''dbt.ref(\"text\")'''
    dbt.config(materialized='table', tags=[\"a\", 'b'],  # '#' said (
               x=None)
    frames = [dbt.ref('orders'), dbt.ref('shop', \"items\", v=2)]
    rows = dbt.source('raw', 'events').filter(other.dbt.ref('no'))
    return dbt.config.get('key', 3)
";

    #[test]
    fn references_and_configuration_are_read_without_running() {
        let captured = read(&"m.py".into(), MODEL).unwrap();
        let names: Vec<&str> = captured.refs.iter().map(|args| args.name.as_str()).collect();
        assert_eq!(names, ["orders", "items"]);
        assert_eq!(captured.refs[1].version, Some(json!(2)));
        assert_eq!(captured.sources.len(), 1);
        let config = Json::Object(captured.configs[0].clone());
        assert_eq!(config, json!({"materialized": "table", "tags": ["a", "b"], "x": null}));
        assert_eq!(captured.configs[1]["config_keys_used"], json!(["key"]));
        assert_eq!(captured.configs[1]["config_keys_defaults"], json!([3]));
    }

    #[test]
    fn what_is_no_literal_and_what_is_no_model_is_refused() {
        let error = |text: &str| read(&"m.py".into(), text).unwrap_err().message;
        let call = error("def model(dbt, session):\n    return dbt.ref(name)\n");
        assert!(call.contains("literal_eval"), "{call}");
        assert!(error("x = 1\n").contains("found 0"));
        assert!(error("def model(a, b):\n    return 1\n").starts_with("'dbt' not provided"));
    }
}
