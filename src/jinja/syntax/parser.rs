//! The stream of tokens, what the parser remembers, and bodies of text and tags.

use std::ops::Range;

use super::lexer::Lexer;
use super::token::{Kind, Token};
use super::{DEPTH, Failure, Parsed};
use crate::jinja::ir::{Expr, Name, Pos, Stmt};

/// The words of tags that end a body.
pub type Ends = &'static [&'static str];

/// How many names are remembered to share their text.
const NAMES: usize = 32;

/// Reads one template.
#[derive(Debug)]
pub struct Parser<'a> {
    pub(super) text: &'a str,
    lexer: Lexer<'a>,
    /// The token that is next.
    pub(super) current: Token,
    ahead: Option<Token>,
    /// Where the token before it ended.
    last_end: usize,
    names: Vec<Name>,
    /// The tags that are open, for messages.
    pub(super) tags: Vec<&'a str>,
    /// What ends each open body, for messages.
    ends: Vec<Ends>,
    depth: u32,
    /// How high the tree of the last expression is.
    pub(super) height: u32,
    /// Inside `if`: an unknown filter is only an error when it is used.
    pub(super) in_branch: bool,
    /// Inside a loop of the function that is read.
    pub(super) in_loop: bool,
    /// How many loops are open, those outside of a macro included.
    pub(super) loops: u32,
    /// Jinja2 finds some mistakes only after it has read everything.
    pub(super) late: Option<Failure>,
}

impl<'a> Parser<'a> {
    /// A parser of the template at `range` of a file.
    pub fn new(file: &'a str, range: Range<usize>) -> Parsed<Self> {
        let mut lexer = Lexer::new(file, range);
        let current = lexer.next()?;
        Ok(Self {
            text: file,
            lexer,
            current,
            ahead: None,
            last_end: current.start,
            names: Vec::new(),
            tags: Vec::new(),
            ends: Vec::new(),
            depth: 0,
            height: 0,
            in_branch: false,
            in_loop: false,
            loops: 0,
            late: None,
        })
    }

    /// The whole template.
    pub fn template(mut self) -> Parsed<Box<[Stmt]>> {
        let body = self.body(None)?;
        match self.late {
            Some(failure) => Err(failure),
            None => Ok(body),
        }
    }

    /// Moves on; gives the token that was next.
    pub(super) fn advance(&mut self) -> Parsed<Token> {
        let token = self.current;
        self.current = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.lexer.next()?,
        };
        self.last_end = token.end;
        Ok(token)
    }

    /// The token behind the next one.
    pub(super) fn look(&mut self) -> Parsed<Token> {
        if let Some(ahead) = self.ahead {
            return Ok(ahead);
        }
        let ahead = self.lexer.next()?;
        self.ahead = Some(ahead);
        Ok(ahead)
    }

    pub(super) fn word(&self, token: Token) -> &'a str {
        self.text.get(token.range()).unwrap_or_default()
    }

    /// Whether a token is this word.
    pub(super) fn is_word(&self, token: Token, word: &str) -> bool {
        token.kind == Kind::Name && self.word(token) == word
    }

    /// Whether this word is next.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.is_word(self.current, word)
    }

    /// Moves behind this word if it is next.
    pub(super) fn skip_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.at_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Moves behind a token of this kind if one is next.
    pub(super) fn skip(&mut self, kind: Kind) -> Parsed<bool> {
        let found = self.current.kind == kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Moves behind a token of this kind.
    pub(super) fn expect(&mut self, kind: Kind) -> Parsed<Token> {
        if self.current.kind == kind { self.advance() } else { self.missing(kind.description()) }
    }

    /// Moves behind this word.
    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<Token> {
        if self.at_word(word) { self.advance() } else { self.missing(word) }
    }

    fn missing<T>(&self, expected: &str) -> Parsed<T> {
        self.fail(if self.current.kind == Kind::End {
            format!("unexpected end of template, expected '{expected}'.")
        } else {
            format!("expected token '{expected}', got '{}'", self.describe(self.current))
        })
    }

    /// A token as messages show it.
    pub(super) fn describe(&self, token: Token) -> &'a str {
        match token.kind {
            Kind::Name => self.word(token),
            kind => kind.description(),
        }
    }

    /// An error at the next token.
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err((message.into(), self.current.range()))
    }

    /// An error that loses against one of the syntax further on.
    pub(super) fn fail_later(&mut self, message: impl Into<String>, range: Range<usize>) {
        self.late.get_or_insert_with(|| (message.into(), range));
    }

    /// From `start` to the end of what was read last.
    pub(super) fn range_from(&self, start: usize) -> Range<usize> {
        start..self.last_end.max(start)
    }

    pub(super) fn pos_from(&self, start: usize) -> Pos {
        pos(self.range_from(start))
    }

    /// A name; the same names share their text.
    pub(super) fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.iter().find(|name| &***name == text) {
            return name.clone();
        }
        let name = Name::from(text);
        if self.names.len() < NAMES {
            self.names.push(name.clone());
        }
        name
    }

    /// Reads something that is one level deeper.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH {
            return self.fail("the template is nested too deeply");
        }
        self.depth += 1;
        let result = stacker::maybe_grow(128 * 1024, 2 << 20, || read(self));
        self.depth -= 1;
        result
    }

    /// Notes that an expression stands above one of height `than` and the last one read.
    pub(super) fn taller(&mut self, than: u32) -> Parsed<()> {
        self.height = self.height.max(than) + 1;
        if self.height > DEPTH { self.fail("the template is nested too deeply") } else { Ok(()) }
    }

    /// Text and tags up to one of the tags of `ends`, whose word is next then; up to the end of
    /// the template without.
    pub(super) fn body(&mut self, ends: Option<Ends>) -> Parsed<Box<[Stmt]>> {
        self.ends.extend(ends);
        let mut body = Vec::new();
        loop {
            match self.current.kind {
                Kind::End => break,
                Kind::Data => {
                    let token = self.advance()?;
                    body.push(Stmt::Text(pos(token.range()), self.data(token).into()));
                }
                Kind::VariableBegin => {
                    self.advance()?;
                    let start = self.current.start;
                    let expr = self.tuple()?;
                    body.push(Stmt::Emit(self.pos_from(start), expr));
                    self.expect(Kind::VariableEnd)?;
                }
                _ => {
                    self.advance()?;
                    if let Some(ends) = ends
                        && self.current.kind == Kind::Name
                        && ends.contains(&self.word(self.current))
                    {
                        break;
                    }
                    let stmt = self.deeper(Self::statement)?;
                    body.push(stmt);
                    self.expect(Kind::BlockEnd)?;
                }
            }
        }
        if ends.is_some() {
            self.ends.pop();
        }
        Ok(body.into())
    }

    /// The body of a tag, from its closing mark on.
    pub(super) fn statements(&mut self, ends: Ends) -> Parsed<Box<[Stmt]>> {
        self.skip(Kind::Colon)?;
        self.expect(Kind::BlockEnd)?;
        let body = self.body(Some(ends))?;
        if self.current.kind == Kind::End {
            self.ends.push(ends);
            return self.fail_tag(None);
        }
        Ok(body)
    }

    /// A body with variables of its own, where an unknown filter is an error at once, and the
    /// tag that ends it.
    pub(super) fn inner_statements(&mut self, end: Ends) -> Parsed<Box<[Stmt]>> {
        let outer = std::mem::replace(&mut self.in_branch, false);
        let body = self.statements(end)?;
        self.in_branch = outer;
        self.advance()?;
        Ok(body)
    }

    /// Text with Jinja's line ends.
    fn data(&self, token: Token) -> std::borrow::Cow<'a, str> {
        let text = self.word(token);
        if text.contains('\r') { line_ends(text).into() } else { text.into() }
    }

    /// The error for an unknown tag, or for the end of the template.
    pub(super) fn fail_tag<T>(&self, tag: Option<&str>) -> Parsed<T> {
        let mut message = match tag {
            Some(tag) => format!("Encountered unknown tag '{tag}'."),
            None => "Unexpected end of template.".to_owned(),
        };
        if let Some(ends) = self.ends.last() {
            let wanted: Vec<String> = ends.iter().map(|end| format!("'{end}'")).collect();
            let wanted = wanted.join(" or ");
            let misplaced = tag.is_some_and(|tag| self.ends.iter().any(|ends| ends.contains(&tag)));
            message += if misplaced {
                " You probably made a nesting mistake. Jinja is expecting this tag, but currently \
                 looking for "
            } else {
                " Jinja was looking for the following tags: "
            };
            message += &wanted;
            message.push('.');
        }
        if let Some(open) = self.tags.last() {
            for part in [" The innermost block that needs to be closed is '", *open, "'."] {
                message += part;
            }
        }
        self.fail(message)
    }

    /// An expression, or several as a tuple, to the end of a tag.
    pub(super) fn tuple(&mut self) -> Parsed<Expr> {
        self.tuple_until(&[], true, false)
    }
}

/// `\r\n` and `\r` become `\n`.
pub fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

pub fn pos(range: Range<usize>) -> Pos {
    let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Pos { start: at(range.start), end: at(range.end) }
}
