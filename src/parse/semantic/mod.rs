//! The semantic layer: semantic models, metrics and saved queries
//! (<https://docs.getdbt.com/docs/build/about-metricflow>).

mod link;
mod metrics;
mod models;
mod saved_queries;
pub mod shapes;
mod time_spine;
mod validate;

pub use time_spine::{TimeSpines, time_spines};
pub use validate::failures;

use super::config::ConfigKind;
use super::layers::{OwnConfig, Subject};
use super::nodes::NodeParser;
use super::property_file::{Entry, PropertyFile};
use super::sql_file::fqn;
use super::{Parse, checks};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{Config, Disabled, JsonMap, Manifest, UniqueId};
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::sync::Arc;

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::SemanticInvalid, message)
}

/// What all three kinds have in common: names and configuration.
struct Base {
    fqn: Vec<String>,
    config: Config,
    unrendered_config: Arc<JsonMap>,
    group: Option<String>,
}

impl NodeParser<'_> {
    fn semantic_base(
        &self,
        file: &PropertyFile,
        name: &str,
        kind: ConfigKind,
        properties: &JsonMap,
    ) -> Result<Base> {
        let fqn = fqn(&file.package, &file.relative_path, name);
        let subject = Subject { package: &file.package, fqn: &fqn, kind };
        let own = OwnConfig { properties: Some(properties), calls: &JsonMap::new() };
        let config = self.layers.config(subject, own)?;
        let unrendered_config = self.layers.unrendered(subject, own);
        let group = config.text("group").map(str::to_owned);
        Ok(Base { fqn, config, unrendered_config, group })
    }
}

fn meta(config: &Config) -> JsonMap {
    config.get("meta").and_then(Json::as_object).cloned().unwrap_or_default()
}

impl Parse<'_> {
    /// Adds semantic models, metrics and saved queries; links them to what they are made of.
    pub(super) fn semantic_layer(&self, manifest: &mut Manifest) -> Result<(), Vec<Diagnostic>> {
        let mut errors = Vec::new();
        for file in self.properties {
            for entry in &file.metrics {
                let made = self.parser.metric(file, &entry.value, &entry.span());
                take(made, entry, &mut errors, |metric| {
                    add(&mut manifest.metrics, &mut manifest.disabled_others, metric)
                });
            }
            for entry in &file.semantic_models {
                let made = self.parser.semantic_model(file, entry);
                take(made, entry, &mut errors, |(model, measures)| {
                    add(&mut manifest.semantic_models, &mut manifest.disabled_others, model)?;
                    for metric in measures {
                        add(&mut manifest.metrics, &mut manifest.disabled_others, metric)?;
                    }
                    Ok(())
                });
            }
        }
        for file in self.properties {
            for entry in &file.saved_queries {
                let made = self.parser.saved_query(file, entry);
                take(made, entry, &mut errors, |query| {
                    add(&mut manifest.saved_queries, &mut manifest.disabled_others, query)
                });
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Finds what metrics, semantic models and saved queries depend on.
    pub(super) fn link_semantic_layer(
        &self,
        manifest: &mut Manifest,
    ) -> Result<(), Vec<Diagnostic>> {
        link::link(manifest, &self.parser.shared.references(manifest))
    }
}

fn take<T, E>(
    made: Result<T>,
    entry: &Entry<E>,
    errors: &mut Vec<Diagnostic>,
    add: impl FnOnce(T) -> Result<()>,
) {
    if let Err(error) = made.and_then(add) {
        errors.push(*error.with_span(entry.span()));
    }
}

/// A resource of the semantic layer.
trait Semantic: Sized {
    fn id(&self) -> (&UniqueId, &Arc<str>, &Arc<str>);
    fn config(&self) -> &Config;
    fn disabled(it: Arc<Self>) -> Disabled;
}

macro_rules! semantic {
    ($($type:ident),*) => {$(
        impl Semantic for crate::manifest::$type {
            fn id(&self) -> (&UniqueId, &Arc<str>, &Arc<str>) {
                (&self.unique_id, &self.name, &self.original_file_path)
            }
            fn config(&self) -> &Config {
                &self.config
            }
            fn disabled(it: Arc<Self>) -> Disabled {
                Disabled::$type(it)
            }
        }
    )*};
}

semantic!(Metric, SemanticModel, SavedQuery);

fn add<T: Semantic>(
    enabled: &mut IndexMap<UniqueId, Arc<T>>,
    disabled: &mut Vec<Disabled>,
    resource: T,
) -> Result<()> {
    let resource = Arc::new(resource);
    let (id, name, path) = resource.id();
    if !resource.config().enabled() {
        disabled.push(T::disabled(resource));
        return Ok(());
    }
    if let Some(first) = enabled.get(id) {
        let (first_id, _, first_path) = first.id();
        let kind = T::disabled(Arc::clone(&resource)).resource().resource_type();
        return Err(checks::duplicate_resource(
            kind.plural(),
            name,
            (first_id.as_str(), first_path),
            (id.as_str(), path),
        ));
    }
    enabled.insert(id.clone(), resource);
    Ok(())
}
