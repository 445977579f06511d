//! What metrics, semantic models and saved queries are made of.

use super::invalid;
use crate::context::{Found, References, describe};
use crate::diagnostic::{Diagnostic, Result, Span};
use crate::manifest::{Disabled, Manifest, Metric, SemanticModel, UniqueId};
use serde_json::{Value as Json, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Links everything.
pub fn link(manifest: &mut Manifest, references: &References) -> Result<(), Vec<Diagnostic>> {
    let mut errors = Vec::new();
    errors.extend(models(manifest, references));
    let mut linker = Linker::new(manifest, references);
    let ids: Vec<UniqueId> = manifest.metrics.keys().cloned().collect();
    for id in &ids {
        if let Err(error) = linker.metric(id) {
            errors.push(*error);
        }
    }
    for (id, (measures, parents)) in linker.done {
        let Some(metric) = manifest.metrics.get_mut(&id).map(Arc::make_mut) else { continue };
        metric.type_params["input_measures"] = measures.into();
        metric.depends_on.nodes = parents;
    }
    for query in manifest.saved_queries.values_mut().map(Arc::make_mut) {
        let names = query.query_params.get("metrics").and_then(Json::as_array);
        let names = names.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
        for name in names.collect::<Vec<_>>() {
            let words = [name];
            let found = references.resolve_metric(&words, &query.package_name);
            let label = describe("saved_query", &query.unique_id, &query.original_file_path);
            if let Some(error) = references.named_error(&found, &label, "metric", &words) {
                errors.push(*error.with_span(Span::line(Arc::clone(&query.original_file_path), 1)));
            }
            if let Found::Enabled(id) = found
                && !query.depends_on.nodes.contains(&id)
            {
                query.depends_on.nodes.push(id);
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The models of semantic models, and where they live.
fn models(manifest: &mut Manifest, references: &References) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let nodes = &manifest.nodes;
    for model in manifest.semantic_models.values_mut().map(Arc::make_mut) {
        for args in &model.refs {
            let found = references.resolve_ref(args, &model.package_name);
            let label = describe("semantic_model", &model.unique_id, &model.original_file_path);
            if let Some(error) = references.ref_error(&found, &label, args) {
                errors.push(*error.with_span(Span::line(Arc::clone(&model.original_file_path), 1)));
            }
            let Found::Enabled(id) = found else { continue };
            if let Some(node) = nodes.get(&id) {
                model.node_relation = Some(json!({
                    "alias": node.alias,
                    "schema_name": node.relation.schema,
                    "database": node.relation.database,
                    "relation_name": node.relation_name(),
                }));
            }
            model.depends_on.nodes.push(id);
        }
    }
    errors
}

/// The measures a metric is made of, and what it depends on.
type Parts = (Vec<Json>, Vec<UniqueId>);

struct Linker<'a> {
    metrics: HashMap<UniqueId, Arc<Metric>>,
    /// Semantic models by the measures they define.
    measures: HashMap<String, Vec<Arc<SemanticModel>>>,
    disabled_measures: HashMap<String, Arc<SemanticModel>>,
    references: &'a References,
    done: HashMap<UniqueId, Parts>,
    open: HashSet<UniqueId>,
}

impl<'a> Linker<'a> {
    fn new(manifest: &Manifest, references: &'a References) -> Self {
        let mut measures: HashMap<String, Vec<Arc<SemanticModel>>> = HashMap::new();
        for model in manifest.semantic_models.values() {
            for name in measure_names(model) {
                measures.entry(name).or_default().push(Arc::clone(model));
            }
        }
        let disabled = manifest.disabled_others.iter().filter_map(|it| match it {
            Disabled::SemanticModel(model) => Some(model),
            _ => None,
        });
        let disabled_measures = disabled
            .flat_map(|model| measure_names(model).map(|name| (name, Arc::clone(model))))
            .collect();
        let metrics = manifest.metrics.iter().map(|(id, it)| (id.clone(), Arc::clone(it)));
        Self {
            metrics: metrics.collect(),
            measures,
            disabled_measures,
            references,
            done: HashMap::new(),
            open: HashSet::new(),
        }
    }

    fn metric(&mut self, id: &UniqueId) -> Result<Parts> {
        if let Some(parts) = self.done.get(id) {
            return Ok(parts.clone());
        }
        let Some(metric) = self.metrics.get(id).cloned() else { return Ok(Parts::default()) };
        if !self.open.insert(id.clone()) {
            return Err(at(&metric, format!("The metric `{}` is made of itself.", metric.name)));
        }
        let parts = match metric.type_.as_str() {
            "derived" | "ratio" => self.of_metrics(&metric)?,
            _ => self.of_measures(&metric)?,
        };
        self.open.remove(id);
        self.done.insert(id.clone(), parts.clone());
        Ok(parts)
    }

    fn of_measures(&self, metric: &Metric) -> Result<Parts> {
        let params = &metric.type_params;
        let pointers: &[&str] = if metric.type_ == "conversion" {
            &["/conversion_type_params/base_measure", "/conversion_type_params/conversion_measure"]
        } else {
            &["/measure"]
        };
        let mut parts = Parts::default();
        for pointer in pointers {
            let Some(measure) = params.pointer(pointer).filter(|it| it.is_object()) else {
                let message = if metric.type_ == "conversion" {
                    format!(
                        "{} is a conversion metric and must have conversion_type_params defined.",
                        metric.name
                    )
                } else {
                    format!(
                        "The metric `{}` should have a measure defined, but it does not.",
                        metric.name
                    )
                };
                return Err(at(metric, message));
            };
            add_measure(&mut parts.0, measure);
            let name = measure.get("name").and_then(Json::as_str).unwrap_or_default();
            let model = self.model_of(metric, name)?;
            if !parts.1.contains(&model) {
                parts.1.push(model);
            }
        }
        Ok(parts)
    }

    /// The semantic model that defines a measure: the root project's, else the package's, else
    /// any.
    fn model_of(&self, metric: &Metric, measure: &str) -> Result<UniqueId> {
        let models = self.measures.get(measure).map_or(&[][..], Vec::as_slice);
        let own = models.iter().find(|model| model.package_name == metric.package_name);
        if let Some(model) = own.or_else(|| models.first()) {
            return Ok(model.unique_id.clone());
        }
        Err(at(
            metric,
            match self.disabled_measures.get(measure) {
                Some(model) => format!(
                    "The measure `{measure}` is referenced on disabled semantic model `{}`.",
                    model.name
                ),
                None => format!(
                    "A semantic model having a measure `{measure}` does not exist but was referenced."
                ),
            },
        ))
    }

    fn of_metrics(&mut self, metric: &Metric) -> Result<Parts> {
        let params = &metric.type_params;
        let inputs: Vec<&Json> = if metric.type_ == "ratio" {
            let parts = [params.get("numerator"), params.get("denominator")];
            let parts: Vec<&Json> =
                parts.into_iter().flatten().filter(|part| part.is_object()).collect();
            if parts.len() < 2 {
                let message =
                    "Invalid ratio metric. Both a numerator and denominator must be specified";
                return Err(at(metric, message));
            }
            parts
        } else {
            params.get("metrics").and_then(Json::as_array).into_iter().flatten().collect()
        };
        let mut parts = Parts::default();
        for input in inputs {
            let name = input.get("name").and_then(Json::as_str).unwrap_or_default();
            let found = self.references.resolve_metric(&[name.to_owned()], &metric.package_name);
            let id = match found {
                Found::Enabled(id) => id,
                Found::Disabled(_) => {
                    let message =
                        format!("The metric `{name}` is disabled and thus cannot be referenced.");
                    return Err(at(metric, message));
                }
                Found::Missing | Found::Ambiguous(_) => {
                    let message = format!(
                        "The metric `{name}` does not exist but was referenced by metric `{}`.",
                        metric.name
                    );
                    return Err(at(metric, message));
                }
            };
            for measure in self.metric(&id)?.0 {
                add_measure(&mut parts.0, &measure);
            }
            if !parts.1.contains(&id) {
                parts.1.push(id);
            }
        }
        Ok(parts)
    }
}

fn at(metric: &Metric, message: impl Into<String>) -> Box<Diagnostic> {
    invalid(message)
        .with_node(format!("metric {} ({})", metric.name, metric.original_file_path))
        .with_span(Span::line(Arc::clone(&metric.original_file_path), 1))
}

fn add_measure(measures: &mut Vec<Json>, measure: &Json) {
    if !measures.contains(measure) {
        measures.push(measure.clone());
    }
}

fn measure_names(model: &SemanticModel) -> impl Iterator<Item = String> {
    let name = |measure: &Json| measure.get("name").and_then(Json::as_str).map(str::to_owned);
    model.measures.iter().filter_map(name)
}
