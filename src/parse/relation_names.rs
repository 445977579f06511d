//! Where a node's relation lives: the `generate_*_name` macros
//! (<https://docs.getdbt.com/docs/build/custom-schemas>).

use super::nodes::NodeParser;
use crate::context::json::from_json;
use crate::context::{CORE_PACKAGE, NodeContext};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::{Args, Value};
use crate::manifest::{Node, NodeKind, NodeView, version_text};
use std::sync::Arc;

/// The parts of a relation's name that a macro may make.
#[derive(Debug, Clone, Copy)]
enum Component {
    Database,
    Schema,
    Alias,
}

impl Component {
    fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Alias => "alias",
        }
    }
}

impl NodeParser<'_> {
    /// Sets database, schema and alias from the configuration.
    pub(super) fn name_relation(&self, node: &mut Node) -> Result<()> {
        node.relation.database = self.component(node, Component::Database)?;
        node.relation.schema = self.component(node, Component::Schema)?;
        node.alias = self.component(node, Component::Alias)?;
        node.relation.identifier = Arc::clone(&node.alias);
        if matches!(node.kind, NodeKind::Snapshot) {
            if let Some(database) = node.config.text("target_database") {
                node.relation.database = database.into();
            }
            if let Some(schema) = node.config.text("target_schema") {
                node.relation.schema = schema.into();
            }
        }
        Ok(())
    }

    fn component(&self, node: &Node, component: Component) -> Result<Arc<str>> {
        let custom = node.config.text(component.name()).filter(|text| !text.is_empty());
        let entry = self.shared.macros.generate_name(component.name(), &node.package_name);
        match entry {
            Some(entry) if &*entry.node.package_name != CORE_PACKAGE => {
                self.custom_component(node, component, custom, &entry.node.definition)
            }
            _ => Ok(self.default_component(node, component, custom)),
        }
    }

    /// What dbt's own macros give, without the cost of evaluating them for every node.
    fn default_component(
        &self,
        node: &Node,
        component: Component,
        custom: Option<&str>,
    ) -> Arc<str> {
        let custom = custom.map(str::trim);
        match (component, custom) {
            (Component::Schema, Some(custom)) => format!("{}_{custom}", self.schema).into(),
            (Component::Database | Component::Alias, Some(custom)) => custom.into(),
            (Component::Database, None) => Arc::clone(&self.database),
            (Component::Schema, None) => Arc::clone(&self.schema),
            (Component::Alias, None) => match node.version() {
                Some(version) => {
                    format!("{}_v{}", node.name, version_text(version).replace('.', "_")).into()
                }
                None => Arc::clone(&node.name),
            },
        }
    }

    fn custom_component(
        &self,
        node: &Node,
        component: Component,
        custom: Option<&str>,
        definition: &Arc<crate::jinja::MacroDef>,
    ) -> Result<Arc<str>> {
        let view = serde_json::to_value(NodeView { node, compiled: None });
        let view = view.map_err(|error| Diagnostic::new(Code::Internal, error.to_string()))?;
        let context = NodeContext::generate_name(self.shared);
        let args = Args::positional([Value::from(custom), from_json(&view)]);
        let value = definition.call(args, &context)?;
        if value.is_none() {
            // dbt lets a schema of None stand for no schema at all; PostgreSQL has no such thing.
            let message = format!("generate_{}_name gave none", component.name());
            return Err(Diagnostic::new(Code::ConfigInvalid, message));
        }
        Ok(value.to_string().trim().into())
    }
}
