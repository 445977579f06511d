//! Project hooks (`on-run-start`, `on-run-end`) as operations.

use super::config::ConfigKind;
use super::sql_file::{Draft, fqn};
use crate::diagnostic::{Result, Span};
use crate::jinja::Template;
use crate::manifest::{Checksum, NodeKind};
use crate::project::{Checksum as FileChecksum, Project};
use std::sync::Arc;

/// The drafts of a project's hooks.
pub fn drafts(project: &Project) -> Result<Vec<Draft>> {
    let kinds = [("on-run-start", &project.on_run_start), ("on-run-end", &project.on_run_end)];
    kinds
        .into_iter()
        .flat_map(|(kind, hooks)| {
            hooks.iter().enumerate().map(move |(index, sql)| (kind, index, sql))
        })
        .map(|(kind, index, sql)| {
            let name = format!("{}-{kind}-{index}", project.name);
            let path = format!("hooks/{name}.sql");
            let file: Arc<str> = "./dbt_project.yml".into();
            let span = project.unrendered.get(kind).map_or_else(
                || Span::line(Arc::clone(&project.source.path), 1),
                |node| project.source.span(node.place),
            );
            let template = Template::from_text(Arc::clone(&project.source.path), sql.as_str())
                .map_err(|error| error.relocated(span.clone()))?;
            Ok(Draft {
                package: Arc::clone(&project.name),
                fqn: fqn(&project.name, &path, &name),
                name: name.into(),
                path: path.into(),
                original_file_path: file,
                raw_code: sql.as_str().into(),
                checksum: Checksum {
                    name: "sha256",
                    checksum: FileChecksum::of(&project.source.text).text().to_owned(),
                },
                template: Some(template),
                language: "sql",
                tags: vec![kind.to_owned()],
                defined_at: Some(span),
                config_kind: ConfigKind::Plain,
                kind: NodeKind::Operation { index },
            })
        })
        .collect()
}
