//! Macros as resources.

use super::{DependsOn, DocsConfig, JsonMap, UniqueId};
use crate::jinja::MacroDef;
use serde::Serialize;
use std::sync::Arc;

/// A described argument of a macro.
#[derive(Debug, Clone, Serialize)]
pub struct MacroArgument {
    /// Its name.
    pub name: String,
    /// Its type, as written.
    #[serde(rename = "type")]
    pub type_: Option<String>,
    /// Rendered description.
    pub description: String,
}

/// The part of a macro's properties that dbt keeps as configuration, too.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MacroConfig {
    /// Free metadata.
    pub meta: JsonMap,
    /// How the docs site shows it.
    pub docs: DocsConfig,
}

/// A macro, a generic test (`test_x`) or a materialization (`materialization_x_default`).
#[derive(Debug, Clone, Serialize)]
pub struct MacroNode {
    /// Its name, with dbt's prefixes.
    pub name: Arc<str>,
    /// Always `macro`.
    pub resource_type: super::ResourceType,
    /// The package that defines it.
    pub package_name: Arc<str>,
    /// File, relative to the package's root.
    pub path: Arc<str>,
    /// File, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// `macro.package.name`.
    pub unique_id: UniqueId,
    /// The block's text, tags included.
    pub macro_sql: Arc<str>,
    /// Macros that it may call.
    #[serde(serialize_with = "only_macros")]
    pub depends_on: DependsOn,
    /// Rendered description.
    pub description: String,
    /// Free metadata.
    pub meta: JsonMap,
    /// How the docs site shows it.
    pub docs: DocsConfig,
    /// `meta` and `docs` again.
    pub config: MacroConfig,
    /// The property file that describes it, `package://path`.
    pub patch_path: Option<String>,
    /// Described arguments.
    pub arguments: Vec<MacroArgument>,
    /// Seconds since 1970.
    pub created_at: f64,
    /// Languages a materialization supports.
    pub supported_languages: Option<Vec<String>>,
    /// The compiled macro.
    #[serde(skip)]
    pub definition: Arc<MacroDef>,
}

fn only_macros<S: serde::Serializer>(
    depends_on: &DependsOn,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("macros", &depends_on.macros)])
}

impl MacroNode {
    /// A macro as its file defines it, before properties describe it.
    pub fn new(package: &Arc<str>, definition: Arc<MacroDef>, created_at: f64) -> Self {
        let path = Arc::clone(&definition.file.path);
        Self {
            unique_id: UniqueId::new(super::ResourceType::Macro, package, &definition.name),
            name: Arc::clone(&definition.name),
            resource_type: super::ResourceType::Macro,
            package_name: Arc::clone(package),
            original_file_path: Arc::clone(&path),
            path,
            macro_sql: definition.text().into(),
            depends_on: DependsOn::default(),
            description: String::new(),
            meta: JsonMap::new(),
            docs: DocsConfig::default(),
            config: MacroConfig::default(),
            patch_path: None,
            arguments: Vec::new(),
            created_at,
            supported_languages: definition.supported_languages.clone(),
            definition,
        }
    }
}
