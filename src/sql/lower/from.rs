//! Tables, functions and joins.

use super::{Lowering, begin, name, table_name, unsupported};
use crate::sql::Result;
use crate::sql::ir::{Alias, Constraint, Expr, Factor, Join, JoinKind, Joined, TableCall};
use crate::sql::name::Name;
use sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, JoinConstraint, JoinOperator, JsonTableColumn, ObjectName,
    TableAlias, TableFactor, TableWithJoins, XmlTableColumnOption,
};

impl Lowering<'_> {
    pub(super) fn joined(&self, tables: &TableWithJoins) -> Result<Joined> {
        Ok(Joined {
            first: self.factor(&tables.relation)?,
            joins: tables.joins.iter().map(|join| self.join(join)).collect::<Result<_>>()?,
        })
    }

    fn join(&self, join: &ast::Join) -> Result<Join> {
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::CrossJoin(constraint) => (JoinKind::Inner, constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                (JoinKind::Left, constraint)
            }
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                (JoinKind::Right, constraint)
            }
            JoinOperator::FullOuter(constraint) => (JoinKind::Full, constraint),
            _ => return Err(unsupported("a join that PostgreSQL does not have", &join.relation)),
        };
        let right = self.factor(&join.relation)?;
        Ok(Join { kind, right, constraint: self.constraint(constraint, join)? })
    }

    fn constraint(&self, constraint: &JoinConstraint, join: &ast::Join) -> Result<Constraint> {
        let columns = |columns: &[ObjectName]| {
            let column = |column: &ObjectName| Ok((table_name(column)?.table, begin(column)));
            columns.iter().map(column).collect::<Result<Vec<_>>>()
        };
        Ok(match constraint {
            JoinConstraint::None => Constraint::None,
            JoinConstraint::On(condition) => Constraint::On(self.expr(condition)?),
            JoinConstraint::Using(names) => {
                Constraint::Using { columns: columns(names)?, alias: None }
            }
            JoinConstraint::UsingAlias(names, alias) => {
                Constraint::Using { columns: columns(names)?, alias: Some(name(alias)) }
            }
            JoinConstraint::Natural => Constraint::Natural(begin(&join.relation)),
        })
    }

    fn factor(&self, factor: &TableFactor) -> Result<Factor> {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.factor_here(factor))
    }

    fn factor_here(&self, factor: &TableFactor) -> Result<Factor> {
        match factor {
            TableFactor::Table { name, alias, args: None, with_ordinality: false, .. } => {
                let alias = alias.as_ref().map(alias_of);
                Ok(Factor::Table { name: table_name(name)?, alias, place: begin(name) })
            }
            TableFactor::Table { name, alias, args, with_ordinality, .. } => {
                let args = args.as_ref().map_or(&[][..], |args| &args.args);
                self.functions(name, args, *with_ordinality, alias.as_ref())
            }
            TableFactor::Function { name, args, with_ordinality, alias, .. } => {
                self.functions(name, args, *with_ordinality, alias.as_ref())
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => Ok(Factor::Derived {
                query: Box::new(self.query(subquery)?),
                alias: alias.as_ref().map(alias_of),
                lateral: *lateral,
            }),
            TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                let args = self.exprs(array_exprs)?;
                // Several arrays give a column each.
                let call =
                    |arg| TableCall { name: Name::exact("unnest"), args: vec![arg], columns: None };
                let calls = args.into_iter().map(call).collect();
                let alias = alias.as_ref().map(alias_of);
                Ok(Factor::Functions { calls, ordinality: *with_ordinality, alias })
            }
            TableFactor::NestedJoin { table_with_joins, alias } => Ok(Factor::Nested {
                joined: Box::new(self.joined(table_with_joins)?),
                alias: alias.as_ref().map(alias_of),
            }),
            TableFactor::XmlTable { namespaces, row_expression, passing, columns, alias } => {
                let mut args = vec![self.expr(row_expression)?];
                for namespace in namespaces {
                    args.push(self.expr(&namespace.uri)?);
                }
                for argument in &passing.arguments {
                    args.push(self.expr(&argument.expr)?);
                }
                for column in columns {
                    if let XmlTableColumnOption::NamedInfo { path, default, .. } = &column.option {
                        for expr in [path, default].into_iter().flatten() {
                            args.push(self.expr(expr)?);
                        }
                    }
                }
                let columns = columns.iter().map(|column| name(&column.name)).collect();
                Ok(defined("xmltable", args, columns, alias.as_ref()))
            }
            TableFactor::JsonTable { json_expr, columns, alias, .. } => {
                let args = vec![self.expr(json_expr)?];
                let mut names = Vec::new();
                json_columns(columns, &mut names);
                Ok(defined("json_table", args, names, alias.as_ref()))
            }
            other => Err(unsupported("an entry of `from` that PostgreSQL does not have", other)),
        }
    }

    fn functions(
        &self,
        function: &ObjectName,
        args: &[FunctionArg],
        ordinality: bool,
        alias: Option<&TableAlias>,
    ) -> Result<Factor> {
        let is_rows_from = function.to_string().eq_ignore_ascii_case("rows");
        let calls = if is_rows_from {
            args.iter().map(|arg| self.call_in_rows_from(arg)).collect::<Result<_>>()?
        } else {
            let args = args.iter().map(|arg| self.arg(arg)).collect::<Result<_>>()?;
            vec![TableCall { name: table_name(function)?.table, args, columns: None }]
        };
        Ok(Factor::Functions { calls, ordinality, alias: alias.map(alias_of) })
    }

    fn call_in_rows_from(&self, arg: &FunctionArg) -> Result<TableCall> {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Function(call))) = arg else {
            return Err(unsupported("this form of `rows from`", arg));
        };
        let args = self.args(&call.args)?;
        Ok(TableCall { name: table_name(&call.name)?.table, args, columns: None })
    }
}

/// A function that names and types its columns itself.
fn defined(
    function: &str,
    args: Vec<Expr>,
    columns: Vec<Name>,
    alias: Option<&TableAlias>,
) -> Factor {
    let call = TableCall { name: Name::exact(function), args, columns: Some(columns) };
    Factor::Functions { calls: vec![call], ordinality: false, alias: alias.map(alias_of) }
}

fn json_columns(columns: &[JsonTableColumn], names: &mut Vec<Name>) {
    for column in columns {
        match column {
            JsonTableColumn::Named(column) => names.push(name(&column.name)),
            JsonTableColumn::ForOrdinality(column) => names.push(name(column)),
            JsonTableColumn::Nested(nested) => json_columns(&nested.columns, names),
        }
    }
}

fn alias_of(alias: &TableAlias) -> Alias {
    Alias {
        name: name(&alias.name),
        columns: alias.columns.iter().map(|column| name(&column.name)).collect(),
        defined: alias.columns.iter().any(|column| column.data_type.is_some()),
    }
}
