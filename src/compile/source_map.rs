//! From a place in compiled SQL back to the user's file.
//!
//! PostgreSQL tells where in a statement an error is. The statement holds a node's compiled
//! SQL, which was rendered from a template, so the place can be shown in the model's file:
//! exactly for text of the template, and as the whole `{{ … }}` for what an expression gave.

use crate::diagnostic::Span;
use crate::jinja::{Mark, SourceFile};
use std::ops::Range;
use std::sync::Arc;

/// Which part of a text came from where.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    /// In order of `start`; each reaches to the next one.
    pieces: Vec<Piece>,
    /// The text's length in bytes.
    length: usize,
}

#[derive(Debug, Clone)]
struct Piece {
    start: usize,
    origin: Option<Origin>,
}

/// A part of a template.
#[derive(Debug, Clone)]
struct Origin {
    file: Arc<SourceFile>,
    range: Range<usize>,
    /// Whether the text is that of the file, byte for byte.
    literal: bool,
}

impl SourceMap {
    /// The map of a rendered template.
    pub fn of_render(file: &Arc<SourceFile>, marks: &[Mark], length: usize) -> Self {
        let pieces = marks.iter().map(|mark| {
            let file = file.clone();
            let origin = Origin { file, range: mark.template.clone(), literal: mark.literal };
            Piece { start: mark.output, origin: Some(origin) }
        });
        Self { pieces: pieces.collect(), length }
    }

    /// Adds text that no template wrote.
    pub fn push_text(&mut self, text: &str) {
        self.pieces.push(Piece { start: self.length, origin: None });
        self.length += text.len();
    }

    /// Adds all of another text.
    pub fn push(&mut self, other: &Self) {
        self.push_part(other, 0..other.length);
    }

    /// Adds a part of another text.
    pub fn push_part(&mut self, other: &Self, part: Range<usize>) {
        for (at, piece) in other.pieces.iter().enumerate() {
            let end = other.pieces.get(at + 1).map_or(other.length, |next| next.start);
            let (from, to) = (piece.start.max(part.start), end.min(part.end));
            if from >= to {
                continue;
            }
            let mut origin = piece.origin.clone();
            if let Some(origin) = origin.as_mut().filter(|origin| origin.literal) {
                origin.range.start += from - piece.start;
            }
            self.pieces.push(Piece { start: self.length + (from - part.start), origin });
        }
        self.length += part.len();
    }

    /// Where in a template the byte at an offset came from.
    pub fn locate(&self, offset: usize) -> Option<Span> {
        let after = self.pieces.partition_point(|piece| piece.start <= offset);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        let origin = piece.origin.as_ref()?;
        let range = if origin.literal {
            let start = origin.range.start + (offset - piece.start);
            start..word_end(&origin.file.text, start)
        } else {
            origin.range.clone()
        };
        Some(origin.file.span(range))
    }

    /// Where in a template an error of a statement is: the statement holds `code`, the text
    /// of this map, and the error is at a character, counted from 0.
    pub fn locate_in_statement(
        &self,
        code: &str,
        statement: &str,
        position: usize,
    ) -> Option<Span> {
        // Macros put the code in as it is, but may trim it.
        let trimmed = code.trim();
        let lead = code.len() - code.trim_start().len();
        let begin = if trimmed.is_empty() { None } else { statement.find(trimmed) }?;
        let at = statement.char_indices().nth(position).map(|(byte, _)| byte);
        // An error at the end of input is one past the last character.
        let at = at.unwrap_or(statement.len());
        let offset = at.checked_sub(begin)?;
        let last = trimmed.len().saturating_sub(1);
        (offset <= trimmed.len()).then(|| self.locate(lead + offset.min(last))).flatten()
    }
}

/// The end of the word that begins at `start`, so that it is underlined as a whole.
fn word_end(text: &str, start: usize) -> usize {
    let Some(rest) = text.get(start..) else { return start };
    let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    start + word.max(rest.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "select\n  {{ column() }}\nfrom orders";

    /// The map of `MODEL` rendered to `select\n  a, b\nfrom orders`.
    fn rendered() -> (String, SourceMap) {
        let file = SourceFile::new("models/m.sql", MODEL);
        let expression = 9..23;
        let marks = [
            Mark { output: 0, template: 0..9, literal: true },
            Mark { output: 9, template: expression.clone(), literal: false },
            Mark { output: 13, template: expression.end..MODEL.len(), literal: true },
        ];
        let code = "select\n  a, b\nfrom orders".to_owned();
        let map = SourceMap::of_render(&file, &marks, code.len());
        (code, map)
    }

    #[test]
    fn text_maps_to_its_own_place() {
        let (code, map) = rendered();
        let span = map.locate(code.find("orders").unwrap()).unwrap();
        assert_eq!((span.line, span.column, span.length), (3, 6, 6));
    }

    #[test]
    fn what_an_expression_gave_maps_to_the_expression() {
        let (code, map) = rendered();
        let span = map.locate(code.find("b\n").unwrap()).unwrap();
        assert_eq!((span.line, span.column, span.length), (2, 3, 14));
    }

    #[test]
    fn a_position_in_a_statement_is_found_in_the_code() {
        let (code, map) = rendered();
        let statement = format!("/* é */ create view v as (\n{code}\n);");
        let position = statement[..statement.find("orders").unwrap()].chars().count();
        let span = map.locate_in_statement(&code, &statement, position).unwrap();
        assert_eq!((span.line, span.column), (3, 6));
        assert!(map.locate_in_statement(&code, &statement, 2).is_none());
    }

    #[test]
    fn inserted_text_moves_what_comes_after() {
        let (code, map) = rendered();
        let mut whole = SourceMap::default();
        whole.push_text("with x as (");
        whole.push(&map);
        whole.push_text(") ");
        whole.push_part(&map, 14..code.len());
        let text = format!("with x as ({code}) {}", &code[14..]);
        for at in text.match_indices("orders").map(|(at, _)| at) {
            assert_eq!(whole.locate(at).unwrap().line, 3);
        }
        assert!(whole.locate(3).is_none());
    }
}
