//! What kinds of resources there are to configure: their defaults, and how their keys merge.

use crate::manifest::JsonMap;
use serde_json::{Value as Json, json};

/// Which set of defaults and rules a config follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConfigKind {
    /// A model.
    Model,
    /// A seed.
    Seed,
    /// A snapshot.
    Snapshot,
    /// An analysis or a project hook.
    Plain,
    /// A data test.
    Test,
    /// A source table.
    Source,
    /// An exposure.
    Exposure,
    /// A unit test.
    UnitTest,
    /// A user-defined function.
    Function,
    /// A metric.
    Metric,
    /// A semantic model.
    SemanticModel,
    /// A saved query.
    SavedQuery,
    /// A group.
    Group,
}

/// How a key of a later layer meets the same key of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MergeRule {
    /// The later one wins.
    Replace,
    /// Lists are joined.
    Append,
    /// Objects are merged, one level deep.
    Update,
    /// As `Update`, and a key with a leading `+` extends the list under it.
    UpdateAppending,
}

impl ConfigKind {
    /// Whether resources of this kind have SQL or rows of their own.
    pub(super) fn has_code(self) -> bool {
        use ConfigKind::{Exposure, Metric, SavedQuery, SemanticModel, Source};
        !matches!(self, Source | Exposure | Metric | SemanticModel | SavedQuery)
    }

    pub(super) fn merge_rule(self, key: &str) -> MergeRule {
        match key {
            "tags" if self == Self::Source => MergeRule::Replace,
            "tags" | "meta" if self == Self::Exposure => MergeRule::Replace,
            "meta" if self == Self::Group => MergeRule::Update,
            _ if self == Self::Group => MergeRule::Replace,
            "pre-hook" | "post-hook" | "tags" | "packages" => MergeRule::Append,
            "quoting"
            | "column_types"
            | "meta"
            | "docs"
            | "contract"
            | "snapshot_meta_column_names" => MergeRule::Update,
            "grants" => MergeRule::UpdateAppending,
            _ => MergeRule::Replace,
        }
    }

    /// The configuration before any layer. Keys stand in the order artifacts show them.
    pub fn defaults(self) -> JsonMap {
        let mut defaults = match self {
            Self::Source => {
                return object(json!({
                    "enabled": true, "event_time": null, "freshness": no_freshness(),
                    "loaded_at_field": null, "loaded_at_query": null, "meta": {}, "tags": [],
                    "static_analysis": null,
                }));
            }
            Self::UnitTest => {
                return object(json!({
                    "tags": [], "meta": {}, "enabled": true, "static_analysis": null,
                }));
            }
            Self::Group => return object(json!({"meta": {}})),
            Self::Metric | Self::SemanticModel => {
                return object(json!({"enabled": true, "group": null, "meta": {}}));
            }
            Self::SavedQuery => {
                return object(json!({
                    "enabled": true, "group": null, "meta": {}, "export_as": null, "schema": null,
                    "cache": {"enabled": false},
                }));
            }
            Self::Exposure => return object(json!({"enabled": true, "tags": [], "meta": {}})),
            _ => object(json!({
                "enabled": true, "alias": null, "schema": null, "database": null, "tags": [],
                "meta": {}, "group": null, "static_analysis": null,
            })),
        };
        if self == Self::Test {
            defaults.insert("schema".into(), "dbt_test__audit".into());
        }
        defaults.extend(match self {
            Self::Test => object(json!({
                "materialized": "test", "severity": "ERROR", "store_failures": null,
                "store_failures_as": null, "where": null, "limit": null,
                "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0",
            })),
            _ => object(json!({
                "materialized": self.default_materialization(), "incremental_strategy": null,
                "batch_size": null, "lookback": 1, "begin": null, "persist_docs": {},
                "post-hook": [], "pre-hook": [], "quoting": {}, "column_types": {},
                "full_refresh": null, "unique_key": null, "on_schema_change": "ignore",
                "on_configuration_change": "apply", "grants": {}, "packages": [],
                "docs": {"show": true, "node_color": null},
                "contract": {"enforced": false, "alias_types": true}, "event_time": null,
                "concurrent_batches": null,
            })),
        });
        defaults.extend(match self {
            Self::Model => object(json!({"access": "protected", "freshness": null})),
            Self::Function => object(json!({
                "type": "scalar", "volatility": null, "runtime_version": null, "entry_point": null,
            })),
            Self::Seed => object(json!({"delimiter": ",", "quote_columns": null})),
            Self::Snapshot => object(json!({
                "strategy": null, "target_schema": null, "target_database": null,
                "updated_at": null, "check_cols": null,
                "snapshot_meta_column_names": {
                    "dbt_valid_to": null, "dbt_valid_from": null, "dbt_scd_id": null,
                    "dbt_updated_at": null, "dbt_is_deleted": null,
                },
                "dbt_valid_to_current": null,
            })),
            _ => JsonMap::new(),
        });
        defaults
    }

    fn default_materialization(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Snapshot => "snapshot",
            Self::Function => "function",
            _ => "view",
        }
    }
}

/// The freshness of a source that declares none.
pub fn no_freshness() -> Json {
    json!({
        "warn_after": {"count": null, "period": null},
        "error_after": {"count": null, "period": null},
        "filter": null,
    })
}

pub(super) fn object(value: Json) -> JsonMap {
    match value {
        Json::Object(map) => map,
        _ => JsonMap::new(),
    }
}
