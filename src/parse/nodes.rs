//! From drafts to nodes: render, merge configuration, describe, name the relation.

use super::columns::{columns, model_constraint};
use super::config::{ConfigKind, merge_calls};
use super::contract;
use super::docs::Describer;
use super::foreign_keys;
use super::layers::{OwnConfig, ProjectLayers, Subject};
use super::properties::NodeProperties;
use super::property_file::{Entry, PropertyFile, Step};
use super::python_model;
use super::sql_file::Draft;
use crate::context::{Capture, Captured, Docs, NodeContext, Shared};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::Template;
use crate::manifest::{
    DependsOn, DocsConfig, JsonMap, Node, NodeKind, QuotePolicy, RelationName, ResourceType,
    UniqueId, version_text,
};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What making nodes needs.
pub struct NodeParser<'a> {
    /// The invocation's contexts.
    pub shared: &'a Arc<Shared>,
    /// Configuration from project files.
    pub layers: &'a ProjectLayers,
    /// Docs blocks.
    pub docs: &'a Arc<Docs>,
    /// The target's database.
    pub database: Arc<str>,
    /// The target's schema.
    pub schema: Arc<str>,
    /// Which parts of names are quoted, unless a node says otherwise.
    pub quoting: QuotePolicy,
    /// Seconds since 1970.
    pub created_at: f64,
    /// Whether states are compared by what is written rather than by what it renders to.
    pub(super) compares_unrendered: bool,
}

/// The properties of a node and the file they stand in.
#[derive(Clone, Copy)]
pub struct Patch<'a> {
    /// The entry.
    pub entry: &'a Entry<NodeProperties>,
    /// Its file.
    pub file: &'a PropertyFile,
}

impl Patch<'_> {
    /// dbt's `patch_path`.
    fn path(&self) -> String {
        format!("{}://{}", self.file.package, self.file.path)
    }
}

impl<'a> NodeParser<'a> {
    /// A parser with the target's defaults. `created_at` are seconds since 1970.
    pub fn new(
        shared: &'a Arc<Shared>,
        layers: &'a ProjectLayers,
        docs: &'a Arc<Docs>,
        created_at: f64,
    ) -> Self {
        Self {
            shared,
            layers,
            docs,
            database: shared.default_database().into(),
            schema: shared.default_schema().into(),
            quoting: shared.quoting(),
            created_at,
            compares_unrendered: shared
                .workspace
                .root
                .flag("state_modified_compare_more_unrendered_values")
                .unwrap_or(false),
        }
    }

    /// Makes the node of a draft. A disabled node is made, too; its config says so.
    pub fn node(&self, draft: Draft, patch: Option<Patch<'_>>) -> Result<Node> {
        let kind = draft.config_kind;
        let mut node = self.provisional(draft)?;
        let label = node.label();
        self.complete(&mut node, kind, patch).map_err(|mut error| {
            error.span = error.span.or_else(|| node.defined_at.clone());
            error.with_node(label)
        })?;
        Ok(node)
    }

    fn complete(&self, node: &mut Node, kind: ConfigKind, patch: Option<Patch<'_>>) -> Result<()> {
        let captured = self.capture(node)?;
        let mut calls = JsonMap::new();
        captured.configs.iter().cloned().for_each(|call| merge_calls(&mut calls, call));
        if let Some(patch) = patch {
            take_version(node, &patch.entry.value);
        }
        let properties = patch.map(|patch| &patch.entry.value.config);
        self.configure(node, kind, OwnConfig { properties, calls: &calls })?;
        if self.compares_unrendered {
            let entry = patch.map(|patch| patch.entry);
            self.keep_unrendered(node, kind, entry, calls);
        }
        take_captured(node, captured);
        if let Some(patch) = patch {
            self.describe(node, patch)?;
        }
        self.name_relation(node)?;
        self.capture_hooks(node)
    }

    /// The node as its own template sees it while parsing.
    pub(super) fn provisional(&self, draft: Draft) -> Result<Node> {
        let resource_type = draft.kind.resource_type();
        let subject = Subject { package: &draft.package, fqn: &draft.fqn, kind: draft.config_kind };
        let own = OwnConfig { properties: None, calls: &JsonMap::new() };
        let config = self.layers.config(subject, own)?;
        Ok(Node {
            unique_id: UniqueId::new(resource_type, &draft.package, &draft.name),
            relation: RelationName {
                database: Arc::clone(&self.database),
                schema: Arc::clone(&self.schema),
                identifier: Arc::clone(&draft.name),
            },
            alias: Arc::clone(&draft.name),
            name: draft.name,
            package_name: draft.package,
            path: draft.path,
            original_file_path: draft.original_file_path,
            fqn: draft.fqn,
            quote_policy: self.quoting,
            checksum: draft.checksum,
            config,
            unrendered_config: Arc::default(),
            tags: draft.tags,
            description: String::new(),
            columns: IndexMap::new(),
            meta: JsonMap::new(),
            group: None,
            docs: DocsConfig::default(),
            patch_path: None,
            doc_blocks: Vec::new(),
            created_at: self.created_at,
            raw_code: draft.raw_code,
            language: draft.language,
            refs: Vec::new(),
            sources: Vec::new(),
            metrics: Vec::new(),
            functions: Vec::new(),
            depends_on: DependsOn::default(),
            defined_at: draft.defined_at,
            template: draft.template,
            kind: draft.kind,
        })
    }

    /// Renders the template to see what it refers to and how it configures itself.
    pub(super) fn capture(&self, node: &Node) -> Result<Captured> {
        if node.language == "python" && !matches!(node.kind, NodeKind::Function { .. }) {
            return python_model::read(&node.original_file_path, &node.raw_code);
        }
        let Some(template) = node.template.clone() else { return Ok(Captured::default()) };
        self.capture_template(node, &template)
    }

    pub(super) fn capture_template(&self, node: &Node, template: &Template) -> Result<Captured> {
        let capture = Arc::new(Capture::default());
        let node = Arc::new(node.clone());
        let mut context = NodeContext::parse(self.shared, Arc::clone(&node), Arc::clone(&capture));
        if let Some(test) = node.generic_test() {
            context = context.with_test_kwargs(&test.kwargs)?;
        }
        template.render(&context)?;
        Ok(capture.take())
    }

    /// Merges the configuration and copies what nodes carry beside it.
    pub(super) fn configure(
        &self,
        node: &mut Node,
        kind: ConfigKind,
        own: OwnConfig<'_>,
    ) -> Result<()> {
        let subject = Subject { package: &node.package_name, fqn: &node.fqn, kind };
        node.config = self.layers.config(subject, own)?;
        node.unrendered_config = self.layers.unrendered(subject, own);
        let tags = node.config.get("tags").and_then(Json::as_array).cloned().unwrap_or_default();
        for tag in tags.iter().filter_map(Json::as_str) {
            if node.tags.iter().all(|known| known != tag) {
                node.tags.push(tag.to_owned());
            }
        }
        if let Some(Json::Object(meta)) = node.config.get("meta") {
            node.meta = meta.clone();
        }
        if let Some(group) = node.config.text("group") {
            node.group = Some(group.to_owned());
        }
        if let Some(Json::Object(docs)) = node.config.get("docs") {
            node.docs = docs_config(docs);
        }
        if let NodeKind::Model { access, .. } = &mut node.kind
            && let Some(wanted) = node.config.text("access")
        {
            if !matches!(wanted, "private" | "protected" | "public") {
                let message = format!(
                    "Node {} has an invalid value ({wanted}) for the access field",
                    node.unique_id
                );
                return Err(Diagnostic::new(Code::ConfigInvalid, message));
            }
            wanted.clone_into(access);
        }
        node.quote_policy = quote_policy(self.quoting, node.config.get("quoting"));
        Ok(())
    }

    /// Takes over what the property file says besides configuration.
    fn describe(&self, node: &mut Node, patch: Patch<'_>) -> Result<()> {
        let entry = patch.entry;
        let describer = self
            .describer(&patch.file.package, node.unique_id.as_str())
            .if_enabled(node.config.enabled());
        let span = || entry.span_of(&[Step::Key("description")]);
        let properties = &entry.value;
        let described = describer.describe(&properties.description, span)?;
        node.description = described.text;
        node.doc_blocks = described.doc_blocks;
        node.columns = columns(&properties.columns, &describer, &entry.source, |index| {
            entry.place_of(&[Step::Key("columns"), Step::Index(index)])
        })?;
        node.patch_path = Some(patch.path());
        if let NodeKind::Model { constraints, deprecation_date, time_spine, .. } = &mut node.kind {
            *constraints = properties.constraints.iter().map(model_constraint).collect();
            *deprecation_date =
                properties.deprecation_date.as_deref().map(date_time).transpose()?;
            *time_spine = properties.time_spine.as_ref().map(|spine| json!(spine));
        }
        if let NodeKind::Function { arguments, returns } = &mut node.kind {
            arguments.clone_from(&properties.arguments);
            if let Some(given) = &properties.returns {
                returns.clone_from(given);
            }
        }
        foreign_keys::capture(node)
            .and_then(|()| contract::settle(node))
            .map_err(|error| error.with_span(entry.span()))
    }

    /// Renders descriptions in a package's property files.
    pub(super) fn describer(&self, package: &Arc<str>, resource: &str) -> Describer<'_> {
        Describer::new(self.shared, self.docs, package, resource)
    }

    /// Hooks may refer to nodes and call macros, too.
    fn capture_hooks(&self, node: &mut Node) -> Result<()> {
        let hooks = [node.config.hooks("pre-hook"), node.config.hooks("post-hook")].concat();
        let is_seed = matches!(node.kind, NodeKind::Seed { .. });
        for hook in hooks {
            let template =
                Template::from_text(Arc::clone(&node.original_file_path), hook.sql.as_str())?;
            let captured = self.capture_template(node, &template)?;
            if is_seed && !(captured.refs.is_empty() && captured.sources.is_empty()) {
                return Err(seed_with_references(node));
            }
            take_captured(node, captured);
        }
        Ok(())
    }
}

/// A version of a model has the model's name, and the version in its id and fqn.
fn take_version(node: &mut Node, properties: &NodeProperties) {
    let Some(of) = &properties.version else { return };
    let NodeKind::Model { version, latest_version, .. } = &mut node.kind else { return };
    *version = Some(of.own.clone());
    *latest_version = Some(of.latest.clone());
    let suffix = format!("v{}", version_text(&of.own));
    let name = format!("{}.{suffix}", properties.name);
    node.unique_id = UniqueId::new(ResourceType::Model, &node.package_name, &name);
    node.name = properties.name.as_str().into();
    node.fqn.pop();
    node.fqn.extend([properties.name.clone(), suffix]);
}

/// Seeds are built before everything else.
fn seed_with_references(node: &Node) -> Box<Diagnostic> {
    let lines = |key: &str, label: &str| {
        let hooks = node.config.hooks(key).into_iter();
        hooks.map(|hook| format!("- {label}: \"{}\"", hook.sql)).collect::<Vec<_>>()
    };
    let hooks = [lines("pre-hook", "pre_hook"), lines("post-hook", "post_hook")].concat();
    let message = format!(
        "Seeds cannot depend on other nodes. dbt detected a seed with a pre- or post-hook\n\
         that calls 'ref', 'source', or 'metric', either directly or indirectly via other macros.\n\n\
         Error raised for '{}', which has these hooks defined: \n{}",
        node.unique_id,
        hooks.join("\n")
    );
    Diagnostic::new(Code::ConfigInvalid, message)
}

/// Seconds east of UTC as `+hh:mm`.
fn clock_offset(seconds: i32) -> String {
    let minutes = seconds.abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A date as dbt writes it: midnight of a day, in the local time zone if none is given.
fn date_time(text: &str) -> Result<String> {
    let Some(written) = crate::project::yaml::Timestamp::parse(text) else {
        let message = format!("'{text}' is not a date");
        return Err(Diagnostic::new(Code::PropertyInvalid, message));
    };
    let iso = written.to_iso();
    let iso = if iso.contains('T') { iso } else { format!("{iso}T00:00:00") };
    if let Ok(local) = iso.parse::<jiff::civil::DateTime>()
        && iso.parse::<jiff::Timestamp>().is_err()
        && let zone = jiff::tz::TimeZone::system()
        && let Ok(moment) = zone.to_timestamp(local)
    {
        return Ok(format!("{iso}{}", clock_offset(zone.to_offset(moment).seconds())));
    }
    Ok(iso)
}

/// `docs:` as written.
pub(super) fn docs_config(docs: &JsonMap) -> DocsConfig {
    DocsConfig {
        show: docs.get("show").and_then(Json::as_bool).unwrap_or(true),
        node_color: docs.get("node_color").and_then(Json::as_str).map(str::to_owned),
    }
}

/// Adds what a template referred to.
pub(super) fn take_captured(node: &mut Node, captured: Captured) {
    node.refs.extend(captured.refs);
    node.sources.extend(captured.sources);
    node.metrics.extend(captured.metrics);
    node.functions.extend(captured.functions);
    for id in captured.macros {
        if !node.depends_on.macros.contains(&id) {
            node.depends_on.macros.push(id);
        }
    }
}

/// The quoting of a node: the project's, with what the node's own config says on top.
pub fn quote_policy(project: QuotePolicy, own: Option<&Json>) -> QuotePolicy {
    let part = |key: &str| own.and_then(|own| own.get(key)).and_then(Json::as_bool);
    QuotePolicy {
        database: part("database").unwrap_or(project.database),
        schema: part("schema").unwrap_or(project.schema),
        identifier: part("identifier").unwrap_or(project.identifier),
    }
}
