//! Docs blocks and the descriptions that use them.

use super::property_file::has_template;
use crate::context::{Docs, DocsScope, NodeContext, Shared};
use crate::diagnostic::{Result, Span};
use crate::jinja::blocks::{self, BlockKind};
use crate::jinja::{SourceFile as TemplateFile, Template};
use crate::manifest::{Documentation, ResourceType, UniqueId};
use crate::project::SourceFile;
use std::sync::Arc;

/// The docs blocks of one Markdown file.
pub fn parse_file(file: &SourceFile) -> Result<Vec<Documentation>> {
    let text = TemplateFile::new(Arc::clone(&file.path), Arc::clone(&file.contents));
    let blocks = blocks::scan(&text, &[BlockKind::Docs])?;
    Ok(blocks
        .into_iter()
        .map(|block| {
            let name = block.name.unwrap_or_default();
            Documentation {
                unique_id: UniqueId::new(ResourceType::Doc, &file.package, &name),
                name: name.into(),
                resource_type: ResourceType::Doc,
                package_name: Arc::clone(&file.package),
                path: file.relative_path().into(),
                original_file_path: Arc::clone(&file.path),
                block_contents: crate::project::files::strip(&file.contents[block.contents]).into(),
            }
        })
        .collect())
}

/// Renders the descriptions of one resource.
pub struct Describer<'a> {
    shared: &'a Arc<Shared>,
    scope: Arc<DocsScope>,
}

/// A rendered description.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The text.
    pub text: String,
    /// Ids of the docs blocks it used, in the order of use.
    pub doc_blocks: Vec<String>,
}

impl<'a> Describer<'a> {
    /// For a resource that a property file of `package` describes.
    pub fn new(
        shared: &'a Arc<Shared>,
        docs: &Arc<Docs>,
        package: &Arc<str>,
        resource: impl Into<String>,
    ) -> Self {
        let root = Arc::clone(shared.project_name());
        let scope = DocsScope::new(Arc::clone(docs), root, Arc::clone(package), resource.into());
        Self { shared, scope }
    }

    /// Renders a description that stands at `span`.
    pub fn describe(&self, text: &str, span: &Span) -> Result<Description> {
        if !has_template(text) {
            return Ok(Description { text: text.to_owned(), doc_blocks: Vec::new() });
        }
        let context = NodeContext::descriptions(self.shared, Arc::clone(&self.scope));
        let text = Template::from_text(Arc::clone(&span.path), text)
            .and_then(|template| template.render(&context))
            .map_err(|error| error.relocated(span.clone()))?;
        let doc_blocks = self.scope.take_used().iter().map(ToString::to_string).collect();
        Ok(Description { text, doc_blocks })
    }
}
