//! Where a node's relation lives: the `generate_*_name` macros
//! (<https://docs.getdbt.com/docs/build/custom-schemas>).

use super::nodes::NodeParser;
use super::property_file::PropertyFile;
use super::semantic::shapes::Export;
use crate::context::json::from_json;
use crate::context::{CORE_PACKAGE, NodeContext};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::{Args, Value};
use crate::manifest::{Config, Node, NodeKind, NodeView, RelationName, version_text};
use serde_json::{Value as Json, json};
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

/// What is named.
struct Subject<'a> {
    package: &'a Arc<str>,
    name: &'a Arc<str>,
    version: Option<&'a Json>,
    config: &'a Config,
    /// Its JSON form, for macros.
    json: &'a dyn Fn() -> serde_json::Result<Json>,
}

impl NodeParser<'_> {
    /// Sets database, schema and alias from the configuration.
    pub(super) fn name_relation(&self, node: &mut Node) -> Result<()> {
        let subject = Subject {
            package: &node.package_name,
            name: &node.name,
            version: node.version(),
            config: &node.config,
            json: &|| serde_json::to_value(NodeView { node, compiled: None }),
        };
        let mut relation = RelationName {
            database: self.component(&subject, Component::Database)?,
            schema: self.component(&subject, Component::Schema)?,
            identifier: self.component(&subject, Component::Alias)?,
        };
        if matches!(node.kind, NodeKind::Snapshot) {
            let target = |key: &str| node.config.text(key).filter(|text| !text.is_empty());
            if let Some(database) = target("target_database") {
                relation.database = database.into();
            }
            if let Some(schema) = target("target_schema") {
                relation.schema = schema.into();
            }
        }
        node.alias = Arc::clone(&relation.identifier);
        node.relation = relation;
        Ok(())
    }

    /// Where the result of a saved query is written, if its export does not say so.
    pub(super) fn export_relation(
        &self,
        file: &PropertyFile,
        export: &Export,
        database: Option<&str>,
    ) -> Result<RelationName> {
        let mut config = Config::new(export.config.clone());
        if let Some(database) = database {
            config.map_mut().insert("database".to_owned(), database.into());
        }
        // dbt keeps an export's schema under another name, which its macros are not given.
        config.map_mut().shift_remove("schema");
        let name = Arc::from(export.name.as_str());
        let json = || Ok(json!({"name": export.name, "config": config}));
        let package = &file.package;
        let subject = Subject { package, name: &name, version: None, config: &config, json: &json };
        Ok(RelationName {
            database: self.component(&subject, Component::Database)?,
            schema: self.component(&subject, Component::Schema)?,
            identifier: self.component(&subject, Component::Alias)?,
        })
    }

    fn component(&self, subject: &Subject<'_>, component: Component) -> Result<Arc<str>> {
        let custom = subject.config.text(component.name()).filter(|text| !text.is_empty());
        let entry = self.shared.macros.generate_name(component.name(), subject.package);
        match entry {
            Some(entry) if &*entry.node.package_name != CORE_PACKAGE => {
                self.custom_component(subject, component, custom, &entry.node.definition)
            }
            Some(entry) if self.is_dispatched_elsewhere(component) => {
                self.custom_component(subject, component, custom, &entry.node.definition)
            }
            _ => Ok(self.default_component(subject, component, custom)),
        }
    }

    /// Whether dbt's own macro finds its implementation, `default__generate_…_name`, outside of
    /// dbt's package.
    fn is_dispatched_elsewhere(&self, component: Component) -> bool {
        let name = format!("generate_{}_name", component.name());
        let found = self.shared.macros.dispatch(self.shared.project_name(), &name, None);
        found.is_ok_and(|entry| &*entry.node.package_name != CORE_PACKAGE)
    }

    /// What dbt's own macros give, without the cost of evaluating them for every node.
    fn default_component(
        &self,
        subject: &Subject<'_>,
        component: Component,
        custom: Option<&str>,
    ) -> Arc<str> {
        let custom = custom.map(str::trim);
        match (component, custom) {
            (Component::Schema, Some(custom)) => format!("{}_{custom}", self.schema).into(),
            (Component::Database | Component::Alias, Some(custom)) => custom.into(),
            (Component::Database, None) => Arc::clone(&self.database),
            (Component::Schema, None) => Arc::clone(&self.schema),
            (Component::Alias, None) => match subject.version {
                Some(version) => {
                    let version = version_text(version).replace('.', "_");
                    format!("{}_v{version}", subject.name).into()
                }
                None => Arc::clone(subject.name),
            },
        }
    }

    fn custom_component(
        &self,
        subject: &Subject<'_>,
        component: Component,
        custom: Option<&str>,
        definition: &Arc<crate::jinja::MacroDef>,
    ) -> Result<Arc<str>> {
        // Making a value of the whole node takes longer than all else; few macros look at it.
        let view = if definition.reads_parameter(1) {
            let view = (subject.json)();
            from_json(&view.map_err(|error| Diagnostic::new(Code::Internal, error.to_string()))?)
        } else {
            Value::None
        };
        let context = NodeContext::generate_name(self.shared);
        let args = Args::positional([Value::from(custom), view]);
        let value = definition.call(args, &context)?;
        if value.is_none() {
            // dbt lets a schema of None stand for no schema at all; PostgreSQL has no such thing.
            let message = format!("generate_{}_name gave none", component.name());
            return Err(Diagnostic::new(Code::ConfigInvalid, message));
        }
        Ok(value.to_string().trim().into())
    }
}
