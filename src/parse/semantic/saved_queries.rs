//! Saved queries (<https://docs.getdbt.com/docs/build/saved-queries>).

use super::super::nodes::NodeParser;
use super::super::property_file::{Entry, PropertyFile};
use super::invalid;
use super::shapes::{Export, SavedQueryProperties, WhereFilter};
use crate::diagnostic::Result;
use crate::manifest::{Config, DependsOn, ResourceType, SavedQuery, UniqueId};
use crate::parse::config::ConfigKind;
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl NodeParser<'_> {
    /// The saved query of an entry, not linked yet.
    pub(super) fn saved_query(
        &self,
        file: &PropertyFile,
        entry: &Entry<SavedQueryProperties>,
    ) -> Result<SavedQuery> {
        let given = &entry.value;
        let base = self.semantic_base(file, &given.name, ConfigKind::SavedQuery, &given.config)?;
        let exports = given
            .exports
            .iter()
            .map(|export| self.export(file, export, &base.config))
            .collect::<Result<_>>()?;
        let mut tags = [texts(given.tags.as_ref()), texts(base.config.get("tags"))].concat();
        tags.sort();
        tags.dedup();
        let query = &given.query_params;
        let describer =
            self.describer(&file.package, &given.name).if_enabled(base.config.enabled());
        let describe = |text: &str| describer.describe(text, || entry.span()).map(|it| it.text);
        Ok(SavedQuery {
            name: given.name.as_str().into(),
            resource_type: ResourceType::SavedQuery,
            package_name: Arc::clone(&file.package),
            path: Arc::clone(&file.relative_path),
            original_file_path: Arc::clone(&file.path),
            unique_id: UniqueId::new(ResourceType::SavedQuery, &file.package, &given.name),
            fqn: base.fqn,
            query_params: json!({
                "metrics": query.metrics,
                "group_by": query.group_by,
                "where": query.where_.as_ref().map(WhereFilter::json),
                "order_by": query.order_by,
                "limit": query.limit,
            }),
            exports,
            description: given.description.as_deref().map(describe).transpose()?,
            label: given.label.clone(),
            metadata: None,
            config: base.config,
            unrendered_config: base.unrendered_config,
            group: base.group,
            depends_on: DependsOn::default(),
            created_at: self.created_at,
            refs: Vec::new(),
            tags,
        })
    }

    /// An export: its relation is named as a model's would be.
    fn export(&self, file: &PropertyFile, export: &Export, query: &Config) -> Result<Json> {
        let own = |key: &str| {
            let own = export.config.get(key).filter(|value| !value.is_null());
            own.or_else(|| query.get(key)).and_then(Json::as_str).map(str::to_owned)
        };
        let Some(export_as) = own("export_as") else {
            let message = format!("The export '{}' needs export_as: table or view", export.name);
            return Err(invalid(message));
        };
        if export_as != "table" && export_as != "view" {
            let message = format!("'{export_as}' is not a valid ExportDestinationType");
            return Err(invalid(message));
        }
        let named = self.export_relation(file, export, own("database").as_deref())?;
        let schema = own("schema_name").or_else(|| own("schema"));
        Ok(json!({
            "name": export.name,
            "config": {
                "export_as": export_as,
                "schema_name": schema.unwrap_or_else(|| named.schema.to_string()),
                "alias": own("alias").unwrap_or_else(|| named.identifier.to_string()),
                "database": named.database,
            },
            "unrendered_config": export.config,
        }))
    }
}

fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => {
            items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
