//! From text to a query's tree.

use super::ir::Query;
use super::prepare::{Prepared, place, prepare};
use super::{Place, Refusal, Result, lower};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// How deep expressions and queries may nest.
const DEEPEST: usize = 300;
/// Stack for that depth, in bytes. It is reserved, and only what is used costs memory.
const STACK: usize = 48 * 1024 * 1024;
/// More stack for each token: sqlparser's trees of long chains (`a + b + …`) are as deep as
/// they are long.
const STACK_PER_TOKEN: usize = 768;

/// Parses a query and gives it to `use_it`, on a stack that is large enough for both.
pub fn with_query<T>(text: &str, use_it: impl FnOnce(&Query) -> T) -> Result<T> {
    let prepared = prepare(text)?;
    let stack = STACK + prepared.tokens.len() * STACK_PER_TOKEN;
    stacker::maybe_grow(stack, stack, || {
        let query = parse(prepared)?;
        Ok(use_it(&query))
    })
}

fn parse(prepared: Prepared) -> Result<Query> {
    let Prepared { tokens, added } = prepared;
    let dialect = PostgreSqlDialect {};
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let query = parser.parse_query().map_err(|error| refusal(&error))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let reason = format!("the syntax is not understood at `{}`", rest.token);
        return Err(Refusal::new(reason, place(rest.span.start)));
    }
    lower::lower(&query, &added)
}

/// sqlparser writes the place into the message's end.
fn refusal(error: &ParserError) -> Refusal {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Refusal::new(format!("it nests deeper than {DEEPEST} levels"), None);
        }
    };
    let (what, place) = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => (what, read_place(place)),
        None => (message.as_str(), None),
    };
    Refusal::new(format!("the syntax is not understood: {}", lower_first(what)), place)
}

fn read_place(text: &str) -> Option<Place> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Place { line: line.parse().ok()?, column: column.parse().ok()? })
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
