//! What the database has for a project's relations: `get_catalog` and
//! `get_catalog_relations`, the project's own or dbt's
//! (<https://docs.getdbt.com/reference/commands/cmd-docs>).

use super::database::Database;
use super::execute;
use crate::adapter::{Relation, Table};
use crate::context::{NodeContext, Shared};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Sink};
use crate::jinja::{Args, Value};
use crate::manifest::{Manifest, Node, ResourceType, UniqueId};
use crate::postgres::Pool;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// With more relations than this dbt asks for whole schemas.
const MAX_RELATIONS: usize = 100;

/// What the macros returned, and what went wrong.
#[derive(Debug, Default)]
pub struct CatalogRows {
    /// A row for each column of each relation.
    pub rows: Table,
    /// dbt's texts of errors; with one, there are no rows.
    pub errors: Vec<String>,
}

/// Reads what the database has for the selected nodes and sources, or for all. One query.
///
/// # Errors
/// Nodes of more than one database; a query comment that cannot be rendered; a warning that
/// is to be an error.
pub fn read_catalog(
    shared: &Arc<Shared>,
    manifest: &Manifest,
    selected: Option<&BTreeSet<UniqueId>>,
    pool: &Pool,
    sink: &Arc<dyn Sink>,
) -> Result<CatalogRows> {
    let all: Vec<Relation> = relations(manifest, |_| true).collect();
    let wanted: Option<Vec<Relation>> = selected
        .map(|selected| relations(manifest, |id| selected.contains(id)).collect::<Vec<_>>())
        .filter(|relations| relations.len() <= MAX_RELATIONS);
    let (name, argument, value) = match &wanted {
        Some(relations) => (
            "get_catalog_relations",
            "relations",
            Value::list(relations.iter().cloned().map(Relation::into_value)),
        ),
        None => ("get_catalog", "schemas", schemas(&all)?),
    };
    let relations = wanted.as_ref().unwrap_or(&all);
    // Without a relation there is nothing to ask.
    let Some(first) = relations.first() else { return Ok(CatalogRows::default()) };
    let database = Database::new(shared, pool.clone(), sink)?;
    let session = database.session_named(format!(
        "{}.information_schema",
        first.database.as_deref().unwrap_or_default()
    ))?;
    let context = NodeContext::operation(shared, None, Some(&session));
    let args = Args::none()
        .with("information_schema", first.information_schema(None).into_value())
        .with(argument, value);
    let found = shared.macros.strongest(name).ok_or_else(|| missing(name));
    let called = found.and_then(|it| it.definition.call(args, &context));
    let finished = session.finish(called.is_ok());
    let rows = called.and_then(|returned| {
        finished?;
        returned.downcast::<Table>().cloned().ok_or_else(|| no_table(name))
    });
    match rows {
        Ok(rows) => Ok(CatalogRows { rows, errors: Vec::new() }),
        Err(error) => {
            let error = execute::explain(shared.explain(error), None, shared.manifest());
            let text = error.to_string();
            sink.warn(Event::CatalogGenerationError { diagnostic: error })?;
            Ok(CatalogRows { errors: vec![text], ..CatalogRows::default() })
        }
    }
}

/// The relations of models, seeds, snapshots, stored failures and sources that `wanted` accepts, each once.
fn relations<'a>(
    manifest: &'a Manifest,
    wanted: impl Fn(&UniqueId) -> bool + Copy + 'a,
) -> impl Iterator<Item = Relation> + 'a {
    let nodes =
        manifest.nodes.values().filter(move |node| is_relational(node) && wanted(&node.unique_id));
    let nodes = nodes.map(|node| Relation::new(&node.relation, node.quote_policy));
    let sources = manifest.sources.values().filter(move |source| wanted(&source.unique_id));
    let sources = sources.map(|source| Relation::new(&source.relation, source.quote_policy));
    let mut seen = HashSet::new();
    nodes.chain(sources).filter(move |relation| seen.insert(relation.render()))
}

/// Whether the node is a relation: tests that store what fails are, functions are not.
fn is_relational(node: &Node) -> bool {
    node.has_relation() && node.resource_type() != ResourceType::Function
}

/// The schemas of relations in lower case, which have to be in one database.
fn schemas(relations: &[Relation]) -> Result<Value> {
    let lower = |part: &Option<Arc<str>>| part.as_deref().unwrap_or_default().to_lowercase();
    let databases: BTreeSet<String> = relations.iter().map(|it| lower(&it.database)).collect();
    if databases.len() > 1 {
        let names: Vec<String> = databases.iter().map(|name| format!("'{name}'")).collect();
        let message = format!(
            "Cross-db references not allowed in postgres (Found multiple databases: {{{}}})",
            names.join(", ")
        );
        return Err(Diagnostic::new(Code::RelationMismatch, message)
            .with_help("PostgreSQL reads one database at a time: keep to the target's."));
    }
    let schemas: BTreeSet<String> = relations.iter().map(|it| lower(&it.schema)).collect();
    Ok(Value::list(schemas.into_iter().map(Value::from)))
}

fn missing(name: &str) -> Box<Diagnostic> {
    let message = format!("dbt could not find a macro with the name '{name}' in any package");
    Diagnostic::new(Code::MacroUnknown, message)
}

fn no_table(name: &str) -> Box<Diagnostic> {
    Diagnostic::new(Code::CatalogInvalid, format!("The macro '{name}' did not return a table"))
        .with_help("Return the table of a statement, such as load_result('catalog').table.")
}
