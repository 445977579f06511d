//! Lineage as a Mermaid flowchart (<https://mermaid.js.org/syntax/flowchart.html>).

use super::lineage::{Lineage, LineageNode};
use crate::manifest::ResourceType;
use std::fmt::Write as _;

/// The flowchart, left to right, one subgraph for each layer.
pub fn draw(lineage: &Lineage<'_>) -> String {
    let mut text = String::from("flowchart LR\n");
    for (number, (layer, members)) in lineage.layers().into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph layer{number}[\"{}\"]", escape(layer));
        for index in members {
            if let Some(node) = lineage.nodes.get(index) {
                let _ = writeln!(text, "    n{index}{}", shape(node));
            }
        }
        text.push_str("  end\n");
    }
    for (from, to) in &lineage.edges {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

fn shape(node: &LineageNode<'_>) -> String {
    let (open, close) = match node.resource_type {
        ResourceType::Source => ("[(", ")]"),
        ResourceType::Seed => ("[/", "/]"),
        ResourceType::Snapshot => ("[[", "]]"),
        ResourceType::Exposure => ("([", "])"),
        ResourceType::Test => ("{{", "}}"),
        ResourceType::Model if node.relation.is_none() => ("(", ")"),
        _ => ("[", "]"),
    };
    format!("{open}\"{}\"{close}", escape(&node.name))
}

/// Mermaid's entity codes for everything that could end a label or begin markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            '`' => escaped.push_str("#96;"),
            '\\' => escaped.push_str("#92;"),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(
            super::escape("a\"]\n--> x[#<b>`&\\"),
            "a#quot;] --#gt; x[#35;#lt;b#gt;#96;#amp;#92;"
        );
    }
}
