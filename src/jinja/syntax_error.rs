//! Says a syntax error in Jinja2's words.

use std::ops::Range;

use super::tokens::{Failure, Kind, Tag, Tags};
use super::value::Value;

/// The message and the place, in the text that was parsed.
pub fn explain(error: &minijinja::Error, text: &str) -> (String, Range<usize>) {
    let mut range = error.range().unwrap_or(text.len()..text.len());
    range.end = ceil_char_boundary(text, range.end);
    range.start = floor_char_boundary(text, range.start.min(range.end));
    let detail = error.detail().unwrap_or("syntax error");
    if let Some((message, at)) = lexer_failure(text)
        && at <= range.end
    {
        return (message, at..at + 1);
    }
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
    let token = got(&text[range.clone()]);
    let is_end = matches!(&*token, "end of print statement" | "end of statement block");
    let message = match detail.split_once(", expected ") {
        Some((_, "expression")) => format!("Expected an expression, got '{token}'"),
        Some((_, "`=`")) if innermost_is_macro(text, range.start) => {
            "non-default argument follows default argument".to_owned()
        }
        Some((_, "identifier or integer")) => "expected name or number".to_owned(),
        Some((_, expected)) => format!("expected token '{}', got '{token}'", name_of(expected)),
        None => match detail {
            "unexpected character" => {
                let character = text[range.start..].chars().next().unwrap_or(' ');
                let column = text[..range.start].chars().count();
                format!("unexpected char {} at {column}", Value::str(character.to_string()).repr())
            }
            "'break' must be placed inside a loop" => "'break' outside loop".to_owned(),
            "'continue' must be placed inside a loop" => {
                "'continue' not properly in loop".to_owned()
            }
            "unexpected end of comment" => "Missing end of comment tag".to_owned(),
            "unexpected end of raw block" => "Missing end of raw directive".to_owned(),
            "non-keyword arg after keyword arg" => {
                "invalid syntax for function call expression".to_owned()
            }
            _ if detail.starts_with("expected call expression") => "expected call".to_owned(),
            _ if detail.starts_with("cannot assign to reserved") && token != "loop" => {
                "can't assign to 'const'".to_owned()
            }
            _ if detail.starts_with("unexpected ") && is_end => {
                if wants_expression(&text[..range.start]) {
                    format!("Expected an expression, got '{token}'")
                } else {
                    format!("unexpected '{token}'")
                }
            }
            _ if detail.starts_with("unexpected `") => format!("unexpected '{token}'"),
            _ => detail.to_owned(),
        },
    };
    (message, range)
}

/// minijinja's ranges may end inside a character.
fn ceil_char_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Jinja2's lexer finds brackets and quotes that do not match before its parser does.
fn lexer_failure(text: &str) -> Option<(String, usize)> {
    let mut tags = Tags::new(text);
    tags.by_ref().for_each(drop);
    Some(match tags.failure? {
        Failure::Bracket { at, got, expected: Some(expected) } => {
            (format!("unexpected '{got}', expected '{expected}'"), at)
        }
        Failure::Bracket { at, got, expected: None } => (format!("unexpected '{got}'"), at),
        Failure::Quote { at, got } => {
            let column = text[..at].chars().count();
            (format!("unexpected char {} at {column}", Value::str(got.to_string()).repr()), at)
        }
    })
}

/// Whether the tag still wants its first expression where an error is.
fn wants_expression(before: &str) -> bool {
    let before = before.trim_end();
    let before = before.strip_suffix(['-', '+']).unwrap_or(before);
    let comparison = ["==", "!=", "<=", ">="].iter().any(|op| before.ends_with(op));
    before.ends_with("{{")
        || before.ends_with(char::is_alphabetic)
        || before.ends_with('=') && !comparison
}

/// What minijinja calls a token, in Jinja2's words.
fn name_of(expected: &str) -> &str {
    match expected {
        "end of variable block" => "end of print statement",
        "end of block" => "end of statement block",
        "identifier" => "name",
        "assignment operator" => "=",
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

/// Whether the tag around a position is a macro's.
fn innermost_is_macro(text: &str, at: usize) -> bool {
    let tag = text[..at].rfind("{%").map_or("", |start| &text[start + 2..at]);
    tag.trim_start_matches(['-', '+']).trim_start().starts_with("macro")
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
