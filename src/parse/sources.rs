//! Source tables from their property files.

use super::columns::columns;
use super::config::{ConfigKind, no_freshness};
use super::layers::{OwnConfig, Subject};
use super::nodes::{NodeParser, quote_policy};
use super::properties::{SourceProperties, TableProperties};
use super::property_file::{Entry, PropertyFile, Step};
use super::sql_file::fqn;
use crate::diagnostic::{Diagnostic, Result};
use crate::manifest::{
    External, JsonMap, QuotePolicy, RelationName, ResourceType, Source, UniqueId,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl NodeParser<'_> {
    /// The tables of a `sources:` entry.
    pub fn sources(
        &self,
        file: &PropertyFile,
        entry: &Entry<SourceProperties>,
    ) -> Result<Vec<Source>, Vec<Diagnostic>> {
        let mut sources = Vec::new();
        let mut errors = Vec::new();
        for (index, table) in entry.value.tables.iter().enumerate() {
            match self.source(file, entry, index, table) {
                Ok(source) => sources.push(source),
                Err(error) => {
                    let span = entry.span_of(&[Step::Key("tables"), Step::Index(index)]);
                    errors.push(*error.with_span(span));
                }
            }
        }
        if errors.is_empty() { Ok(sources) } else { Err(errors) }
    }

    fn source(
        &self,
        file: &PropertyFile,
        entry: &Entry<SourceProperties>,
        index: usize,
        table: &TableProperties,
    ) -> Result<Source> {
        let source = &entry.value;
        let mut fqn = fqn(&file.package, &file.relative_path, &source.name);
        fqn.push(table.name.clone());
        let own = own_config(source, table);
        let subject = Subject { package: &file.package, fqn: &fqn, kind: ConfigKind::Source };
        let own = OwnConfig { properties: Some(&own), calls: &JsonMap::new() };
        let mut config = self.layers.config(subject, own)?;
        if let Some(freshness) = config.map_mut().get_mut("freshness").filter(|it| it.is_object()) {
            // A part that only the project file has gets its form here.
            *freshness = merged_thresholds(no_freshness(), freshness);
        }
        let unrendered_config = self.layers.unrendered(subject, own);
        let describer = self.describer(&file.package, &table.name).if_enabled(config.enabled());
        let at = |path: &[Step<'_>]| {
            entry.place_of(&[&[Step::Key("tables"), Step::Index(index)], path].concat())
        };
        let described =
            describer.describe(&table.description, || entry.source.span(at(DESCRIPTION)))?;
        let source_described =
            describer.describe(&source.description, || entry.span_of(DESCRIPTION))?;
        let columns = columns(&table.columns, &describer, &entry.source, |column| {
            at(&[Step::Key("columns"), Step::Index(column)])
        })?;
        let quoting = merged_quoting(source, table);
        let own_quoting = Json::Object(quoting.clone());
        let database =
            source.database.as_deref().map_or_else(|| Arc::clone(&self.database), Arc::from);
        let identifier = table.identifier.as_deref().unwrap_or(&table.name);
        let text = |key: &str| config.text(key).map(str::to_owned);
        Ok(Source {
            unique_id: UniqueId::new(
                ResourceType::Source,
                &file.package,
                &format!("{}.{}", source.name, table.name),
            ),
            source_name: source.name.as_str().into(),
            name: table.name.as_str().into(),
            package_name: Arc::clone(&file.package),
            original_file_path: Arc::clone(&file.path),
            relation: RelationName {
                database,
                schema: source.schema.as_deref().unwrap_or(&source.name).into(),
                identifier: identifier.into(),
            },
            // As in dbt, the project's `quoting:` is not that of sources.
            quote_policy: quote_policy(QuotePolicy::default(), Some(&own_quoting)),
            listed_quote_policy: quote_policy(self.quoting, Some(&own_quoting)),
            quoting,
            description: described.text,
            doc_blocks: described.doc_blocks,
            source_description: source_described.text,
            loader: source.loader.clone(),
            loaded_at_field: text("loaded_at_field"),
            loaded_at_query: text("loaded_at_query"),
            freshness: config
                .map()
                .get("freshness")
                .filter(|freshness| !freshness.is_null())
                .cloned(),
            external: table.external.as_ref().map(|raw| External {
                location: raw.get("location").and_then(Json::as_str).map(str::to_owned),
                raw: raw.clone(),
            }),
            columns,
            meta: config.get("meta").and_then(Json::as_object).cloned().unwrap_or_default(),
            source_meta: merged([&source.meta, &meta_of(&source.config)]),
            tags: source_tags(source, table),
            config,
            unrendered_config,
            fqn,
            created_at: self.created_at,
            unrendered_database: entry
                .node
                .get("database")
                .and_then(super::super::project::yaml::Node::scalar_text),
            unrendered_schema: entry
                .node
                .get("schema")
                .and_then(super::super::project::yaml::Node::scalar_text)
                .or_else(|| Some(source.name.clone())),
        })
    }
}

const DESCRIPTION: &[Step<'_>] = &[Step::Key("description")];

/// What the property file says of a table's configuration: the source's, with the table's on
/// top, and the keys that may also stand outside of `config`.
fn own_config(source: &SourceProperties, table: &TableProperties) -> JsonMap {
    let mut config = merged([&source.config, &table.config]);
    match freshness(source, table) {
        Freshness::Unset => {
            config.shift_remove("freshness");
        }
        Freshness::Off => {
            config.insert("freshness".into(), Json::Null);
        }
        Freshness::Is(value) => {
            config.insert("freshness".into(), value);
        }
    }
    let (field, query) = loaded_at(source, table);
    config.insert("loaded_at_field".into(), field.into());
    config.insert("loaded_at_query".into(), query.into());
    let meta =
        merged([&source.meta, &meta_of(&source.config), &table.meta, &meta_of(&table.config)]);
    config.insert("meta".into(), meta.into());
    config.insert("tags".into(), source_tags(source, table).into());
    config
}

fn merged<'a>(maps: impl IntoIterator<Item = &'a JsonMap>) -> JsonMap {
    let mut all = JsonMap::new();
    maps.into_iter().for_each(|map| all.extend(map.clone()));
    all
}

fn meta_of(config: &JsonMap) -> JsonMap {
    config.get("meta").and_then(Json::as_object).cloned().unwrap_or_default()
}

fn merged_quoting(source: &SourceProperties, table: &TableProperties) -> JsonMap {
    let given = merged([&source.quoting, &table.quoting]);
    ["database", "schema", "identifier", "column"]
        .into_iter()
        .map(|key| (key.to_owned(), given.get(key).cloned().unwrap_or(Json::Null)))
        .collect()
}

fn source_tags(source: &SourceProperties, table: &TableProperties) -> Vec<String> {
    let in_config = |config: &JsonMap| match config.get("tags") {
        Some(Json::String(tag)) => vec![tag.clone()],
        Some(Json::Array(tags)) => {
            tags.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let mut tags = [
        source.tags.clone(),
        in_config(&source.config),
        table.tags.clone(),
        in_config(&table.config),
    ]
    .concat();
    tags.sort();
    tags.dedup();
    tags
}

enum Freshness {
    /// Nothing is said.
    Unset,
    /// `freshness: null`.
    Off,
    /// The merged thresholds.
    Is(Json),
}

/// The table's thresholds on top of the source's; `config:` counts more than the plain key.
fn freshness(source: &SourceProperties, table: &TableProperties) -> Freshness {
    let levels = [
        source.freshness.as_ref(),
        source.config.get("freshness"),
        table.freshness.as_ref(),
        table.config.get("freshness"),
    ];
    let mut result = Freshness::Unset;
    for level in levels.into_iter().flatten() {
        result = match (result, level) {
            (_, Json::Null) => Freshness::Off,
            (Freshness::Is(earlier), later) => Freshness::Is(merged_thresholds(earlier, later)),
            (_, later) => Freshness::Is(merged_thresholds(no_freshness(), later)),
        };
    }
    result
}

fn merged_thresholds(mut earlier: Json, later: &Json) -> Json {
    let Some(later) = later.as_object() else { return earlier };
    for key in ["warn_after", "error_after"] {
        match later.get(key) {
            // One that does not say how much of what leaves the earlier one.
            Some(Json::Object(threshold)) => {
                let part = |name: &str| threshold.get(name).filter(|part| !part.is_null());
                if let (Some(count), Some(period)) = (part("count"), part("period")) {
                    earlier[key] = json!({"count": count, "period": period});
                }
            }
            Some(_) => earlier[key] = Json::Null,
            None => {}
        }
    }
    if let Some(filter) = later.get("filter") {
        earlier["filter"] = filter.clone();
    }
    earlier
}

/// What dates the rows. A table that has a field or a query, and be it `null`, takes neither of
/// its source.
fn loaded_at(
    source: &SourceProperties,
    table: &TableProperties,
) -> (Option<String>, Option<String>) {
    let in_config =
        |config: &JsonMap, key: &str| config.get(key).and_then(Json::as_str).map(str::to_owned);
    let own_field = in_config(&table.config, "loaded_at_field");
    let has_field = table.loaded_at_field.is_some() || own_field.is_some();
    let field = if has_field {
        let beside = table.loaded_at_field.as_ref().and_then(Json::as_str).map(str::to_owned);
        beside.or(own_field)
    } else {
        in_config(&source.config, "loaded_at_field").or_else(|| source.loaded_at_field.clone())
    };
    let own_query =
        table.loaded_at_query.clone().or_else(|| in_config(&table.config, "loaded_at_query"));
    let query = own_query.or_else(|| {
        let theirs = source.loaded_at_query.clone();
        let theirs = theirs.or_else(|| in_config(&source.config, "loaded_at_query"));
        theirs.filter(|_| !has_field)
    });
    (field, query)
}
