//! Tokens of a query, made fit for sqlparser.
//!
//! sqlparser reads many dialects at once. Words that are keywords elsewhere become plain
//! identifiers, and PostgreSQL's forms that it does not know are rewritten into ones that mean
//! the same for lineage. Tokens keep their places, so messages point into the text as it is.

mod forms;
mod keywords;

use super::name::Name;
use super::{Place, Refusal, Result};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};
use std::collections::{BTreeSet, HashMap};

/// More tokens than this are no model, and trees of them could exhaust memory.
const MOST_TOKENS: usize = 500_000;

/// A query's tokens without blanks and comments.
#[derive(Debug)]
pub struct Prepared {
    /// The tokens.
    pub tokens: Vec<TokenWithSpan>,
    /// Columns that `search` and `cycle` add to a common table expression, by the place of
    /// the parenthesis that ends it.
    pub added: HashMap<Location, Vec<Name>>,
}

/// Reads the tokens of a query.
///
/// # Errors
/// A text or comment that does not end, or too long a text.
pub fn prepare(text: &str) -> Result<Prepared> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text)
        .tokenize_with_location()
        .map_err(|error| Refusal::new(error.message, place(error.location)))?;
    let mut tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|it| !matches!(it.token, Token::Whitespace(_))).collect();
    if tokens.len() > MOST_TOKENS {
        return Err(Refusal::new(format!("the query has over {MOST_TOKENS} words"), None));
    }
    while tokens.last().is_some_and(|it| it.token == Token::SemiColon) {
        tokens.pop();
    }
    for it in &mut tokens {
        keywords::neutralise(&mut it.token);
    }
    Ok(forms::rewrite(tokens))
}

/// Every identifier of a text, keywords among them, each once.
pub fn words(text: &str) -> Vec<Name> {
    let Ok(prepared) = prepare(text) else { return Vec::new() };
    let words = prepared.tokens.iter().filter_map(|it| match &it.token {
        Token::Word(word) => Some(name_of(word)),
        _ => None,
    });
    words.collect::<BTreeSet<Name>>().into_iter().collect()
}

/// Where a token stands.
pub fn place(location: Location) -> Place {
    Place { line: location.line, column: location.column }
}

/// The name that an identifier's token means.
fn name_of(word: &Word) -> Name {
    match word.quote_style {
        Some(_) => Name::exact(&word.value),
        None => Name::folded(&word.value),
    }
}
