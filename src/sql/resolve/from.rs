//! `from`: tables, queries, functions and joins.

use super::Resolver;
use super::cte::Env;
use super::output::{Open, Table};
use super::scope::{Entry, Part, Scope, Tables};
use crate::sql::functions::{Returns, returns};
use crate::sql::influence::{Influences, Kind};
use crate::sql::ir::{Alias, Constraint, Factor, Join, JoinKind, Joined, TableCall};
use crate::sql::name::Name;
use crate::sql::relations::TableName;
use crate::sql::{Place, Refusal, Result};
use std::rc::Rc;

impl Resolver<'_> {
    /// The tables of a `from` list.
    pub(super) fn from(&self, list: &[Joined], env: Env<'_>) -> Result<Tables> {
        let mut all = Tables::default();
        for joined in list {
            let tables = self.joined(joined, &all, env)?;
            all.append(tables);
        }
        Ok(all)
    }

    /// Tables joined from left to right. `before` is what stands left of them in the list.
    fn joined(&self, joined: &Joined, before: &Tables, env: Env<'_>) -> Result<Tables> {
        let mut left = self.factor(&joined.first, before, env)?;
        for join in &joined.joins {
            let right = if sees_left(&join.right) {
                let mut seen = before.clone();
                seen.append(left.clone());
                self.factor(&join.right, &seen, env)?
            } else {
                self.factor(&join.right, before, env)?
            };
            left = self.join(left, right, join, env)?;
        }
        Ok(left)
    }

    fn join(&self, left: Tables, right: Tables, join: &Join, env: Env<'_>) -> Result<Tables> {
        match &join.constraint {
            Constraint::None => Ok(side_by_side(left, right)),
            Constraint::On(condition) => {
                let mut both = side_by_side(left, right);
                let scope = Scope { tables: &both, outer: env.outer };
                let used = self.value(condition, &scope, &[], env)?;
                both.rows.merge_as(&used, Kind::Join);
                Ok(both)
            }
            Constraint::Using { columns, alias } => {
                merged(left, right, join.kind, columns, alias.as_ref())
            }
            Constraint::Natural(place) => {
                let (Some(of_left), Some(of_right)) = (left.names(), right.names()) else {
                    let reason = "a natural join needs tables whose columns are known; \
                                  declare them, or join with `using`";
                    return Err(Refusal::new(reason, *place));
                };
                let common = of_left.into_iter().filter(|name| of_right.contains(name));
                let columns: Vec<_> = common.map(|name| (name, *place)).collect();
                merged(left, right, join.kind, &columns, None)
            }
        }
    }

    fn factor(&self, factor: &Factor, before: &Tables, env: Env<'_>) -> Result<Tables> {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
            self.step(1)?;
            match factor {
                Factor::Table { name, alias, place } => {
                    self.named_table(name, alias.as_ref(), *place, env)
                }
                Factor::Derived { query, alias, lateral } => {
                    let scope = Scope { tables: before, outer: env.outer };
                    let outer = if *lateral { Some(&scope) } else { env.outer };
                    let table = self.query(query, Env { outer, ..env })?;
                    let name = alias.as_ref().map(|alias| alias.name.clone());
                    entry(name, None, table, alias.as_ref(), None)
                }
                Factor::Functions { calls, ordinality, alias } => {
                    self.functions(calls, *ordinality, alias.as_ref(), before, env)
                }
                Factor::Nested { joined, alias } => {
                    let tables = self.joined(joined, before, env)?;
                    let Some(alias) = alias else { return Ok(tables) };
                    let table = Table { rows: tables.rows.clone(), ..tables.star() };
                    entry(Some(alias.name.clone()), None, table, Some(alias), None)
                }
            }
        })
    }

    fn named_table(
        &self,
        name: &TableName,
        alias: Option<&Alias>,
        place: Place,
        env: Env<'_>,
    ) -> Result<Tables> {
        let expression = match name.schema {
            None => self.find_cte(&name.table, env)?,
            Some(_) => None,
        };
        let of_relation = expression.is_none();
        let table = match expression {
            Some(table) => table,
            None => Rc::new(Table::of_relation(self.relations.find(name))),
        };
        let shown = alias.map_or(&name.table, |alias| &alias.name).clone();
        let full = (alias.is_none() && of_relation).then(|| name.clone());
        let renames = alias.is_some_and(|alias| !alias.columns.is_empty());
        if renames {
            return entry(Some(shown), full, Table::clone(&table), alias, Some(place));
        }
        Ok(Tables::of(Entry { name: Some(shown), full, table }))
    }

    fn functions(
        &self,
        calls: &[TableCall],
        ordinality: bool,
        alias: Option<&Alias>,
        before: &Tables,
        env: Env<'_>,
    ) -> Result<Tables> {
        let scope = Scope { tables: before, outer: env.outer };
        let mut table = Table::default();
        let alone = calls.len() == 1;
        for call in calls {
            let mut from = Influences::default();
            for arg in &call.args {
                from.merge_as(&self.value(arg, &scope, &[], env)?, Kind::Transformed);
            }
            add_result(&mut table, call, &from, alias.filter(|_| alone));
        }
        if ordinality {
            table.columns.push((Name::exact("ordinality"), Influences::default()));
        }
        if let Some(alias) = alias {
            for (at, name) in alias.columns.iter().enumerate() {
                match table.columns.get_mut(at) {
                    Some(column) => column.0 = name.clone(),
                    None => {
                        let from = table.fields.clone().unwrap_or_default();
                        table.columns.push((name.clone(), from));
                    }
                }
            }
            if alias.defined || !alias.columns.is_empty() {
                table.open.clear();
            }
        }
        let first = calls.first().map(|call| call.name.clone());
        let name = alias.map(|alias| alias.name.clone()).or(first);
        Ok(Tables::of(Entry { name, full: None, table: Rc::new(table) }))
    }
}

/// Adds the columns that a function returns.
fn add_result(table: &mut Table, call: &TableCall, from: &Influences, alias: Option<&Alias>) {
    let mut column = |name: Name| table.columns.push((name, from.clone()));
    match (&call.columns, returns(&call.name)) {
        (Some(columns), _) => columns.iter().cloned().for_each(column),
        (None, Returns::Columns(names)) => names.iter().for_each(|name| column(Name::exact(name))),
        (None, Returns::Scalar) => column(alias.map_or(&call.name, |alias| &alias.name).clone()),
        (None, Returns::Unknown) if alias.is_some_and(|alias| !alias.columns.is_empty()) => {}
        (None, Returns::Unknown) => {
            let (what, from) = (format!("the function {}", call.name), from.clone());
            table.open.push(Open::Function { what, from, place: None });
        }
    }
    table.fields.get_or_insert_default().merge(from);
}

/// Whether an entry of `from` sees what stands left of it.
fn sees_left(factor: &Factor) -> bool {
    match factor {
        Factor::Derived { lateral, .. } => *lateral,
        Factor::Functions { .. } => true,
        Factor::Table { .. } => false,
        Factor::Nested { joined, .. } => {
            sees_left(&joined.first) || joined.joins.iter().any(|join| sees_left(&join.right))
        }
    }
}

fn side_by_side(mut left: Tables, right: Tables) -> Tables {
    left.append(right);
    left
}

/// A join whose columns of the same name become one.
fn merged(
    mut left: Tables,
    mut right: Tables,
    kind: JoinKind,
    columns: &[(Name, Place)],
    alias: Option<&Name>,
) -> Result<Tables> {
    let mut common = Vec::with_capacity(columns.len());
    let mut used = Influences::default();
    for (name, place) in columns {
        let of_left = left.column(name, *place)?;
        let of_right = right.column(name, *place)?;
        used.merge(&of_left);
        used.merge(&of_right);
        let value = match kind {
            JoinKind::Inner | JoinKind::Left => of_left,
            JoinKind::Right => of_right,
            JoinKind::Full => {
                // coalesce(left, right)
                let mut both = of_left.used_as(Kind::Transformed);
                both.merge_as(&of_right, Kind::Transformed);
                both
            }
        };
        common.push((name.clone(), value));
    }
    let names: Vec<Name> = columns.iter().map(|(name, _)| name.clone()).collect();
    left.hide(&names);
    right.hide(&names);
    let mut both = Tables {
        parts: common
            .iter()
            .map(|(name, value)| Part::Merged(name.clone(), value.clone()))
            .collect(),
        ..Tables::default()
    };
    both.append(left);
    both.append(right);
    both.rows.merge_as(&used, Kind::Join);
    if let Some(alias) = alias {
        let table = Rc::new(Table { columns: common, ..Table::default() });
        both.entries.push(Entry { name: Some(alias.clone()), full: None, table });
    }
    Ok(both)
}

/// One table with the names that an alias gives to its columns.
fn entry(
    name: Option<Name>,
    full: Option<TableName>,
    mut table: Table,
    alias: Option<&Alias>,
    place: Option<Place>,
) -> Result<Tables> {
    if let Some(alias) = alias
        && !table.rename(&alias.columns)
    {
        let reason = format!("which columns the alias {} renames is not known", alias.name);
        return Err(Refusal::new(reason, place));
    }
    Ok(Tables::of(Entry { name, full, table: Rc::new(table) }))
}
