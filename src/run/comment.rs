//! The comment in front of every statement
//! (<https://docs.getdbt.com/reference/project-configs/query-comment>).

use crate::adapter::QueryComment;
use crate::context::json::{dumps, from_json};
use crate::context::{NodeContext, Shared};
use crate::diagnostic::Result;
use crate::jinja::{Template, Value};
use crate::project::version::DBT_VERSION;
use serde::Serialize;
use serde_json::Value as Json;
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

    /// The comment for the statements of a connection that works for no node.
    pub fn of_connection(&self, name: &str) -> Result<Option<QueryComment>> {
        self.of(name, None::<&Json>)
    }

    /// The comment for the statements of a node, source or unit test, given as templates see it.
    pub fn of_node<N: Serialize>(&self, id: &str, node: &N) -> Result<Option<QueryComment>> {
        self.of(id, Some(node))
    }

    fn of<N: Serialize>(&self, name: &str, node: Option<&N>) -> Result<Option<QueryComment>> {
        let settings = &self.shared.workspace.root.query_comment;
        let text = match settings.comment.as_deref() {
            None => self.default_text(name, node.is_some())?,
            Some(template) if template.trim().is_empty() => return Ok(None),
            Some(template) => self.render(template, name, node)?,
        };
        QueryComment::new(&text, settings.append)
    }

    /// dbt's own comment: who runs which node with which profile and target.
    fn default_text(&self, name: &str, is_node: bool) -> Result<String> {
        let profile = &self.shared.workspace.profile;
        let entries = [
            ("app", Value::str("dbt")),
            ("dbt_version", Value::str(DBT_VERSION)),
            ("profile_name", Value::str(&profile.profile_name)),
            ("target_name", Value::str(&profile.target_name)),
            (if is_node { "node_id" } else { "connection_name" }, Value::str(name)),
        ];
        dumps(&Value::dict(entries), false).map_err(crate::jinja::Error::into_diagnostic)
    }

    fn render<N: Serialize>(
        &self,
        template: &str,
        connection: &str,
        node: Option<&N>,
    ) -> Result<String> {
        let view = node.and_then(|node| serde_json::to_value(node).ok());
        let view = view.map(|json| from_json(&json));
        let context = NodeContext::operation(&self.shared, None, None)
            .with("node", view.unwrap_or(Value::None))
            .with("connection_name", Value::str(connection));
        // dbt makes a macro of the comment, so it may `return`.
        Template::from_text("dbt_project.yml", template)?.render_as_macro(&context)
    }
}
