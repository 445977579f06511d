//! The way of one column as a tree, JSON or a Mermaid flowchart.

use super::mermaid;
use crate::manifest::{Manifest, Resource};
use crate::sql::project::{ColumnRef, Direction, Paths, Step, Target, beyond};
use crate::sql::{Kind, Name, RelationId};
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use std::fmt::Write as _;

/// One column with its surroundings.
pub struct ColumnPath<'a> {
    /// For the names of nodes.
    pub manifest: &'a Manifest,
    /// Where its steps are.
    pub paths: &'a Paths,
    /// The column.
    pub start: &'a ColumnRef,
    /// So many levels of what it is made of.
    pub upstream: Option<usize>,
    /// So many levels of what is made of it.
    pub downstream: Option<usize>,
}

impl ColumnPath<'_> {
    fn directions(&self) -> impl Iterator<Item = (Direction, usize)> {
        let up = self.upstream.map(|levels| (Direction::Up, levels));
        let down = self.downstream.map(|levels| (Direction::Down, levels));
        [up, down].into_iter().flatten()
    }

    /// A tree for each direction. What was shown before is not shown again.
    pub fn tree(&self) -> String {
        let mut text = String::new();
        for (direction, levels) in self.directions() {
            let heading = match direction {
                Direction::Up => "is made of",
                Direction::Down => "is used in",
            };
            let _ = writeln!(text, "{} {heading}", self.column(self.start));
            let mut seen = HashSet::from([self.start.clone()]);
            self.branches(&mut text, self.start, direction, levels, "", &mut seen);
        }
        text
    }

    fn branches(
        &self,
        text: &mut String,
        column: &ColumnRef,
        direction: Direction,
        levels: usize,
        indent: &str,
        seen: &mut HashSet<ColumnRef>,
    ) {
        let steps: Vec<&Step> =
            if levels == 0 { Vec::new() } else { self.paths.next(column, direction).collect() };
        if steps.is_empty() && indent.is_empty() {
            text.push_str("  nothing that is known\n");
        }
        for (at, step) in steps.iter().enumerate() {
            let is_last = at + 1 == steps.len();
            let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let end = match direction {
                Direction::Up => self.column(&step.from),
                Direction::Down => self.target(&step.to),
            };
            let next = beyond(step, direction);
            let is_new = next.is_none_or(|next| seen.insert(next.clone()));
            let more = next.is_some_and(|next| self.paths.next(next, direction).next().is_some());
            let mark = if !is_new && more { " (see above)" } else { "" };
            let _ = writeln!(text, "{indent}{branch}{} {end}{mark}", kind(step.kind));
            if let (Some(next), true) = (next, is_new) {
                let indent = format!("{indent}{below}");
                stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
                    self.branches(text, next, direction, levels - 1, &indent, seen);
                });
            }
        }
    }

    fn steps(&self) -> Vec<&Step> {
        self.directions()
            .flat_map(|(direction, levels)| self.paths.walk(self.start, direction, levels))
            .collect()
    }

    /// The column and its steps.
    pub fn json(&self) -> Json {
        let end = |column: &ColumnRef| {
            let name = column.column.as_ref().map_or("*", Name::as_str);
            match &column.relation {
                RelationId::Node(id) => json!({"node": **id, "column": name}),
                RelationId::Unknown(relation) => {
                    json!({"node": null, "relation": **relation, "column": name})
                }
            }
        };
        let steps: Vec<Json> = self
            .steps()
            .into_iter()
            .map(|step| {
                let to = match &step.to {
                    Target::Column(column) => end(column),
                    Target::Rows(id) => json!({"node": id, "column": null}),
                };
                json!({"from": end(&step.from), "to": to, "kind": step.kind})
            })
            .collect();
        json!({"column": end(self.start), "steps": steps})
    }

    /// A flowchart, left to right; dashed where only rows are chosen.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        let mut names: Vec<String> = Vec::new();
        let mut number = |text: &mut String, label: String| {
            names.iter().position(|name| *name == label).unwrap_or_else(|| {
                let _ = writeln!(text, "  c{}[\"{}\"]", names.len(), mermaid::escape(&label));
                names.push(label);
                names.len() - 1
            })
        };
        number(&mut text, self.column(self.start));
        for step in self.steps() {
            let from = number(&mut text, self.column(&step.from));
            let to = number(&mut text, self.target(&step.to));
            let arrow = if step.kind.is_value() { "-->" } else { "-.->" };
            let _ = writeln!(text, "  c{from} {arrow}|{}| c{to}", kind(step.kind));
        }
        text
    }

    fn target(&self, target: &Target) -> String {
        match target {
            Target::Column(column) => self.column(column),
            Target::Rows(id) => format!("all of {}", self.node(id.as_str())),
        }
    }

    fn column(&self, column: &ColumnRef) -> String {
        let name = column.column.as_ref().map_or("*", Name::as_str);
        match &column.relation {
            RelationId::Node(id) => format!("{}.{name}", self.node(id)),
            RelationId::Unknown(relation) => format!("{relation}.{name}"),
        }
    }

    fn node(&self, id: &str) -> String {
        match self.manifest.resource(&id.into()) {
            Some(Resource::Source(source)) => format!("{}.{}", source.source_name, source.name),
            Some(Resource::Node(node)) => node.name.to_string(),
            _ => id.to_owned(),
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Order => "order",
        Kind::Group => "group",
        Kind::Join => "join",
        Kind::Filter => "filter",
        Kind::Window => "window",
        Kind::Direct => "direct",
        Kind::Transformed => "transformed",
        Kind::Aggregated => "aggregated",
    }
}
