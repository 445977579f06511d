//! Which errors need not come again when the transaction is run again.

use super::{DbError, Error};

impl Error {
    /// What was in the way, if it is something that passes by itself.
    ///
    /// A session that an administrator ended, or a crash, is none: it may be this very
    /// statement that they could not bear.
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::Db(error) if error.is_conflict() => Some(error.message.clone()),
            Self::Lost { reason: None, .. } => Some("the connection was lost".to_owned()),
            Self::Lost { reason: Some(error), .. } => {
                let passes = error.sqlstate.starts_with("08") || error.sqlstate == "57P05";
                passes.then(|| error.message.clone())
            }
            _ => None,
        }
    }
}

impl DbError {
    /// Whether another session was in the way at this moment, so that running the whole
    /// transaction again may well succeed.
    ///
    /// Besides serialization failures and deadlocks, for which PostgreSQL asks for that
    /// (<https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html>),
    /// these are the marks of two sessions that changed the catalog at once: it has no locks
    /// for names that are about to be taken.
    pub fn is_conflict(&self) -> bool {
        match self.sqlstate.as_str() {
            "40001" | "40P01" => true,
            // A unique index of the catalog, such as pg_type_typname_nsp_index.
            "23505" => self.schema.as_deref() == Some("pg_catalog"),
            // An internal error; it has no code of its own.
            "XX000" => {
                ["tuple concurrently ", "cache lookup failed for ", "could not open relation "]
                    .iter()
                    .any(|start| self.message.starts_with(start))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DbError;

    fn error(sqlstate: &str, message: &str, schema: Option<&str>) -> DbError {
        DbError {
            sqlstate: sqlstate.into(),
            message: message.into(),
            schema: schema.map(Into::into),
            ..DbError::default()
        }
    }

    #[test]
    fn only_what_other_sessions_cause_is_a_conflict() {
        for (sqlstate, message, schema) in [
            ("40001", "could not serialize access due to concurrent update", None),
            ("40P01", "deadlock detected", None),
            ("23505", "duplicate key value violates unique constraint", Some("pg_catalog")),
            ("XX000", "tuple concurrently updated", None),
        ] {
            assert!(error(sqlstate, message, schema).is_conflict(), "{message}");
        }
        for (sqlstate, message, schema) in [
            ("23505", "duplicate key value violates unique constraint", Some("public")),
            ("XX000", "invalid memory alloc request size", None),
            ("57014", "canceling statement due to user request", None),
            ("42P07", "relation already exists", None),
        ] {
            assert!(!error(sqlstate, message, schema).is_conflict(), "{message}");
        }
    }
}
