//! PostgreSQL's forms that sqlparser does not know, rewritten.

use super::{Prepared, name_of};
use crate::sql::name::Name;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};
use std::collections::HashMap;

/// What a parenthesis belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Anything without rules of its own.
    Plain,
    /// `over (…)` or `window w as (…)`.
    Window,
    /// `substring(…)`.
    Substring,
    /// `xmlserialize(…)`.
    XmlSerialize,
    /// Another XML function with a grammar of its own.
    Xml,
    /// A SQL/JSON function with clauses behind its arguments.
    Json,
}

/// An open parenthesis.
#[derive(Debug)]
struct Level {
    inside: Inside,
    /// Whether `window` was met on this level: what follows in parentheses are windows.
    window_clause: bool,
}

struct Rewriter {
    input: Vec<TokenWithSpan>,
    at: usize,
    out: Vec<TokenWithSpan>,
    levels: Vec<Level>,
    added: HashMap<Location, Vec<Name>>,
}

/// Rewrites a query's tokens.
pub fn rewrite(input: Vec<TokenWithSpan>) -> Prepared {
    let out = Vec::with_capacity(input.len() + 1);
    let levels = vec![Level { inside: Inside::Plain, window_clause: false }];
    let mut rewriter = Rewriter { input, at: 0, out, levels, added: HashMap::new() };
    while rewriter.at < rewriter.input.len() {
        rewriter.step();
    }
    Prepared { tokens: rewriter.out, added: rewriter.added }
}

impl Rewriter {
    fn step(&mut self) {
        let done = match self.token(0) {
            Some(Token::Mul) => self.star(),
            Some(Token::SingleQuotedString(_)) => self.continued_text(),
            Some(Token::LParen) => self.open(),
            Some(Token::RParen) => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                false
            }
            Some(Token::Word(word)) if word.quote_style.is_none() => {
                let upper = word.value.to_ascii_uppercase();
                self.word(&upper)
            }
            _ => false,
        };
        if !done {
            self.copy();
        }
    }

    /// Rewrites a word that is not quoted; false leaves it as it is.
    fn word(&mut self, word: &str) -> bool {
        match word {
            "WINDOW" => {
                if let Some(level) = self.levels.last_mut() {
                    level.window_clause = true;
                }
                false
            }
            "ROWS" if self.is(1, "FROM") && self.token(2) == Some(&Token::LParen) => {
                // `rows from (…)` reads as a function `rows`.
                self.copy();
                self.skip(1)
            }
            "ROWS" | "RANGE" | "GROUPS" if self.inside() == Inside::Window => self.frame(),
            "DISTINCT" | "ALL" if self.is_grouping_quantifier() => self.skip(1),
            "VARIADIC" if matches!(self.last(0), Some(Token::LParen | Token::Comma)) => {
                self.skip(1)
            }
            "SYMMETRIC" | "ASYMMETRIC" if self.last_is(0, "BETWEEN") => self.skip(1),
            "SEARCH" if self.last(0) == Some(&Token::RParen) => self.search(),
            "CYCLE" if self.last(0) == Some(&Token::RParen) => self.cycle(),
            "FOR" if self.last_is(0, "COLLATION") && self.token(1) == Some(&Token::LParen) => {
                self.skip(1)
            }
            "ISNULL" if self.is_operator() => self.is_null(&[("is", Keyword::IS)]),
            "NOTNULL" if self.is_operator() => {
                self.is_null(&[("is", Keyword::IS), ("not", Keyword::NOT)])
            }
            "SIMILAR" if self.inside() == Inside::Substring && !self.is(1, "TO") => {
                self.replace(Keyword::FROM, "from")
            }
            "ESCAPE" if self.inside() == Inside::Substring => self.replace(Keyword::FOR, "for"),
            _ => match self.inside() {
                Inside::Xml | Inside::XmlSerialize => self.xml(word),
                Inside::Json => self.json(word),
                _ => false,
            },
        }
    }

    /// Whether a word stands behind an operand, rather than being a name.
    fn is_operator(&self) -> bool {
        !matches!(self.last(0), None | Some(Token::Period | Token::Comma | Token::LParen))
            && !self.last_is(0, "AS")
    }

    /// `isnull` and `notnull` are `is null` and `is not null`.
    fn is_null(&mut self, words: &[(&str, Keyword)]) -> bool {
        let span = self.input[self.at].span;
        for (text, keyword) in words.iter().chain(&[("null", Keyword::NULL)]) {
            let word = Word { value: (*text).to_owned(), quote_style: None, keyword: *keyword };
            self.out.push(TokenWithSpan::new(Token::Word(word), span));
        }
        self.skip(1)
    }

    /// `(row).*` and `t.*` where a value is asked for: the star becomes a field's name.
    fn star(&mut self) -> bool {
        if self.last(0) != Some(&Token::Period) {
            return false;
        }
        let of_row = self.last(1) == Some(&Token::RParen);
        let is_operand = match self.token(1) {
            None | Some(Token::Comma | Token::RParen | Token::SemiColon) => false,
            Some(Token::Word(_)) => ["IS", "IN", "NOT"].iter().any(|word| self.is(1, word)),
            Some(_) => true,
        };
        if of_row || is_operand {
            let star =
                Word { value: "*".to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
            return self.put(Token::Word(star));
        }
        false
    }

    /// Texts that follow each other on separate lines are one text.
    fn continued_text(&mut self) -> bool {
        let continues = matches!(
            self.last(0),
            Some(
                Token::SingleQuotedString(_)
                    | Token::EscapedStringLiteral(_)
                    | Token::UnicodeStringLiteral(_)
            )
        );
        continues && self.skip(1)
    }

    fn open(&mut self) -> bool {
        let window_clause = self.levels.last().is_some_and(|level| level.window_clause);
        let inside = match self.last(0) {
            Some(Token::Word(word)) if word.quote_style.is_none() => {
                match word.value.to_ascii_uppercase().as_str() {
                    "OVER" => Inside::Window,
                    "AS" if window_clause => Inside::Window,
                    "SUBSTRING" => Inside::Substring,
                    "XMLSERIALIZE" => Inside::XmlSerialize,
                    "XMLELEMENT" | "XMLFOREST" | "XMLATTRIBUTES" | "XMLPI" | "XMLEXISTS" => {
                        Inside::Xml
                    }
                    "JSON_VALUE" | "JSON_QUERY" | "JSON_EXISTS" | "JSON_SERIALIZE" => Inside::Json,
                    _ => Inside::Plain,
                }
            }
            _ => Inside::Plain,
        };
        let defines_columns = self.last_is(0, "AS")
            && self.last(1) == Some(&Token::RParen)
            && inside == Inside::Plain
            && ["SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE"]
                .iter()
                .all(|word| !self.is(1, word))
            && self.token(1) != Some(&Token::LParen);
        if defines_columns {
            // `f() as (a int)`: the alias that sqlparser wants.
            let span = self.input[self.at].span;
            let value = "?record?".to_owned();
            let word = Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword };
            self.out.push(TokenWithSpan::new(Token::Word(word), span));
        }
        self.levels.push(Level { inside, window_clause: false });
        false
    }

    /// A window's frame is left out: it can have no columns in it. One with a query in it stays.
    fn frame(&mut self) -> bool {
        let begins = match self.last(0) {
            Some(
                Token::LParen
                | Token::RParen
                | Token::RBracket
                | Token::Number(..)
                | Token::SingleQuotedString(_),
            ) => true,
            Some(Token::Word(_)) => {
                let open = ["BY", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "IS"];
                !open.iter().any(|word| self.last_is(0, word))
            }
            _ => false,
        };
        let length = self.until_close();
        let has_query = (0..length).any(|ahead| self.is(ahead, "SELECT"));
        begins && !has_query && self.skip(length)
    }

    fn is_grouping_quantifier(&self) -> bool {
        self.last_is(0, "BY")
            && self.last_is(1, "GROUP")
            && (self.is(0, "DISTINCT")
                || ["ROLLUP", "CUBE", "GROUPING"].iter().any(|word| self.is(1, word)))
    }

    /// `search depth first by a, b set c`.
    fn search(&mut self) -> bool {
        if !(self.is(1, "DEPTH") || self.is(1, "BREADTH")) {
            return false;
        }
        let Some(set) = self.find("SET") else { return false };
        self.add_columns(&[set + 1]) && self.skip(set + 2)
    }

    /// `cycle a, b set c [to v default w] using d`.
    fn cycle(&mut self) -> bool {
        let Some(set) = self.find("SET") else { return false };
        let names = (1..set).all(|ahead| {
            matches!(
                (ahead % 2, self.token(ahead)),
                (1, Some(Token::Word(_))) | (0, Some(Token::Comma))
            )
        });
        let Some(using) = self.find("USING").filter(|using| names && *using > set) else {
            return false;
        };
        self.add_columns(&[set + 1, using + 1]) && self.skip(using + 2)
    }

    /// Notes columns that are added to the expression that ended just before.
    fn add_columns(&mut self, ahead: &[usize]) -> bool {
        let names: Option<Vec<Name>> = ahead
            .iter()
            .map(|ahead| match self.token(*ahead) {
                Some(Token::Word(word)) => Some(name_of(word)),
                _ => None,
            })
            .collect();
        let (Some(names), Some(close)) = (names, self.out.last()) else { return false };
        self.added.entry(close.span.start).or_default().extend(names);
        true
    }

    /// The distance to a word on this level, within a clause's length.
    fn find(&self, word: &str) -> Option<usize> {
        const LONGEST: usize = 100;
        (1..LONGEST)
            .take_while(|ahead| self.token(*ahead) != Some(&Token::RParen))
            .find(|ahead| self.is(*ahead, word))
    }

    fn xml(&mut self, word: &str) -> bool {
        let first = self.last(0) == Some(&Token::LParen);
        match word {
            "NAME" if first => {
                let Some(Token::Word(name)) = self.token(1) else { return false };
                let text = Token::SingleQuotedString(name.value.clone());
                self.skip(1);
                self.put(text)
            }
            "DOCUMENT" | "CONTENT" if first && self.inside() == Inside::XmlSerialize => {
                self.skip(1)
            }
            "AS" if self.inside() == Inside::XmlSerialize => self.skip(self.until_close()),
            "AS" => self.skip(2),
            "PASSING" => self.put(Token::Comma),
            "BY" if self.is(1, "REF") || self.is(1, "VALUE") => self.skip(2),
            _ => false,
        }
    }

    /// Clauses behind the arguments, such as `returning int error on empty`, name no columns.
    fn json(&mut self, word: &str) -> bool {
        let clause = match word {
            "RETURNING" | "WITH" | "WITHOUT" | "KEEP" | "OMIT" | "ERROR" | "EMPTY" | "UNKNOWN" => {
                true
            }
            "NULL" | "TRUE" | "FALSE" => self.is(1, "ON"),
            _ => false,
        };
        let behind = !matches!(self.last(0), Some(Token::LParen | Token::Comma | Token::Period));
        clause && behind && self.skip(self.until_close())
    }

    /// The distance to the end of the current parenthesis.
    fn until_close(&self) -> usize {
        let mut depth = 0_usize;
        let mut ahead = 0;
        while let Some(token) = self.token(ahead) {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => return ahead,
                Token::RParen => depth -= 1,
                _ => {}
            }
            ahead += 1;
        }
        ahead
    }

    fn inside(&self) -> Inside {
        self.levels.last().map_or(Inside::Plain, |level| level.inside)
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.input.get(self.at + ahead).map(|it| &it.token)
    }

    /// The token that was written last, or before that.
    fn last(&self, back: usize) -> Option<&Token> {
        self.out.len().checked_sub(back + 1).and_then(|at| self.out.get(at)).map(|it| &it.token)
    }

    fn is(&self, ahead: usize, word: &str) -> bool {
        is_word(self.token(ahead), word)
    }

    fn last_is(&self, back: usize, word: &str) -> bool {
        is_word(self.last(back), word)
    }

    fn copy(&mut self) {
        self.out.push(self.input[self.at].clone());
        self.at += 1;
    }

    fn skip(&mut self, count: usize) -> bool {
        self.at += count;
        true
    }

    fn replace(&mut self, keyword: Keyword, text: &str) -> bool {
        self.put(Token::Word(Word { value: text.to_owned(), quote_style: None, keyword }))
    }

    /// Writes a token in place of the next one.
    fn put(&mut self, token: Token) -> bool {
        if let Some(at) = self.input.get(self.at) {
            self.out.push(TokenWithSpan::new(token, at.span));
        }
        self.skip(1)
    }
}

fn is_word(token: Option<&Token>, word: &str) -> bool {
    matches!(token, Some(Token::Word(it))
        if it.quote_style.is_none() && it.value.eq_ignore_ascii_case(word))
}
