//! Semantic models (<https://docs.getdbt.com/docs/build/semantic-models>).

use super::super::nodes::NodeParser;
use super::super::property_file::{Entry, PropertyFile, Step};
use super::super::static_reference::{self, StaticReference};
use super::shapes::{
    Measure, MetricProperties, MetricType, NameOr, SemanticModelProperties, TypeParams, expression,
};
use super::{invalid, meta};
use crate::diagnostic::Result;
use crate::manifest::{DependsOn, JsonMap, Metric, ResourceType, SemanticModel, UniqueId};
use crate::parse::config::ConfigKind;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl NodeParser<'_> {
    /// The semantic model of an entry, not linked yet, and the metrics made of its measures.
    pub(super) fn semantic_model(
        &self,
        file: &PropertyFile,
        entry: &Entry<SemanticModelProperties>,
    ) -> Result<(SemanticModel, Vec<Metric>)> {
        let given = &entry.value;
        let base =
            self.semantic_base(file, &given.name, ConfigKind::SemanticModel, &given.config)?;
        let of_model = meta(&base.config);
        let Some(StaticReference::Ref(reference)) = static_reference::parse(&given.model) else {
            let message = format!(
                "The model of semantic model '{}' must be ref('…'), not {}",
                given.name, given.model
            );
            return Err(invalid(message).with_span(entry.span_of(&[Step::Key("model")])));
        };
        let describer =
            self.describer(&file.package, &given.name).if_enabled(base.config.enabled());
        let describe = |text: &str| describer.describe(text, || entry.span()).map(|it| it.text);
        let description = given.description.as_deref().map(describe).transpose()?;
        let metrics = given.measures.iter().filter(|measure| measure.create_metric);
        let metrics = metrics
            .map(|measure| {
                let made = made_metric(measure, &of_model, base.config.enabled());
                self.metric(file, &made, &entry.span())
            })
            .collect::<Result<Vec<_>>>()?;
        let elements = |list: Vec<Json>| -> Result<Vec<Json>> {
            list.into_iter().map(|element| finished(element, &of_model, &describe)).collect()
        };
        let model = SemanticModel {
            name: given.name.as_str().into(),
            resource_type: ResourceType::SemanticModel,
            package_name: Arc::clone(&file.package),
            path: Arc::clone(&file.relative_path),
            original_file_path: Arc::clone(&file.path),
            unique_id: UniqueId::new(ResourceType::SemanticModel, &file.package, &given.name),
            fqn: base.fqn,
            model: given.model.clone(),
            node_relation: None,
            description,
            label: given.label.clone(),
            defaults: given.defaults.as_ref().map(|it| json!(it)),
            entities: elements(json_list(&given.entities))?,
            measures: elements(json_list(&given.measures))?,
            dimensions: elements(json_list(&given.dimensions))?,
            metadata: None,
            depends_on: DependsOn::default(),
            refs: vec![reference],
            created_at: self.created_at,
            config: base.config,
            unrendered_config: base.unrendered_config,
            primary_entity: given.primary_entity.clone(),
            group: base.group,
        };
        Ok((model, metrics))
    }
}

fn json_list<T: Serialize>(list: &[T]) -> Vec<Json> {
    list.iter().map(|item| json!(item)).collect()
}

/// An entity, a dimension or a measure as artifacts have it: its meta is the model's with its
/// own on top, its description is rendered.
fn finished(
    mut element: Json,
    of_model: &JsonMap,
    describe: &impl Fn(&str) -> Result<String>,
) -> Result<Json> {
    let mut all = of_model.clone();
    if let Some(own) = element.pointer("/config/meta").and_then(Json::as_object) {
        all.extend(own.clone());
    }
    element["config"] = json!({"meta": all});
    if let Some(text) = element.get("description").and_then(Json::as_str) {
        element["description"] = describe(text)?.into();
    }
    if element.get("create_metric").is_some() {
        element["create_metric"] = false.into();
        element["expr"] = expression(element.get("expr")).into();
    }
    Ok(element)
}

/// `create_metric: true` makes a simple metric of a measure.
fn made_metric(measure: &Measure, meta: &JsonMap, enabled: bool) -> MetricProperties {
    let truthy = measure
        .expr
        .as_ref()
        .filter(|expr| !matches!(expr, Json::Null | Json::Bool(false)) && expr.as_i64() != Some(0));
    let name = measure.name.clone();
    MetricProperties {
        label: measure.label.clone().unwrap_or_else(|| name.clone()),
        type_: MetricType::Simple,
        type_params: TypeParams {
            measure: Some(NameOr::Name(name.clone())),
            expr: truthy.cloned().or_else(|| Some(name.as_str().into())),
            ..TypeParams::default()
        },
        description: measure
            .description
            .clone()
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| format!("Metric created from measure {name}")),
        filter: None,
        time_granularity: None,
        meta: JsonMap::new(),
        tags: Vec::new(),
        config: [("enabled".to_owned(), enabled.into()), ("meta".to_owned(), meta.clone().into())]
            .into_iter()
            .collect(),
        name,
    }
}
