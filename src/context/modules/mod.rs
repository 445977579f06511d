//! The `modules` variable: the parts of Python's library that dbt lends to templates
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/modules>).

pub mod datetime;
mod itertools;
mod pytz;
mod re;

use super::namespace::NameMap;
use super::shared::Shared;
use crate::event::{Silent, Sink};
use crate::jinja::{Error, Result, State, Value};
use std::sync::{Arc, LazyLock};

/// The four modules, as a mapping.
#[derive(Debug)]
pub struct Modules(pub Arc<Shared>);

static MODULES: LazyLock<[(&'static str, Value); 3]> = LazyLock::new(|| {
    [("pytz", pytz::module()), ("datetime", datetime::module()), ("re", re::module())]
});

/// The module of a name. What is about to go is told to `sink` when it is used.
pub fn module(name: &str, sink: &Arc<dyn Sink>) -> Option<Value> {
    if name == "itertools" {
        return Some(itertools::module(sink));
    }
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, module)| module.clone())
}

/// The modules where nobody listens: nothing is told of their use.
pub fn library() -> Value {
    let silent: Arc<dyn Sink> = Arc::new(Silent);
    let itertools = ("itertools", itertools::module(&silent));
    Value::dict(MODULES.iter().cloned().chain([itertools]))
}

impl NameMap for Modules {
    fn value_of(&self, name: &str) -> Option<Value> {
        module(name, &self.0.sink)
    }

    fn names(&self) -> Vec<String> {
        ["pytz", "datetime", "re", "itertools"].map(str::to_owned).to_vec()
    }
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
