//! What must be there before nodes run: their schemas, and the cache of relations.

use super::database::Database;
use crate::adapter::Relation;
use crate::context::{NodeContext, Shared};
use crate::diagnostic::Result;
use crate::jinja::Args;
use crate::manifest::{MacroNode, Manifest, Node, RelationName};
use crate::postgres::{Error, lock, quote};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fills the cache with the schemas of all nodes and creates those that the selected nodes
/// need. One round trip to ask, one more if something is missing. A project that has its own
/// `create_schema` creates each schema with that.
pub fn prepare<'a>(
    database: &Database,
    shared: &Arc<Shared>,
    manifest: &Manifest,
    selected: impl Iterator<Item = &'a Arc<Node>>,
    store_failures: bool,
) -> Result<()> {
    let schema = |node: &Node| node.relation.schema.to_string();
    let needed: BTreeSet<String> = selected
        .filter(|node| keeps_relation(node, store_failures))
        .map(|node| schema(node))
        .collect();
    let mut schemas: BTreeSet<String> = manifest
        .nodes
        .values()
        .chain(manifest.functions.values())
        .filter(|node| node.has_relation())
        .map(|node| schema(node))
        .collect();
    schemas.extend(needed.iter().cloned());
    let built = manifest.nodes.values().filter(|node| node.has_relation());
    shared.cache.manage(built.map(|node| (&*node.relation.schema, &*node.relation.identifier)));
    if schemas.is_empty() {
        return Ok(());
    }
    let mut connection = database.pool.get().map_err(Error::into_diagnostic)?;
    let schemas: Vec<String> = schemas.into_iter().collect();
    let existing = shared.cache.fill(&mut connection, &schemas).map_err(Error::into_diagnostic)?;
    let missing: Vec<&str> =
        needed.iter().filter(|schema| !existing.contains(schema)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if let Some(create_schema) = own_create_schema(shared) {
        drop(connection);
        let mut schemas = missing.into_iter();
        return schemas.try_for_each(|schema| call(database, shared, create_schema, schema));
    }
    let mut statements = vec!["begin".to_owned()];
    // In the order of the names, which is the same for every run.
    for schema in missing {
        statements.push(lock::schema(schema));
        statements.push(format!("create schema if not exists {}", quote::identifier(schema)));
    }
    statements.push("commit".to_owned());
    connection.pipeline(&statements).map_err(|failed| {
        failed.error.into_diagnostic_for(statements.get(failed.index).map(String::as_str))
    })?;
    Ok(())
}

/// The macro that creates schemas, when the project or a package of it replaces a part of it.
fn own_create_schema(shared: &Shared) -> Option<&Arc<MacroNode>> {
    let parts = ["create_schema", "postgres__create_schema", "default__create_schema"];
    let is_own = !shared.macros.are_built_in(&parts);
    is_own.then(|| shared.macros.strongest("create_schema")).flatten()
}

/// Creates a schema with the project's macro.
fn call(
    database: &Database,
    shared: &Arc<Shared>,
    create_schema: &MacroNode,
    schema: &str,
) -> Result<()> {
    let session =
        database.session_named(format!("create_{}_{schema}", shared.default_database()))?;
    let name = RelationName {
        database: shared.default_database().into(),
        schema: schema.into(),
        identifier: "".into(),
    };
    let relation = Relation::new(&name, shared.quoting()).without_identifier().into_value();
    let context = NodeContext::operation(shared, None, Some(&session));
    let called = create_schema
        .definition
        .call(Args::none().with("relation", relation), &context)
        .and_then(|_| session.commit());
    let finished = session.finish(called.is_ok());
    called.and(finished)
}

/// Whether running the node makes a relation. With `--store-failures` every test does that
/// does not say otherwise.
pub fn keeps_relation(node: &Node, store_failures: bool) -> bool {
    let is_test = node.resource_type() == crate::manifest::ResourceType::Test;
    let unset = node.config.get("store_failures").is_none()
        && node.config.get("store_failures_as").is_none();
    node.has_relation() || (is_test && store_failures && unset)
}
