//! Arguments of macros as properties describe them, beside those of the macro itself
//! (<https://docs.getdbt.com/reference/resource-properties/arguments>).

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::event::Warning;
use crate::manifest::{MacroArgument, MacroNode};
use serde_json::json;

/// The arguments that the macro itself has.
pub(super) fn defined(node: &MacroNode) -> Vec<MacroArgument> {
    let argument = |name: &str| MacroArgument {
        name: name.to_owned(),
        type_: None,
        description: String::new(),
    };
    node.definition.params.iter().map(|param| argument(&param.name)).collect()
}

/// What is wrong with the description of a macro's arguments. `place` is that of the macro in
/// its property file.
pub(super) fn compare(node: &MacroNode, defined: &[MacroArgument], place: &Span) -> Vec<Warning> {
    let name = &node.name;
    let described = &node.arguments;
    let mut messages: Vec<String> = defined
        .iter()
        .zip(described)
        .filter(|(defined, described)| defined.name != described.name)
        .map(|(_, described)| {
            format!(
                "Argument {} in yaml for macro {name} does not match the jinja definition.",
                described.name
            )
        })
        .collect();
    if defined.len() != described.len() {
        messages.push(format!(
            "The number of arguments in the yaml for macro {name} does not match the jinja \
             definition."
        ));
    }
    for argument in described {
        let type_ = argument.type_.as_deref().unwrap_or_default();
        if !type_.trim().is_empty() && !is_type(type_) {
            messages.push(format!(
                "Argument {} in the yaml for macro {name} has an invalid type.",
                argument.name
            ));
        }
    }
    messages.into_iter().map(|message| warning(node, message, place)).collect()
}

fn warning(node: &MacroNode, message: String, place: &Span) -> Warning {
    let data = json!({
        "msg": message,
        "macro_unique_id": node.unique_id,
        "macro_file_path": node.original_file_path,
    });
    let diagnostic = *Diagnostic::new(Code::PropertyInvalid, message).with_span(place.clone());
    Warning::new("InvalidMacroAnnotation", "I076", diagnostic).with_data(data)
}

/// Whether this is one of dbt's types of arguments, such as `list[string]`.
fn is_type(text: &str) -> bool {
    let text = text.replace([' ', '\t'], "");
    after_type(&text, 0) == Some("")
}

/// Types nested deeper than this are not taken for types.
const DEEPEST: usize = 50;

/// What follows the type that a text begins with.
fn after_type(text: &str, depth: usize) -> Option<&str> {
    if depth > DEEPEST {
        return None;
    }
    let end = text.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let parts = match name {
        "str" | "string" | "bool" | "int" | "integer" | "float" | "any" | "relation" | "column" => {
            0
        }
        "list" | "optional" => 1,
        "dict" => 2,
        _ => return None,
    };
    for at in 0..parts {
        rest = after_type(rest.strip_prefix(if at == 0 { '[' } else { ',' })?, depth + 1)?;
    }
    if parts > 0 { rest.strip_prefix(']') } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use super::is_type;

    #[test]
    fn types_have_the_parts_they_need() {
        for text in ["string", "list[int]", "dict[str, list[any]]", "optional[relation]"] {
            assert!(is_type(text), "{text}");
        }
        for text in ["text", "list", "int[int]", "dict[str]", "list[int", "list[int]]", "Int"] {
            assert!(!is_type(text), "{text}");
        }
    }
}
