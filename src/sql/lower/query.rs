//! Queries and their clauses.

use super::{Lowering, begin, name, names, parts, place_of, unsupported};
use crate::sql::Result;
use crate::sql::ir::{Body, ColumnRef, Cte, Expr, Item, Query, Select, SetOperator, Window};
use crate::sql::prepare::place;
use crate::sql::relations::TableName;
use crate::sql::{Place, ir};
use sqlparser::ast::{
    self, Distinct, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr,
};

impl Lowering<'_> {
    /// A query with all its clauses.
    pub(super) fn query(&self, query: &ast::Query) -> Result<Query> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        let ctes = ctes.map(|cte| self.cte(cte)).collect::<Result<_>>()?;
        let order_by = match query.order_by.as_ref().map(|order| &order.kind) {
            Some(OrderByKind::Expressions(expressions)) => self.order_by(expressions)?,
            Some(OrderByKind::All(_)) => return Err(unsupported("order by all", query)),
            None => Vec::new(),
        };
        Ok(Query {
            ctes,
            recursive: query.with.as_ref().is_some_and(|with| with.recursive),
            body: self.body(&query.body)?,
            order_by,
            limit: self.limit(query)?,
        })
    }

    fn limit(&self, query: &ast::Query) -> Result<Vec<Expr>> {
        let fetch = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref());
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            None => (None, None),
        };
        let all = [limit, offset, fetch].into_iter().flatten();
        all.map(|expr| self.expr(expr)).collect()
    }

    fn cte(&self, cte: &ast::Cte) -> Result<Cte> {
        let close = cte.closing_paren_token.0.span.start;
        Ok(Cte {
            name: name(&cte.alias.name),
            columns: cte.alias.columns.iter().map(|column| name(&column.name)).collect(),
            query: self.query(&cte.query)?,
            added: self.added.get(&close).cloned().unwrap_or_default(),
            place: place_of(&cte.alias.name),
        })
    }

    /// A chain of set operations is a list here, for it may be long.
    fn body(&self, body: &SetExpr) -> Result<Body> {
        let mut rest = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation { left, op, right, .. } = first {
            let op = match op {
                ast::SetOperator::Union => SetOperator::Union,
                ast::SetOperator::Intersect => SetOperator::Intersect,
                ast::SetOperator::Except => SetOperator::Except,
                ast::SetOperator::Minus => return Err(unsupported("minus", body)),
            };
            rest.push((op, right.as_ref()));
            first = left;
        }
        let first = stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.single(first))?;
        if rest.is_empty() {
            return Ok(first);
        }
        rest.reverse();
        let rest = rest.into_iter().map(|(op, body)| Ok((op, self.body(body)?)));
        Ok(Body::Set { first: Box::new(first), rest: rest.collect::<Result<_>>()? })
    }

    fn single(&self, body: &SetExpr) -> Result<Body> {
        match body {
            SetExpr::Select(select) => Ok(Body::Select(Box::new(self.select(select)?))),
            SetExpr::Query(query) => Ok(Body::Query(Box::new(self.query(query)?))),
            SetExpr::Values(values) => {
                let rows = values.rows.iter().map(|row| self.exprs(&row.content));
                Ok(Body::Values(rows.collect::<Result<_>>()?))
            }
            SetExpr::Table(table) => {
                let Some(table_name) = &table.table_name else {
                    return Err(unsupported("table without a name", body));
                };
                let schema = table.schema_name.as_ref().map(name);
                let name = TableName { database: None, schema, table: name(table_name) };
                Ok(Body::Select(Box::new(whole_table(name, begin(body)))))
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(unsupported("a statement that changes data, inside a query,", body))
            }
            SetExpr::SetOperation { .. } => self.body(body),
        }
    }

    fn select(&self, select: &ast::Select) -> Result<Select> {
        if select.into.is_some() {
            return Err(unsupported("select into", select));
        }
        let foreign = select.top.is_some()
            || select.qualify.is_some()
            || select.prewhere.is_some()
            || select.exclude.is_some()
            || !select.lateral_views.is_empty()
            || !select.connect_by.is_empty();
        if foreign {
            return Err(unsupported("a clause that PostgreSQL does not have", select));
        }
        let distinct_on = match &select.distinct {
            Some(Distinct::On(expressions)) => self.exprs(expressions)?,
            Some(Distinct::Distinct | Distinct::All) | None => Vec::new(),
        };
        let group_by = match &select.group_by {
            GroupByExpr::Expressions(expressions, _) => self.exprs(expressions)?,
            GroupByExpr::All(_) => return Err(unsupported("group by all", select)),
        };
        let windows =
            select.named_window.iter().map(|ast::NamedWindowDefinition(ident, window)| {
                let window = match window {
                    ast::NamedWindowExpr::WindowSpec(spec) => self.window(spec)?,
                    ast::NamedWindowExpr::NamedWindow(base) => {
                        Window { base: Some((name(base), place_of(base))), by: Vec::new() }
                    }
                };
                Ok((name(ident), window))
            });
        Ok(Select {
            distinct_on,
            items: select.projection.iter().map(|item| self.item(item)).collect::<Result<_>>()?,
            from: select.from.iter().map(|tables| self.joined(tables)).collect::<Result<_>>()?,
            filter: select.selection.as_ref().map(|expr| self.expr(expr)).transpose()?,
            group_by,
            having: select.having.as_ref().map(|expr| self.expr(expr)).transpose()?,
            windows: windows.collect::<Result<_>>()?,
        })
    }

    fn item(&self, item: &SelectItem) -> Result<Item> {
        match item {
            SelectItem::UnnamedExpr(expr) => match self.expr(expr)? {
                Expr::Field(row, field, place) if field.as_str() == "*" => Ok(match *row {
                    Expr::Column(table) => Item::QualifiedStar(table),
                    row => Item::RowStar(row, place),
                }),
                value => Ok(Item::Value { expr: value, name: names::of(expr), place: begin(expr) }),
            },
            SelectItem::ExprWithAlias { expr, alias } => {
                Ok(Item::Value { expr: self.expr(expr)?, name: name(alias), place: begin(expr) })
            }
            SelectItem::ExprWithAliases { .. } => Err(unsupported("a list of aliases", item)),
            SelectItem::Wildcard(options) => {
                Ok(Item::Star(place(options.wildcard_token.0.span.start)))
            }
            SelectItem::QualifiedWildcard(kind, _) => match kind {
                SelectItemQualifiedWildcardKind::ObjectName(object) => {
                    Ok(Item::QualifiedStar(ColumnRef {
                        parts: parts(object)?,
                        place: begin(object),
                    }))
                }
                SelectItemQualifiedWildcardKind::Expr(expr) => {
                    Ok(Item::RowStar(self.expr(expr)?, begin(expr)))
                }
            },
        }
    }

    pub(super) fn order_by(&self, expressions: &[OrderByExpr]) -> Result<Vec<Expr>> {
        expressions.iter().map(|order| self.expr(&order.expr)).collect()
    }

    pub(super) fn window(&self, spec: &ast::WindowSpec) -> Result<Window> {
        let mut by = self.exprs(&spec.partition_by)?;
        by.extend(self.order_by(&spec.order_by)?);
        let base = spec.window_name.as_ref().map(|base| (name(base), place_of(base)));
        Ok(Window { base, by })
    }
}

/// `table t` is `select * from t`.
fn whole_table(name: TableName, place: Place) -> Select {
    let first = ir::Factor::Table { name, alias: None, place };
    Select {
        distinct_on: Vec::new(),
        items: vec![Item::Star(place)],
        from: vec![ir::Joined { first, joins: Vec::new() }],
        filter: None,
        group_by: Vec::new(),
        having: None,
        windows: Vec::new(),
    }
}
