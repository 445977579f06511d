//! `re.Pattern` and `re.Match`.

use super::syntax::{Piece, replacement, translate};
use super::{ASCII, regex_error};
use crate::jinja::{Args, Error, Object, Result, State, Value};
use fancy_regex::{Captures, Regex};
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Arc<str>,
    flags: i64,
    regex: Arc<Regex>,
    /// The same, bound to the whole text.
    whole: Arc<Regex>,
}

impl Pattern {
    /// The pattern of a value: a text to compile, or a pattern already compiled.
    pub fn of(pattern: &Value, flags: Option<&Value>) -> Result<Self> {
        if let Some(pattern) = pattern.downcast::<Self>() {
            return Ok(pattern.clone());
        }
        let Some(text) = pattern.as_str() else {
            return Err(Error::type_error("first argument must be string or compiled pattern"));
        };
        let flags = flags.and_then(Value::as_int).unwrap_or(0);
        if flags & ASCII != 0 {
            return Err(regex_error(
                "gdbt does not know re.ASCII; write [0-9] and [A-Za-z] instead",
            ));
        }
        let translated = translate(text, flags);
        let compile = |text: &str| {
            Regex::new(text).map(Arc::new).map_err(|error| regex_error(error.to_string()))
        };
        Ok(Self {
            text: text.into(),
            flags,
            regex: compile(&translated)?,
            whole: compile(&format!("(?:{translated})\\z"))?,
        })
    }

    /// Calls a method of the pattern.
    pub fn method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match name {
            "match" | "fullmatch" | "search" => {
                let ([text], [start, end]) = args.bind("match", ["string"], ["pos", "endpos"])?;
                let text = string(&text)?;
                let range = char_range(&text, start.as_ref(), end.as_ref());
                self.one(name, &text, range)
            }
            "findall" | "finditer" => {
                let ([text], []) = args.bind("findall", ["string"], [])?;
                let text = string(&text)?;
                let found = self.all(&text, 0)?;
                Ok(Value::list(found.into_iter().map(|found| {
                    if name == "findall" { found.found_text() } else { Value::object(found) }
                })))
            }
            "split" => {
                let ([text], [most]) = args.bind("split", ["string"], ["maxsplit"])?;
                self.split(&string(&text)?, count(most.as_ref()))
            }
            "sub" | "subn" => {
                let ([with, text], [most]) = args.bind("sub", ["repl", "string"], ["count"])?;
                let (text, number) =
                    self.sub(state, &with, &string(&text)?, count(most.as_ref()))?;
                let text = Value::from(text);
                Ok(if name == "sub" { text } else { Value::tuple([text, Value::from(number)]) })
            }
            _ => Err(Error::undefined(format!("'re.Pattern object' has no attribute '{name}'"))),
        }
    }

    fn one(&self, how: &str, text: &Arc<str>, range: Range<usize>) -> Result<Value> {
        let regex = if how == "fullmatch" { &self.whole } else { &self.regex };
        let until = &text[..range.end];
        let found = regex.captures_from_pos(until, range.start).map_err(|error| failed(&error))?;
        let anchored = how != "search";
        let found = found.map(|captures| self.found(text, &captures));
        Ok(match found {
            Some(found)
                if !anchored
                    || found.spans[0].as_ref().is_some_and(|span| span.start == range.start) =>
            {
                Value::object(found)
            }
            _ => Value::None,
        })
    }

    fn found(&self, text: &Arc<str>, captures: &Captures<'_, str>) -> Match {
        let spans = (0..captures.len())
            .map(|at| captures.get(at).map(|group| group.start()..group.end()))
            .collect();
        Match { pattern: self.clone(), text: text.clone(), spans }
    }

    /// All matches from left to right, at most `most` unless that is 0.
    fn all(&self, text: &Arc<str>, most: usize) -> Result<Vec<Match>> {
        let most = if most == 0 { usize::MAX } else { most };
        let mut all = Vec::new();
        for captures in self.regex.captures_iter(&**text).take(most) {
            all.push(self.found(text, &captures.map_err(|error| failed(&error))?));
        }
        Ok(all)
    }

    fn split(&self, text: &Arc<str>, most: usize) -> Result<Value> {
        let mut parts = Vec::new();
        let mut from = 0;
        for found in self.all(text, most)? {
            let Some(span) = found.spans[0].clone() else { continue };
            parts.push(Value::str(&text[from..span.start]));
            parts.extend(found.groups(&Value::None));
            from = span.end;
        }
        parts.push(Value::str(&text[from..]));
        Ok(Value::list(parts))
    }

    fn sub(
        &self,
        state: &mut State<'_>,
        with: &Value,
        text: &Arc<str>,
        most: usize,
    ) -> Result<(String, usize)> {
        let pieces = with.as_str().map(replacement).transpose()?;
        let mut out = String::new();
        let (mut from, mut number) = (0, 0);
        for found in self.all(text, most)? {
            let Some(span) = found.spans[0].clone() else { continue };
            out.push_str(&text[from..span.start]);
            from = span.end;
            number += 1;
            if let Some(pieces) = &pieces {
                out.push_str(&found.expand(pieces)?);
            } else {
                let args = Args::positional([Value::object(found)]);
                out.push_str(&with.call(state, args)?.to_string());
            }
        }
        out.push_str(&text[from..]);
        Ok((out, number))
    }

    fn group_number(&self, group: &Value) -> Option<usize> {
        match group {
            Value::Str(name) => self.regex.capture_names().position(|known| known == Some(name)),
            other => usize::try_from(other.as_int()?).ok(),
        }
    }
}

impl Object for Pattern {
    fn type_name(&self) -> &'static str {
        "Pattern"
    }

    fn qualified_name(&self) -> String {
        "re.Pattern".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(Some(match name {
            "pattern" => Value::Str(self.text.clone()),
            "flags" => Value::Int(self.flags | 32),
            "groups" => Value::from(self.regex.captures_len() - 1),
            "groupindex" => {
                let names = self.regex.capture_names().enumerate();
                let names = names.filter_map(|(at, name)| Some((name?.to_owned(), at.into())));
                Value::dict(names)
            }
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        const METHODS: [&str; 8] =
            ["match", "fullmatch", "search", "findall", "finditer", "split", "sub", "subn"];
        METHODS.contains(&name)
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        self.method(state, name, args)
    }

    fn repr(&self) -> String {
        format!("re.compile({})", Value::Str(self.text.clone()).repr())
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let other = other.downcast::<Self>();
        Some(other.is_some_and(|other| other.text == self.text && other.flags == self.flags))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a pattern found.
#[derive(Debug, Clone)]
pub struct Match {
    pattern: Pattern,
    text: Arc<str>,
    /// Byte ranges of the whole match and of the groups.
    spans: Vec<Option<Range<usize>>>,
}

impl Match {
    fn group(&self, at: usize) -> Option<&str> {
        self.spans.get(at)?.clone().map(|span| &self.text[span])
    }

    fn value(&self, at: usize, default: &Value) -> Value {
        self.group(at).map_or_else(|| default.clone(), Value::str)
    }

    fn groups(&self, default: &Value) -> Vec<Value> {
        (1..self.spans.len()).map(|at| self.value(at, default)).collect()
    }

    /// The item that `findall` gives: the match, its one group or the tuple of its groups.
    fn found_text(&self) -> Value {
        let empty = Value::str("");
        match self.spans.len() {
            1 => self.value(0, &empty),
            2 => self.value(1, &empty),
            _ => Value::tuple(self.groups(&empty)),
        }
    }

    fn expand(&self, pieces: &[Piece]) -> Result<String> {
        let mut out = String::new();
        for piece in pieces {
            let group = match piece {
                Piece::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Group(at) if *at < self.spans.len() => *at,
                Piece::Group(at) => {
                    return Err(regex_error(format!("invalid group reference {at}")));
                }
                Piece::Named(name) => {
                    self.pattern.group_number(&name.as_str().into()).ok_or_else(|| {
                        Error::new(
                            crate::jinja::ExceptionKind::IndexError,
                            format!("unknown group name '{name}'"),
                        )
                    })?
                }
            };
            out.push_str(self.group(group).unwrap_or_default());
        }
        Ok(out)
    }

    fn number(&self, group: &Value) -> Result<usize> {
        let number = self.pattern.group_number(group).filter(|at| *at < self.spans.len());
        number.ok_or_else(|| Error::new(crate::jinja::ExceptionKind::IndexError, "no such group"))
    }

    /// The place of a group in characters; -1 when it did not take part.
    fn chars(&self, group: usize) -> (i64, i64) {
        let chars = |at: usize| i64::try_from(self.text[..at].chars().count()).unwrap_or(i64::MAX);
        let span = self.spans.get(group).cloned().flatten();
        span.map_or((-1, -1), |span| (chars(span.start), chars(span.end)))
    }
}

impl Object for Match {
    fn type_name(&self) -> &'static str {
        "Match"
    }

    fn qualified_name(&self) -> String {
        "re.Match".to_owned()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let last = (1..self.spans.len()).rev().find(|at| self.spans[*at].is_some());
        Ok(Some(match name {
            "string" => Value::Str(self.text.clone()),
            "re" => Value::object(self.pattern.clone()),
            "lastindex" => Value::from(last),
            "lastgroup" => {
                let name = last.and_then(|at| self.pattern.regex.capture_names().nth(at).flatten());
                Value::from(name)
            }
            "pos" => Value::Int(0),
            "endpos" => Value::from(self.text.chars().count()),
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "group" | "groups" | "groupdict" | "start" | "end" | "span" | "expand")
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match name {
            "group" => {
                let wanted: Vec<Value> = args.positional;
                match wanted.as_slice() {
                    [] => Ok(self.value(0, &Value::None)),
                    [group] => Ok(self.value(self.number(group)?, &Value::None)),
                    groups => {
                        let value = |group| Ok(self.value(self.number(group)?, &Value::None));
                        Ok(Value::tuple(groups.iter().map(value).collect::<Result<Vec<_>>>()?))
                    }
                }
            }
            "groups" => {
                let ([], [default]) = args.bind("groups", [], ["default"])?;
                Ok(Value::tuple(self.groups(&default.unwrap_or(Value::None))))
            }
            "groupdict" => {
                let ([], [default]) = args.bind("groupdict", [], ["default"])?;
                let default = default.unwrap_or(Value::None);
                let names = self.pattern.regex.capture_names().enumerate();
                let found = names
                    .filter_map(|(at, name)| Some((name?.to_owned(), self.value(at, &default))));
                Ok(Value::dict(found))
            }
            "start" | "end" | "span" => {
                let ([], [group]) = args.bind("span", [], ["group"])?;
                let at = group.map_or(Ok(0), |group| self.number(&group))?;
                let (start, end) = self.chars(at);
                Ok(match name {
                    "start" => Value::Int(start),
                    "end" => Value::Int(end),
                    _ => Value::tuple([Value::Int(start), Value::Int(end)]),
                })
            }
            "expand" => {
                let ([template], []) = args.bind("expand", ["template"], [])?;
                Ok(Value::from(self.expand(&replacement(&template.to_string())?)?))
            }
            _ => Err(Error::undefined(format!("'re.Match object' has no attribute '{name}'"))),
        }
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        Ok(Some(self.value(self.number(key)?, &Value::None)))
    }

    fn repr(&self) -> String {
        let (start, end) = self.chars(0);
        let text = self.value(0, &Value::None).repr();
        format!("<re.Match object; span=({start}, {end}), match={text}>")
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn string(value: &Value) -> Result<Arc<str>> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        other => Err(Error::type_error(format!(
            "expected string or bytes-like object, got '{}'",
            other.type_name()
        ))),
    }
}

fn count(value: Option<&Value>) -> usize {
    value.and_then(Value::as_int).and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

/// Positions in characters as a byte range.
fn char_range(text: &str, start: Option<&Value>, end: Option<&Value>) -> Range<usize> {
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    let start = byte(count(start));
    let end = end.map_or(text.len(), |end| byte(count(Some(end))));
    start..end.max(start)
}

fn failed(error: &fancy_regex::Error) -> Error {
    regex_error(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, args: impl IntoIterator<Item = Value>) -> Value {
        let Value::Dict(module) = super::super::module() else { panic!() };
        let mut state = State::new(&());
        module.get_str(name).unwrap().call(&mut state, Args::positional(args)).unwrap()
    }

    fn texts(name: &str, args: &[&str]) -> String {
        call(name, args.iter().map(Value::str)).repr()
    }

    #[test]
    fn functions_give_what_python_gives() {
        assert_eq!(texts("sub", &[r"(\w+)-(?P<b>\w+)", r"\g<b>_\1", "a-b c-d"]), "'b_a d_c'");
        assert_eq!(texts("findall", &[r"(\d)([a-z])?", "1a2"]), "[('1', 'a'), ('2', '')]");
        assert_eq!(texts("split", &[r",\s*", "a, b,c"]), "['a', 'b', 'c']");
        assert_eq!(texts("split", &["(,)", "a,b"]), "['a', ',', 'b']");
        assert_eq!(texts("match", &["b", "ab"]), "None");
        assert_eq!(texts("search", &["b+", "abbc"]), "<re.Match object; span=(1, 3), match='bb'>");
        assert_eq!(
            texts("fullmatch", &["a|ab", "ab"]),
            "<re.Match object; span=(0, 2), match='ab'>"
        );
        assert_eq!(texts("escape", &["a.b c"]), r"'a\\.b\\ c'");
    }

    #[test]
    fn python_syntax_that_differs_is_translated() {
        assert_eq!(texts("sub", &["[[]x", "y", "a[x"]), "'ay'");
        assert_eq!(texts("findall", &["{{ *(x) *}}", "{{ x }}"]), "['x']");
        assert_eq!(texts("search", &["a$", "a\n"]), "<re.Match object; span=(0, 1), match='a'>");
        assert_eq!(texts("match", &[r"a\Z", "a\n"]), "None");
    }

    #[test]
    fn flags_and_groups() {
        let ignore_case = call("match", ["(?P<x>A)".into(), "a".into(), Value::Int(2)]);
        let mut state = State::new(&());
        let groups = ignore_case.call_method(&mut state, "groupdict", Args::none()).unwrap();
        assert_eq!(groups.repr(), "{'x': 'a'}");
    }
}
