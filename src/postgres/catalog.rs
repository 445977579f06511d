//! What exists in the database: schemas, relations and columns, read with bound parameters.

use super::connection::Connection;
use super::error::Error;
use super::quote::literal;

/// What kind of relation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A partitioned table.
    Partitioned,
    /// A table of another server.
    Foreign,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
}

impl RelationKind {
    fn from_relkind(relkind: &str) -> Option<Self> {
        Some(match relkind {
            "r" => Self::Table,
            "p" => Self::Partitioned,
            "f" => Self::Foreign,
            "v" => Self::View,
            "m" => Self::MaterializedView,
            _ => return None,
        })
    }

    /// dbt's relation type: tables of all kinds are `table`.
    pub fn as_dbt(self) -> &'static str {
        match self {
            Self::Table | Self::Partitioned | Self::Foreign => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized_view",
        }
    }

    /// The words of `DROP …` and `ALTER …` for it.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Table | Self::Partitioned => "table",
            Self::Foreign => "foreign table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
        }
    }
}

/// A relation of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: RelationKind,
    /// Schema and name of the views that read it, which a cascade would drop along.
    pub read_by: Vec<(String, String)>,
    /// What was attached to it by hand, see [`ATTACHED`].
    pub attached: Vec<String>,
}

/// A column as `information_schema.columns` describes it, which is what dbt-postgres reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// The type's name without modifiers; `ARRAY` and `USER-DEFINED` for those.
    pub data_type: String,
    /// Longest text the type takes, where it has a limit.
    pub character_maximum_length: Option<u32>,
    /// Precision of a number.
    pub numeric_precision: Option<u32>,
    /// Scale of an exact number.
    pub numeric_scale: Option<i32>,
}

/// What belongs to a relation and is lost when another takes its place, by its `relid`: rows of
/// `what`. Comments and grants are not listed: configurations say what they are to be.
const ATTACHED: &str = "\
    select oid as relid, 'row level security' as what from pg_catalog.pg_class \
      where relrowsecurity \
    union all \
    select polrelid, format('policy %I', polname) from pg_catalog.pg_policy \
    union all \
    select tgrelid, format('trigger %I', tgname) from pg_catalog.pg_trigger where not tgisinternal \
    union all \
    select ev_class, format('rule %I', rulename) from pg_catalog.pg_rewrite \
      where rulename <> '_RETURN' \
    union all \
    select r.prrelid, format('publication %I', p.pubname) from pg_catalog.pg_publication_rel r \
      join pg_catalog.pg_publication p on p.oid = r.prpubid \
    union all \
    select stxrelid, format('statistics %I', stxname) from pg_catalog.pg_statistic_ext \
    union all \
    select oid, 'replica identity' from pg_catalog.pg_class \
      where relkind = 'r' and relreplident in ('f', 'i') \
    union all \
    select c.oid, 'storage parameter ' || option \
      from pg_catalog.pg_class c cross join lateral unnest(c.reloptions) as option \
      where c.reloptions is not null and c.relkind in ('r', 'v', 'm')";

/// The query for what is attached to a relation now, as in [`Relation::attached`]. No row says
/// that there is no such relation, a null that nothing is attached to it.
pub fn attached(schema: &str, name: &str) -> String {
    format!(
        "select attached.what from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         left join ({ATTACHED}) as attached on attached.relid = c.oid \
         where n.nspname = {} and c.relname = {}",
        literal(schema),
        literal(name)
    )
}

/// All relations of the named schemas, the views of other schemas that read them directly or
/// through others, and which of the named schemas exist, in one query. A schema without
/// relations is in the last list only.
pub fn relations<S: AsRef<str>>(
    connection: &mut Connection,
    schemas: &[S],
) -> Result<(Vec<Relation>, Vec<String>), Error> {
    // A view's rule depends on every relation that the view reads. Views of other schemas are
    // listed if they read one of these schemas, themselves or through others.
    let sql = format!(
        "with recursive edge as materialized ( \
          select distinct d.refobjid as read, r.ev_class as reader \
          from pg_catalog.pg_depend d \
          join pg_catalog.pg_rewrite r on r.oid = d.objid and r.ev_class <> d.refobjid \
          where d.refclassid = 'pg_catalog.pg_class'::regclass \
            and d.classid = 'pg_catalog.pg_rewrite'::regclass \
        ), inside as ( \
          select n.oid as schema, c.oid from pg_catalog.pg_namespace n \
          left join pg_catalog.pg_class c \
            on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'f', 'v', 'm') \
          where n.nspname = any ($1::text[]) \
        ), reading as ( \
          select oid from inside where oid is not null \
          union \
          select edge.reader from reading join edge on edge.read = reading.oid \
        ), known as ( \
          select schema, oid from inside \
          union \
          select c.relnamespace, c.oid from reading \
          join pg_catalog.pg_class c on c.oid = reading.oid \
        ) \
        select n.nspname, c.relname, c.relkind, vn.nspname, v.relname, attached.what \
        from known \
        join pg_catalog.pg_namespace n on n.oid = known.schema \
        left join pg_catalog.pg_class c on c.oid = known.oid \
        left join edge on edge.read = known.oid \
        left join pg_catalog.pg_class v on v.oid = edge.reader \
        left join pg_catalog.pg_namespace vn on vn.oid = v.relnamespace \
        left join (select relid, string_agg(what, e'\\n' order by what) as what \
                   from ({ATTACHED}) as each group by relid) as attached \
          on attached.relid = known.oid \
        order by 1, 2"
    );
    let result = connection.query_params(&sql, &[Some(&text_array(schemas))])?;
    let (mut relations, mut existing) = (Vec::<Relation>::new(), Vec::<String>::new());
    for row in result.last().iter().flat_map(|set| set.rows.iter()) {
        let Some(schema) = row.get(0) else { continue };
        let is_asked = || schemas.iter().any(|asked| asked.as_ref() == schema);
        if existing.last().is_none_or(|last| last != schema) && is_asked() {
            existing.push(schema.to_owned());
        }
        let (Some(name), Some(kind)) =
            (row.get(1), row.get(2).and_then(RelationKind::from_relkind))
        else {
            continue;
        };
        let is_same = |last: &Relation| last.schema == schema && last.name == name;
        if !relations.last().is_some_and(is_same) {
            let (schema, name) = (schema.to_owned(), name.to_owned());
            let attached = row
                .get(5)
                .map_or_else(Vec::new, |text| text.split('\n').map(str::to_owned).collect());
            relations.push(Relation { schema, name, kind, read_by: Vec::new(), attached });
        }
        if let (Some(last), Some(schema), Some(view)) =
            (relations.last_mut(), row.get(3), row.get(4))
        {
            last.read_by.push((schema.to_owned(), view.to_owned()));
        }
    }
    Ok((relations, existing))
}

/// The columns of a relation in order; empty when there is no such relation. Unlike
/// information_schema it includes those of materialized views and needs no privilege.
pub fn columns(
    connection: &mut Connection,
    schema: &str,
    name: &str,
) -> Result<Vec<TableColumn>, Error> {
    // The expressions are those of information_schema.columns.
    const SQL: &str = "select a.attname, \
          case when t.typelem <> 0 and t.typlen = -1 then 'ARRAY' \
               when tn.nspname = 'pg_catalog' then pg_catalog.format_type(t.oid, null) \
               else 'USER-DEFINED' end, \
          information_schema._pg_char_max_length(t.oid, m.typmod), \
          information_schema._pg_numeric_precision(t.oid, m.typmod), \
          information_schema._pg_numeric_scale(t.oid, m.typmod) \
        from pg_catalog.pg_namespace n \
        join pg_catalog.pg_class c on c.relnamespace = n.oid \
        join pg_catalog.pg_attribute a on a.attrelid = c.oid \
        join pg_catalog.pg_type at on at.oid = a.atttypid \
        join pg_catalog.pg_type t \
          on t.oid = case when at.typtype = 'd' then at.typbasetype else at.oid end \
        join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace \
        cross join lateral (select case when at.typtype = 'd' then at.typtypmod \
                                        else a.atttypmod end as typmod) m \
        where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'f', 'v', 'm') \
          and a.attnum > 0 and not a.attisdropped \
        order by a.attnum";
    let result = connection.query_params(SQL, &[Some(schema), Some(name)])?;
    let rows = result.into_last().map(|set| set.rows).unwrap_or_default();
    Ok(rows
        .iter()
        .map(|row| TableColumn {
            name: row.get(0).unwrap_or_default().to_owned(),
            data_type: row.get(1).unwrap_or_default().to_owned(),
            character_maximum_length: row.get(2).and_then(|text| text.parse().ok()),
            numeric_precision: row.get(3).and_then(|text| text.parse().ok()),
            numeric_scale: row.get(4).and_then(|text| text.parse().ok()),
        })
        .collect())
}

/// Whether a schema exists.
pub fn schema_exists(connection: &mut Connection, schema: &str) -> Result<bool, Error> {
    const SQL: &str = "select 1 from pg_catalog.pg_namespace where nspname = $1";
    let result = connection.query_params(SQL, &[Some(schema)])?;
    Ok(result.last().is_some_and(|set| !set.rows.is_empty()))
}

/// The text form of a `text[]`
/// (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
pub fn text_array<S: AsRef<str>>(values: &[S]) -> String {
    let quoted: Vec<String> = values
        .iter()
        .map(|value| format!("\"{}\"", value.as_ref().replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", quoted.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_elements_are_escaped() {
        assert_eq!(text_array(&["a", "b\"c", "d\\e", ""]), r#"{"a","b\"c","d\\e",""}"#);
        assert_eq!(text_array::<&str>(&[]), "{}");
    }
}
