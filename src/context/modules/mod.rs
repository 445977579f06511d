//! The `modules` variable: the parts of Python's library that dbt lends to templates
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/modules>).

pub mod datetime;
mod itertools;
mod pytz;
mod re;

use crate::jinja::{Error, Result, State, Value};
use std::sync::LazyLock;

/// The four modules, as a mapping.
#[derive(Debug)]
pub struct Modules;

static MODULES: LazyLock<[(&'static str, Value); 4]> = LazyLock::new(|| {
    [
        ("pytz", pytz::module()),
        ("datetime", datetime::module()),
        ("re", re::module()),
        ("itertools", itertools::module()),
    ]
});

/// The module of a name.
pub fn module(name: &str) -> Option<Value> {
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, module)| module.clone())
}

/// The items of iterables, one list each, for `zip` and its like. Endless iterators of
/// `itertools` give as many items as the shortest other one.
///
/// # Errors
/// Python's `TypeError` for what cannot be iterated; an error when all are endless.
pub fn finite_columns(state: &mut State<'_>, iterables: &[Value]) -> Result<Vec<Vec<Value>>> {
    let mut columns: Vec<Option<Vec<Value>>> = Vec::new();
    for iterable in iterables {
        let endless = itertools::Endless::of(iterable).is_some();
        columns.push(if endless { None } else { Some(iterable.iterate(state)?) });
    }
    let shortest = columns.iter().flatten().map(Vec::len).min();
    let fill = |(column, iterable): (Option<Vec<Value>>, &Value)| match (column, shortest) {
        (Some(column), _) => Ok(column),
        (None, Some(length)) => {
            itertools::Endless::of(iterable).map_or_else(|| Ok(Vec::new()), |it| it.take(length))
        }
        (None, None) => Err(Error::value_error("the iterators never end")),
    };
    columns.into_iter().zip(iterables).map(fill).collect()
}
