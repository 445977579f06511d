//! One `select`.

use super::Resolver;
use super::cte::Env;
use super::output::{Open, Table};
use super::query::{at_place, check_width};
use super::scope::Scope;
use crate::sql::influence::{Influences, Kind};
use crate::sql::ir::{Expr, Item, Select, Window};
use crate::sql::name::Name;
use crate::sql::{Refusal, Result};

/// What the parts of one `select` are resolved with.
#[derive(Clone, Copy)]
struct Here<'a> {
    scope: &'a Scope<'a>,
    windows: &'a [(Name, Window)],
    env: Env<'a>,
}

impl Resolver<'_> {
    /// What a `select` returns. The sort keys may name its output or its tables.
    pub(super) fn select(&self, select: &Select, order_by: &[Expr], env: Env<'_>) -> Result<Table> {
        let tables = self.from(&select.from, env)?;
        let scope = Scope { tables: &tables, outer: env.outer };
        let here = Here { scope: &scope, windows: &select.windows, env };
        let mut table = Table { rows: tables.rows.clone(), ..Table::default() };
        for item in &select.items {
            self.item(item, &mut table, here)?;
            check_width(&table, None)?;
        }
        for filter in [&select.filter, &select.having].into_iter().flatten() {
            let used = self.value(filter, &scope, here.windows, env)?;
            table.rows.merge_as(&used, Kind::Filter);
        }
        for key in &select.group_by {
            let used = self.grouping_key(key, &table, here)?;
            table.rows.merge_as(&used, Kind::Group);
        }
        for key in &select.distinct_on {
            let used = self.sort_key(key, &table, here)?;
            table.rows.merge_as(&used, Kind::Group);
        }
        for key in order_by {
            let used = self.sort_key(key, &table, here)?;
            table.rows.merge_as(&used, Kind::Order);
        }
        Ok(table)
    }

    fn item(&self, item: &Item, table: &mut Table, here: Here<'_>) -> Result<()> {
        match item {
            Item::Value { expr, name, .. } => {
                let value = self.value(expr, here.scope, here.windows, here.env)?;
                table.columns.push((name.clone(), value));
            }
            Item::Star(_) => {
                let star = here.scope.tables.star();
                self.step(star.columns.len())?;
                table.columns.extend(star.columns);
                table.open.extend(star.open);
            }
            Item::QualifiedStar(column) => {
                let found = here.scope.table(column)?;
                self.step(found.columns.len())?;
                table.columns.extend(found.columns.iter().cloned());
                table.open.extend(found.open.iter().cloned());
            }
            Item::RowStar(expr, place) => {
                let from = self.value(expr, here.scope, here.windows, here.env)?;
                table.open.push(Open::Function {
                    what: "this row".to_owned(),
                    from: from.used_as(Kind::Transformed),
                    place: Some(*place),
                });
            }
        }
        Ok(())
    }

    /// In `group by`, a name is a column of the tables first, then of the output.
    fn grouping_key(&self, key: &Expr, table: &Table, here: Here<'_>) -> Result<Influences> {
        match key {
            Expr::Integer(place) => numbered(table, *place),
            Expr::Column(column) => {
                let inner = Scope { tables: here.scope.tables, outer: None };
                match inner.column(column) {
                    Ok(influences) => Ok(influences),
                    Err(refusal) => match named(table, key) {
                        Some(influences) => Ok(influences),
                        None => here.scope.column(column).map_err(|_| refusal),
                    },
                }
            }
            Expr::Sets(parts) => {
                let mut all = Influences::default();
                for part in parts {
                    all.merge(&self.grouping_key(part, table, here)?);
                }
                Ok(all)
            }
            other => self.value(other, here.scope, here.windows, here.env),
        }
    }

    /// In `order by` and `distinct on`, a name is a column of the output first.
    fn sort_key(&self, key: &Expr, table: &Table, here: Here<'_>) -> Result<Influences> {
        match key {
            Expr::Integer(place) => numbered(table, *place),
            key => match named(table, key) {
                Some(influences) => Ok(influences),
                None => self.value(key, here.scope, here.windows, here.env),
            },
        }
    }
}

/// An output column by number.
fn numbered(table: &Table, place: usize) -> Result<Influences> {
    if !table.open.is_empty() && place > 0 {
        // Which column it is depends on what `*` gives.
        return match table.open.as_slice() {
            [only] => Ok(only_whole(only)),
            _ => Err(Refusal::new("a column's number counts columns that are not known", None)),
        };
    }
    Ok(at_place(&table.columns, place))
}

fn only_whole(open: &Open) -> Influences {
    Table { open: vec![open.clone()], ..Table::default() }.row()
}

/// An output column by name.
fn named(table: &Table, key: &Expr) -> Option<Influences> {
    let Expr::Column(column) = key else { return None };
    let [name] = column.parts.as_slice() else { return None };
    let mut found = table.columns.iter().filter(|(it, _)| it == name);
    found.next().map(|(_, influences)| influences.clone())
}
