//! How an error looks: dbt's header and body, then gdbt's part: the place in the user's
//! file with an excerpt, what else explains it, and what to do.
//!
//! ```text
//! Compilation Error in model orders (models/orders.sql)
//!   Model 'model.shop.orders' (models/orders.sql) depends on a node named 'usres' which was not found
//!   --> models/orders.sql:3:18 [GD3002]
//!     |
//!   3 | select * from {{ ref('usres') }}
//!     |                  ^^^^^^^^^^^^
//!   help: did you mean 'users'?
//! ```

use super::style::Style;
use crate::diagnostic::{Diagnostic, Span};
use std::fmt::Write as _;

/// Characters of a long line that are shown before the trouble, and in all.
const LEAD: usize = 60;
const WINDOW: usize = 160;

/// The whole error.
pub fn render(diagnostic: &Diagnostic, style: Style) -> String {
    format!("{diagnostic}{}", render_notes(diagnostic, style))
}

/// Only gdbt's part, to follow dbt's text. Begins with a line end unless empty.
pub fn render_notes(diagnostic: &Diagnostic, style: Style) -> String {
    let mut text = String::new();
    let code = diagnostic.code.as_str();
    match &diagnostic.span {
        Some(span) => write_place(&mut text, span, &format!(" [{code}]"), "", style),
        None => {
            let _ = write!(text, "\n  {} [{code}]", style.blue("="));
        }
    }
    for (span, note) in &diagnostic.related {
        write_place(&mut text, span, "", note, style);
    }
    if let Some(help) = &diagnostic.help {
        let mut lines = help.lines();
        let first = lines.next().unwrap_or_default();
        let _ = write!(text, "\n  {} {first}", style.bold("help:"));
        for line in lines {
            let _ = write!(text, "\n        {line}");
        }
    }
    text
}

fn write_place(text: &mut String, span: &Span, suffix: &str, note: &str, style: Style) {
    let mut place = format!("{}:{}", span.path, span.line);
    if span.column > 0 {
        let _ = write!(place, ":{}", span.column);
    }
    let note = if note.is_empty() { String::new() } else { format!(" {note}") };
    let _ = write!(text, "\n  {} {place}{suffix}{note}", style.blue("-->"));
    let Some(line) = &span.text else { return };
    let (shown, caret) = excerpt(line, span.column as usize, span.length as usize);
    let number = span.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = style.blue("|");
    let _ = write!(text, "\n  {margin} {bar}");
    let _ = write!(text, "\n  {} {bar} {shown}", style.blue(&number));
    if let Some((start, length)) = caret {
        let marks = style.red(&"^".repeat(length));
        let _ = write!(text, "\n  {margin} {bar} {}{marks}", " ".repeat(start));
    }
}

/// The line as shown, and where and how long the marks under it are. Tabs are widened,
/// control characters made visible, and long lines cut around the trouble.
fn excerpt(line: &str, column: usize, length: usize) -> (String, Option<(usize, usize)>) {
    let characters: Vec<char> = line.chars().collect();
    let from = column.saturating_sub(1).min(characters.len());
    let skipped = if characters.len() > WINDOW { from.saturating_sub(LEAD) } else { 0 };
    let end = characters.len().min(skipped + WINDOW);
    let mut shown = String::new();
    let mut caret: Option<(usize, usize)> = None;
    let mut width = 0;
    if skipped > 0 {
        shown.push('…');
        width += 1;
    }
    for (place, character) in characters.iter().enumerate().take(end).skip(skipped) {
        let drawn = match character {
            '\t' => "    ".to_owned(),
            character if character.is_control() => '\u{fffd}'.to_string(),
            character => character.to_string(),
        };
        let columns = drawn.chars().count();
        if column > 0 && (from..from + length).contains(&place) {
            let mark = caret.get_or_insert((width, 0));
            mark.1 += columns;
        }
        width += columns;
        shown.push_str(&drawn);
    }
    if end < characters.len() {
        shown.push('…');
    }
    if column > 0 && caret.is_none() {
        caret = Some((width, 1));
    }
    (shown, caret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn an_error_shows_its_place_and_what_to_do() {
        let source = "select 1\n\tfrom {{ ref('usres') }}";
        let start = source.find("ref").unwrap();
        let span = Span::from_bytes("models/a.sql", source, start, start + 12);
        let error = Diagnostic::new(Code::RefUnknown, "depends on 'usres'\nwhich was not found")
            .with_node("model a (models/a.sql)")
            .with_span(span)
            .with_related(Span::line("models/b.sql", 7), "called from here")
            .with_help("did you mean 'users'?");
        assert_eq!(
            render(&error, Style::PLAIN),
            "Compilation Error in model a (models/a.sql)\
             \n  depends on 'usres'\
             \n  which was not found\
             \n  --> models/a.sql:2:10 [GD3002]\
             \n    |\
             \n  2 |     from {{ ref('usres') }}\
             \n    |             ^^^^^^^^^^^^\
             \n  --> models/b.sql:7 called from here\
             \n  help: did you mean 'users'?"
        );
    }

    #[test]
    fn long_lines_are_cut_and_control_characters_never_reach_the_terminal() {
        let line = format!("{}\u{1b}[31mX{}", "a".repeat(500), "b".repeat(500));
        let (shown, caret) = excerpt(&line, 501, 1);
        assert!(!shown.contains('\u{1b}') && shown.chars().count() <= WINDOW + 2);
        assert_eq!(caret, Some((LEAD + 1, 1)));
        assert_eq!(excerpt("abc", 9, 2), ("abc".to_owned(), Some((3, 1))));
        assert_eq!(excerpt("", 0, 1), (String::new(), None));
    }
}
