//! Merging a resource's configuration from its layers.
//!
//! dbt's order, weakest first: defaults, the defining package's `dbt_project.yml` from the
//! outermost folder inwards, the property file, the file's own `config()` calls, and for a
//! package's resource the root project's `dbt_project.yml`
//! (<https://docs.getdbt.com/reference/define-configs>).

use super::colors;
pub use super::config_kind::{ConfigKind, no_freshness};
use super::config_kind::{MergeRule, object};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{Config, JsonMap};
use crate::project::yaml::Timestamp;
use serde_json::{Value as Json, json};

fn list(value: Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items,
        Json::Null => Vec::new(),
        other => vec![other],
    }
}

/// A configuration being merged.
#[derive(Debug, Clone)]
pub struct ConfigBuilder {
    kind: ConfigKind,
    values: JsonMap,
}

impl ConfigBuilder {
    /// Starts from the kind's defaults.
    pub fn new(kind: ConfigKind) -> Self {
        Self { kind, values: kind.defaults() }
    }

    /// Puts a layer on top.
    pub fn apply(&mut self, layer: &JsonMap) {
        for (key, value) in layer {
            let key = canonical_key(key);
            merge_key(&mut self.values, key, value.clone(), self.kind.merge_rule(key));
        }
    }

    /// Checks the values and gives the final configuration.
    pub fn finish(mut self) -> Result<Config> {
        for key in ["pre-hook", "post-hook"] {
            if let Some(hooks) = self.values.get_mut(key) {
                let items = list(hooks.take());
                *hooks = items.into_iter().map(normal_hook).collect::<Result<Vec<_>>>()?.into();
            }
        }
        if self.kind != ConfigKind::Group
            && let Some(tags) = self.values.get_mut("tags")
        {
            *tags = Json::Array(list(tags.take()));
        }
        if let Some(Json::Object(contract)) = self.values.get_mut("contract") {
            contract.retain(|key, _| matches!(key.as_str(), "enforced" | "alias_types"));
        }
        if self.kind == ConfigKind::Test {
            settle_store_failures(&mut self.values);
        }
        if self.kind == ConfigKind::Model {
            settle_freshness(&mut self.values)?;
            settle_begin(&mut self.values);
        }
        if let Some(Json::Bool(on)) = self.values.get("static_analysis") {
            // YAML takes plain `on` and `off` as truth values.
            let text = if *on { "on" } else { "off" };
            self.values.insert("static_analysis".into(), text.into());
        }
        let config = Config::new(self.values);
        check_types(&config, self.kind)?;
        Ok(config)
    }
}

/// Joins the arguments of a further `config()` call in the same file to those of earlier ones.
pub fn merge_calls(earlier: &mut JsonMap, call: JsonMap) {
    let first = earlier.is_empty();
    for (key, value) in call {
        let key = canonical_key(&key).to_owned();
        let rule = ConfigKind::Model.merge_rule(&key);
        if first {
            earlier.insert(key, value);
        } else if rule == MergeRule::UpdateAppending {
            join_grants(earlier, key, value);
        } else if rule == MergeRule::Append || earlier.contains_key(&key) {
            merge_key(earlier, &key, value, rule);
        } else {
            earlier.insert(key, value);
        }
    }
}

/// Keys keep their `+`, which counts when calls meet the other layers.
fn join_grants(calls: &mut JsonMap, key: String, later: Json) {
    let mut joined = match calls.get_mut(&key).map(Json::take) {
        Some(Json::Object(earlier)) => {
            earlier.into_iter().map(|(name, value)| (name, list(value).into())).collect()
        }
        _ => JsonMap::new(),
    };
    let Json::Object(later) = later else {
        calls.insert(key, later);
        return;
    };
    for (name, value) in later {
        let mut items = match joined.get_mut(&name) {
            Some(known) if name.starts_with('+') => list(known.take()),
            _ => Vec::new(),
        };
        items.extend(list(value));
        joined.insert(name, items.into());
    }
    calls.insert(key, joined.into());
}

fn canonical_key(key: &str) -> &str {
    match key.trim() {
        "pre_hook" => "pre-hook",
        "post_hook" => "post-hook",
        "dbname" => "database",
        key => key,
    }
}

fn merge_key(values: &mut JsonMap, key: &str, value: Json, rule: MergeRule) {
    let slot = values.entry(key.to_owned()).or_insert(Json::Null);
    *slot = match (rule, slot.take(), value) {
        (MergeRule::Append, earlier, later) => {
            let mut items = list(earlier);
            items.extend(list(later));
            items.into()
        }
        (MergeRule::Update, Json::Object(mut earlier), Json::Object(later)) => {
            earlier.extend(later);
            earlier.into()
        }
        (MergeRule::UpdateAppending, Json::Object(earlier), Json::Object(later)) => {
            merge_grants(earlier, later).into()
        }
        (_, _, later) => later,
    };
}

fn merge_grants(mut earlier: JsonMap, later: JsonMap) -> JsonMap {
    for (key, value) in later {
        let name = key.trim_start_matches('+').to_owned();
        let mut items = match earlier.get_mut(&name) {
            Some(known) if key.starts_with('+') => list(known.take()),
            _ => Vec::new(),
        };
        items.extend(list(value));
        earlier.insert(name, items.into());
    }
    earlier
}

/// A hook as dbt keeps it: text, JSON text of an object, or an object.
fn normal_hook(hook: Json) -> Result<Json> {
    let invalid = |hook: &Json| {
        let message = format!("Invalid hook {hook}: expected SQL text or an object with 'sql'");
        Diagnostic::new(Code::ConfigInvalid, message)
    };
    let fields = match hook {
        Json::String(text) => match serde_json::from_str(&text) {
            Ok(Json::Object(fields)) => fields,
            _ => object(json!({"sql": text})),
        },
        Json::Object(fields) => fields,
        other => return Err(invalid(&other)),
    };
    if !fields.get("sql").is_some_and(Json::is_string) {
        return Err(invalid(&Json::Object(fields)));
    }
    let field = |key: &str, default: Json| fields.get(key).cloned().unwrap_or(default);
    Ok(json!({
        "sql": fields.get("sql"),
        "transaction": field("transaction", true.into()),
        "index": field("index", Json::Null),
    }))
}

/// `store_failures_as` decides; without it `store_failures` does
/// (<https://docs.getdbt.com/reference/resource-configs/store_failures_as>).
fn settle_store_failures(values: &mut JsonMap) {
    let as_kind = values.get("store_failures_as").and_then(Json::as_str).map(str::to_owned);
    let (flag, kind) = match as_kind {
        Some(kind) => (Json::Bool(kind != "ephemeral"), Json::String(kind)),
        None => match values.get("store_failures").and_then(Json::as_bool) {
            Some(true) => (true.into(), "table".into()),
            Some(false) => (false.into(), "ephemeral".into()),
            None => (Json::Null, Json::Null),
        },
    };
    values.insert("store_failures".into(), flag);
    values.insert("store_failures_as".into(), kind);
}

/// Where a microbatch model begins is a moment: midnight, where only a day is given.
fn settle_begin(values: &mut JsonMap) {
    let is = |key: &str, text: &str| values.get(key).and_then(Json::as_str) == Some(text);
    if !is("materialized", "incremental") || !is("incremental_strategy", "microbatch") {
        return;
    }
    let begin = values.get("begin").and_then(Json::as_str).and_then(Timestamp::parse);
    if let Some(begin) = begin.map(|begin| begin.to_iso()) {
        let moment = if begin.contains('T') { begin } else { format!("{begin}T00:00:00") };
        values.insert("begin".into(), moment.into());
    }
}

/// A model's freshness counts only with `build_after`
/// (<https://docs.getdbt.com/reference/resource-configs/freshness>).
fn settle_freshness(values: &mut JsonMap) -> Result<()> {
    let build_after = values.get("freshness").and_then(|it| it.get("build_after"));
    let Some(Json::Object(given)) = build_after.cloned() else {
        values.insert("freshness".into(), Json::Null);
        return Ok(());
    };
    let part = |key: &str| given.get(key).filter(|value| !value.is_null());
    let invalid = |message: &str| Err(Diagnostic::new(Code::ConfigRefused, message));
    match (part("count"), part("period")) {
        (None, Some(_)) => {
            return invalid(
                "`freshness.build_after` must have a value for `count` if a `period` is provided",
            );
        }
        (Some(_), None) => {
            return invalid(
                "`freshness.build_after` must have a value for `period` if a `count` is provided",
            );
        }
        _ => {}
    }
    let mut build_after = object(json!({"count": null, "period": null, "updates_on": "any"}));
    build_after.extend(given);
    values.insert("freshness".into(), json!({"build_after": build_after}));
    Ok(())
}

fn check_types(config: &Config, kind: ConfigKind) -> Result<()> {
    type Check = fn(&Json) -> bool;
    let text: Check = Json::is_string;
    let flag: Check = Json::is_boolean;
    let map: Check = Json::is_object;
    let rules: [(&str, Check, &str); 20] = [
        ("enabled", flag, "boolean"),
        ("alias", text, "string"),
        ("schema", text, "string"),
        ("database", text, "string"),
        ("materialized", text, "string"),
        ("incremental_strategy", text, "string"),
        ("on_schema_change", text, "string"),
        ("full_refresh", flag, "boolean"),
        ("meta", map, "object"),
        ("quoting", map, "object"),
        ("column_types", map, "object"),
        ("persist_docs", map, "object"),
        ("grants", map, "object"),
        ("contract", map, "object"),
        ("severity", text, "string"),
        ("store_failures", flag, "boolean"),
        ("where", text, "string"),
        ("fail_calc", text, "string"),
        ("delimiter", text, "string"),
        ("quote_columns", flag, "boolean"),
    ];
    for (key, is_right, expected) in rules {
        if let Some(value) = config.get(key).filter(|value| !is_right(value)) {
            let shown = crate::context::json::from_json(value).repr();
            let message = format!("at path ['{key}']: {shown} is not of type '{expected}'");
            // dbt checks what has no SQL elsewhere, and says so without a heading.
            let code = if kind.has_code() { Code::ConfigInvalid } else { Code::ConfigRefused };
            return Err(Diagnostic::new(code, message));
        }
    }
    if let Some(tag) = config
        .get("tags")
        .and_then(Json::as_array)
        .and_then(|tags| tags.iter().find(|tag| !tag.is_string()))
    {
        return Err(Diagnostic::new(
            Code::ConfigInvalid,
            format!("Invalid tag {tag}: tags are strings"),
        ));
    }
    match kind {
        ConfigKind::Test => check_test(config),
        ConfigKind::Seed if config.materialized_name() != "seed" => Err(Diagnostic::new(
            Code::ConfigInvalid,
            "at path []: A seed must have a materialized value of 'seed'",
        )),
        ConfigKind::Model => check_model(config),
        _ => Ok(()),
    }
}

/// What dbt's type of a model's config refuses.
fn check_model(config: &Config) -> Result<()> {
    let color = config.get("docs").and_then(|docs| docs.get("node_color")).and_then(Json::as_str);
    if let Some(color) = color.filter(|color| !color.is_empty() && !colors::is_color(color)) {
        let message = format!(
            "Invalid color name for docs.node_color: {color}. It is neither a valid HTML color \
             name nor a valid HEX code."
        );
        return Err(Diagnostic::new(Code::ConfigRefused, message));
    }
    let contract = config.get("contract").and_then(|contract| contract.get("enforced"));
    let on_change = config.text("on_schema_change").unwrap_or("ignore");
    if contract.and_then(Json::as_bool) == Some(true)
        && config.materialized_name() == "incremental"
        && !["append_new_columns", "fail"].contains(&on_change)
    {
        let message = format!(
            "Invalid value for on_schema_change: {on_change}. Models materialized as incremental \
             with contracts enabled must set on_schema_change to 'append_new_columns' or 'fail'"
        );
        return Err(Diagnostic::new(Code::ConfigRefused, message));
    }
    Ok(())
}

fn check_test(config: &Config) -> Result<()> {
    let severity = config.text("severity").unwrap_or("ERROR");
    if !severity.eq_ignore_ascii_case("warn") && !severity.eq_ignore_ascii_case("error") {
        let message = format!("Severity must be either 'warn' or 'error'. Got '{severity}'");
        return Err(Diagnostic::new(Code::ConfigInvalid, message));
    }
    if config.get("limit").is_some_and(|limit| !limit.is_i64()) {
        return Err(Diagnostic::new(
            Code::ConfigInvalid,
            "Invalid value for config 'limit': it is a whole number",
        ));
    }
    if config.materialized_name() != "test" {
        return Err(Diagnostic::new(
            Code::ConfigInvalid,
            "A test must have a materialized value of 'test'",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn merged(kind: ConfigKind, layers: &[Json]) -> Config {
        let mut builder = ConfigBuilder::new(kind);
        for layer in layers {
            builder.apply(layer.as_object().unwrap());
        }
        builder.finish().unwrap()
    }

    #[test]
    fn later_layers_win_but_tags_hooks_and_meta_accumulate() {
        let config = merged(
            ConfigKind::Model,
            &[
                json!({"materialized": "table", "tags": "a", "meta": {"x": 1}, "pre_hook": "one"}),
                json!({"materialized": "view", "tags": ["b"], "meta": {"y": 2}, "pre-hook": ["two"]}),
            ],
        );
        assert_eq!(config.materialized_name(), "view");
        assert_eq!(config.map()["tags"], json!(["a", "b"]));
        assert_eq!(config.map()["meta"], json!({"x": 1, "y": 2}));
        let hooks: Vec<_> = config.hooks("pre-hook").into_iter().map(|hook| hook.sql).collect();
        assert_eq!(hooks, ["one", "two"]);
    }

    #[test]
    fn grants_with_a_plus_extend_and_without_replace() {
        let config = merged(
            ConfigKind::Model,
            &[
                json!({"grants": {"select": "a", "insert": ["x"]}}),
                json!({"grants": {"+select": ["b"], "insert": "y"}}),
            ],
        );
        assert_eq!(config.map()["grants"], json!({"select": ["a", "b"], "insert": ["y"]}));
    }

    #[test]
    fn a_hook_may_be_json_text() {
        let config = merged(
            ConfigKind::Model,
            &[json!({"post-hook": "{\"sql\": \"vacuum\", \"transaction\": false}"})],
        );
        let hooks = config.hooks("post-hook");
        assert_eq!((hooks[0].sql.as_str(), hooks[0].transaction), ("vacuum", false));
    }

    #[test]
    fn store_failures_as_decides_over_store_failures() {
        let config = merged(
            ConfigKind::Test,
            &[json!({"store_failures": false}), json!({"store_failures_as": "view"})],
        );
        assert_eq!(config.flag("store_failures"), Some(true));
        let config = merged(ConfigKind::Test, &[json!({"store_failures": true})]);
        assert_eq!(config.text("store_failures_as"), Some("table"));
    }

    #[test]
    fn a_wrong_type_is_named() {
        let mut builder = ConfigBuilder::new(ConfigKind::Model);
        builder.apply(json!({"enabled": "maybe"}).as_object().unwrap());
        let error = builder.finish().unwrap_err();
        assert_eq!(error.message, "at path ['enabled']: 'maybe' is not of type 'boolean'");
    }

    /// A layer: some keys of each rule of merging.
    fn layer() -> impl Strategy<Value = JsonMap> {
        use prop::option::of;
        let words = || prop::collection::vec("[a-c]", 0..3);
        let object = || prop::collection::btree_map("[x-z]", 0..3_i32, 0..3);
        (of("[a-c]"), of(words()), of(words()), of(object()), of(object())).prop_map(
            |(schema, tags, hooks, meta, types)| {
                let values = [
                    ("schema", schema.map(Json::from)),
                    ("tags", tags.map(Json::from)),
                    ("pre-hook", hooks.map(Json::from)),
                    ("meta", meta.map(|it| json!(it))),
                    ("column_types", types.map(|it| json!(it))),
                ];
                let given = values.into_iter().filter_map(|(key, it)| Some((key.to_owned(), it?)));
                given.collect()
            },
        )
    }

    proptest! {
        #[test]
        fn layers_merge_by_the_rule_of_each_key(layers in prop::collection::vec(layer(), 0..5)) {
            let given: Vec<Json> = layers.iter().cloned().map(Json::Object).collect();
            let config = merged(ConfigKind::Model, &given);
            let of = |key: &str| layers.iter().filter_map(|it| it.get(key)).collect::<Vec<_>>();
            let joined = |key: &str| {
                of(key).into_iter().flat_map(|it| list(it.clone())).collect::<Vec<Json>>()
            };
            let united = |key: &str| {
                let objects = of(key).into_iter().filter_map(Json::as_object);
                Json::Object(objects.flat_map(Clone::clone).collect())
            };
            let last = of("schema").pop().cloned().unwrap_or(Json::Null);
            prop_assert_eq!(&config.map()["schema"], &last);
            prop_assert_eq!(&config.map()["tags"], &Json::Array(joined("tags")));
            let hooks: Vec<Json> =
                config.hooks("pre-hook").into_iter().map(|hook| hook.sql.into()).collect();
            prop_assert_eq!(hooks, joined("pre-hook"));
            prop_assert_eq!(&config.map()["meta"], &united("meta"));
            prop_assert_eq!(&config.map()["column_types"], &united("column_types"));
            // Nothing else changes, and a layer that says nothing is none.
            let mut keys = config.map().clone();
            let plain = merged(ConfigKind::Model, &[]);
            for key in ["schema", "tags", "pre-hook", "meta", "column_types"] {
                keys.insert(key.to_owned(), plain.map()[key].clone());
            }
            prop_assert_eq!(&keys, plain.map());
            let with_empty = [&[json!({})], &given[..], &[json!({})]].concat();
            prop_assert_eq!(merged(ConfigKind::Model, &with_empty), config);
        }
    }
}
