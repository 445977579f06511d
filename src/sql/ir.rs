//! A query, reduced to what lineage needs.

use super::Place;
use super::name::Name;
use super::relations::TableName;

/// A query with its `with` list.
#[derive(Debug)]
pub struct Query {
    /// Common table expressions.
    pub ctes: Vec<Cte>,
    /// Whether they may refer to themselves and to later ones.
    pub recursive: bool,
    /// The query proper.
    pub body: Body,
    /// Sort expressions.
    pub order_by: Vec<Expr>,
    /// `limit`, `offset` and `fetch`.
    pub limit: Vec<Expr>,
}

/// A common table expression.
#[derive(Debug)]
pub struct Cte {
    /// Its name.
    pub name: Name,
    /// Names of its first columns.
    pub columns: Vec<Name>,
    /// Its query.
    pub query: Query,
    /// Columns that `search` and `cycle` add.
    pub added: Vec<Name>,
    /// Where its name stands.
    pub place: Place,
}

/// What gives the rows.
#[derive(Debug)]
pub enum Body {
    /// `select`.
    Select(Box<Select>),
    /// `values`: rows of expressions.
    Values(Vec<Vec<Expr>>),
    /// A query in parentheses.
    Query(Box<Query>),
    /// `first union … intersect … except …`, from left to right.
    Set {
        /// The leftmost; it gives the names.
        first: Box<Body>,
        /// The others.
        rest: Vec<(SetOperator, Body)>,
    },
}

/// How rows of two queries are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperator {
    /// Rows of both.
    Union,
    /// Rows that are in both.
    Intersect,
    /// Rows of the left that are not in the right.
    Except,
}

/// One `select`.
#[derive(Debug)]
pub struct Select {
    /// `distinct on` expressions.
    pub distinct_on: Vec<Expr>,
    /// The output.
    pub items: Vec<Item>,
    /// The `from` list.
    pub from: Vec<Joined>,
    /// `where`.
    pub filter: Option<Expr>,
    /// `group by`.
    pub group_by: Vec<Expr>,
    /// `having`.
    pub having: Option<Expr>,
    /// Named windows.
    pub windows: Vec<(Name, Window)>,
}

/// An entry of the output list.
#[derive(Debug)]
pub enum Item {
    /// A value with the name of its column.
    Value {
        /// The expression.
        expr: Expr,
        /// The column's name, given or derived.
        name: Name,
        /// Where it stands.
        place: Place,
    },
    /// `*`.
    Star(Place),
    /// `t.*` or `schema.t.*`.
    QualifiedStar(ColumnRef),
    /// `(expression).*`.
    RowStar(Expr, Place),
}

/// A table with what is joined to it, from left to right.
#[derive(Debug)]
pub struct Joined {
    /// The first table.
    pub first: Factor,
    /// The joined ones.
    pub joins: Vec<Join>,
}

/// A join to what stands left of it.
#[derive(Debug)]
pub struct Join {
    /// Which side may be missing.
    pub kind: JoinKind,
    /// The right side.
    pub right: Factor,
    /// The condition.
    pub constraint: Constraint,
}

/// Which rows of a join survive without a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// None, or it is a cross join.
    Inner,
    /// Those of the left.
    Left,
    /// Those of the right.
    Right,
    /// Those of both.
    Full,
}

/// A join's condition.
#[derive(Debug)]
pub enum Constraint {
    /// None: a cross join.
    None,
    /// `on`.
    On(Expr),
    /// `using`, with a name for the merged columns.
    Using {
        /// The columns.
        columns: Vec<(Name, Place)>,
        /// The name.
        alias: Option<Name>,
    },
    /// `natural`.
    Natural(Place),
}

/// A name for a table and its first columns.
#[derive(Debug, Clone)]
pub struct Alias {
    /// The table's.
    pub name: Name,
    /// The columns'.
    pub columns: Vec<Name>,
    /// Whether the columns were defined with types, and so are all there are.
    pub defined: bool,
}

/// An entry of `from`.
#[derive(Debug)]
pub enum Factor {
    /// A table by name.
    Table {
        /// Its name.
        name: TableName,
        /// Its alias.
        alias: Option<Alias>,
        /// Where it stands.
        place: Place,
    },
    /// A query.
    Derived {
        /// The query.
        query: Box<Query>,
        /// Its alias.
        alias: Option<Alias>,
        /// Whether it sees what stands left of it.
        lateral: bool,
    },
    /// Functions whose results stand side by side.
    Functions {
        /// The calls.
        calls: Vec<TableCall>,
        /// Whether a row number is added.
        ordinality: bool,
        /// The alias.
        alias: Option<Alias>,
    },
    /// Joined tables in parentheses.
    Nested {
        /// The tables.
        joined: Box<Joined>,
        /// A name that hides those inside.
        alias: Option<Alias>,
    },
}

/// A function in `from`.
#[derive(Debug)]
pub struct TableCall {
    /// The function's name without schema.
    pub name: Name,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// Names of the result's columns where the call itself defines them all.
    pub columns: Option<Vec<Name>>,
}

/// A name in an expression, with qualification.
#[derive(Debug)]
pub struct ColumnRef {
    /// From the outermost part to the name itself. Never empty.
    pub parts: Vec<Name>,
    /// Where it stands.
    pub place: Place,
}

/// An expression.
#[derive(Debug)]
pub enum Expr {
    /// No columns are in it.
    Constant,
    /// A whole number, which in `group by` and `order by` is the place of an output column.
    Integer(usize),
    /// A column, or a whole row by its table's name.
    Column(ColumnRef),
    /// The whole row of a table: `t.*` where one value is asked for.
    Row(ColumnRef),
    /// `(expression).field`.
    Field(Box<Expr>, Name, Place),
    /// A function or aggregate.
    Call(Box<Call>),
    /// A query whose values are used: scalar, `in`, `any`, `array(…)`.
    Subquery(Box<Query>),
    /// `exists`: only whether there are rows.
    Exists(Box<Query>),
    /// `grouping sets`, `cube`, `rollup`: grouping keys.
    Sets(Vec<Expr>),
    /// A value computed from others.
    Compute(Vec<Expr>),
}

/// A call of a function.
#[derive(Debug)]
pub struct Call {
    /// Whether it makes one value from many rows.
    pub aggregates: bool,
    /// Arguments; those of `within group`, too.
    pub args: Vec<Expr>,
    /// `order by` of the arguments.
    pub order_by: Vec<Expr>,
    /// `filter (where …)`.
    pub filter: Option<Expr>,
    /// `over`.
    pub over: Option<Window>,
}

/// A window of rows.
#[derive(Debug, Default)]
pub struct Window {
    /// The named window that it extends.
    pub base: Option<(Name, Place)>,
    /// `partition by` and `order by`.
    pub by: Vec<Expr>,
}
