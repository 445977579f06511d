//! Rewrites what dbt's Jinja accepts and minijinja's parser does not, and remembers where
//! each piece was, so that spans still point into the user's text.
//!
//! - line ends become `\n`;
//! - `{% if x: %}` loses its colon; macro parameters lose their types;
//! - bare tuples get parentheses; `{% do x %}` becomes a call; a unary plus goes;
//! - `test`, `materialization` and `docs` tags become the macros that dbt makes of them.

use std::borrow::Cow;
use std::ops::Range;

use super::tokens::{Kind, Tag, Tags, Token};

/// The function that `{% do x %}` is rewritten to call.
pub const DO: &str = "__do";

/// Names that a value may follow.
const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "if", "elif", "else", "do"];

/// A text that minijinja can parse, and the way back.
#[derive(Debug)]
pub struct Normalised<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Pairs of positions (here, there) after which both run in step.
    marks: Vec<(usize, usize)>,
}

impl Normalised<'_> {
    /// Where a position of the rewritten text is in the original one.
    pub fn original(&self, at: usize) -> usize {
        let next = self.marks.partition_point(|(here, _)| *here <= at);
        match next.checked_sub(1).and_then(|index| self.marks.get(index)) {
            Some((here, there)) => {
                let limit = self.marks.get(next).map_or(usize::MAX, |(_, there)| *there);
                (there + (at - here)).min(limit)
            }
            None => at,
        }
    }
}

/// Replace `range` by `with`.
struct Edit {
    range: Range<usize>,
    with: Cow<'static, str>,
}

/// Rewrites a text.
///
/// # Errors
/// The message of dbt's error for an unknown argument of a materialization, and its place.
pub fn normalise(text: &str) -> Result<Normalised<'_>, (String, Range<usize>)> {
    let mut edits = Edits { text, list: Vec::new() };
    edits.line_ends();
    for tag in Tags::new(text) {
        edits.tag(&tag)?;
    }
    Ok(edits.apply())
}

struct Edits<'a> {
    text: &'a str,
    list: Vec<Edit>,
}

impl<'a> Edits<'a> {
    fn replace(&mut self, range: Range<usize>, with: impl Into<Cow<'static, str>>) {
        self.list.push(Edit { range, with: with.into() });
    }

    fn blank(&mut self, range: Range<usize>) {
        let width = range.len();
        self.replace(range, " ".repeat(width));
    }

    fn wrap(&mut self, start: usize, end: usize, open: &'static str) {
        self.replace(start..start, open);
        self.replace(end..end, ")");
    }

    fn line_ends(&mut self) {
        for (at, _) in self.text.match_indices('\r') {
            let with = if self.text[at + 1..].starts_with('\n') { "" } else { "\n" };
            self.replace(at..at + 1, with);
        }
    }

    fn tag(&mut self, tag: &Tag) -> Result<(), (String, Range<usize>)> {
        for range in &tag.odd_spaces {
            self.blank(range.clone());
        }
        let tokens = tag.tokens.as_slice();
        self.unary_plus(tokens);
        self.tuple_subscripts(tokens);
        if tag.is_variable {
            self.bare_tuple(tokens);
            return Ok(());
        }
        let Some((keyword, mut rest)) = tokens.split_first() else { return Ok(()) };
        let word = self.word(keyword);
        if let Some((last, before)) = rest.split_last()
            && last.is(b':')
            && last.depth == 0
        {
            self.blank(last.range.clone());
            rest = before;
        } else if rest.is_empty() && keyword.is(b':') {
            self.blank(keyword.range.clone());
        }
        match word {
            "if" | "elif" => self.bare_tuple(rest),
            "for" => self.for_tuple(rest),
            "do" => self.do_call(rest),
            "macro" | "call" => self.parameter_types(rest),
            "test" | "data_test" => {
                self.parameter_types(rest);
                self.replace(keyword.range.clone(), "macro");
                if let Some(name) = rest.first() {
                    self.replace(name.range.start..name.range.start, "test_");
                }
            }
            "docs" => {
                let name = rest.first().map_or("", |name| self.word(name));
                let end = rest.last().map_or(keyword.range.end, |last| last.range.end);
                self.replace(keyword.range.start..end, format!("macro dbt_docs__{name}()"));
            }
            "materialization" => self.materialization(keyword, rest)?,
            "endtest" | "enddata_test" | "enddocs" | "endmaterialization" => {
                self.replace(keyword.range.clone(), "endmacro");
            }
            _ => {}
        }
        Ok(())
    }

    fn word(&self, token: &Token) -> &'a str {
        &self.text[token.range.clone()]
    }

    /// `+x` is `x` for every number; nothing else has a unary plus.
    fn unary_plus(&mut self, tokens: &[Token]) {
        for (at, token) in tokens.iter().enumerate() {
            if !token.is(b'+') {
                continue;
            }
            let prefix = match at.checked_sub(1).and_then(|before| tokens.get(before)) {
                None => true,
                Some(before) => match before.kind {
                    Kind::Op(op) => !matches!(op, b')' | b']' | b'}'),
                    Kind::Name => KEYWORDS.contains(&self.word(before)),
                    Kind::Number | Kind::Text => false,
                },
            };
            if prefix {
                self.blank(token.range.clone());
            }
        }
    }

    /// `x[1, 2]`
    fn tuple_subscripts(&mut self, tokens: &[Token]) {
        for (at, open) in tokens.iter().enumerate().filter(|(_, token)| token.is(b'[')) {
            let after_value =
                at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| {
                    match before.kind {
                        Kind::Op(op) => matches!(op, b')' | b']' | b'}'),
                        Kind::Name => !KEYWORDS.contains(&self.word(before)),
                        Kind::Number | Kind::Text => true,
                    }
                });
            // `x is eq [1, 2]` has no subscript.
            let word_at = |back: usize| {
                at.checked_sub(back).and_then(|at| tokens.get(at)).map_or("", |t| self.word(t))
            };
            let is_test = word_at(2) == "is" || word_at(3) == "is" && word_at(2) == "not";
            if !after_value || is_test {
                continue;
            }
            let inside = &tokens[at + 1..];
            let length =
                inside.iter().position(|token| token.is(b']') && token.depth == open.depth);
            let inside = &inside[..length.unwrap_or(0)];
            let own = |op: u8| inside.iter().any(|t| t.is(op) && t.depth == open.depth + 1);
            if let (Some(first), Some(last)) = (inside.first(), inside.last())
                && own(b',')
                && !own(b':')
            {
                self.wrap(first.range.start, last.range.end, "(");
            }
        }
    }

    fn bare_tuple(&mut self, tokens: &[Token]) {
        if let (Some(first), Some(last)) = (tokens.first(), tokens.last())
            && tokens.iter().any(|token| token.is(b',') && token.depth == 0)
        {
            self.wrap(first.range.start, last.range.end, "(");
        }
    }

    /// `{% for x in 1, 2 if y recursive %}`
    fn for_tuple(&mut self, tokens: &[Token]) {
        let at = |word: &str, from: usize| {
            tokens.iter().enumerate().skip(from).find_map(|(at, token)| {
                (token.depth == 0 && token.kind == Kind::Name && self.word(token) == word)
                    .then_some(at)
            })
        };
        let Some(start) = at("in", 0) else { return };
        let end = at("if", start).or_else(|| at("recursive", start)).unwrap_or(tokens.len());
        if let Some(iter) = tokens.get(start + 1..end) {
            self.bare_tuple(iter);
        }
    }

    /// minijinja only takes calls after `do`, Jinja any expression.
    fn do_call(&mut self, tokens: &[Token]) {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return };
        let opening = tokens.iter().position(|token| token.is(b'('));
        let closes_at_end = last.is(b')')
            && tokens.iter().filter(|token| token.is(b')') && token.depth == 0).count() == 1;
        let is_call = closes_at_end
            && opening.is_some_and(|opening| {
                opening > 0
                    && tokens[..opening].iter().enumerate().all(|(at, token)| {
                        if at % 2 == 0 { token.kind == Kind::Name } else { token.is(b'.') }
                    })
            });
        if !is_call {
            self.replace(first.range.start..first.range.start, "__do(");
            self.replace(last.range.end..last.range.end, ")");
        }
    }

    /// `macro f(a: string, b: list[int] = [])`
    fn parameter_types(&mut self, tokens: &[Token]) {
        let mut at = 0;
        let mut before_default = true;
        while let Some(token) = tokens.get(at) {
            if token.depth <= 1 && (token.is(b',') || token.is(b'(')) {
                before_default = true;
            } else if token.is(b'=') && token.depth == 1 {
                before_default = false;
            } else if token.is(b')') && token.depth == 0 {
                break;
            } else if token.is(b':') && token.depth == 1 && before_default {
                let end = tokens[at..]
                    .iter()
                    .position(|next| {
                        next.is(b')') && next.depth == 0
                            || next.depth == 1 && (next.is(b',') || next.is(b'='))
                    })
                    .map_or(tokens.len(), |length| at + length);
                self.blank(token.range.start..tokens[end - 1].range.end);
                at = end;
                continue;
            }
            at += 1;
        }
    }

    fn materialization(
        &mut self,
        keyword: &Token,
        rest: &[Token],
    ) -> Result<(), (String, Range<usize>)> {
        let Some((name, arguments)) = rest.split_first() else { return Ok(()) };
        let name = self.word(name);
        let mut adapter = "default";
        let mut languages = "['sql']";
        for argument in arguments.split(|token| token.is(b',') && token.depth == 0) {
            let Some(first) = argument.first() else { continue };
            let value = argument.get(2..).and_then(|value| {
                let (first, last) = (value.first()?, value.last()?);
                Some(&self.text[first.range.start..last.range.end])
            });
            match (self.word(first), value) {
                ("default", None) => {}
                ("adapter", Some(value)) => adapter = value.trim_matches(['\'', '"']),
                ("supported_languages", Some(value)) => languages = value,
                (word, _) => {
                    let message =
                        format!("materialization '{name}' received unknown argument '{word}'.");
                    return Err((message, first.range.clone()));
                }
            }
        }
        let end = rest.last().map_or(keyword.range.end, |last| last.range.end);
        let with =
            format!("macro materialization_{name}_{adapter}(supported_languages={languages})");
        self.replace(keyword.range.start..end, with);
        Ok(())
    }

    fn apply(mut self) -> Normalised<'a> {
        if self.list.is_empty() {
            return Normalised { text: Cow::Borrowed(self.text), marks: Vec::new() };
        }
        // Stable: edits at one place keep the order they were made in.
        self.list.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut out = String::with_capacity(self.text.len() + 64);
        let mut marks = Vec::with_capacity(self.list.len());
        let mut done = 0;
        for edit in self.list {
            // A line end inside a rewritten tag is gone already.
            if edit.range.start < done {
                continue;
            }
            out.push_str(&self.text[done..edit.range.start]);
            marks.push((out.len(), edit.range.start));
            out.push_str(&edit.with);
            done = edit.range.end;
            marks.push((out.len(), done));
        }
        out.push_str(&self.text[done..]);
        Normalised { text: Cow::Owned(out), marks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        normalise(text).unwrap().text.into_owned()
    }

    #[test]
    fn each_rewrite() {
        for (text, expected) in [
            ("{% if x: %}y{% endif %}", "{% if x  %}y{% endif %}"),
            (
                "{% macro f(a: list[int] = [1], b: string) %}",
                "{% macro f(a            = [1], b        ) %}",
            ),
            ("{% macro f(a={'k': 1}) %}", "{% macro f(a={'k': 1}) %}"),
            ("{{ 1, 2 }}", "{{ (1, 2) }}"),
            ("{% for x in 1, 2 if x %}", "{% for x in (1, 2) if x %}"),
            ("{% for a, b in y %}", "{% for a, b in y %}"),
            ("{% do x.y(1) %}", "{% do x.y(1) %}"),
            ("{% do x.y(1).z %}", "{% do __do(x.y(1).z) %}"),
            ("{% do f(1) or g(2) %}", "{% do __do(f(1) or g(2)) %}"),
            ("{{ x[1, y[2]] }}{{ x[1:2] }}", "{{ x[(1, y[2])] }}{{ x[1:2] }}"),
            ("{% if x in [1, 2] %}{{ [1, 2][0] }}", "{% if x in [1, 2] %}{{ [1, 2][0] }}"),
            ("{{ +1 + +2 }}", "{{  1 +  2 }}"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("{% test t(m) %}{% endtest %}", "{% macro test_t(m) %}{% endmacro %}"),
            (
                "{% materialization v, adapter='x' %}{% endmaterialization %}",
                "{% macro materialization_v_x(supported_languages=['sql']) %}{% endmacro %}",
            ),
            (
                "{# {% if x: %} #}{% raw %}{{ 1, 2 }}{% endraw %}",
                "{# {% if x: %} #}{% raw %}{{ 1, 2 }}{% endraw %}",
            ),
        ] {
            assert_eq!(rewritten(text), expected);
        }
    }

    #[test]
    fn positions_lead_back() {
        let text = "a\r\n{% test t(m) %}é{{ m }}{% endtest %}";
        let normalised = normalise(text).unwrap();
        let here = normalised.text.find("{{ m").unwrap();
        assert_eq!(normalised.original(here), text.find("{{ m").unwrap());
    }
}
