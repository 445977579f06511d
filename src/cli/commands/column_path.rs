//! `gdbt lineage --column`: what a column is made of and what is made of it.

use super::run::{self, Task};
use crate::cli::ExitStatus;
use crate::cli::args::LineageOutput;
use crate::cli::columns;
use crate::cli::loaded::Loaded;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event::Event;
use crate::manifest::{Column, Manifest, Node, Resource, ResourceType, UniqueId};
use crate::report::column_path::ColumnPath;
use crate::sql::project::{ColumnLineage, ColumnRef, Direction, Paths, described_but_missing};
use crate::sql::{Name, RelationId};
use crate::suggest;

/// What has SQL whose columns are analysed.
const ANALYSED: [ResourceType; 2] = [ResourceType::Model, ResourceType::Snapshot];

/// Compiles all models and snapshots and analyses their columns; writes lineage.json.
pub fn analyse(session: &Session, loaded: &Loaded) -> Result<ColumnLineage, Vec<Diagnostic>> {
    let ids: Vec<UniqueId> =
        analysed(&loaded.manifest).map(|node| node.unique_id.clone()).collect();
    let outcome = run::only_compiled(session, loaded, &Task::compiling(), &ids)?;
    let lineage = columns::analyse(loaded, &outcome.results, None);
    loaded.write_lineage(session, Some(&lineage))?;
    Ok(lineage)
}

fn analysed(manifest: &Manifest) -> impl Iterator<Item = &Node> {
    let nodes = manifest.nodes.values().map(AsRef::as_ref);
    nodes.filter(|node| ANALYSED.contains(&node.resource_type()) && node.language == "sql")
}

/// The way of a column, such as `dim_user.user_key` or `raw.users.id`. Without `upstream` and
/// `downstream` it goes all the way up.
pub fn show(
    column: &str,
    (upstream, downstream): (Option<usize>, Option<usize>),
    output: LineageOutput,
    session: &Session,
    loaded: &Loaded,
) -> Result<String, Vec<Diagnostic>> {
    let manifest = &loaded.manifest;
    let (resource, name) = find(column, manifest)?;
    let lineage = analyse(session, loaded)?;
    let id = resource.unique_id();
    if let Some(trouble) = lineage.unanalysed.iter().find(|it| it.node == *id) {
        let message = format!("The columns of {id} cannot be traced: {}", trouble.reason);
        let error = Diagnostic::new(Code::LineageUnknown, message);
        let error = match &trouble.span {
            Some(span) => error.with_span(span.clone()),
            None => error,
        };
        return Err(error.into());
    }
    let paths = Paths::new(&lineage);
    let relation = RelationId::Node(id.as_str().into());
    let start = [Name::exact(name), Name::folded(name)]
        .map(|name| ColumnRef { relation: relation.clone(), column: Some(name) })
        .into_iter()
        .find(|start| is_known(start, &lineage, &paths));
    let Some(start) = start else { return Err(no_column(resource, name, &lineage).into()) };
    let upstream =
        if upstream.is_none() && downstream.is_none() { Some(usize::MAX) } else { upstream };
    let path = ColumnPath { manifest, paths: &paths, start: &start, upstream, downstream };
    match output {
        LineageOutput::Text => Ok(path.tree()),
        LineageOutput::Json => Ok(format!("{:#}", path.json())),
        LineageOutput::Mermaid => Ok(path.mermaid()),
        LineageOutput::Dot | LineageOutput::Svg => {
            let message = "The way of a column is printed as text, JSON or Mermaid.";
            Err(Diagnostic::new(Code::BadArgument, message).into())
        }
    }
}

/// Tells what cannot be traced, and what is described though no query gives it.
pub fn check(session: &Session, loaded: &Loaded) -> Result<ExitStatus, Vec<Diagnostic>> {
    let lineage = analyse(session, loaded)?;
    let print = |message: String| session.emit(Event::Output { message });
    for it in &lineage.unanalysed {
        let place = it.span.as_ref().map(|span| format!("{}: ", place(span))).unwrap_or_default();
        print(format!("{place}the columns of {} cannot be traced: {}", it.node, it.reason));
    }
    let mut status = ExitStatus::Success;
    for (node, column) in described_but_missing(&loaded.manifest, &lineage) {
        let place = described_at(node, column, loaded);
        let (of, name) = (&node.unique_id, &column.name);
        print(format!("{place}: column {name} of {of} is described, but its query has none"));
        status = ExitStatus::Failure;
    }
    print(format!("{} of {} traced", lineage.nodes.len(), analysed(&loaded.manifest).count()));
    Ok(status)
}

/// `file:line:column`, as editors and CI read it.
fn place(span: &Span) -> String {
    match span.column {
        0 => format!("{}:{}", span.path, span.line),
        column => format!("{}:{}:{column}", span.path, span.line),
    }
}

/// Where a property file describes a column.
fn described_at(node: &Node, column: &Column, loaded: &Loaded) -> String {
    let file = node.patch_path.as_deref().unwrap_or(&node.original_file_path);
    let (package, path) = file.split_once("://").unwrap_or((&node.package_name, file));
    let workspace = &loaded.workspace;
    let project = workspace.packages.get(package).unwrap_or(&workspace.root);
    match std::fs::read_to_string(project.root.join(path)) {
        Ok(text) => {
            let start = column.offset as usize;
            place(&Span::from_bytes(path, &text, start, start))
        }
        Err(_) => path.to_owned(),
    }
}

/// Whether a column is made of something, is used, or is one of a query.
fn is_known(column: &ColumnRef, lineage: &ColumnLineage, paths: &Paths) -> bool {
    let (RelationId::Node(id) | RelationId::Unknown(id)) = &column.relation;
    let of_query = lineage.nodes.get(&**id).zip(column.column.as_ref());
    of_query.is_some_and(|(node, name)| node.columns.contains_key(name))
        || paths.next(column, Direction::Down).next().is_some()
}

/// The node and the column that the words name.
fn find<'a, 'b>(text: &'b str, manifest: &'a Manifest) -> Result<(Resource<'a>, &'b str)> {
    let Some((node, column)) = text.rsplit_once('.').filter(|(_, column)| !column.is_empty())
    else {
        let message = format!("'{text}' names no column; say model.column or source.table.column");
        return Err(Diagnostic::new(Code::BadArgument, message));
    };
    let found = manifest.resources().find(|resource| {
        resource.unique_id().as_str() == node || short_name(*resource).is_some_and(|it| it == node)
    });
    if let Some(resource) = found {
        return Ok((resource, column));
    }
    let names: Vec<String> = manifest.resources().filter_map(short_name).collect();
    let message = format!("There is no model, seed, snapshot or source '{node}'");
    let error = Diagnostic::new(Code::BadArgument, message);
    Err(match suggest::nearest(node, names.iter().map(String::as_str)) {
        Some(near) => error.with_help(format!("Did you mean '{near}'?")),
        None => error,
    })
}

fn short_name(resource: Resource<'_>) -> Option<String> {
    match resource {
        Resource::Source(source) => Some(format!("{}.{}", source.source_name, source.name)),
        Resource::Node(node) if node.has_relation() || node.is_ephemeral() => {
            let is_data = node.resource_type() != ResourceType::Test;
            is_data.then(|| node.name.to_string())
        }
        _ => None,
    }
}

fn no_column(resource: Resource<'_>, name: &str, lineage: &ColumnLineage) -> Box<Diagnostic> {
    let id = resource.unique_id();
    let error =
        Diagnostic::new(Code::LineageUnknown, format!("No column '{name}' of {id} is known"));
    let columns = lineage.nodes.get(id).into_iter().flat_map(|node| node.columns.keys());
    match suggest::nearest(name, columns.map(Name::as_str)) {
        Some(near) => error.with_help(format!("Did you mean '{near}'?")),
        None => error,
    }
}
