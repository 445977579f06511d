//! Docs blocks and the descriptions that use them.

use super::property_file::has_template;
use crate::context::{Docs, DocsScope, NodeContext, Shared};
use crate::diagnostic::{Result, Span};
use crate::jinja::blocks::{self, BlockKind};
use crate::jinja::{SourceFile as TemplateFile, Template};
use crate::manifest::{Documentation, ResourceType, UniqueId};
use crate::project::SourceFile;
use regex::Regex;
use std::sync::{Arc, LazyLock};

/// `{{ doc('name') }}` or `{{ doc('package', 'name') }}`.
static DIRECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let text = r#"\s*(?:'([^']*)'|"([^"]*)")\s*"#;
    Regex::new(&format!(r"\{{\{{[-+]?\s*doc\({text}(?:,{text})?\)\s*[-+]?\}}\}}")).ok()
});

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
    renders: bool,
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
        Self { shared, scope, renders: true }
    }

    /// The descriptions of a resource that is disabled stay as they are written.
    pub fn if_enabled(self, enabled: bool) -> Self {
        Self { renders: enabled, ..self }
    }

    /// Renders a description. `span` is where it stands; few descriptions need to know.
    pub fn describe(&self, text: &str, span: impl FnOnce() -> Span) -> Result<Description> {
        if !self.renders || !has_template(text) {
            return Ok(Description { text: text.to_owned(), doc_blocks: Vec::new() });
        }
        let span = span();
        let context = NodeContext::descriptions(self.shared, Arc::clone(&self.scope));
        let rendered = Template::from_text(Arc::clone(&span.path), text)
            .and_then(|template| template.render(&context))
            .map_err(|error| error.relocated(span.clone()))?;
        Ok(Description { text: rendered, doc_blocks: self.direct_blocks(text) })
    }

    /// The blocks that a description consists of: `{{ doc(…) }}` and nothing more. Like dbt,
    /// this is not what rendering it calls.
    fn direct_blocks(&self, text: &str) -> Vec<String> {
        let names =
            DIRECT.iter().flat_map(|direct| direct.captures_iter(text)).filter_map(|captures| {
                let given = |at: usize| captures.get(at).or_else(|| captures.get(at + 1));
                match (given(1)?.as_str(), given(3)) {
                    (name, None) => self.scope.find(name, None),
                    (package, Some(name)) => self.scope.find(name.as_str(), Some(package)),
                }
            });
        names.map(|block| block.unique_id.to_string()).collect()
    }
}
