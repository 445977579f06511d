//! Entities as a Mermaid diagram
//! (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).

use super::mermaid::escape;
use crate::docs::er::{Entity, EntityColumn, Er};
use crate::manifest::UniqueId;
use std::fmt::Write as _;

/// The diagram. Relations go from who is referred to, to who refers.
pub fn draw(er: &Er) -> String {
    let mut text = String::from("erDiagram\n");
    for entity in &er.entities {
        let _ = writeln!(text, "  \"{}\" {{", escape(&entity.name));
        for column in &entity.columns {
            let kind = column.kind.as_deref().unwrap_or("unknown");
            let _ = writeln!(text, "    {} {}{}", word(kind), word(&column.name), keys(column));
        }
        text.push_str("  }\n");
    }
    for relation in &er.relations {
        let (Some(from), Some(to)) = (name(er, &relation.from), name(er, &relation.to)) else {
            continue;
        };
        let one = if relation.required { "||" } else { "|o" };
        let many = if relation.one { "o|" } else { "o{" };
        let columns = escape(&relation.from_columns.join(", "));
        let _ = writeln!(text, "  \"{to}\" {one}--{many} \"{from}\" : \"{columns}\"");
    }
    text
}

fn name(er: &Er, id: &UniqueId) -> Option<String> {
    let entity: &Entity = er.entities.iter().find(|entity| entity.id == *id)?;
    Some(escape(&entity.name))
}

fn keys(column: &EntityColumn) -> String {
    let unique = column.unique && !column.primary;
    let keys = [(column.primary, "PK"), (column.foreign, "FK"), (unique, "UK")];
    let keys: Vec<&str> = keys.into_iter().filter(|key| key.0).map(|key| key.1).collect();
    if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) }
}

/// A name of a type or column as Mermaid's grammar wants it.
fn word(text: &str) -> String {
    let allowed =
        |it: char| it.is_alphanumeric() || matches!(it, '_' | '-' | '[' | ']' | '(' | ')');
    let word: String = text.chars().map(|it| if allowed(it) { it } else { '_' }).collect();
    let starts_well = word.starts_with(|it: char| it.is_alphabetic() || it == '_');
    if starts_well { word } else { format!("_{word}") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_and_names_are_single_words() {
        assert_eq!(super::word("timestamp without time zone"), "timestamp_without_time_zone");
        assert_eq!(super::word("numeric(8,2)"), "numeric(8_2)");
        assert_eq!(super::word("1st \"x\""), "_1st__x_");
        assert_eq!(super::word(""), "_");
    }
}
