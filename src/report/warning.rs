//! The texts of warnings: dbt's tags and its folding, and the count of deprecations.

use super::style::{Style, plural};
use crate::event::Warning;
use indexmap::IndexMap;
use parking_lot::Mutex;
use std::fmt::Write as _;

/// What `--show-all-deprecations` and dbt's switch for their tag say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeprecationOptions {
    /// Show every one, not the first of each kind alone.
    pub show_all: bool,
    /// dbt's `require_event_names_in_deprecations`: name the kind in each text.
    pub name_all: bool,
}

/// How often each kind of deprecation came up.
#[derive(Debug, Default)]
pub struct Deprecations {
    counts: Mutex<IndexMap<(&'static str, &'static str), usize>>,
}

impl Deprecations {
    /// Takes note of one; says whether it is the first of its kind.
    pub fn count(&self, warning: &Warning) -> bool {
        let mut counts = self.counts.lock();
        let count = counts.entry((warning.name, warning.code)).or_default();
        *count += 1;
        *count == 1
    }

    /// Name, code and count of each kind, in the order they first came up.
    pub fn summaries(&self) -> Vec<(&'static str, &'static str, usize)> {
        self.counts.lock().iter().map(|((name, code), count)| (*name, *code, *count)).collect()
    }
}

/// The text of a warning, in dbt's words and then with gdbt's notes.
pub fn text(warning: &Warning, options: DeprecationOptions, style: Style) -> String {
    let text = message(warning, options, style);
    // What a project says itself needs no explanation.
    if warning.name == "JinjaLogWarning" {
        return text;
    }
    format!("{text}{}", super::diagnostic::render_notes(&warning.diagnostic, style))
}

/// The text of a warning in dbt's words.
pub fn message(warning: &Warning, options: DeprecationOptions, style: Style) -> String {
    let message = &warning.diagnostic.message;
    match warning.name {
        "JinjaLogWarning" | "InvalidMacroAnnotation" => message.clone(),
        _ if warning.is_deprecation() => deprecation(warning, options, style),
        _ => style.warning_tag(message),
    }
}

fn deprecation(warning: &Warning, options: DeprecationOptions, style: Style) -> String {
    let number: u32 = warning.code.trim_start_matches('D').parse().unwrap_or_default();
    // dbt's older kinds name themselves only where that is asked for, and those that came
    // with a switch of behaviour have no headline then.
    let is_older = number <= 20;
    let is_named = match number {
        0..=20 => options.name_all,
        32..=36 | 40 => false,
        _ => true,
    };
    let name = is_named.then_some(warning.name);
    let message = &warning.diagnostic.message;
    let has_headline = !(is_older && !options.name_all && matches!(number, 8 | 14..=20));
    let text = match (has_headline, number) {
        (true, _) => tagged(&format!("Deprecated functionality\n\n{message}"), name, style),
        (false, 14) => message.clone(),
        (false, _) => tagged(message, name, style),
    };
    if matches!(number, 6 | 8 | 13) { text } else { fold(&text, style.width) }
}

fn tagged(text: &str, name: Option<&str>, style: Style) -> String {
    let name = name.map(|name| format!("[{name}]")).unwrap_or_default();
    format!("[{}]{name}: {text}", style.yellow("WARNING"))
}

/// The summary of all deprecations.
pub fn summary(
    summaries: &[(&'static str, &'static str, usize)],
    show_all_hint: bool,
    style: Style,
) -> String {
    let mut text = "Deprecated functionality\n\nSummary of encountered deprecations:".to_owned();
    for (name, _, count) in summaries {
        let _ = write!(text, "\n\n- {name}: {}", plural(*count, "occurrence"));
    }
    if show_all_hint {
        text.push_str(
            "\n\nTo see all deprecation instances instead of just the first occurrence of each, \
             run command again with the `--show-all-deprecations` flag. You may also need to run \
             with `--no-partial-parse` as some deprecations are only encountered during parsing.",
        );
    }
    fold(&tagged(&text, Some("DeprecationsSummary"), style), style.width)
}

/// Folds paragraphs to a width as Python's `textwrap` does; empty lines between them go.
fn fold(text: &str, width: usize) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| fold_paragraph(paragraph, width.max(1)));
    paragraphs.collect::<Vec<_>>().join("\n")
}

fn fold_paragraph(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let mut characters: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + characters.len() > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        // A word that fits no line is cut.
        while length == 0 && characters.len() > width {
            lines.push(characters.drain(..width).collect());
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        length += characters.len();
        line.extend(characters);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Diagnostic};

    #[test]
    fn deprecations_look_as_dbt_shows_them() {
        let message = "Found `severity` as a top-level property of `data_tests.not_null.severity` \
                       in file `models/schema.yml`.";
        let diagnostic = Diagnostic::new(Code::Deprecated, message);
        let warning = Warning::new("PropertyMovedToConfigDeprecation", "D030", *diagnostic);
        let shown = deprecation(&warning, DeprecationOptions::default(), Style::PLAIN);
        assert_eq!(
            shown,
            "[WARNING][PropertyMovedToConfigDeprecation]: Deprecated functionality\n\
             Found `severity` as a top-level property of `data_tests.not_null.severity` in\n\
             file `models/schema.yml`."
        );
        let diagnostic = Diagnostic::new(Code::Deprecated, "old");
        let old = Warning::new("ConfigDataPathDeprecation", "D004", *diagnostic);
        let shown = |name_all| {
            let options = DeprecationOptions { name_all, ..Default::default() };
            deprecation(&old, options, Style::PLAIN)
        };
        assert_eq!(shown(false), "[WARNING]: Deprecated functionality\nold");
        assert_eq!(
            shown(true),
            "[WARNING][ConfigDataPathDeprecation]: Deprecated functionality\nold"
        );
    }

    #[test]
    fn deprecations_are_counted_by_kind() {
        let counts = Deprecations::default();
        let diagnostic = Diagnostic::new(Code::Deprecated, "old");
        let warning = Warning::new("ConfigDataPathDeprecation", "D004", *diagnostic);
        assert!(counts.count(&warning) && !counts.count(&warning));
        assert_eq!(counts.summaries(), [("ConfigDataPathDeprecation", "D004", 2)]);
        let text = summary(&counts.summaries(), false, Style::PLAIN);
        assert!(text.ends_with("- ConfigDataPathDeprecation: 2 occurrences"), "{text}");
    }

    #[test]
    fn paragraphs_are_folded_as_textwrap_does() {
        assert_eq!(fold("aa bb cc\n\ndd", 5), "aa bb\ncc\ndd");
        assert_eq!(fold("abcdefgh ij", 3), "abc\ndef\ngh\nij");
    }
}
