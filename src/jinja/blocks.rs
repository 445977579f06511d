//! dbt's top-level blocks, found by a scanner and not by the Jinja parser.
//!
//! The scanner knows tags, expressions, comments, strings and raw blocks, and no more; what
//! it accepts and the texts of its errors are those of dbt's `extract_toplevel_blocks`.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Result};

use super::literal::string_length;
use super::template::{MacroDef, SourceFile};

/// The kinds of block dbt looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// `{% macro x() %}`
    Macro,
    /// `{% test x() %}`
    Test,
    /// `{% data_test x() %}`
    DataTest,
    /// `{% materialization x, default %}`
    Materialization,
    /// `{% snapshot x %}`
    Snapshot,
    /// `{% docs x %}`
    Docs,
}

impl BlockKind {
    /// The tag's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Macro => "macro",
            Self::Test => "test",
            Self::DataTest => "data_test",
            Self::Materialization => "materialization",
            Self::Snapshot => "snapshot",
            Self::Docs => "docs",
        }
    }
}

/// A top-level block of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its tag.
    pub kind: BlockKind,
    /// The name after the tag.
    pub name: Option<String>,
    /// The whole block, tags included.
    pub range: Range<usize>,
    /// What is between the tags.
    pub contents: Range<usize>,
}

impl Block {
    /// Compiles a macro, test or materialization.
    ///
    /// # Errors
    /// [`Code::JinjaSyntax`]; dbt's error when the block holds more than one macro.
    pub fn macro_def(&self, file: &Arc<SourceFile>) -> Result<Arc<MacroDef>> {
        MacroDef::compile(file, self.range.clone())
    }
}

/// A tag outside of every block, which does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseTag {
    /// Its word, such as `set` or `endmacro`.
    pub word: String,
    /// The tag in the file.
    pub range: Range<usize>,
}

/// What a file has at its top level.
#[derive(Debug, Default)]
pub struct Scan {
    /// Blocks.
    pub blocks: Vec<Block>,
    /// Tags that belong to none.
    pub loose: Vec<LooseTag>,
}

/// Finds the top-level blocks of these kinds.
///
/// # Errors
/// As [`scan_all`].
pub fn scan(file: &SourceFile, kinds: &[BlockKind]) -> Result<Vec<Block>> {
    Ok(scan_all(file, kinds)?.blocks)
}

/// Finds the top-level blocks of these kinds and the tags outside of them.
///
/// # Errors
/// dbt's errors for blocks that are nested, not closed, or inside `if` and `for`.
pub fn scan_all(file: &SourceFile, kinds: &[BlockKind]) -> Result<Scan> {
    // White space around the file's text belongs to no block.
    let text = file.text.trim_end();
    let mut scanner = Scanner { file, text, at: text.len() - text.trim_start().len() };
    let mut found = Scan::default();
    let mut control: Vec<&str> = Vec::new();
    let mut open: Option<Tag<'_>> = None;
    while let Some(tag) = scanner.next_tag()? {
        match tag.word {
            "if" | "for" => control.push(tag.word),
            "endif" | "endfor" => check_control(&scanner, &tag, control.pop())?,
            _ => {}
        }
        if kinds.iter().any(|kind| kind.as_str() == tag.word) {
            if !control.is_empty() {
                return Err(scanner.error(&tag.range, format!(
                    "Got a block definition inside control flow at {}. All dbt block definitions \
                     must be at the top level",
                    scanner.line_and_column(tag.range.start)
                )));
            }
            if let Some(outer) = &open {
                return Err(scanner.error(
                    &tag.range,
                    format!(
                        "Got nested tags: {word} (started at {}) did not have a matching {{{{% \
                     end{word} %}}}} before a subsequent {} was found (started at {})",
                        outer.range.start,
                        tag.word,
                        tag.range.start,
                        word = outer.word,
                    ),
                ));
            }
            open = Some(tag);
        } else if let Some(start) =
            open.take_if(|start| tag.word.strip_prefix("end") == Some(start.word))
            && let Some(kind) = kinds.iter().find(|kind| kind.as_str() == start.word)
        {
            found.blocks.push(Block {
                kind: *kind,
                name: start.name.map(str::to_owned),
                range: start.range.start..tag.range.end,
                contents: start.range.end..tag.range.start,
            });
        } else if open.is_none() {
            found.loose.push(LooseTag { word: tag.word.to_owned(), range: tag.range });
        }
    }
    match open {
        None => Ok(found),
        Some(tag) => {
            let line = file.text[..tag.range.end].matches('\n').count() + 1;
            Err(scanner.error(
                &tag.range,
                format!(
                    "Reached EOF without finding a close tag for {} (searched from line {line})",
                    tag.word
                ),
            ))
        }
    }
}

fn check_control(scanner: &Scanner<'_>, tag: &Tag<'_>, opened: Option<&str>) -> Result<()> {
    let at = scanner.line_and_column(tag.range.start);
    let start = tag.word.strip_prefix("end").unwrap_or(tag.word);
    let message = match opened {
        Some(word) if word == start => return Ok(()),
        Some(word) => format!(
            "Got an unexpected control flow end tag, got {} but expected end{word} next (@ {at})",
            tag.word
        ),
        None => format!(
            "Got an unexpected control flow end tag, got {} but never saw a preceeding {start} (@ \
             {at})",
            tag.word
        ),
    };
    Err(scanner.error(&tag.range, message))
}

/// `{% word name ... %}`.
struct Tag<'a> {
    word: &'a str,
    name: Option<&'a str>,
    /// With the white space that `-` takes away on either side.
    range: Range<usize>,
}

struct Scanner<'a> {
    file: &'a SourceFile,
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn error(&self, range: &Range<usize>, message: String) -> Box<Diagnostic> {
        Diagnostic::new(Code::JinjaSyntax, message).with_span(self.file.span(range.clone()))
    }

    fn unexpected_end(&self, expected: &str) -> Box<Diagnostic> {
        let rest = &self.text[self.at..];
        let message = format!("unexpected EOF, expected {expected}, got \"{rest}\"");
        self.error(&(self.at..self.text.len()), message)
    }

    fn line_and_column(&self, at: usize) -> String {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before[before.rfind('\n').map_or(0, |end| end + 1)..].chars().count();
        format!("{line}:{column}")
    }

    fn next_tag(&mut self) -> Result<Option<Tag<'a>>> {
        let mut from = self.at;
        while let Some(found) = self.text[from..].find('{') {
            let start = from + found;
            match self.text.as_bytes().get(start + 1) {
                Some(b'#') => {
                    self.at = start + 2;
                    match self.text[self.at..].find("#}") {
                        Some(length) => self.at += length + 2,
                        None => return Err(self.unexpected_end("#}")),
                    }
                    from = self.at;
                }
                Some(b'{') => {
                    self.at = start + 2;
                    self.skip_to("}}", "}}")?;
                    from = self.at;
                }
                Some(b'%') => match self.tag(start)? {
                    Some(tag) => return Ok(Some(tag)),
                    None => from = start + 1,
                },
                _ => from = start + 1,
            }
        }
        Ok(None)
    }

    /// Moves behind the next `mark` that is not in a string.
    fn skip_to(&mut self, mark: &str, expected: &str) -> Result<()> {
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(mark);
            if let Some(quote) = rest[..end.unwrap_or(rest.len())].find(['\'', '"']) {
                self.at += quote;
                self.skip_string()?;
            } else {
                let Some(end) = end else { return Err(self.unexpected_end(expected)) };
                self.at += end + mark.len();
                return Ok(());
            }
        }
    }

    /// Moves behind the string at the scanner; a quote that opens none is passed over.
    fn skip_string(&mut self) -> Result<()> {
        let rest = &self.text[self.at..];
        let mut from = 0;
        while let Some(found) = rest[from..].find(['\'', '"']) {
            let start = from + found;
            if let Some(length) = string_length(&rest[start..]) {
                self.at += start + length;
                return Ok(());
            }
            from = start + 1;
        }
        Err(self.unexpected_end("string"))
    }

    fn tag(&mut self, start: usize) -> Result<Option<Tag<'a>>> {
        let rest = &self.text[start + 2..];
        let inside = rest.strip_prefix('-').unwrap_or(rest);
        let strips_before = inside.len() < rest.len();
        let Some((word, after)) = identifier(inside.trim_start()) else { return Ok(None) };
        let begin = if strips_before {
            self.at + self.text[self.at..start].trim_end().len()
        } else {
            start
        };
        if word == "raw"
            && let Some(end) = self.raw_end(after)?
        {
            self.at = end;
            return Ok(Some(Tag { word, name: None, range: begin..end }));
        }
        let spaced = after.trim_start();
        let named = (spaced.len() < after.len()).then(|| identifier(spaced)).flatten();
        let (name, after) = named.map_or((None, after), |(name, after)| (Some(name), after));
        self.at = self.text.len() - after.len();
        self.skip_to("%}", "tag close (\"%}\")")?;
        if self.text[..self.at].ends_with("-%}") {
            self.at = self.text.len() - self.text[self.at..].trim_start().len();
        }
        Ok(Some(Tag { word, name, range: begin..self.at }))
    }

    /// The end of the raw block whose first tag's word ends before `after`.
    fn raw_end(&self, after: &str) -> Result<Option<usize>> {
        let close = after.trim_start();
        let close = close.strip_prefix('-').unwrap_or(close);
        let Some(mut rest) = close.strip_prefix("%}") else { return Ok(None) };
        loop {
            let Some(found) = rest.find("{%") else {
                return Err(self.unexpected_end("{% raw %}...{% endraw %}"));
            };
            rest = &rest[found + 2..];
            let inside = rest.strip_prefix('-').unwrap_or(rest).trim_start();
            if let Some(after) = inside.strip_prefix("endraw") {
                let after = after.trim_start();
                let stripped = after.strip_prefix('-').unwrap_or(after);
                if let Some(end) = stripped.strip_prefix("%}") {
                    let end = if stripped.len() < after.len() { end.trim_start() } else { end };
                    return Ok(Some(self.text.len() - end.len()));
                }
            }
        }
    }
}

fn identifier(text: &str) -> Option<(&str, &str)> {
    let length =
        text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts.then(|| text.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[BlockKind] = &[
        BlockKind::Macro,
        BlockKind::Test,
        BlockKind::Materialization,
        BlockKind::Snapshot,
        BlockKind::Docs,
    ];

    fn scanned(text: &str) -> Result<Vec<(String, String)>> {
        let file = SourceFile::new("m.sql", text);
        let blocks = scan(&file, ALL)?;
        Ok(blocks
            .into_iter()
            .map(|block| {
                let name = block.name.unwrap_or_default();
                (format!("{}:{name}", block.kind.as_str()), text[block.contents].to_owned())
            })
            .collect())
    }

    #[test]
    fn blocks_and_what_hides_them() {
        let text = "x {% macro a() %}{{ '{% endmacro %}' }}{% endmacro %}\
                    {# {% macro b() %} #}{% raw %}{% macro c() %}{% endraw %}\
                    {% docs d -%} text {%- enddocs %}\
                    {% materialization e, adapter='%}' %}{% if x %}{% endif %}{% endmaterialization %}";
        assert_eq!(
            scanned(text).unwrap(),
            [
                ("macro:a".to_owned(), "{{ '{% endmacro %}' }}".to_owned()),
                ("docs:d".to_owned(), "text".to_owned()),
                ("materialization:e".to_owned(), "{% if x %}{% endif %}".to_owned()),
            ]
        );
    }

    #[test]
    fn white_space_around_the_file_belongs_to_no_block() {
        let text = "\n {%- macro a() -%}x{%- endmacro -%}\n\n{%- macro b() -%}y{%- endmacro -%}\n";
        let file = SourceFile::new("m.sql", text);
        let blocks = scan(&file, ALL).unwrap();
        let texts: Vec<_> = blocks.iter().map(|block| &text[block.range.clone()]).collect();
        let (first, second) =
            ("{%- macro a() -%}x{%- endmacro -%}\n\n", "{%- macro b() -%}y{%- endmacro -%}");
        assert_eq!(texts, [first, second]);
    }

    #[test]
    fn errors_are_dbt_s() {
        for (text, message) in [
            (
                "{% macro a() %}",
                "Reached EOF without finding a close tag for macro (searched from line 1)",
            ),
            (
                "\n{% if x %}{% macro a() %}{% endmacro %}{% endif %}",
                "Got a block definition inside control flow at 2:10. All dbt block definitions must \
                 be at the top level",
            ),
            (
                "{% endif %}",
                "Got an unexpected control flow end tag, got endif but never saw a preceeding if (@ 1:0)",
            ),
            (
                "{% if a %}{% endfor %}",
                "Got an unexpected control flow end tag, got endfor but expected endif next (@ 1:10)",
            ),
            (
                "{% macro a() %}{% macro b() %}",
                "Got nested tags: macro (started at 0) did not have a matching {{% endmacro %}} \
                 before a subsequent macro was found (started at 15)",
            ),
            ("{{ a", "unexpected EOF, expected }}, got \" a\""),
        ] {
            assert_eq!(scanned(text).unwrap_err().message, message);
        }
    }
}
