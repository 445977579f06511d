//! sqlparser's tree becomes the small one of `ir`.

mod expr;
mod from;
mod names;
mod query;

use super::ir::Query;
use super::name::Name;
use super::prepare::place;
use super::relations::TableName;
use super::{Place, Refusal, Result};
use sqlparser::ast::{self, Ident, ObjectName, ObjectNamePart, Spanned};
use sqlparser::tokenizer::Location;
use std::collections::HashMap;

/// Turns a query into the small tree. `added` has the columns of `search` and `cycle`.
///
/// # Errors
/// The query changes data, or has a form that PostgreSQL has not or that is not supported.
pub fn lower(query: &ast::Query, added: &HashMap<Location, Vec<Name>>) -> Result<Query> {
    Lowering { added }.query(query)
}

struct Lowering<'a> {
    added: &'a HashMap<Location, Vec<Name>>,
}

/// The name that an identifier means.
fn name(ident: &Ident) -> Name {
    match ident.quote_style {
        Some(_) => Name::exact(&ident.value),
        None => Name::folded(&ident.value),
    }
}

/// Where an identifier stands.
fn place_of(ident: &Ident) -> Place {
    place(ident.span.start)
}

/// Where something begins.
fn begin(of: &impl Spanned) -> Place {
    place(of.span().start)
}

/// The parts of a dotted name.
fn parts(object: &ObjectName) -> Result<Vec<Name>> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) => Ok(name(ident)),
        ObjectNamePart::Function(_) => Err(unsupported("a computed name", object)),
    };
    object.0.iter().map(part).collect()
}

fn table_name(object: &ObjectName) -> Result<TableName> {
    let mut parts = parts(object)?;
    let table = parts.pop();
    let schema = parts.pop();
    let database = parts.pop();
    match table {
        Some(table) if parts.is_empty() => Ok(TableName { database, schema, table }),
        _ => Err(unsupported("a name of more than three parts", object)),
    }
}

fn unsupported(what: &str, at: &impl Spanned) -> Refusal {
    Refusal::new(format!("{what} is not supported"), begin(at))
}
