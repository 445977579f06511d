//! What became of a transaction when the connection was lost before its COMMIT was
//! answered.
//!
//! The server keeps the outcome of recent transactions
//! (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT>).
//! The transaction's number comes with the lock that each begins with.

use std::time::Duration;

use crate::postgres::{Error, Pool};

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    RolledBack,
    /// The server cannot be asked, or does not know.
    Unknown,
}

/// How often to ask whether it has ended, and how long to wait in between.
const QUESTIONS: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Asks for the fate of a transaction of a server process that we no longer talk to. If it
/// is still under way it is ended: nobody will read its answer, and what it holds is needed.
pub(super) fn fate(pool: &Pool, process_id: i32, transaction: &str) -> Fate {
    let mut answer = None;
    for _ in 0..QUESTIONS {
        answer = ask(pool, process_id, transaction).ok().flatten().or(answer);
        match answer.as_deref() {
            Some("committed") => return Fate::Committed,
            Some("aborted") => return Fate::RolledBack,
            // Still under way, or the server is restarting.
            _ => std::thread::sleep(PAUSE),
        }
    }
    Fate::Unknown
}

fn ask(pool: &Pool, process_id: i32, transaction: &str) -> Result<Option<String>, Error> {
    const SQL: &str = "select pg_catalog.pg_xact_status($1::xid8), \
        (select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity \
         where pid = $2::int4 and backend_xid = $1::xid8::xid)";
    let process_id = process_id.to_string();
    let parameters = [Some(transaction), Some(process_id.as_str())];
    let result = pool.get()?.query_params(SQL, &parameters)?;
    let status = result.last().and_then(|set| set.rows.get(0, 0));
    Ok(status.map(str::to_owned))
}
