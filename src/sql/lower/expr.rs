//! Expressions.

use super::{Lowering, begin, name, parts, place_of, table_name, unsupported};
use crate::sql::Result;
use crate::sql::functions::is_aggregate;
use crate::sql::ir::{Call, ColumnRef, Expr, Window};
use sqlparser::ast::{
    self, AccessExpr, Expr as Sql, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, InTarget, Subscript, Value, WindowType,
};

impl Lowering<'_> {
    pub(super) fn exprs(&self, exprs: &[Sql]) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    pub(super) fn expr(&self, expr: &Sql) -> Result<Expr> {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.expr_here(expr))
    }

    fn expr_here(&self, expr: &Sql) -> Result<Expr> {
        match expr {
            Sql::Identifier(ident) => {
                Ok(Expr::Column(ColumnRef { parts: vec![name(ident)], place: place_of(ident) }))
            }
            Sql::CompoundIdentifier(idents) => {
                let place = begin(expr);
                let mut parts: Vec<_> = idents.iter().map(name).collect();
                let is_row = idents
                    .last()
                    .is_some_and(|last| last.value == "*" && last.quote_style == Some('"'));
                if is_row {
                    parts.pop();
                    return Ok(Expr::Row(ColumnRef { parts, place }));
                }
                Ok(Expr::Column(ColumnRef { parts, place }))
            }
            Sql::QualifiedWildcard(object, _) => {
                Ok(Expr::Row(ColumnRef { parts: parts(object)?, place: begin(object) }))
            }
            Sql::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Sql::Value(value) => Ok(match &value.value {
                Value::Number(number, _) => number.parse().map_or(Expr::Constant, Expr::Integer),
                _ => Expr::Constant,
            }),
            Sql::TypedString(_) => Ok(Expr::Constant),
            Sql::Nested(inner) => self.expr(inner),
            Sql::Function(function) => self.function(function),
            Sql::Subquery(query) => Ok(Expr::Subquery(Box::new(self.query(query)?))),
            Sql::Exists { subquery, .. } => Ok(Expr::Exists(Box::new(self.query(subquery)?))),
            Sql::In { expr: value, target, .. } => {
                let mut all = vec![self.expr(value)?];
                match target {
                    InTarget::List(list) => all.extend(self.exprs(list)?),
                    InTarget::Subquery(query) => {
                        all.push(Expr::Subquery(Box::new(self.query(query)?)));
                    }
                    _ => return Err(unsupported("this form of `in`", expr)),
                }
                Ok(Expr::Compute(all))
            }
            Sql::BinaryOp { .. } => self.chain(expr),
            Sql::GroupingSets(sets) | Sql::Cube(sets) | Sql::Rollup(sets) => {
                let sets = sets.iter().flatten().map(|expr| self.expr(expr));
                Ok(Expr::Sets(sets.collect::<Result<_>>()?))
            }
            other => {
                let mut operands = Vec::new();
                if !operands_of(other, &mut operands) {
                    return Err(unsupported("this form of expression", other));
                }
                let operands = operands.into_iter().map(|expr| self.expr(expr));
                Ok(Expr::Compute(operands.collect::<Result<_>>()?))
            }
        }
    }

    /// A chain of operators is a list here, for it may be long.
    fn chain(&self, expr: &Sql) -> Result<Expr> {
        let mut all = Vec::new();
        let mut first = expr;
        while let Sql::BinaryOp { left, right, .. } = first {
            all.push(self.expr(right)?);
            first = left;
        }
        all.push(self.expr(first)?);
        Ok(Expr::Compute(all))
    }

    /// Fields and subscripts. A subscript's result is computed.
    fn access(&self, root: &Sql, chain: &[AccessExpr]) -> Result<Expr> {
        let mut value = self.expr(root)?;
        for access in chain {
            value = match access {
                AccessExpr::Dot(Sql::Identifier(field)) => {
                    Expr::Field(Box::new(value), name(field), place_of(field))
                }
                AccessExpr::Dot(other) => return Err(unsupported("this form of field", other)),
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    Expr::Compute(vec![value, self.expr(index)?])
                }
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                    let mut all = vec![value];
                    for bound in [lower_bound, upper_bound, stride].into_iter().flatten() {
                        all.push(self.expr(bound)?);
                    }
                    Expr::Compute(all)
                }
            };
        }
        Ok(value)
    }

    fn function(&self, function: &ast::Function) -> Result<Expr> {
        let called = table_name(&function.name)?.table;
        if let FunctionArguments::Subquery(query) = &function.args {
            // `array(select …)` and its like.
            return Ok(Expr::Compute(vec![Expr::Subquery(Box::new(self.query(query)?))]));
        }
        let mut args = self.args(&function.args)?;
        let mut order_by = Vec::new();
        let mut distinct = false;
        if let FunctionArguments::List(list) = &function.args {
            distinct = matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
            for clause in &list.clauses {
                match clause {
                    FunctionArgumentClause::OrderBy(order) => order_by = self.order_by(order)?,
                    FunctionArgumentClause::JsonNullClause(_)
                    | FunctionArgumentClause::JsonReturningClause(_)
                    | FunctionArgumentClause::IgnoreOrRespectNulls(_) => {}
                    _ => {
                        let what = "a clause in the arguments that PostgreSQL does not have";
                        return Err(unsupported(what, &function.name));
                    }
                }
            }
        }
        args.extend(self.order_by(&function.within_group)?);
        let over = match &function.over {
            Some(WindowType::WindowSpec(spec)) => Some(self.window(spec)?),
            Some(WindowType::NamedWindow(base)) => {
                Some(Window { base: Some((name(base), place_of(base))), by: Vec::new() })
            }
            None => None,
        };
        let filter = function.filter.as_ref().map(|filter| self.expr(filter)).transpose()?;
        let aggregates = is_aggregate(&called)
            || filter.is_some()
            || distinct
            || !order_by.is_empty()
            || !function.within_group.is_empty();
        Ok(Expr::Call(Box::new(Call { aggregates, args, order_by, filter, over })))
    }

    pub(super) fn args(&self, args: &FunctionArguments) -> Result<Vec<Expr>> {
        match args {
            FunctionArguments::None => Ok(Vec::new()),
            FunctionArguments::Subquery(query) => {
                Ok(vec![Expr::Subquery(Box::new(self.query(query)?))])
            }
            FunctionArguments::List(list) => list.args.iter().map(|arg| self.arg(arg)).collect(),
        }
    }

    pub(super) fn arg(&self, arg: &FunctionArg) -> Result<Expr> {
        let (key, value) = match arg {
            FunctionArg::Unnamed(value) | FunctionArg::Named { arg: value, .. } => (None, value),
            FunctionArg::ExprNamed { name, arg: value, .. } => (Some(name), value),
        };
        let value = match value {
            FunctionArgExpr::Expr(expr) => self.expr(expr)?,
            FunctionArgExpr::QualifiedWildcard(object) => {
                Expr::Row(ColumnRef { parts: parts(object)?, place: begin(object) })
            }
            // `count(*)`: rows, not columns.
            FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => Expr::Constant,
        };
        match key {
            // The key of `json_object(key : value)` is an expression, too.
            Some(key) if !matches!(key, Sql::Identifier(_)) => {
                Ok(Expr::Compute(vec![self.expr(key)?, value]))
            }
            Some(key @ Sql::Identifier(_)) if is_json_pair(arg) => {
                Ok(Expr::Compute(vec![self.expr(key)?, value]))
            }
            _ => Ok(value),
        }
    }
}

/// Whether an argument is a pair of a JSON object rather than one passed by name.
fn is_json_pair(arg: &FunctionArg) -> bool {
    use ast::FunctionArgOperator::{Colon, Value};
    matches!(arg, FunctionArg::ExprNamed { operator: Colon | Value, .. })
}

/// Adds the operands of an expression that only computes; false when it does more.
fn operands_of<'a>(expr: &'a Sql, operands: &mut Vec<&'a Sql>) -> bool {
    match expr {
        Sql::IsFalse(operand)
        | Sql::IsNotFalse(operand)
        | Sql::IsTrue(operand)
        | Sql::IsNotTrue(operand)
        | Sql::IsNull(operand)
        | Sql::IsNotNull(operand)
        | Sql::IsUnknown(operand)
        | Sql::IsNotUnknown(operand)
        | Sql::IsJson { expr: operand, .. }
        | Sql::IsNormalized { expr: operand, .. }
        | Sql::UnaryOp { expr: operand, .. }
        | Sql::Cast { expr: operand, .. }
        | Sql::Extract { expr: operand, .. }
        | Sql::Ceil { expr: operand, .. }
        | Sql::Floor { expr: operand, .. }
        | Sql::Collate { expr: operand, .. }
        | Sql::Prefixed { value: operand, .. } => operands.push(operand),
        Sql::Interval(interval) => operands.push(&interval.value),
        Sql::IsDistinctFrom(left, right)
        | Sql::IsNotDistinctFrom(left, right)
        | Sql::AnyOp { left, right, .. }
        | Sql::AllOp { left, right, .. }
        | Sql::AtTimeZone { timestamp: left, time_zone: right }
        | Sql::Position { expr: left, r#in: right } => operands.extend([&**left, &**right]),
        Sql::Between { expr, low, high, .. } => operands.extend([&**expr, &**low, &**high]),
        Sql::Like { expr, pattern, escape_char, .. }
        | Sql::ILike { expr, pattern, escape_char, .. }
        | Sql::SimilarTo { expr, pattern, escape_char, .. } => {
            operands.extend([&**expr, &**pattern]);
            operands.extend(escape_char.as_deref());
        }
        Sql::Substring { expr, substring_from, substring_for, .. } => {
            operands.push(expr);
            operands.extend(substring_from.as_deref());
            operands.extend(substring_for.as_deref());
        }
        Sql::Trim { trim_what, expr, trim_characters, .. } => {
            operands.push(expr);
            operands.extend(trim_what.as_deref());
            operands.extend(trim_characters.iter().flatten());
        }
        Sql::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            operands.extend([&**expr, &**overlay_what, &**overlay_from]);
            operands.extend(overlay_for.as_deref());
        }
        Sql::Case { operand, conditions, else_result, .. } => {
            operands.extend(operand.as_deref());
            for when in conditions {
                operands.extend([&when.condition, &when.result]);
            }
            operands.extend(else_result.as_deref());
        }
        Sql::Tuple(values) => operands.extend(values),
        Sql::Array(array) => operands.extend(&array.elem),
        _ => return false,
    }
    true
}
