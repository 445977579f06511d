//! Names of output columns that have none of their own.

use super::name;
use crate::sql::name::Name;
use sqlparser::ast::{AccessExpr, DataType, Expr as Sql, FunctionArguments, SelectItem, SetExpr};

/// PostgreSQL's name when there is nothing to name a column after.
const UNNAMED: &str = "?column?";

/// The name that PostgreSQL gives to an output column without an alias: that of the column
/// or function, else what a cast or `case` says
/// (<https://www.postgresql.org/docs/current/queries-select-lists.html#QUERIES-COLUMN-LABELS>).
pub fn of(expr: &Sql) -> Name {
    found(expr).map_or_else(|| Name::exact(UNNAMED), |(name, _)| name)
}

/// How much a name is worth: a type's name only counts when there is no better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Weak,
    Strong,
}

fn found(expr: &Sql) -> Option<(Name, Worth)> {
    let strong = |text: &str| Some((Name::exact(text), Worth::Strong));
    match expr {
        Sql::Identifier(ident) => Some((name(ident), Worth::Strong)),
        Sql::CompoundIdentifier(idents) => Some((name(idents.last()?), Worth::Strong)),
        Sql::CompoundFieldAccess { root, access_chain } => {
            let field = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Sql::Identifier(field)) => Some(name(field)),
                _ => None,
            });
            field.map(|field| (field, Worth::Strong)).or_else(|| found(root))
        }
        Sql::Nested(inner) | Sql::Collate { expr: inner, .. } => found(inner),
        Sql::Function(function) => match &function.args {
            FunctionArguments::Subquery(_) => strong("array"),
            _ => {
                let called = name(function.name.0.last()?.as_ident()?);
                let called = match called.as_str() {
                    "collation" => Name::exact("pg_collation_for"),
                    _ => called,
                };
                Some((called, Worth::Strong))
            }
        },
        Sql::Cast { expr, data_type, .. } => found(expr)
            .filter(|(_, worth)| *worth == Worth::Strong)
            .or_else(|| Some((type_name(data_type), Worth::Weak))),
        Sql::TypedString(typed) => Some((type_name(&typed.data_type), Worth::Weak)),
        Sql::Interval(_) => Some((Name::exact("interval"), Worth::Weak)),
        Sql::Case { else_result, .. } => else_result
            .as_deref()
            .and_then(found)
            .filter(|(_, worth)| *worth == Worth::Strong)
            .or_else(|| Some((Name::exact("case"), Worth::Weak))),
        Sql::Subquery(query) => first_column(&query.body),
        Sql::Exists { .. } => strong("exists"),
        Sql::Array(_) => strong("array"),
        Sql::Extract { .. } => strong("extract"),
        Sql::Ceil { .. } => strong("ceil"),
        Sql::Floor { .. } => strong("floor"),
        Sql::Position { .. } => strong("position"),
        Sql::Substring { shorthand, .. } => strong(if *shorthand { "substr" } else { "substring" }),
        Sql::Overlay { .. } => strong("overlay"),
        Sql::AtTimeZone { .. } => strong("timezone"),
        Sql::IsNormalized { .. } => strong("is_normalized"),
        Sql::Trim { trim_where, .. } => strong(match trim_where {
            Some(sqlparser::ast::TrimWhereField::Leading) => "ltrim",
            Some(sqlparser::ast::TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }),
        _ => None,
    }
}

/// A scalar query is named after its column.
fn first_column(body: &SetExpr) -> Option<(Name, Worth)> {
    let mut body = body;
    loop {
        match body {
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(query) => body = &query.body,
            SetExpr::Select(select) => {
                return match select.projection.first()? {
                    SelectItem::ExprWithAlias { alias, .. } => Some((name(alias), Worth::Strong)),
                    SelectItem::UnnamedExpr(expr) => {
                        found(expr).map(|(name, _)| (name, Worth::Strong))
                    }
                    _ => None,
                };
            }
            SetExpr::Values(_) => return Some((Name::exact("column1"), Worth::Strong)),
            _ => return None,
        }
    }
}

/// A type's name as PostgreSQL stores it.
fn type_name(data_type: &DataType) -> Name {
    let text = data_type.to_string().to_lowercase();
    let words = text.split(['(', '[']).next().unwrap_or_default().trim();
    let is_zoned = text.contains("with time zone");
    let stored = match words {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "decimal" | "dec" => "numeric",
        "real" | "float4" => "float4",
        "double precision" | "float" | "double" => "float8",
        "boolean" => "bool",
        "character varying" | "char varying" => "varchar",
        "char" | "character" => "bpchar",
        "bit varying" => "varbit",
        _ if words.starts_with("timestamp") && is_zoned => "timestamptz",
        _ if words.starts_with("timestamp ") => "timestamp",
        _ if words.starts_with("time") && is_zoned && words != "timestamptz" => "timetz",
        _ if words.starts_with("time ") => "time",
        other => other.rsplit('.').next().unwrap_or(other).trim_matches('"'),
    };
    Name::exact(stored)
}
