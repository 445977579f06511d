//! Exposures and groups.

use super::config::ConfigKind;
use super::layers::{OwnConfig, Subject};
use super::nodes::NodeParser;
use super::properties::{ExposureProperties, GroupProperties};
use super::property_file::{Entry, PropertyFile, Step};
use super::sql_file::fqn;
use crate::context::{Capture, NodeContext};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Warning;
use crate::jinja::Template;
use crate::manifest::{DependsOn, Exposure, Group, JsonMap, ResourceType, UniqueId};
use crate::project::ConfigKind as Section;
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl NodeParser<'_> {
    /// An `exposures:` entry.
    pub fn exposure(
        &self,
        file: &PropertyFile,
        entry: &Entry<ExposureProperties>,
    ) -> Result<Exposure> {
        let given = &entry.value;
        check_owner("Exposure", &given.owner)?;
        let fqn = fqn(&file.package, &file.relative_path, &given.name);
        let subject = Subject { package: &file.package, fqn: &fqn, kind: ConfigKind::Exposure };
        let own = OwnConfig { properties: Some(&given.config), calls: &JsonMap::new() };
        let mut config = self.layers.config(subject, own)?;
        let project = self.shared.workspace.package(&file.package);
        let all = project.and_then(|project| project.configs.get(&Section::Exposures));
        let all = all.map(|all| all.rendered.to_json()).unwrap_or_default();
        let (tags, meta) = tags_and_meta(&all, given, config.map());
        config.map_mut().insert("tags".into(), json!(tags));
        config.map_mut().insert("meta".into(), Json::Object(meta.clone()));
        let span = entry.span_of(&[Step::Key("depends_on")]);
        let described = self
            .describer(&file.package, &given.name)
            .if_enabled(config.enabled())
            .describe(&given.description, || entry.span_of(&[Step::Key("description")]))?;
        let calls: Vec<String> =
            given.depends_on.iter().map(|call| format!("{{{{ {call} }}}}")).collect();
        let capture = Arc::new(Capture::default());
        let package = Arc::clone(&file.package);
        let references = NodeContext::exposure(self.shared, package, Arc::clone(&capture));
        Template::from_text(Arc::clone(&file.path), calls.join("\n"))
            .and_then(|template| template.render(&references))
            .map_err(|error| error.relocated(span))?;
        let captured = capture.take();
        let mut owner = json!({"email": null, "name": null});
        if let Json::Object(owner) = &mut owner {
            owner.extend(given.owner.clone());
        }
        Ok(Exposure {
            name: given.name.as_str().into(),
            resource_type: ResourceType::Exposure,
            package_name: Arc::clone(&file.package),
            path: Arc::clone(&file.relative_path),
            original_file_path: Arc::clone(&file.path),
            unique_id: UniqueId::new(ResourceType::Exposure, &file.package, &given.name),
            type_: given.type_.clone(),
            owner: owner.as_object().cloned().unwrap_or_default(),
            description: described.text,
            label: given.label.clone(),
            maturity: given.maturity.clone(),
            meta,
            tags,
            unrendered_config: self.layers.unrendered(subject, own),
            config,
            url: given.url.clone(),
            depends_on: DependsOn { macros: captured.macros, nodes: Vec::new() },
            refs: captured.refs,
            sources: captured.sources,
            metrics: captured.metrics,
            created_at: self.created_at,
            fqn,
        })
    }
}

/// dbt wants names of letters, digits, underscores and dashes.
pub fn odd_name(entry: &Entry<ExposureProperties>) -> Option<Warning> {
    let name = &entry.value.name;
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(fits) {
        return None;
    }
    let message = format!(
        "Starting in v1.3, the 'name' of an exposure should contain only letters, numbers, and \
         underscores. Exposures support a new property, 'label', which may contain spaces, capital \
         letters, and special characters. {name} does not follow this pattern. Please update the \
         'name', and use the 'label' property for a human-friendly title. This will raise an error \
         in a future version of dbt-core."
    );
    let diagnostic =
        Diagnostic::new(Code::Deprecated, message).with_span(entry.span_of(&[Step::Key("name")]));
    let warning = Warning::new("ExposureNameDeprecation", "D007", *diagnostic);
    Some(warning.with_data(json!({"exposure": name})))
}

/// Tags and meta may stand outside of `config`, too; and those of `all` exposures of a project
/// are added to each one's own.
fn tags_and_meta(
    all: &Json,
    given: &ExposureProperties,
    config: &JsonMap,
) -> (Vec<String>, JsonMap) {
    let lists = [all.get("tags"), config.get("tags")];
    let more = lists.into_iter().flatten().filter_map(Json::as_array).flatten();
    let mut tags = given.tags.clone();
    tags.extend(more.filter_map(Json::as_str).map(str::to_owned));
    tags.sort();
    tags.dedup();
    let mut meta = all.get("meta").and_then(Json::as_object).cloned().unwrap_or_default();
    meta.extend(given.meta.clone());
    if let Some(Json::Object(more)) = config.get("meta") {
        meta.extend(more.clone());
    }
    (tags, meta)
}

impl NodeParser<'_> {
    /// A `groups:` entry. dbt lets the configuration of models count for groups, too.
    pub fn group(&self, file: &PropertyFile, entry: &Entry<GroupProperties>) -> Result<Group> {
        let given = &entry.value;
        let fqn = fqn(&file.package, &file.relative_path, &given.name);
        let subject = Subject { package: &file.package, fqn: &fqn, kind: ConfigKind::Group };
        let own = OwnConfig { properties: Some(&given.config), calls: &JsonMap::new() };
        let mut config = self.layers.config(subject, own)?.map().clone();
        config.retain(|key, _| !key.contains('-'));
        check_owner("Group", &given.owner)?;
        Ok(group(file, given, config))
    }
}

/// Somebody must be named.
fn check_owner(kind: &str, owner: &JsonMap) -> Result<()> {
    let has = |key: &str| owner.get(key).is_some_and(|value| !value.is_null());
    if has("name") || has("email") {
        return Ok(());
    }
    let message = format!("{kind} owner must have at least one of 'name' or 'email'.");
    Err(Diagnostic::new(Code::PropertyInvalid, message))
}

fn group(file: &PropertyFile, given: &GroupProperties, config: JsonMap) -> Group {
    let mut owner = given.owner.clone();
    owner.entry("email").or_insert(Json::Null);
    owner.entry("name").or_insert(Json::Null);
    Group {
        name: given.name.as_str().into(),
        resource_type: ResourceType::Group,
        package_name: Arc::clone(&file.package),
        path: Arc::clone(&file.relative_path),
        original_file_path: Arc::clone(&file.path),
        unique_id: UniqueId::new(ResourceType::Group, &file.package, &given.name),
        owner: Json::Object(owner),
        description: given.description.clone(),
        config,
    }
}
