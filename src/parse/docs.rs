//! Docs blocks and the descriptions that use them.

use super::property_file::has_template;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::jinja::blocks::{self, BlockKind};
use crate::jinja::{Args, Globals, SourceFile as TemplateFile, Template, Value};
use crate::manifest::{Documentation, ResourceType, UniqueId};
use crate::project::SourceFile;
use crate::suggest::nearest;
use indexmap::IndexMap;
use parking_lot::Mutex;
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
                block_contents: crate::project::strip(&file.contents[block.contents]).into(),
            }
        })
        .collect())
}

/// All docs blocks, for `doc()` in descriptions.
#[derive(Debug, Default)]
pub struct DocsIndex {
    root: Arc<str>,
    blocks: IndexMap<UniqueId, Arc<Documentation>>,
}

/// A rendered description.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The text.
    pub text: String,
    /// Ids of the docs blocks it used, in the order of use.
    pub doc_blocks: Vec<String>,
}

impl DocsIndex {
    /// Indexes the blocks of a project and its packages.
    pub fn new(root: Arc<str>, blocks: impl IntoIterator<Item = Documentation>) -> Self {
        let blocks =
            blocks.into_iter().map(|block| (block.unique_id.clone(), Arc::new(block))).collect();
        Self { root, blocks }
    }

    /// Every block by id.
    pub fn blocks(&self) -> &IndexMap<UniqueId, Arc<Documentation>> {
        &self.blocks
    }

    /// Renders a description written in `package`. `base` gives every name but `doc`.
    pub fn describe(
        self: &Arc<Self>,
        text: &str,
        package: &Arc<str>,
        base: &dyn Globals,
        span: &Span,
    ) -> Result<Description> {
        if !has_template(text) {
            return Ok(Description { text: text.to_owned(), doc_blocks: Vec::new() });
        }
        let used = Arc::new(Mutex::new(Vec::new()));
        let doc = self.doc_function(package, &used);
        let globals = WithDoc { base, doc };
        let place = |error: Box<Diagnostic>| error.relocated(span.clone());
        let template = Template::from_text(Arc::clone(&span.path), text).map_err(place)?;
        let text = template.render(&globals).map_err(place)?;
        let doc_blocks = std::mem::take(&mut *used.lock());
        Ok(Description { text, doc_blocks })
    }

    fn doc_function(self: &Arc<Self>, package: &Arc<str>, used: &Arc<Mutex<Vec<String>>>) -> Value {
        let (index, package, used) = (Arc::clone(self), Arc::clone(package), Arc::clone(used));
        Value::function("doc", move |_, args: Args| {
            let names: Vec<String> = args.positional.iter().map(ToString::to_string).collect();
            let (wanted, name) = match names.as_slice() {
                [name] => (None, name),
                [wanted, name] => (Some(wanted.as_str()), name),
                _ => {
                    let message =
                        format!("doc() takes one or two arguments ({} given)", names.len());
                    return Err(Diagnostic::new(Code::JinjaRuntime, message).into());
                }
            };
            let block = index.find(wanted, name, &package).ok_or_else(|| index.missing(name))?;
            used.lock().push(block.unique_id.to_string());
            Ok(Value::from(Arc::clone(&block.block_contents)))
        })
    }

    fn find(&self, wanted: Option<&str>, name: &str, package: &str) -> Option<&Arc<Documentation>> {
        let of = |package: &str| self.blocks.get(format!("doc.{package}.{name}").as_str());
        match wanted {
            Some(package) => of(package),
            None => of(&self.root)
                .or_else(|| of(package))
                .or_else(|| self.blocks.values().find(|block| &*block.name == name)),
        }
    }

    fn missing(&self, name: &str) -> Box<Diagnostic> {
        let message = format!("Documentation block '{name}' was not found");
        let error = Diagnostic::new(Code::JinjaRuntime, message);
        match nearest(name, self.blocks.values().map(|block| &*block.name)) {
            Some(near) => error.with_help(format!("Did you mean '{near}'?")),
            None => error,
        }
    }
}

struct WithDoc<'a> {
    base: &'a dyn Globals,
    doc: Value,
}

impl Globals for WithDoc<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        if name == "doc" { Some(self.doc.clone()) } else { self.base.lookup(name) }
    }
}
