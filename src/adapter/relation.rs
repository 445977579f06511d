//! dbt's `Relation`: the name of something in the database, and how it is written.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{QuotePolicy, RelationName};
use crate::postgres::quote;

/// The longest name PostgreSQL keeps
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>).
pub const MAX_NAME_LENGTH: usize = 63;

/// What kind of relation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RelationType {
    Table,
    View,
    Cte,
    MaterializedView,
    Ephemeral,
    /// Something dbt does not manage.
    External,
    PointerTable,
    Function,
}

impl RelationType {
    const ALL: [Self; 8] = [
        Self::Table,
        Self::View,
        Self::Cte,
        Self::MaterializedView,
        Self::Ephemeral,
        Self::External,
        Self::PointerTable,
        Self::Function,
    ];

    /// dbt's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Cte => "cte",
            Self::MaterializedView => "materialized_view",
            Self::Ephemeral => "ephemeral",
            Self::External => "external",
            Self::PointerTable => "pointer_table",
            Self::Function => "function",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Which parts of the name are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct IncludePolicy {
    pub database: bool,
    pub schema: bool,
    pub identifier: bool,
}

impl Default for IncludePolicy {
    fn default() -> Self {
        Self { database: true, schema: true, identifier: true }
    }
}

/// Which rows of a relation a microbatch or a sample reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventTimeFilter {
    /// The column, written as in SQL.
    pub field_name: String,
    /// The first moment.
    pub start: Option<String>,
    /// The moment after the last.
    pub end: Option<String>,
}

/// A relation. Methods that change something give a new one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Relation {
    /// Database.
    pub database: Option<Arc<str>>,
    /// Schema.
    pub schema: Option<Arc<str>>,
    /// Its own name.
    pub identifier: Option<Arc<str>>,
    /// What it is, where that is known.
    pub kind: Option<RelationType>,
    /// Which parts are quoted.
    pub quote: QuotePolicy,
    /// Which parts are written.
    pub include: IncludePolicy,
    /// How many rows to read at most; 0 with `--empty`.
    pub limit: Option<u64>,
    /// Which rows to read.
    pub event_time_filter: Option<EventTimeFilter>,
    /// Set for the relations of information_schema.
    pub information_schema: Option<InformationSchema>,
}

/// The part after `INFORMATION_SCHEMA.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct InformationSchema {
    /// A view such as `columns`.
    pub view: Option<Arc<str>>,
}

/// The parts of a name, in the order they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Database,
    Schema,
    Identifier,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Database, Self::Schema, Self::Identifier];

    /// dbt's name of the part.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Identifier => "identifier",
        }
    }
}

impl Relation {
    /// The relation of a node or source.
    pub fn new(name: &RelationName, quote: QuotePolicy) -> Self {
        Self {
            database: Some(name.database.clone()),
            schema: Some(name.schema.clone()),
            identifier: Some(name.identifier.clone()),
            quote,
            ..Self::default()
        }
    }

    /// The name of the common table expression an ephemeral model becomes.
    pub fn ephemeral(identifier: &str) -> Self {
        Self {
            identifier: Some(ephemeral_name(identifier).into()),
            kind: Some(RelationType::Cte),
            quote: QuotePolicy { identifier: false, ..QuotePolicy::default() },
            ..Self::default()
        }
    }

    /// The same name, of this kind.
    #[must_use]
    pub fn with_kind(self, kind: RelationType) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The same name, of which at most so many rows are read.
    #[must_use]
    pub fn with_limit(self, limit: Option<u64>) -> Self {
        Self { limit, ..self }
    }

    /// A part of the name.
    pub fn part(&self, part: Part) -> Option<&Arc<str>> {
        match part {
            Part::Database => self.database.as_ref(),
            Part::Schema => self.schema.as_ref(),
            Part::Identifier => self.identifier.as_ref(),
        }
    }

    pub(super) fn set_part(&mut self, part: Part, value: Option<Arc<str>>) {
        match part {
            Part::Database => self.database = value,
            Part::Schema => self.schema = value,
            Part::Identifier => self.identifier = value,
        }
    }

    fn written(&self, part: Part) -> (bool, bool) {
        match part {
            Part::Database => (self.include.database, self.quote.database),
            Part::Schema => (self.include.schema, self.quote.schema),
            Part::Identifier => (self.include.identifier, self.quote.identifier),
        }
    }

    /// The name as it stands in SQL.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for part in Part::ALL {
            if let (Some(text), (true, quoted)) = (self.part(part), self.written(part)) {
                separate(&mut out);
                out.push_str(&if quoted { quote::identifier(text) } else { text.to_string() });
            }
        }
        if let Some(InformationSchema { view: Some(view) }) = &self.information_schema {
            separate(&mut out);
            out.push_str(view);
        }
        out
    }

    /// What `{{ relation }}` writes: the name, or a subquery that reads a part of its rows.
    pub fn to_sql(&self) -> String {
        let mut sql = self.render();
        if self.kind == Some(RelationType::Function) {
            return sql;
        }
        let table = self.identifier.as_deref().unwrap_or_default();
        match self.limit {
            None => {}
            Some(0) => {
                sql = format!("(select * from {sql} where false limit 0) _dbt_limit_subq_{table}");
            }
            Some(limit) => {
                sql = format!("(select * from {sql} limit {limit}) _dbt_limit_subq_{table}");
            }
        }
        if let Some(condition) = self.event_time_filter.as_ref().and_then(EventTimeFilter::to_sql) {
            sql = format!("(select * from {sql} where {condition}) _dbt_et_filter_subq_{table}");
        }
        sql
    }

    /// Only the schema, to create or to search it.
    #[must_use]
    pub fn without_identifier(&self) -> Self {
        let mut schema = self.clone();
        schema.identifier = None;
        schema.include.identifier = false;
        schema
    }

    /// A view of the database's information_schema.
    #[must_use]
    pub fn information_schema(&self, view: Option<&str>) -> Self {
        Self {
            database: self.database.clone(),
            schema: None,
            identifier: Some("INFORMATION_SCHEMA".into()),
            kind: Some(RelationType::View),
            quote: QuotePolicy { identifier: false, ..self.quote },
            include: IncludePolicy {
                database: self.database.is_some(),
                schema: false,
                identifier: true,
            },
            limit: None,
            event_time_filter: None,
            information_schema: Some(InformationSchema { view: view.map(Into::into) }),
        }
    }

    /// Whether a search by these parts means this relation.
    ///
    /// # Errors
    /// Nothing to search by; or the names only differ in case, which on PostgreSQL are two
    /// relations and nearly always a mistake.
    pub fn matches(&self, search: &[(Part, &str)]) -> Result<bool> {
        if search.is_empty() {
            let message = "Tried to match relation, but no search path was passed!";
            return Err(Diagnostic::new(Code::JinjaRuntime, message));
        }
        let found = |part: Part| self.part(part).map(AsRef::as_ref).unwrap_or_default();
        let exact = search.iter().all(|(part, text)| found(*part) == *text);
        let folded = |text: &str| text.trim_matches('"').to_lowercase();
        let close = search.iter().all(|(part, text)| folded(found(*part)) == folded(text));
        if close && !exact {
            let mut target = Self::default();
            for (part, text) in search {
                target.set_part(*part, Some((*text).into()));
            }
            return Err(Diagnostic::new(
                Code::RelationMismatch,
                format!(
                    "When searching for a relation, dbt found an approximate match. Instead of \
                     guessing \nwhich relation to use, dbt will move on. Please delete {}, or \
                     rename it to be less ambiguous.\nSearched for: {}\nFound: {}",
                    self.render(),
                    target.render(),
                    self.render()
                ),
            ));
        }
        Ok(exact)
    }

    /// Itself, unless PostgreSQL would cut its name: the next run would not find what this
    /// one made, and two names may be cut to the same. dbt counts characters, PostgreSQL
    /// bytes.
    ///
    /// # Errors
    /// The name of a relation to be built is too long.
    pub fn checked(self) -> Result<Self> {
        let (Some(name), Some(kind)) = (&self.identifier, self.kind) else { return Ok(self) };
        let unit = if name.chars().count() > MAX_NAME_LENGTH {
            "characters"
        } else if name.len() > MAX_NAME_LENGTH
            && !matches!(kind, RelationType::Cte | RelationType::Ephemeral)
        {
            "bytes"
        } else {
            return Ok(self);
        };
        let message = format!("Relation name '{name}' is longer than {MAX_NAME_LENGTH} {unit}");
        Err(Diagnostic::new(Code::RelationMismatch, message)
            .with_help("PostgreSQL keeps no more of a name. Give it a shorter `alias`."))
    }
}

impl EventTimeFilter {
    fn to_sql(&self) -> Option<String> {
        let field = &self.field_name;
        match (&self.start, &self.end) {
            (Some(start), Some(end)) => Some(format!("{field} >= '{start}' and {field} < '{end}'")),
            (Some(start), None) => Some(format!("{field} >= '{start}'")),
            (None, Some(end)) => Some(format!("{field} < '{end}'")),
            (None, None) => None,
        }
    }
}

/// dbt's name of an ephemeral model's common table expression.
pub fn ephemeral_name(identifier: &str) -> String {
    format!("__dbt__cte__{identifier}")
}

fn separate(out: &mut String) {
    if !out.is_empty() {
        out.push('.');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Relation {
        Relation::new(
            &RelationName {
                database: "db".into(),
                schema: "dwh".into(),
                identifier: "orders".into(),
            },
            QuotePolicy::default(),
        )
    }

    #[test]
    fn names_are_written_by_their_policies() {
        assert_eq!(orders().render(), r#""db"."dwh"."orders""#);
        assert_eq!(orders().without_identifier().render(), r#""db"."dwh""#);
        assert_eq!(Relation::ephemeral("orders").render(), "__dbt__cte__orders");
        assert_eq!(
            orders().information_schema(Some("columns")).render(),
            r#""db".INFORMATION_SCHEMA.columns"#
        );
    }

    #[test]
    fn limits_and_filters_make_subqueries() {
        assert_eq!(
            orders().with_limit(Some(0)).to_sql(),
            r#"(select * from "db"."dwh"."orders" where false limit 0) _dbt_limit_subq_orders"#
        );
        let filter = EventTimeFilter {
            field_name: "at".into(),
            start: Some("2024-01-01".into()),
            end: None,
        };
        let filtered = Relation { event_time_filter: Some(filter), ..orders() };
        assert_eq!(
            filtered.to_sql(),
            r#"(select * from "db"."dwh"."orders" where at >= '2024-01-01') _dbt_et_filter_subq_orders"#
        );
        assert_eq!(filtered.render(), r#""db"."dwh"."orders""#);
    }

    #[test]
    fn a_name_that_differs_in_case_is_not_guessed() {
        assert!(orders().matches(&[(Part::Schema, "dwh"), (Part::Identifier, "orders")]).unwrap());
        assert!(!orders().matches(&[(Part::Identifier, "other")]).unwrap());
        assert!(orders().matches(&[(Part::Identifier, "Orders")]).is_err());
        assert!(orders().matches(&[]).is_err());
    }

    #[test]
    fn only_relations_to_be_built_have_a_longest_name() {
        let long: Arc<str> = "x".repeat(64).into();
        let relation = Relation { identifier: Some(long), ..Relation::default() };
        assert!(relation.clone().checked().is_ok());
        assert!(relation.with_kind(RelationType::Table).checked().is_err());
    }
}
