//! The configuration of a node as it is written, for states that are compared by it
//! (`state_modified_compare_more_unrendered_values`,
//! <https://docs.getdbt.com/reference/node-selection/state-comparison-caveats>).

use super::config::ConfigKind;
use super::layers::{OwnConfig, Subject};
use super::nodes::NodeParser;
use super::properties::NodeProperties;
use super::property_file::Entry;
use crate::jinja::analysis::is_static;
use crate::jinja::ast_text::keywords_of_first_call;
use crate::manifest::{JsonMap, Node, NodeKind};
use serde_json::Value as Json;

impl NodeParser<'_> {
    /// Puts what is written in the place of what it rendered to. `calls` are the rendered
    /// arguments of `config()`. dbt does not render models without logic, nor the tests
    /// `unique` and `not_null`; of these it keeps the values.
    pub(super) fn keep_unrendered(
        &self,
        node: &mut Node,
        kind: ConfigKind,
        entry: Option<&Entry<NodeProperties>>,
        mut calls: JsonMap,
    ) {
        let is_model = matches!(node.kind, NodeKind::Model { .. });
        let template = node.template.as_ref();
        let rendered =
            template.filter(|it| !is_model || !is_static(it, &["ref", "source", "config"]));
        if let Some(written) = rendered.and_then(|it| keywords_of_first_call(it, "config")) {
            calls =
                written.into_iter().map(|(name, text)| (name.to_string(), text.into())).collect();
        }
        let properties = entry.map(|entry| {
            let mut properties = Json::Object(entry.value.config.clone());
            if entry.value.version.is_none()
                && let Some(config) = entry.node.get("config")
            {
                merge(&mut properties, config.to_json());
            }
            properties
        });
        let properties = properties.as_ref().and_then(Json::as_object);
        let subject = Subject { package: &node.package_name, fqn: &node.fqn, kind };
        let own = OwnConfig { properties, calls: &calls };
        node.unrendered_config = self.layers.unrendered(subject, own);
    }
}

/// Objects are merged key by key, lists put before what is there, other values replaced. So dbt
/// has the items of a list twice: once as written and once as rendered.
fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Json::Null), value);
            }
        }
        (Json::Array(into), Json::Array(mut from)) => {
            from.append(into);
            *into = from;
        }
        (into, from) => *into = from,
    }
}
