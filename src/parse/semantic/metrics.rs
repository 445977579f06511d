//! Metrics (<https://docs.getdbt.com/docs/build/build-metrics-intro>).

use super::super::nodes::NodeParser;
use super::super::property_file::PropertyFile;
use super::shapes::{MetricProperties, WhereFilter};
use super::{invalid, meta};
use crate::diagnostic::{Diagnostic, Result, Span};
use crate::manifest::{DependsOn, Metric, ResourceType, UniqueId};
use crate::parse::config::ConfigKind;
use std::sync::Arc;

impl NodeParser<'_> {
    /// The metric of an entry, not linked yet.
    pub(super) fn metric(
        &self,
        file: &PropertyFile,
        given: &MetricProperties,
        span: &Span,
    ) -> Result<Metric> {
        check_name(&given.name)?;
        let base = self.semantic_base(file, &given.name, ConfigKind::Metric, &given.config)?;
        let of_config = meta(&base.config);
        let describer =
            self.describer(&file.package, &given.name).if_enabled(base.config.enabled());
        Ok(Metric {
            name: given.name.as_str().into(),
            resource_type: ResourceType::Metric,
            package_name: Arc::clone(&file.package),
            path: Arc::clone(&file.relative_path),
            original_file_path: Arc::clone(&file.path),
            unique_id: UniqueId::new(ResourceType::Metric, &file.package, &given.name),
            fqn: base.fqn,
            description: describer.describe(&given.description, || span.clone())?.text,
            label: given.label.clone(),
            type_: given.type_.as_str().to_owned(),
            type_params: given.type_params.json(given.type_).map_err(invalid)?,
            filter: given.filter.as_ref().map(WhereFilter::json),
            metadata: None,
            time_granularity: given.time_granularity.clone(),
            meta: if of_config.is_empty() { given.meta.clone() } else { of_config },
            tags: given.tags.clone(),
            config: base.config,
            unrendered_config: base.unrendered_config,
            sources: Vec::new(),
            depends_on: DependsOn::default(),
            refs: Vec::new(),
            metrics: Vec::new(),
            created_at: self.created_at,
            group: base.group,
        })
    }
}

/// dbt's rules for names of metrics.
fn check_name(name: &str) -> Result<(), Box<Diagnostic>> {
    let mut problems = Vec::new();
    if name.contains(' ') {
        problems.push("cannot contain spaces");
    }
    if name.chars().count() > 250 {
        problems.push("cannot contain more than 250 characters");
    }
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        problems.push("must begin with a letter");
    }
    if name.is_empty() || name.contains(|c: char| !c.is_alphanumeric() && c != '_') {
        problems.push("must contain only letters, numbers and underscores");
    }
    if problems.is_empty() {
        return Ok(());
    }
    let problems = problems.join(", ");
    Err(invalid(format!("The metric name '{name}' is invalid.  It {problems}")))
}
