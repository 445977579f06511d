//! From a `data_tests:` entry to a generic test: its name, arguments, configuration and id.
//!
//! Names, the trimmed alias and the hash in the id are dbt's, so that selections, stored
//! failures and tools that know a test by its id go on working.

use crate::context::CORE_PACKAGE;
use crate::context::json::from_json;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{JsonMap, version_text};
use md5::{Digest, Md5};
use serde_json::{Value as Json, json};

/// Test configuration that may also stand beside the arguments.
const CONFIG_KEYS: [&str; 14] = [
    "severity",
    "tags",
    "enabled",
    "where",
    "limit",
    "warn_if",
    "error_if",
    "fail_calc",
    "store_failures",
    "store_failures_as",
    "meta",
    "database",
    "schema",
    "alias",
];

/// What a generic test is put on.
#[derive(Debug, Clone, Copy)]
pub enum TestTarget<'a> {
    /// A model, seed or snapshot.
    Node {
        /// Its name.
        name: &'a str,
        /// The version, of a versioned model.
        version: Option<&'a Json>,
    },
    /// A source table.
    Source {
        /// The source's name.
        source: &'a str,
        /// The table's name.
        table: &'a str,
    },
}

impl TestTarget<'_> {
    /// The `model` argument as dbt writes it.
    fn model_argument(self) -> String {
        match self {
            Self::Node { name, version: None } => {
                format!("{{{{ get_where_subquery(ref('{name}')) }}}}")
            }
            Self::Node { name, version: Some(version) } => {
                let version = version_text(version);
                format!("{{{{ get_where_subquery(ref('{name}', version='{version}')) }}}}")
            }
            Self::Source { source, table } => {
                format!("{{{{ get_where_subquery(source('{source}', '{table}')) }}}}")
            }
        }
    }

    /// The target's part of a synthetic name.
    pub fn name(self) -> String {
        match self {
            Self::Node { name, version: None } => name.to_owned(),
            Self::Node { name, version: Some(version) } => {
                format!("{name}_v{}", version_text(version))
            }
            Self::Source { source, table } => format!("{source}_{table}"),
        }
    }
}

/// A generic test as understood from its entry.
#[derive(Debug, Clone)]
pub struct TestDefinition {
    /// The test's name without `test_`.
    pub test_name: String,
    /// The package before the dot.
    pub namespace: Option<String>,
    /// Name of the node, unique per project unless the entry gives it.
    pub name: String,
    /// The name cut to fit in a relation name; also the file's name.
    pub short_name: String,
    /// Arguments, with `model` and `column_name`.
    pub kwargs: JsonMap,
    /// Configuration given in the entry, unrendered.
    pub config: JsonMap,
    /// Unrendered description.
    pub description: String,
}

impl TestDefinition {
    /// Understands an entry of a `data_tests:` list: a name, or an object of one name with
    /// arguments, or an object with `test_name`.
    /// `nests` says whether arguments stand below `arguments`, as they do unless a project
    /// sets `require_generic_test_arguments_property` to false.
    pub fn from_entry(
        entry: &Json,
        target: TestTarget<'_>,
        column: Option<&str>,
        nests: bool,
    ) -> Result<Self> {
        let (test, mut args) = split_entry(entry)?;
        let (namespace, test_name) = split_name(&test)?;
        if let Some(column) = column {
            args.insert("column_name".into(), column.into());
        }
        let nested = if nests { args.shift_remove("arguments") } else { None };
        match nested {
            Some(Json::Object(arguments)) => args.extend(arguments),
            Some(Json::Null) | None => {}
            Some(_) => return Err(invalid("'arguments' of a test must be an object")),
        }
        if args.contains_key("model") {
            return Err(invalid("Test arguments include \"model\", which is a reserved argument"));
        }
        args.insert("model".into(), target.model_argument().into());
        let mut config = take_config(&mut args)?;
        let text = |args: &mut JsonMap, key: &str| match args.shift_remove(key) {
            Some(Json::String(text)) => Some(text),
            _ => None,
        };
        let description = text(&mut args, "description").unwrap_or_default();
        let given = text(&mut args, "name");
        let (short_name, name) = match given {
            Some(name) => (name.clone(), name),
            None => synthetic_names(&test_name, namespace.as_deref(), target, &args),
        };
        if short_name != name && !config.contains_key("alias") {
            config.insert("alias".into(), short_name.clone().into());
        }
        Ok(Self { test_name, namespace, name, short_name, kwargs: args, config, description })
    }

    /// The macro that makes the test's SQL.
    pub fn macro_name(&self) -> String {
        format!("test_{}", self.test_name)
    }

    /// The last part of the id: ten hexadecimal digits of name and arguments.
    pub fn id_hash(&self) -> String {
        let metadata = json!({
            "namespace": self.namespace, "name": self.test_name, "kwargs": self.kwargs,
        });
        let text = format!("{}{}", self.name, from_json(&sorted_texts(&metadata)).repr());
        let digest = md5_hex(&text);
        digest[digest.len() - 10..].to_owned()
    }

    /// Whether the entry names a package and dbt knows the test from another one, `of`. While
    /// parsing, dbt does not look at the named package: it searches the test in the package of
    /// the file, and what only the named one's macro says stays unknown.
    pub fn is_called_elsewhere(&self, of: &str) -> bool {
        self.namespace.as_deref().is_some_and(|named| named != of && named != CORE_PACKAGE)
    }

    /// The template that runs the test: a call of its macro, and the entry's configuration
    /// as dbt writes it.
    pub fn raw_code(&self, rendered_config: &JsonMap) -> String {
        let namespace = self.namespace.as_ref().map(|name| format!("{name}.")).unwrap_or_default();
        let call =
            format!("{{{{ {namespace}{}(**_dbt_generic_test_kwargs) }}}}", self.macro_name());
        call + &Self::config_call(rendered_config)
    }

    /// The entry's configuration as a call in a template; nothing when there is none.
    pub fn config_call(rendered_config: &JsonMap) -> String {
        let settings: Vec<String> = rendered_config
            .iter()
            .map(|(key, value)| match value {
                Json::String(text) => format!("{key}=\"{}\"", text.replace('"', "\\\"")),
                other => format!("{key}={}", from_json(other).repr()),
            })
            .collect();
        if settings.is_empty() {
            return String::new();
        }
        format!("{{{{ config({}) }}}}", settings.join(","))
    }
}

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::PropertyInvalid, message)
}

fn split_entry(entry: &Json) -> Result<(String, JsonMap)> {
    let object = match entry {
        Json::String(name) => return Ok((name.clone(), JsonMap::new())),
        Json::Object(object) => object,
        other => {
            return Err(invalid(format!("test must be dict or str, got {other}")));
        }
    };
    if let Some(name) = object.get("test_name") {
        let name = name.as_str().ok_or_else(|| invalid("test name must be a str"))?;
        let mut args = object.clone();
        args.shift_remove("test_name");
        return Ok((name.to_owned(), args));
    }
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, Json::Object(args))), None) => Ok((name.clone(), args.clone())),
        (Some((name, Json::Null)), None) => Ok((name.clone(), JsonMap::new())),
        (Some((name, other)), None) => {
            Err(invalid(format!("test arguments of '{name}' must be dict, got {other}")))
        }
        _ => Err(invalid(format!(
            "test definition dictionary must have exactly one key, got {} instead; indent the \
             test's arguments below its name",
            object.len()
        ))),
    }
}

/// The `arguments` of an entry, and the test's name.
pub fn arguments_of(entry: &Json) -> Option<(&str, &Json)> {
    let (test, args) = named_args(entry)?;
    Some((test, args.get("arguments")?))
}

fn named_args(entry: &Json) -> Option<(&str, &JsonMap)> {
    let object = entry.as_object()?;
    match object.get("test_name") {
        Some(name) => Some((name.as_str().unwrap_or_default(), object)),
        None => match object.iter().next()? {
            (name, Json::Object(args)) => Some((name.as_str(), args)),
            _ => None,
        },
    }
}

/// Configuration that stands beside the arguments, the test's name, and whether arguments
/// stand outside of `arguments:`.
pub fn old_forms(entry: &Json) -> (Vec<&str>, &str, bool) {
    let Some((test, args)) = named_args(entry) else { return (Vec::new(), "", false) };
    let is_config = |key: &str| CONFIG_KEYS.contains(&key);
    let own = ["config", "column_name", "description", "name", "test_name"];
    let moved = args.keys().map(String::as_str).filter(|key| is_config(key)).collect();
    let has_arguments = match args.get("arguments") {
        Some(Json::Object(arguments)) => !arguments.is_empty(),
        _ => false,
    };
    let old = args
        .keys()
        .any(|key| !is_config(key) && !own.contains(&key.as_str()) && key != "arguments");
    (moved, test, old && !has_arguments)
}

fn split_name(text: &str) -> Result<(Option<String>, String)> {
    let is_name = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && chars.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
    };
    let (namespace, name) = match text.split_once('.') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    if !is_name(name) || namespace.is_some_and(|namespace| !is_name(namespace)) {
        return Err(invalid(format!("Test name string did not match expected pattern: {text}")));
    }
    Ok((namespace.map(str::to_owned), name.to_owned()))
}

/// Takes the configuration out of the arguments: keys beside them, then `config:`.
fn take_config(args: &mut JsonMap) -> Result<JsonMap> {
    let mut nested = match args.shift_remove("config") {
        Some(Json::Object(config)) => config,
        Some(Json::Null) | None => JsonMap::new(),
        Some(other) => return Err(invalid(format!("test config must be an object, got {other}"))),
    };
    let mut config = JsonMap::new();
    for key in CONFIG_KEYS {
        let beside = args.shift_remove(key).filter(|value| !value.is_null());
        let inside = nested.shift_remove(key).filter(|value| !value.is_null());
        if beside.is_some() && inside.is_some() {
            let message = "Test cannot have the same key at the top-level and in config";
            return Err(Diagnostic::new(Code::TestKeyTwice, message));
        }
        if let Some(value) = beside.or(inside) {
            config.insert(key.to_owned(), value);
        }
    }
    config.extend(nested.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(config)
}

fn synthetic_names(
    test: &str,
    namespace: Option<&str>,
    target: TestTarget<'_>,
    args: &JsonMap,
) -> (String, String) {
    let prefix = match (namespace, target) {
        (None, TestTarget::Node { .. }) => test.to_owned(),
        (None, TestTarget::Source { .. }) => format!("source_{test}"),
        (Some(namespace), TestTarget::Node { .. }) => format!("{namespace}_{test}"),
        (Some(namespace), TestTarget::Source { .. }) => format!("{namespace}_source_{test}"),
    };
    let mut keys: Vec<&String> = args.keys().filter(|key| *key != "model").collect();
    keys.sort();
    let mut parts = Vec::new();
    for key in keys {
        match &args[key.as_str()] {
            Json::Object(map) => parts.extend(map.values().map(python_text)),
            Json::Array(items) => parts.extend(items.iter().map(python_text)),
            single => parts.push(python_text(single)),
        }
    }
    let clean: Vec<String> = parts.iter().map(|part| squeeze(part)).collect();
    let identifier = format!("{prefix}_{}", target.name());
    let full = format!("{identifier}_{}", clean.join("__"));
    if full.chars().count() < 64 {
        return (full.clone(), full);
    }
    let start: String = identifier.chars().take(30).collect();
    (format!("{start}_{}", md5_hex(&full)), full)
}

fn python_text(value: &Json) -> String {
    from_json(value).to_string()
}

/// Runs of characters that do not belong in a name become one underscore.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for char in text.chars() {
        let fits = char.is_ascii_alphanumeric() || char == '_';
        if fits {
            out.push(char);
        } else if !in_run {
            out.push('_');
        }
        in_run = !fits;
    }
    out
}

/// dbt's hash input: keys sorted at every level, scalars as Python's `str` gives them.
fn sorted_texts(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            keys.into_iter()
                .map(|key| (key.clone(), sorted_texts(&map[key])))
                .collect::<JsonMap>()
                .into()
        }
        Json::Array(items) => items.iter().map(sorted_texts).collect::<Vec<_>>().into(),
        scalar => python_text(scalar).into(),
    }
}

/// Lower-case hexadecimal MD5.
fn md5_hex(text: &str) -> String {
    format!("{:x}", Md5::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value)] // reads better below
    fn on_model(entry: Json, column: Option<&str>) -> TestDefinition {
        TestDefinition::from_entry(
            &entry,
            TestTarget::Node { name: "a", version: None },
            column,
            true,
        )
        .unwrap()
    }

    // Ids and names below were read from a manifest of dbt-core 1.11.

    #[test]
    fn names_and_hashes_are_dbts() {
        let unique = on_model(json!("unique"), Some("id"));
        assert_eq!(
            (unique.name.as_str(), unique.id_hash().as_str()),
            ("unique_a_id", "f6a5f640da")
        );

        let entry = json!({"relationships": {"arguments": {"to": "ref('b')", "field": "id"}}});
        let relationships = on_model(entry, Some("id"));
        assert_eq!(relationships.name, "relationships_a_id__id__ref_b_");
        assert_eq!(relationships.id_hash(), "dcfe42f192");

        let entry = json!({"accepted_values": {"values": [1, 2], "severity": "warn"}});
        let accepted = on_model(entry, Some("id"));
        assert_eq!(accepted.id_hash(), "39f922d4f8");
        assert_eq!(accepted.config, *json!({"severity": "warn"}).as_object().unwrap());

        let target = TestTarget::Source { source: "raw", table: "t" };
        let source =
            TestDefinition::from_entry(&json!("not_null"), target, Some("id"), true).unwrap();
        assert_eq!(source.name, "source_not_null_raw_t_id");
        assert_eq!(source.id_hash(), "e00a82bbac");
    }

    #[test]
    fn a_long_name_gets_a_short_alias() {
        let long = "c".repeat(80);
        let test = on_model(json!("unique"), Some(&long));
        assert_eq!(test.config["alias"], json!(test.short_name));
        assert!(test.short_name.len() < 64 && test.name.len() > 64);
    }

    #[test]
    fn a_key_in_two_places_is_refused() {
        let entry = json!({"unique": {"where": "a", "config": {"where": "b"}}});
        let target = TestTarget::Node { name: "a", version: None };
        assert!(TestDefinition::from_entry(&entry, target, None, true).is_err());
    }

    #[test]
    fn raw_code_repeats_the_configuration() {
        let test = on_model(json!({"unique": {"severity": "warn"}}), Some("id"));
        assert_eq!(
            test.raw_code(&test.config),
            "{{ test_unique(**_dbt_generic_test_kwargs) }}{{ config(severity=\"warn\") }}"
        );
    }
}
