//! Common table expressions: looked into when they are first read.

use super::Resolver;
use super::output::Table;
use super::scope::Scope;
use crate::sql::ir::{Body, Cte, Query};
use crate::sql::name::Name;
use crate::sql::{Refusal, Result};
use std::cell::RefCell;
use std::rc::Rc;

/// What a query can refer to besides relations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Env<'a> {
    /// The innermost `with` list.
    pub ctes: Option<&'a Frame<'a>>,
    /// How many of its expressions are in sight; all when `None`.
    pub visible: Option<usize>,
    /// The tables of the queries around, for correlated queries.
    pub outer: Option<&'a Scope<'a>>,
}

/// A `with` list.
#[derive(Debug)]
pub struct Frame<'a> {
    ctes: &'a [Cte],
    recursive: bool,
    states: RefCell<Vec<State>>,
    around: Env<'a>,
}

#[derive(Debug, Clone)]
enum State {
    Unread,
    /// Being read; what is known so far, for references to itself.
    Reading(Option<Rc<Table>>),
    Read(Rc<Table>),
}

impl<'a> Frame<'a> {
    /// The `with` list of a query.
    pub fn new(query: &'a Query, around: Env<'a>) -> Self {
        let states = RefCell::new(vec![State::Unread; query.ctes.len()]);
        Self { ctes: &query.ctes, recursive: query.recursive, states, around }
    }

    fn state(&self, index: usize) -> State {
        self.states.borrow().get(index).cloned().unwrap_or(State::Unread)
    }

    fn set(&self, index: usize, state: State) {
        if let Some(slot) = self.states.borrow_mut().get_mut(index) {
            *slot = state;
        }
    }
}

impl Resolver<'_> {
    /// The expression that a name without schema means, if any.
    pub(super) fn find_cte(&self, name: &Name, env: Env<'_>) -> Result<Option<Rc<Table>>> {
        let mut env = env;
        while let Some(frame) = env.ctes {
            let visible = env.visible.unwrap_or(frame.ctes.len());
            let found = frame.ctes.iter().take(visible).rposition(|cte| cte.name == *name);
            if let Some(index) = found {
                return self.cte(frame, index).map(Some);
            }
            env = frame.around;
        }
        Ok(None)
    }

    fn cte(&self, frame: &Frame<'_>, index: usize) -> Result<Rc<Table>> {
        match frame.state(index) {
            State::Read(table) | State::Reading(Some(table)) => return Ok(table),
            State::Reading(None) => {
                let cte = frame.ctes.get(index);
                let reason = "it refers to itself in a way that PostgreSQL does not allow";
                return Err(Refusal::new(reason, cte.map(|cte| cte.place)));
            }
            State::Unread => {}
        }
        let Some(cte) = frame.ctes.get(index) else { return Ok(Rc::default()) };
        let table = match self.relations.inlined(&cte.name) {
            Some(relation) => Rc::new(Table::of_relation(relation)),
            None => {
                frame.set(index, State::Reading(None));
                Rc::new(self.read(frame, index, cte)?)
            }
        };
        frame.set(index, State::Read(table.clone()));
        Ok(table)
    }

    fn read(&self, frame: &Frame<'_>, index: usize, cte: &Cte) -> Result<Table> {
        let env = Env {
            ctes: Some(frame),
            visible: (!frame.recursive).then_some(index),
            outer: frame.around.outer,
        };
        let body = match (&cte.query.body, frame.recursive) {
            (Body::Set { first, rest }, true) => Some((first, rest)),
            _ => None,
        };
        let Some((first, rest)) = body else {
            let mut table = self.query(&cte.query, env)?;
            named(&mut table, cte)?;
            add_columns(&mut table, cte);
            return Ok(table);
        };
        // It may refer to itself: its last part is read with what is known of it, until
        // nothing new is found. The query's own `with` list is in sight of both parts.
        let inner = Frame::new(&cte.query, env);
        let env = Env { ctes: Some(&inner), visible: None, outer: env.outer };
        let mut known = self.body(first, env)?;
        for (op, body) in &rest[..rest.len().saturating_sub(1)] {
            let right = self.body(body, env)?;
            self.combine(&mut known, *op, &right, cte.place)?;
        }
        named(&mut known, cte)?;
        let Some((op, last)) = rest.last() else { return Ok(known) };
        loop {
            let before = known.clone();
            frame.set(index, State::Reading(Some(Rc::new(known.clone()))));
            inner.states.borrow_mut().fill(State::Unread);
            let right = self.body(last, env)?;
            self.combine(&mut known, *op, &right, cte.place)?;
            if known == before {
                break;
            }
        }
        add_columns(&mut known, cte);
        Ok(known)
    }
}

/// Gives an expression's columns their names.
fn named(table: &mut Table, cte: &Cte) -> Result<()> {
    if !table.rename(&cte.columns) {
        let reason = format!("which columns {} renames is not known", cte.name);
        return Err(Refusal::new(reason, cte.place));
    }
    Ok(())
}

/// Adds the columns of `search` and `cycle`, which are made of the whole row.
fn add_columns(table: &mut Table, cte: &Cte) {
    let row = table.row();
    table.columns.extend(cte.added.iter().map(|name| (name.clone(), row.clone())));
}
