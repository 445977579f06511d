//! A query given on the command line, as `show --inline` and `compile --inline` take it.

use super::config::ConfigKind;
use super::layers::ProjectLayers;
use super::nodes::NodeParser;
use super::resolve::{Caller, resolve};
use super::sql_file::{Draft, fqn};
use crate::context::{Docs, Shared, describe};
use crate::diagnostic::{Diagnostic, Result, Span};
use crate::jinja::Template;
use crate::manifest::{Checksum, Node, NodeKind};
use crate::project::Checksum as FileChecksum;
use jiff::Timestamp;
use std::sync::Arc;

/// dbt's name of the node.
pub const INLINE_NAME: &str = "inline_query";

/// dbt's name of the file that such a query seems to be in.
const INLINE_FILE: &str = "from remote system.sql";

/// The node of a query. The manifest, which is ready, does not get it.
///
/// # Errors
/// The template cannot be parsed or rendered, or what it refers to does not exist.
pub fn inline(shared: &Arc<Shared>, sql: &str) -> Result<Node, Vec<Diagnostic>> {
    let package = Arc::clone(&shared.workspace.root.name);
    let layers = ProjectLayers::new(&package, shared.workspace.packages.values().map(|p| &**p));
    let started_at = shared.invocation.started_at.duration_since(Timestamp::UNIX_EPOCH);
    let docs = Arc::new(Docs::new(std::iter::empty()));
    let parser = NodeParser::new(shared, &layers, &docs, started_at.as_secs_f64());
    let path = format!("sql/{INLINE_NAME}");
    let draft = Draft {
        name: INLINE_NAME.into(),
        fqn: fqn(&package, &path, INLINE_NAME),
        package,
        path: path.into(),
        original_file_path: INLINE_FILE.into(),
        raw_code: sql.into(),
        checksum: Checksum { name: "sha256", checksum: FileChecksum::of(sql).text().to_owned() },
        template: Some(Template::from_text(INLINE_FILE, sql)?),
        tags: Vec::new(),
        defined_at: Some(Span::line(INLINE_FILE, 1)),
        config_kind: ConfigKind::Plain,
        kind: NodeKind::SqlOperation,
        language: "sql",
    };
    let mut node = parser.node(draft, None)?;
    let (_, references) = shared.parsed()?;
    let kind = node.resource_type().as_str();
    let description = describe(kind, &node.unique_id, &node.original_file_path);
    let caller = Caller {
        description: &description,
        package: &node.package_name,
        template: node.template.as_deref(),
    };
    let found = resolve(references, caller, &node.refs, &node.sources);
    let label = node.label();
    let problems = found.apply(&mut node.depends_on);
    if problems.is_empty() {
        return Ok(node);
    }
    Err(problems.into_iter().map(|error| *Box::new(error).with_node(label.as_str())).collect())
}
