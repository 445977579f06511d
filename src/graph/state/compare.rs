//! What makes two states of one resource the same. Each function names the part it looks
//! at; the rules are those of dbt's `same_…` methods.

use serde_json::{Map, Value as Json};

/// Two states of one resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) old: &'a Json,
    pub(super) new: &'a Json,
    /// The resource's type, as artifacts name it.
    pub(super) kind: &'a str,
    /// dbt's `state_modified_compare_more_unrendered_values`.
    pub(super) more_unrendered: bool,
}

/// Configs that say where a node is or how it is found; their changes are other changes.
const NODE_EXCEPTIONS: &[&str] = &["alias", "schema", "database", "tags", "group"];
/// Configs of a test that change what it finds.
const TEST_MODIFIERS: &[&str] = &[
    "severity",
    "where",
    "limit",
    "fail_calc",
    "warn_if",
    "error_if",
    "store_failures",
    "store_failures_as",
];

impl Pair<'_> {
    /// Whether everything that dbt compares is equal, macros and contracts aside.
    pub(super) fn same_contents(self) -> bool {
        match self.kind {
            "source" => self.same_source(),
            "exposure" => {
                let set = ["type", "maturity", "url", "description", "label"];
                self.same_fqn()
                    && self.all(&set)
                    && self.equal("owner")
                    && self.same_set("depends_on", "nodes")
                    && self.same_config()
            }
            "metric" => self.all(&["type", "description", "label"]) && self.same_config(),
            "semantic_model" => {
                let parts = ["model", "description", "defaults", "primary_entity", "group"];
                self.all(&parts)
                    && self.all(&["entities", "dimensions", "measures"])
                    && self.same_config()
            }
            "saved_query" => {
                self.equal("query_params")
                    && self.all(&["description", "label", "group", "tags"])
                    && self.same_config()
                    && self.same_exports()
            }
            "unit_test" => self.equal("checksum"),
            "test" if self.new.get("test_metadata").is_some() => {
                self.same_config() && self.same_fqn()
            }
            "model" => self.same_node() && self.same_ref_representation(),
            "function" => self.same_node() && self.all(&["arguments", "returns"]),
            _ => self.same_node(),
        }
    }

    fn same_node(self) -> bool {
        self.same_body()
            && self.same_config()
            && self.same_persisted_descriptions()
            && self.same_fqn()
            && self.same_relation()
    }

    fn same_source(self) -> bool {
        self.same_relation()
            && self.same_fqn()
            && self.same_config()
            && self.equal("quoting")
            && self.equal("freshness")
            && self.equal("loaded_at_field")
            && self.equal("external")
    }

    /// The template's text; a seed's checksum.
    pub(super) fn same_body(self) -> bool {
        if self.kind == "seed" { self.equal("checksum") } else { self.equal("raw_code") }
    }

    /// The configuration as it was written, so that what follows from the target or the
    /// environment is no change.
    pub(super) fn same_config(self) -> bool {
        if matches!(self.kind, "semantic_model" | "saved_query") {
            return self.equal("config");
        }
        let config = |state: &Json| state.get("unrendered_config").cloned().unwrap_or_default();
        let (old, new) = (config(self.old), config(self.new));
        let key = |key: &str| match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => same(old, new),
            (None, None) => true,
            _ => false,
        };
        if self.kind == "test" {
            return TEST_MODIFIERS.iter().all(|name| key(name));
        }
        let exceptions = match self.kind {
            "source" | "exposure" => &[],
            "metric" => &["group"][..],
            _ => NODE_EXCEPTIONS,
        };
        let keys = |config: &Json| -> Vec<String> {
            config.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
        };
        keys(&old)
            .iter()
            .chain(&keys(&new))
            .filter(|name| !exceptions.contains(&name.as_str()))
            .all(|name| key(name))
    }

    /// Descriptions that are written to the database.
    pub(super) fn same_persisted_descriptions(self) -> bool {
        let persists = |what: &str| {
            let docs = self.new.get("config").and_then(|config| config.get("persist_docs"));
            docs.and_then(|docs| docs.get(what)).is_some_and(truth)
        };
        let columns = |state: &Json| -> Map<String, Json> {
            let columns = state.get("columns").and_then(Json::as_object).into_iter().flatten();
            let described = |column: &Json| column.get("description").cloned().unwrap_or_default();
            columns.map(|(name, column)| (name.clone(), described(column))).collect()
        };
        (!persists("relation") || self.equal("description"))
            && (!persists("columns") || columns(self.old) == columns(self.new))
    }

    fn same_fqn(self) -> bool {
        self.equal("fqn")
    }

    /// Database, schema and name, as they were configured.
    pub(super) fn same_relation(self) -> bool {
        if self.kind == "source" {
            let place: &[&str] = if self.more_unrendered {
                &["unrendered_database", "unrendered_schema", "identifier"]
            } else {
                &["database", "schema", "identifier"]
            };
            return self.all(place);
        }
        let config = |state: &Json, key: &str| {
            state.get("unrendered_config").and_then(|config| config.get(key)).cloned()
        };
        ["database", "schema", "alias"].iter().all(|key| {
            let (old, new) = (config(self.old, key), config(self.new, key));
            same(&old.unwrap_or_default(), &new.unwrap_or_default())
        })
    }

    /// What others may do with a model.
    fn same_ref_representation(self) -> bool {
        let access = |state: &Json| match state.get("access") {
            None | Some(Json::Null) => Json::from("protected"),
            Some(access) => access.clone(),
        };
        self.equal("latest_version")
            && access(self.old) == access(self.new)
            && self.equal("deprecation_date")
    }

    fn same_exports(self) -> bool {
        let exports = |state: &Json| -> Vec<Json> {
            let list = state.get("exports").and_then(Json::as_array).into_iter().flatten();
            list.map(|export| {
                let written = |key| export.get("unrendered_config").and_then(|it| it.get(key));
                let parts = ["export_as", "schema", "alias"].map(|key| written(key).cloned());
                let name = std::iter::once(export.get("name").cloned());
                name.chain(parts).map(Option::unwrap_or_default).collect()
            })
            .collect()
        };
        exports(self.old) == exports(self.new)
    }

    fn all(self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.equal(key))
    }

    fn equal(self, key: &str) -> bool {
        static NONE: Json = Json::Null;
        same(self.old.get(key).unwrap_or(&NONE), self.new.get(key).unwrap_or(&NONE))
    }

    fn same_set(self, outer: &str, key: &str) -> bool {
        let texts = |state: &Json| {
            let list = state.get(outer).and_then(|it| it.get(key)).and_then(Json::as_array);
            let mut texts: Vec<String> =
                list.into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
            texts.sort();
            texts.dedup();
            texts
        };
        texts(self.old) == texts(self.new)
    }
}

/// Whether resources of a type are nodes with code, as dbt's `ParsedNode`.
pub(super) fn is_node(kind: &str) -> bool {
    !matches!(
        kind,
        "source" | "exposure" | "metric" | "semantic_model" | "saved_query" | "unit_test"
    )
}

/// Equal, where an absent part and a null one are the same, and `1` and `1.0` too.
pub(super) fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Object(left), Json::Object(right)) => {
            let null = &Json::Null;
            left.iter().all(|(key, value)| same(value, right.get(key).unwrap_or(null)))
                && right
                    .iter()
                    .filter(|(key, _)| !left.contains_key(*key))
                    .all(|(_, value)| value.is_null())
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
        }
        (Json::Number(left), Json::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

/// Python's truth of a value.
fn truth(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(flag) => *flag,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
    }
}
