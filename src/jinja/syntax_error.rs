//! Says a syntax error in Jinja2's words.

use std::ops::Range;

use super::tokens::{Kind, Tag, Tags};

/// The message and the place, in the text that was parsed.
pub fn explain(error: &minijinja::Error, text: &str) -> (String, Range<usize>) {
    let mut range = error.range().unwrap_or(text.len()..text.len());
    range.end = range.end.min(text.len());
    range.start = range.start.min(range.end);
    let detail = error.detail().unwrap_or("syntax error");
    if let Some(word) = detail.strip_prefix("unknown statement ") {
        return (unknown_tag(text, range.start, word), range);
    }
    if let Some(expected) = detail.strip_prefix("unexpected end of input, expected ") {
        return match innermost(text, text.len()) {
            Some(open) => (looking_for("Unexpected end of template.", &open, None), open.range),
            None => {
                (format!("unexpected end of template, expected '{}'.", name_of(expected)), range)
            }
        };
    }
    let got = || got(&text[range.clone()]);
    let message = match detail.split_once(", expected ") {
        Some((_, "expression")) => format!("Expected an expression, got '{}'", got()),
        Some((_, expected)) => {
            format!("expected token '{}', got '{}'", name_of(expected), got())
        }
        None if detail == "unexpected character" => {
            let character = text[range.start..].chars().next().unwrap_or(' ');
            format!(
                "unexpected char {} at {}",
                super::value::Value::str(character.to_string()).repr(),
                range.start
            )
        }
        None if detail.starts_with("unexpected `") || detail.starts_with("unexpected end of") => {
            match got().as_str() {
                end @ ("end of print statement" | "end of statement block") => {
                    format!("Expected an expression, got '{end}'")
                }
                other => format!("unexpected '{other}'"),
            }
        }
        None => detail.to_owned(),
    };
    (message, range)
}

/// What minijinja calls a token, in Jinja2's words.
fn name_of(expected: &str) -> &str {
    match expected {
        "end of variable block" => "end of print statement",
        "end of block" => "end of statement block",
        "identifier" => "name",
        "assignment operator" => "=",
        "identifier or integer" => "name or number",
        other => other.trim_matches('`'),
    }
}

fn got(token: &str) -> String {
    match token.trim_matches(['-', '+']) {
        "}}" => "end of print statement".to_owned(),
        "%}" => "end of statement block".to_owned(),
        "" => token.to_owned(),
        text if text.starts_with(['\'', '"']) => "string".to_owned(),
        text if text.starts_with(|c: char| c.is_ascii_digit()) => {
            if text.contains('.') { "float" } else { "integer" }.to_owned()
        }
        text => text.to_owned(),
    }
}

/// A block that is open.
struct Open {
    tag: String,
    ends: &'static [&'static str],
    range: Range<usize>,
}

fn ends_of(tag: &str) -> Option<&'static [&'static str]> {
    Some(match tag {
        "if" => &["elif", "else", "endif"],
        "for" => &["endfor", "else"],
        "macro" => &["endmacro"],
        "call" => &["endcall"],
        "filter" => &["endfilter"],
        "set" => &["endset"],
        "with" => &["endwith"],
        "block" => &["endblock"],
        "autoescape" => &["endautoescape"],
        _ => return None,
    })
}

fn opened(text: &str, before: usize) -> Vec<Open> {
    let mut stack: Vec<Open> = Vec::new();
    for tag in Tags::new(text) {
        if tag.range.start >= before {
            break;
        }
        let Some(word) = keyword(text, &tag) else { continue };
        let is_assignment = word == "set" && tag.tokens.iter().any(|token| token.is(b'='));
        if let Some(ends) = ends_of(word).filter(|_| !is_assignment) {
            stack.push(Open { tag: word.to_owned(), ends, range: tag.range });
        } else if let Some(open) = stack.last_mut()
            && open.ends.contains(&word)
        {
            match word {
                "elif" => {}
                "else" => open.ends = if open.tag == "if" { &["endif"] } else { &["endfor"] },
                _ => drop(stack.pop()),
            }
        }
    }
    stack
}

fn innermost(text: &str, before: usize) -> Option<Open> {
    opened(text, before).pop()
}

fn keyword<'a>(text: &'a str, tag: &Tag) -> Option<&'a str> {
    let first = tag.tokens.first()?;
    (!tag.is_variable && first.kind == Kind::Name).then(|| &text[first.range.clone()])
}

fn unknown_tag(text: &str, at: usize, word: &str) -> String {
    // The tag itself starts before its keyword.
    let before = text[..at.min(text.len())].rfind("{%").unwrap_or(0);
    let stack = opened(text, before);
    let first = format!("Encountered unknown tag '{word}'.");
    match stack.last() {
        Some(open) => {
            let expected = stack.iter().any(|open| open.ends.contains(&word));
            looking_for(&first, open, expected.then_some(word))
        }
        None => first,
    }
}

fn looking_for(first: &str, open: &Open, misplaced: Option<&str>) -> String {
    let tags: Vec<String> = open.ends.iter().map(|end| format!("'{end}'")).collect();
    let tags = tags.join(" or ");
    let middle = match misplaced {
        Some(_) => format!(
            "You probably made a nesting mistake. Jinja is expecting this tag, but currently \
             looking for {tags}."
        ),
        None => format!("Jinja was looking for the following tags: {tags}."),
    };
    format!("{first} {middle} The innermost block that needs to be closed is '{}'.", open.tag)
}
