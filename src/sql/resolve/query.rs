//! Queries and set operations.

use super::cte::{Env, Frame};
use super::output::{Found, Table};
use super::scope::{Scope, Tables};
use super::{MOST_COLUMNS, Resolver};
use crate::sql::influence::{Influences, Kind};
use crate::sql::ir::{Body, Expr, Query, Select, SetOperator};
use crate::sql::name::Name;
use crate::sql::{Place, Refusal, Result};

impl Resolver<'_> {
    /// What a query returns.
    pub(super) fn query(&self, query: &Query, env: Env<'_>) -> Result<Table> {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
            let frame = Frame::new(query, env);
            let env = if query.ctes.is_empty() {
                env
            } else {
                Env { ctes: Some(&frame), visible: None, outer: env.outer }
            };
            self.bare(query, env)
        })
    }

    /// A query whose `with` list is already in sight.
    fn bare(&self, query: &Query, env: Env<'_>) -> Result<Table> {
        let mut table = match &query.body {
            Body::Select(select) => self.select(select, &query.order_by, env)?,
            body => {
                let mut table = self.body(body, env)?;
                for expr in &query.order_by {
                    let used = self.sort_key_of_set(expr, &table, env)?;
                    table.rows.merge_as(&used, Kind::Order);
                }
                table
            }
        };
        let nothing = Tables::default();
        for expr in &query.limit {
            let scope = Scope { tables: &nothing, outer: env.outer };
            let used = self.value(expr, &scope, &[], env)?;
            table.rows.merge_as(&used, Kind::Filter);
        }
        Ok(table)
    }

    /// What gives a query's rows.
    pub(super) fn body(&self, body: &Body, env: Env<'_>) -> Result<Table> {
        match body {
            Body::Select(select) => self.select(select, &[], env),
            Body::Query(query) => self.query(query, env),
            Body::Values(rows) => self.values(rows, env),
            Body::Set { first, rest } => {
                let mut table = self.body(first, env)?;
                for (op, right) in rest {
                    let place = first_place(right);
                    let right = self.body(right, env)?;
                    self.combine(&mut table, *op, &right, place)?;
                }
                Ok(table)
            }
        }
    }

    fn values(&self, rows: &[Vec<Expr>], env: Env<'_>) -> Result<Table> {
        let nothing = Tables::default();
        let scope = Scope { tables: &nothing, outer: env.outer };
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut columns: Vec<(Name, Influences)> = (1..=width)
            .map(|number| (Name::exact(&format!("column{number}")), Influences::default()))
            .collect();
        for row in rows {
            for (column, expr) in columns.iter_mut().zip(row) {
                column.1.merge(&self.value(expr, &scope, &[], env)?);
            }
        }
        Ok(Table { columns, ..Table::default() })
    }

    /// Puts the rows of two queries together, column by column.
    pub(super) fn combine(
        &self,
        left: &mut Table,
        op: SetOperator,
        right: &Table,
        place: impl Into<Option<Place>>,
    ) -> Result<()> {
        self.step(right.columns.len())?;
        let same_open = left.open == right.open
            && left.columns.iter().map(|it| &it.0).eq(right.columns.iter().map(|it| &it.0));
        if !(left.open.is_empty() && right.open.is_empty() || same_open) {
            let reason = "`*` in a set operation has columns that are not known; declare the \
                          columns of its tables, or name them";
            return Err(Refusal::new(reason, place));
        }
        if left.columns.len() != right.columns.len() {
            let reason = format!(
                "the sides of a set operation have {} and {} columns",
                left.columns.len(),
                right.columns.len()
            );
            return Err(Refusal::new(reason, place));
        }
        for (column, (_, influences)) in left.columns.iter_mut().zip(&right.columns) {
            match op {
                SetOperator::Union | SetOperator::Intersect => {
                    column.1.merge(influences);
                }
                SetOperator::Except => left.rows.merge_as(influences, Kind::Filter),
            }
        }
        left.rows.merge(&right.rows);
        Ok(())
    }

    /// Behind a set operation, `order by` knows only the output columns.
    fn sort_key_of_set(&self, expr: &Expr, table: &Table, env: Env<'_>) -> Result<Influences> {
        match expr {
            Expr::Column(column) => match column.parts.as_slice() {
                [name] => match table.find(name) {
                    Found::Column(influences) => Ok(influences.clone()),
                    Found::Perhaps(mut all) if all.len() == 1 => Ok(all.pop().unwrap_or_default()),
                    _ => {
                        let reason = format!("`order by` finds no single column {name}");
                        Err(Refusal::new(reason, column.place))
                    }
                },
                _ => Err(Refusal::new("`order by` finds no such column", column.place)),
            },
            Expr::Integer(place) => Ok(at_place(&table.columns, *place)),
            other => {
                let nothing = Tables::default();
                self.value(other, &Scope { tables: &nothing, outer: env.outer }, &[], env)
            }
        }
    }
}

/// The output column of a number in `order by` or `group by`.
pub(super) fn at_place(columns: &[(Name, Influences)], place: usize) -> Influences {
    let column = place.checked_sub(1).and_then(|index| columns.get(index));
    column.map(|(_, influences)| influences.clone()).unwrap_or_default()
}

/// A place to show for a part of a set operation.
fn first_place(body: &Body) -> Option<Place> {
    use crate::sql::ir::Item;
    match body {
        Body::Select(select) => {
            let Select { items, .. } = &**select;
            Some(match items.first()? {
                Item::Value { place, .. } | Item::Star(place) | Item::RowStar(_, place) => *place,
                Item::QualifiedStar(column) => column.place,
            })
        }
        Body::Query(query) => first_place(&query.body),
        Body::Set { first, .. } => first_place(first),
        Body::Values(_) => None,
    }
}

/// Refuses more columns than PostgreSQL allows, which a hostile query could make.
pub(super) fn check_width(table: &Table, place: Option<Place>) -> Result<()> {
    if table.columns.len() > MOST_COLUMNS {
        return Err(Refusal::new(format!("a query returns over {MOST_COLUMNS} columns"), place));
    }
    Ok(())
}
