//! What reads a relation that is dropped, and so would go with it.

use std::str::FromStr;

use super::session::Session;
use crate::diagnostic::Result;
use crate::postgres::quote::literal;

/// The config `dependent_views`: what becomes of the views that read a relation when another
/// takes its place. PostgreSQL binds views to relations, not to names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dependents {
    /// They are dropped, as under dbt. Those that the project does not build are reported
    /// before.
    #[default]
    Drop,
    /// They are made again in the same transaction, with their owners, grants and comments.
    Recreate,
    /// The node fails if a view would be dropped that the project does not build.
    Refuse,
}

impl FromStr for Dependents {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "drop" => Ok(Self::Drop),
            "recreate" => Ok(Self::Recreate),
            "refuse" => Ok(Self::Refuse),
            _ => Err(format!("`dependent_views` must be drop, recreate or refuse, not '{text}'")),
        }
    }
}

/// The statements that make the views on a relation again, in an order that works: views and
/// materialized views, their indexes and triggers, owners, comments and grants.
///
/// # Errors
/// The query fails, or a statement that was kept back.
pub(super) fn definitions(session: &Session, schema: &str, name: &str) -> Result<Vec<String>> {
    let sql = format!(
        "with recursive reader (oid, depth) as ( \
           select c.oid, 0 from pg_catalog.pg_class c \
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
           where n.nspname = {schema} and c.relname = {name} \
           union \
           select r.ev_class, reader.depth + 1 from reader \
           join pg_catalog.pg_depend d on d.refobjid = reader.oid \
             and d.refclassid = 'pg_catalog.pg_class'::regclass \
             and d.classid = 'pg_catalog.pg_rewrite'::regclass \
           join pg_catalog.pg_rewrite r on r.oid = d.objid and r.ev_class <> reader.oid \
         ), view as ( \
           select c.*, format('%I.%I', n.nspname, c.relname) as path, reader.depth, \
             case c.relkind when 'm' then 'materialized view' else 'view' end as kind \
           from (select oid, max(depth) as depth from reader group by oid) as reader \
           join pg_catalog.pg_class c on c.oid = reader.oid \
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
           where reader.depth > 0 and c.relkind in ('v', 'm') \
         ) \
         select statement from ( \
           select depth, path, 1 as step, format('create %s %s%s as %s', kind, path, \
             ' with (' || array_to_string(reloptions, ', ') || ')', \
             rtrim(pg_get_viewdef(oid), ';')) as statement from view \
           union all \
           select depth, path, 2, pg_get_indexdef(i.indexrelid) \
             from view join pg_catalog.pg_index i on i.indrelid = view.oid \
           union all \
           select depth, path, 2, pg_get_triggerdef(t.oid) \
             from view join pg_catalog.pg_trigger t on t.tgrelid = view.oid and not t.tgisinternal \
           union all \
           select depth, path, 3, format('comment on %s %s is %L', kind, path, \
             obj_description(oid, 'pg_class')) from view \
             where obj_description(oid, 'pg_class') is not null \
           union all \
           select depth, path, 3, format('comment on column %s.%I is %L', path, a.attname, \
             col_description(view.oid, a.attnum)) \
             from view join pg_catalog.pg_attribute a on a.attrelid = view.oid \
             where col_description(view.oid, a.attnum) is not null \
           union all \
           select depth, path, 4, format('alter %s %s owner to %I', kind, path, \
             pg_get_userbyid(relowner)) from view \
             where pg_get_userbyid(relowner) <> current_user \
           union all \
           select depth, path, 5, format('grant %s on %s to %s%s', g.privilege_type, path, \
             case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end, \
             case when g.is_grantable then ' with grant option' end) \
             from view cross join lateral aclexplode(relacl) g where g.grantee <> relowner \
           union all \
           select depth, path, 5, format('grant %s (%I) on %s to %s%s', g.privilege_type, \
             a.attname, path, \
             case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end, \
             case when g.is_grantable then ' with grant option' end) \
             from view join pg_catalog.pg_attribute a on a.attrelid = view.oid \
             cross join lateral aclexplode(a.attacl) g where g.grantee <> relowner \
         ) as statements order by depth, path, step",
        schema = literal(schema),
        name = literal(name),
    );
    let (_, rows) = session.execute(&sql, true, true)?;
    let rows = rows.map(|set| set.rows).unwrap_or_default();
    Ok(rows.iter().filter_map(|row| row.get(0).map(str::to_owned)).collect())
}
