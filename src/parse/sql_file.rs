//! From files to drafts: what a file's place and name say of the nodes in it.

use super::config::ConfigKind;
use super::properties::NodeProperties;
use super::property_file::{Entry, PropertyFile, Step};
use crate::diagnostic::{Diagnostic, Result, Span};
use crate::jinja::blocks::{self, BlockKind};
use crate::jinja::{SourceFile as TemplateFile, Template};
use crate::manifest::{Checksum, FunctionReturns, NodeKind};
use crate::project::{Checksum as FileChecksum, FileKind, Project, SourceFile};
use std::ops::Range;
use std::sync::Arc;

/// A node before its template is rendered and its configuration merged.
#[derive(Debug)]
pub struct Draft {
    /// Its name.
    pub name: Arc<str>,
    /// The defining package.
    pub package: Arc<str>,
    /// dbt's `path`.
    pub path: Arc<str>,
    /// The file, relative to the package's root.
    pub original_file_path: Arc<str>,
    /// Names from the package down.
    pub fqn: Vec<String>,
    /// The template's text.
    pub raw_code: Arc<str>,
    /// Its checksum.
    pub checksum: Checksum,
    /// The template; seeds and Python models have none.
    pub template: Option<Arc<Template>>,
    /// `sql` or `python`.
    pub language: &'static str,
    /// Tags that come with the kind.
    pub tags: Vec<String>,
    /// Where the node's text begins.
    pub defined_at: Option<Span>,
    /// Which rules its configuration follows.
    pub config_kind: ConfigKind,
    /// What only its kind has.
    pub kind: NodeKind,
}

/// Whether files of a kind hold nodes.
pub fn holds_nodes(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Model
            | FileKind::Analysis
            | FileKind::SingularTest
            | FileKind::Seed
            | FileKind::Snapshot
            | FileKind::Function
    )
}

/// The drafts of one file; of kinds that have no nodes, none.
pub fn drafts(project: &Project, file: &SourceFile) -> Result<Vec<Draft>, Vec<Diagnostic>> {
    let relative = file.relative_path().to_owned();
    let plain = |kind, config_kind, path: String| SqlFile { file, kind, config_kind, path };
    Ok(match file.kind {
        FileKind::Model => vec![plain(model(), ConfigKind::Model, relative).draft()?],
        FileKind::Analysis => {
            let path = format!("analysis/{relative}");
            vec![plain(NodeKind::Analysis, ConfigKind::Plain, path).draft()?]
        }
        FileKind::SingularTest => {
            vec![plain(NodeKind::SingularTest, ConfigKind::Test, relative).draft()?]
        }
        FileKind::Function => {
            vec![plain(function(), ConfigKind::Function, relative).draft()?]
        }
        FileKind::Seed => vec![seed(project, file, &relative)],
        FileKind::Snapshot => snapshots(file, &relative)?,
        _ => Vec::new(),
    })
}

/// What a model is before its properties are known.
fn model() -> NodeKind {
    NodeKind::Model {
        access: "protected".to_owned(),
        constraints: Vec::new(),
        version: None,
        latest_version: None,
        deprecation_date: None,
        primary_key: Vec::new(),
        time_spine: None,
        contract_checksum: None,
    }
}

/// What a function is before its properties are known.
fn function() -> NodeKind {
    let returns = FunctionReturns { data_type: "INVALID_TYPE".to_owned(), description: None };
    NodeKind::Function { arguments: Vec::new(), returns }
}

struct SqlFile<'a> {
    file: &'a SourceFile,
    kind: NodeKind,
    config_kind: ConfigKind,
    path: String,
}

impl SqlFile<'_> {
    fn draft(self) -> Result<Draft> {
        let text = TemplateFile::new(Arc::clone(&self.file.path), Arc::clone(&self.file.contents));
        let stripped = crate::project::files::strip(&self.file.contents);
        let start = stripped.as_ptr() as usize - self.file.contents.as_ptr() as usize;
        let is_python = self.file.path.ends_with(".py");
        // The code of a Python model is no template; that of a function is.
        let template = if is_python && !matches!(self.kind, NodeKind::Function { .. }) {
            None
        } else {
            let compiled = Template::compile(&text, start..start + stripped.len());
            Some(compiled.map_err(|error| {
                let kind = self.kind.resource_type();
                error.with_node(format!("{kind} {} ({})", self.file.stem(), self.file.path))
            })?)
        };
        Ok(Draft {
            name: self.file.stem().into(),
            package: Arc::clone(&self.file.package),
            fqn: fqn(&self.file.package, &self.path, self.file.stem()),
            path: self.path.into(),
            original_file_path: Arc::clone(&self.file.path),
            raw_code: stripped.into(),
            checksum: checksum(self.file),
            template,
            language: if is_python { "python" } else { "sql" },
            tags: Vec::new(),
            defined_at: Some(Span::line(Arc::clone(&self.file.path), 1)),
            config_kind: self.config_kind,
            kind: self.kind,
        })
    }
}

fn seed(project: &Project, file: &SourceFile, relative: &str) -> Draft {
    Draft {
        name: file.stem().into(),
        package: Arc::clone(&file.package),
        fqn: fqn(&file.package, relative, file.stem()),
        path: relative.into(),
        original_file_path: Arc::clone(&file.path),
        raw_code: "".into(),
        checksum: checksum(file),
        template: None,
        language: "sql",
        tags: Vec::new(),
        defined_at: Some(Span::line(Arc::clone(&file.path), 1)),
        config_kind: ConfigKind::Seed,
        kind: NodeKind::Seed { root_path: project.root.clone() },
    }
}

fn snapshots(file: &SourceFile, relative: &str) -> Result<Vec<Draft>> {
    let text = TemplateFile::new(Arc::clone(&file.path), Arc::clone(&file.contents));
    blocks::scan(&text, &[BlockKind::Snapshot])?
        .into_iter()
        .map(|block| {
            let name = block.name.unwrap_or_default();
            let mut fqn = fqn(&file.package, relative, file.stem());
            fqn.push(name.clone());
            Ok(Draft {
                name: name.into(),
                package: Arc::clone(&file.package),
                fqn,
                path: relative.into(),
                original_file_path: Arc::clone(&file.path),
                raw_code: file.contents[block.contents.clone()].into(),
                checksum: checksum(file),
                template: Some(Template::compile(&text, block.contents.clone())?),
                language: "sql",
                tags: Vec::new(),
                defined_at: Some(text.span(tag(&block.range, &block.contents))),
                config_kind: ConfigKind::Snapshot,
                kind: NodeKind::Snapshot,
            })
        })
        .collect()
}

/// A snapshot that a property file defines by the relation it copies
/// (<https://docs.getdbt.com/docs/build/snapshots>).
pub fn yaml_snapshot(
    file: &PropertyFile,
    entry: &Entry<NodeProperties>,
    relation: &str,
) -> Result<Draft> {
    let name = &entry.value.name;
    let span = entry.span_of(&[Step::Key("relation")]);
    let raw_code = format!("select * from {{{{ {relation} }}}}");
    let template = Template::from_text(Arc::clone(&file.path), raw_code.as_str())
        .map_err(|error| error.relocated(span.clone()))?;
    Ok(Draft {
        name: name.as_str().into(),
        package: Arc::clone(&file.package),
        fqn: fqn(&file.package, &file.relative_path, name),
        path: format!("{}/{name}.sql", file.relative_path).into(),
        original_file_path: Arc::clone(&file.path),
        raw_code: raw_code.into(),
        checksum: Checksum {
            name: "sha256",
            checksum: FileChecksum::of(&entry.source.text).text().to_owned(),
        },
        template: Some(template),
        language: "sql",
        tags: Vec::new(),
        defined_at: Some(span),
        config_kind: ConfigKind::Snapshot,
        kind: NodeKind::Snapshot,
    })
}

/// A block's opening tag.
fn tag(block: &Range<usize>, contents: &Range<usize>) -> Range<usize> {
    block.start..contents.start
}

fn checksum(file: &SourceFile) -> Checksum {
    Checksum { name: file.checksum.name(), checksum: file.checksum.text().to_owned() }
}

/// Package, folders, name.
pub fn fqn(package: &str, path: &str, name: &str) -> Vec<String> {
    let mut fqn = vec![package.to_owned()];
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    fqn.extend(folders.split('/').filter(|part| !part.is_empty()).map(str::to_owned));
    fqn.push(name.to_owned());
    fqn
}
