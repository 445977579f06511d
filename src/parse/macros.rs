//! Macros, generic tests and materializations from their files.

use super::properties::MacroProperties;
use super::property_file::{Entry, PropertyFile};
use super::{Parse, Sources, macro_arguments, nodes, patches};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Warning;
use crate::jinja::SourceFile;
use crate::jinja::blocks::{self, BlockKind, LooseTag, Scan};
use crate::manifest::{MacroArgument, MacroConfig, MacroNode, UniqueId};
use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::Value as Json;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// The blocks that define something callable.
const CALLABLE: [BlockKind; 4] =
    [BlockKind::Macro, BlockKind::Test, BlockKind::DataTest, BlockKind::Materialization];

/// The macros of one file, and warnings about it. `file.path` is relative to the package's root.
pub fn parse_file(
    package: &Arc<str>,
    file: &Arc<SourceFile>,
    created_at: f64,
) -> Result<(Vec<MacroNode>, Vec<Warning>), Vec<Diagnostic>> {
    let Scan { blocks, loose } = blocks::scan_all(file, &CALLABLE)?;
    let mut macros = Vec::with_capacity(blocks.len());
    let mut errors = Vec::new();
    let warnings = loose.iter().map(|tag| loose_tag(file, tag)).collect();
    for block in &blocks {
        match block.macro_def(file) {
            Ok(definition) => macros.push(MacroNode::new(package, definition, created_at)),
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok((macros, warnings)) } else { Err(errors) }
}

/// A tag outside of every block has no effect.
pub fn loose_tag(file: &SourceFile, tag: &LooseTag) -> Warning {
    let what = format!("Found unexpected '{}' block tag.", tag.word);
    let data = json!({"msg": what, "file": file.path});
    let message = format!("{what} in file `{}`", file.path);
    let diagnostic =
        Diagnostic::new(Code::Deprecated, message).with_span(file.span(tag.range.clone()));
    Warning::new("UnexpectedJinjaBlockDeprecation", "D023", *diagnostic).with_data(data)
}

impl Parse<'_> {
    /// Macros with their dependencies and descriptions.
    pub(super) fn patched_macros(
        &mut self,
        sources: &Sources,
    ) -> Result<IndexMap<UniqueId, Arc<MacroNode>>, Vec<Diagnostic>> {
        let index = &self.parser.shared.macros;
        let depends_on: Vec<_> =
            sources.macros.par_iter().map(|node| index.dependencies(node)).collect();
        let checks = self.parser.shared.invocation.flag("VALIDATE_MACRO_ARGS");
        let mut macros: IndexMap<UniqueId, MacroNode> = sources
            .macros
            .iter()
            .zip(depends_on)
            .map(|(node, macros)| {
                let mut node = MacroNode::clone(node);
                node.depends_on.macros = macros;
                if checks {
                    node.arguments = macro_arguments::defined(&node);
                }
                (node.unique_id.clone(), node)
            })
            .collect();
        let mut errors = Vec::new();
        let mut described = HashMap::new();
        for file in self.properties {
            for entry in &file.macros {
                let id = format!("macro.{}.{}", file.package, entry.value.name);
                let Some(node) = macros.get_mut(id.as_str()) else {
                    self.warnings.push(missing(entry));
                    continue;
                };
                if let Some(first) = described.insert(id.clone(), (file, entry)) {
                    errors.push(*described_twice(first, (file, entry)));
                }
                let defined = std::mem::take(&mut node.arguments);
                if let Err(error) = self.describe_macro(node, file, entry) {
                    errors.push(*error);
                }
                if checks && node.arguments.is_empty() {
                    node.arguments = defined;
                } else if checks {
                    let place = entry.span();
                    self.warnings.extend(macro_arguments::compare(node, &defined, &place));
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(macros.into_iter().map(|(id, node)| (id, Arc::new(node))).collect())
    }

    fn describe_macro(
        &self,
        node: &mut MacroNode,
        file: &PropertyFile,
        entry: &Entry<MacroProperties>,
    ) -> Result<()> {
        let given = &entry.value;
        let describer = self.parser.describer(&file.package, &given.name);
        let describe = |text: &str| describer.describe(text, || entry.span());
        node.description = describe(&given.description)?.text;
        let of_config = |key: &str| given.config.get(key).and_then(Json::as_object);
        node.meta.clone_from(&given.meta);
        node.meta.extend(of_config("meta").cloned().unwrap_or_default());
        if let Some(docs) = of_config("docs").filter(|it| !it.is_empty()).or(given.docs.as_ref()) {
            node.docs = nodes::docs_config(docs);
        }
        node.config = MacroConfig { meta: node.meta.clone(), docs: node.docs.clone() };
        node.patch_path = Some(format!("{}://{}", file.package, file.path));
        node.arguments = given
            .arguments
            .iter()
            .map(|argument| {
                Ok(MacroArgument {
                    name: argument.name.clone(),
                    type_: argument.type_.clone(),
                    description: describe(&argument.description)?.text,
                })
            })
            .collect::<Result<_>>()?;
        Ok(())
    }
}

type Description<'a> = (&'a PropertyFile, &'a Entry<MacroProperties>);

fn described_twice(first: Description<'_>, second: Description<'_>) -> Box<Diagnostic> {
    let name = &second.1.value.name;
    let message = format!(
        "dbt found two schema.yml entries for the same macro in package {} named {name}. Macros \
         may only be described a single time. To fix this, {}",
        second.0.package,
        patches::remove_one(name, "macros", &first.0.path, &second.0.path)
    );
    Diagnostic::new(Code::Duplicate, message)
        .with_span(second.1.span())
        .with_related(first.1.span(), "first described here")
}

fn missing(entry: &Entry<MacroProperties>) -> Warning {
    let message = format!("Found patch for macro \"{}\" which was not found", entry.value.name);
    let diagnostic = *Diagnostic::new(Code::PatchTargetMissing, message).with_span(entry.span());
    Warning::new("MacroNotFoundForPatch", "I059", diagnostic)
        .with_data(json!({"patch_name": entry.value.name}))
}
