//! Expressions: which columns their values are made of.

use super::Resolver;
use super::cte::Env;
use super::scope::{Scope, field};
use crate::sql::influence::{Influences, Kind};
use crate::sql::ir::{Call, Expr, Query, Window};
use crate::sql::name::Name;
use crate::sql::{Place, Refusal, Result};

impl Resolver<'_> {
    /// What an expression's value is made of.
    pub(super) fn value(
        &self,
        expr: &Expr,
        scope: &Scope<'_>,
        windows: &[(Name, Window)],
        env: Env<'_>,
    ) -> Result<Influences> {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.value_here(expr, scope, windows, env))
    }

    fn value_here(
        &self,
        expr: &Expr,
        scope: &Scope<'_>,
        windows: &[(Name, Window)],
        env: Env<'_>,
    ) -> Result<Influences> {
        self.step(1)?;
        match expr {
            Expr::Constant | Expr::Integer(_) => Ok(Influences::default()),
            Expr::Column(column) => scope.column(column),
            Expr::Row(column) => Ok(scope.table(column)?.row()),
            Expr::Field(row, name, place) => {
                // `(t).x` is a column when `t` is a table.
                if let Expr::Column(column) = &**row
                    && let Ok(table) = scope.table(column)
                    && scope.column_only(column).is_none()
                {
                    return field(table, name, name.as_str(), *place);
                }
                Ok(self.value(row, scope, windows, env)?.used_as(Kind::Transformed))
            }
            Expr::Call(call) => self.call(call, scope, windows, env),
            Expr::Subquery(query) => {
                let table = self.inner(query, scope, env)?;
                let mut all = table.rows.clone();
                let values = if table.open.is_empty() { &table.columns[..] } else { &[] };
                for (_, influences) in values {
                    all.merge(influences);
                }
                if !table.open.is_empty() {
                    all.merge(&table.row());
                }
                Ok(all)
            }
            Expr::Exists(query) => Ok(self.inner(query, scope, env)?.rows.used_as(Kind::Filter)),
            Expr::Compute(operands) | Expr::Sets(operands) => {
                let mut all = Influences::default();
                for operand in operands {
                    let value = self.value(operand, scope, windows, env)?;
                    all.merge_as(&value, Kind::Transformed);
                }
                Ok(all)
            }
        }
    }

    /// A query inside an expression sees the tables around it.
    fn inner(
        &self,
        query: &Query,
        scope: &Scope<'_>,
        env: Env<'_>,
    ) -> Result<super::output::Table> {
        self.query(query, Env { outer: Some(scope), ..env })
    }

    fn call(
        &self,
        call: &Call,
        scope: &Scope<'_>,
        windows: &[(Name, Window)],
        env: Env<'_>,
    ) -> Result<Influences> {
        let way = if call.aggregates { Kind::Aggregated } else { Kind::Transformed };
        let mut all = Influences::default();
        for arg in &call.args {
            all.merge_as(&self.value(arg, scope, windows, env)?, way);
        }
        for key in &call.order_by {
            all.merge_as(&self.value(key, scope, windows, env)?, Kind::Order);
        }
        if let Some(filter) = &call.filter {
            all.merge_as(&self.value(filter, scope, windows, env)?, Kind::Filter);
        }
        let mut window = call.over.as_ref();
        let mut left = windows.len() + 1;
        while let Some(Window { base, by }) = window {
            for key in by {
                all.merge_as(&self.value(key, scope, windows, env)?, Kind::Window);
            }
            window = match base {
                Some((name, place)) if left > 0 => Some(named_window(name, *place, windows)?),
                _ => None,
            };
            left -= usize::from(left > 0);
        }
        Ok(all)
    }
}

fn named_window<'a>(
    name: &Name,
    place: Place,
    windows: &'a [(Name, Window)],
) -> Result<&'a Window> {
    let found = windows.iter().find(|(it, _)| it == name);
    found
        .map(|(_, window)| window)
        .ok_or_else(|| Refusal::new(format!("there is no window {name}"), place))
}
