//! Lineage as a Graphviz graph (<https://graphviz.org/doc/info/lang.html>).

use super::lineage::{Lineage, LineageNode};
use crate::manifest::ResourceType;
use std::fmt::Write as _;

/// The graph, left to right, one cluster for each layer.
pub fn draw(lineage: &Lineage<'_>) -> String {
    let mut text = String::from(
        "digraph lineage {\n  rankdir=LR;\n  node [fontname=\"Helvetica\", style=filled, \
         fillcolor=white];\n",
    );
    for (number, (layer, members)) in lineage.layers().into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{number} {{\n    label={};", quote(layer));
        for index in members {
            if let Some(node) = lineage.nodes.get(index) {
                let _ = writeln!(
                    text,
                    "    {} [label={}, shape={}];",
                    quote(node.unique_id.as_str()),
                    quote(&node.name),
                    shape(node)
                );
            }
        }
        text.push_str("  }\n");
    }
    for (from, to) in &lineage.edges {
        if let (Some(from), Some(to)) = (lineage.nodes.get(*from), lineage.nodes.get(*to)) {
            let (from, to) = (quote(from.unique_id.as_str()), quote(to.unique_id.as_str()));
            let _ = writeln!(text, "  {from} -> {to};");
        }
    }
    text.push_str("}\n");
    text
}

fn shape(node: &LineageNode<'_>) -> &'static str {
    match node.resource_type {
        ResourceType::Source => "cylinder",
        ResourceType::Seed => "note",
        ResourceType::Snapshot => "box3d",
        ResourceType::Exposure => "component",
        ResourceType::Test => "hexagon",
        ResourceType::Model if node.relation.is_none() => "ellipse",
        _ => "box",
    }
}

/// A double-quoted string. Backslashes are doubled because Graphviz gives some letters
/// after them a meaning in labels.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            character if character.is_control() => quoted.push(' '),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #[test]
    fn strings_cannot_break_out() {
        assert_eq!(super::quote("a\"; b\\\n"), "\"a\\\"; b\\\\ \"");
    }
}
