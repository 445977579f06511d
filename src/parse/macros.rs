//! Macros, generic tests and materializations from their files.

use crate::diagnostic::{Diagnostic, Result};
use crate::jinja::SourceFile;
use crate::jinja::blocks::{self, BlockKind};
use crate::manifest::{DependsOn, DocsConfig, JsonMap, MacroNode, ResourceType, UniqueId};
use std::sync::Arc;

/// The blocks that define something callable.
const CALLABLE: [BlockKind; 4] =
    [BlockKind::Macro, BlockKind::Test, BlockKind::DataTest, BlockKind::Materialization];

/// The macros of one file. `file.path` is relative to the package's root.
pub fn parse_file(
    package: &Arc<str>,
    file: &Arc<SourceFile>,
    created_at: f64,
) -> Result<Vec<MacroNode>, Vec<Diagnostic>> {
    let blocks = blocks::scan(file, &CALLABLE)?;
    let mut macros = Vec::with_capacity(blocks.len());
    let mut errors = Vec::new();
    for block in &blocks {
        match block.macro_def(file) {
            Ok(definition) => macros.push(MacroNode {
                unique_id: UniqueId::new(ResourceType::Macro, package, &definition.name),
                name: Arc::clone(&definition.name),
                resource_type: ResourceType::Macro,
                package_name: Arc::clone(package),
                path: Arc::clone(&file.path),
                original_file_path: Arc::clone(&file.path),
                macro_sql: definition.text().into(),
                depends_on: DependsOn::default(),
                description: String::new(),
                meta: JsonMap::new(),
                docs: DocsConfig::default(),
                config: JsonMap::new(),
                patch_path: None,
                arguments: Vec::new(),
                created_at,
                supported_languages: definition.supported_languages.clone(),
                definition,
            }),
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(macros) } else { Err(errors) }
}
