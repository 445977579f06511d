//! Who holds the locks that others wait for
//! (<https://www.postgresql.org/docs/current/view-pg-locks.html>).

use std::fmt;

use super::{Connection, Error, Row, lock};

/// A session that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its server process.
    pub process_id: i32,
    /// Who logged in.
    pub user: String,
    /// What the program calls itself; empty when it does not say.
    pub application: String,
    /// When its current or last statement began.
    pub since: String,
    /// Whether it is running that statement.
    pub is_active: bool,
    /// The statement, where we may see it; one line.
    pub query: String,
}

/// A session of ours that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its server process.
    pub process_id: i32,
    /// For whom.
    pub holder: Holder,
}

/// How much of a statement is shown, in characters.
const QUERY_WIDTH: usize = 120;

/// The columns of a [`Holder`]; `a` is `pg_stat_activity`.
const COLUMNS: &str = "a.pid, coalesce(a.usename::text, '?'), coalesce(a.application_name, ''), \
    coalesce(to_char(a.query_start, 'HH24:MI:SS'), '?'), coalesce(a.state = 'active', false), \
    coalesce(a.query, '')";

impl Holder {
    fn read(row: Row<'_>, first: usize) -> Self {
        let text = |at: usize| row.get(first + at).unwrap_or_default();
        let query = text(5).split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = query.chars().take(QUERY_WIDTH).collect();
        let query = if shown.len() < query.len() { format!("{shown}…") } else { query };
        Self {
            process_id: text(0).parse().unwrap_or_default(),
            user: text(1).to_owned(),
            application: text(2).to_owned(),
            since: text(3).to_owned(),
            is_active: text(4) == "t",
            query,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} (user {}", self.process_id, self.user)?;
        if !self.application.is_empty() {
            write!(f, ", application {}", self.application)?;
        }
        let what = if self.is_active { "which runs since" } else { "idle, its last statement at" };
        write!(f, "), {what} {}: {}", self.since, self.query)
    }
}

/// Which of these server processes wait for a lock, and for whom. Those that wait for each
/// other are left out: that ends by itself.
///
/// # Errors
/// The query fails.
pub fn waiting(connection: &mut Connection, processes: &[i32]) -> Result<Vec<Waiting>, Error> {
    let sql = format!(
        "select w.pid, {COLUMNS} from pg_catalog.pg_stat_activity w \
         cross join lateral unnest(pg_catalog.pg_blocking_pids(w.pid)) as blocker (pid) \
         join pg_catalog.pg_stat_activity a on a.pid = blocker.pid \
         where w.pid = any ($1::int4[]) and w.wait_event_type = 'Lock' \
           and a.pid <> all ($1::int4[])"
    );
    let list: Vec<String> = processes.iter().map(ToString::to_string).collect();
    let list = format!("{{{}}}", list.join(","));
    let result = connection.query_params(&sql, &[Some(&list)])?;
    let rows = result.last().map(|set| set.rows.iter()).into_iter().flatten();
    Ok(rows
        .map(|row| Waiting {
            process_id: row.get(0).and_then(|pid| pid.parse().ok()).unwrap_or_default(),
            holder: Holder::read(row, 1),
        })
        .collect())
}

/// Who holds locks on what a statement names, after it ran into `lock_timeout`: the strongest
/// first, three at most.
///
/// # Errors
/// The query fails.
pub fn holders(connection: &mut Connection, sql: &str) -> Result<Vec<Holder>, Error> {
    let query = format!(
        "select {COLUMNS} from ( \
           select l.pid, min(array_position(array['AccessExclusiveLock', 'ExclusiveLock', \
             'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock'], l.mode)) as rank \
           from pg_catalog.pg_locks l \
           left join pg_catalog.pg_class c on l.locktype = 'relation' and c.oid = l.relation \
           where l.granted and l.pid <> pg_catalog.pg_backend_pid() and l.database = \
             (select oid from pg_catalog.pg_database where datname = current_database()) \
             and case l.locktype \
               when 'relation' then c.relnamespace <> 'pg_catalog'::regnamespace \
                 and strpos(lower($1), lower(c.relname)) > 0 \
               when 'advisory' then l.classid = {class} \
                 and strpos($1, format('(%s, %s)', {class}, l.objid::int8 - \
                   case when l.objid::int8 > 2147483647 then 4294967296 else 0 end)) > 0 \
             end \
           group by l.pid) as lock \
         join pg_catalog.pg_stat_activity a on a.pid = lock.pid \
         order by lock.rank nulls last limit 3",
        class = lock::CLASS,
    );
    let result = connection.query_params(&query, &[Some(sql)])?;
    let rows = result.last().map(|set| set.rows.iter()).into_iter().flatten();
    Ok(rows.map(|row| Holder::read(row, 0)).collect())
}
