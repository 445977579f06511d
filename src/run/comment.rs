//! The comment in front of every statement
//! (<https://docs.getdbt.com/reference/project-configs/query-comment>).

use crate::adapter::QueryComment;
use crate::context::json::{dumps, from_json};
use crate::context::{NodeContext, Shared};
use crate::diagnostic::Result;
use crate::jinja::{Template, Value};
use crate::manifest::{Node, NodeView};
use crate::project::version::DBT_VERSION;
use std::sync::Arc;

/// Makes the comments of a run.
pub struct QueryComments {
    shared: Arc<Shared>,
}

impl QueryComments {
    /// The comments that the project asks for.
    pub fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared) }
    }

    /// The comment for the statements of a node, or of a connection that works for none.
    pub fn of(&self, connection: &str, node: Option<&Node>) -> Result<Option<QueryComment>> {
        let settings = &self.shared.workspace.root.query_comment;
        let text = match settings.comment.as_deref() {
            None => self.default_text(connection, node)?,
            Some(template) if template.trim().is_empty() => return Ok(None),
            Some(template) => self.render(template, connection, node)?,
        };
        QueryComment::new(&text, settings.append)
    }

    /// dbt's own comment: who runs which node with which profile and target.
    fn default_text(&self, connection: &str, node: Option<&Node>) -> Result<String> {
        let profile = &self.shared.workspace.profile;
        let entries = [
            ("app", Value::str("dbt")),
            ("dbt_version", Value::str(DBT_VERSION)),
            ("profile_name", Value::str(&profile.profile_name)),
            ("target_name", Value::str(&profile.target_name)),
            match node {
                Some(node) => ("node_id", Value::str(node.unique_id.as_str())),
                None => ("connection_name", Value::str(connection)),
            },
        ];
        dumps(&Value::dict(entries), false).map_err(crate::jinja::Error::into_diagnostic)
    }

    fn render(&self, template: &str, connection: &str, node: Option<&Node>) -> Result<String> {
        let view = node.and_then(|node| {
            let view = serde_json::to_value(NodeView { node, compiled: None });
            view.ok().map(|json| from_json(&json))
        });
        let context = NodeContext::operation(&self.shared, None, None)
            .with("node", view.unwrap_or(Value::None))
            .with("connection_name", Value::str(connection));
        Template::from_text("dbt_project.yml", template)?.render(&context)
    }
}
