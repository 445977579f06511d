//! Advisory locks, by which runs of gdbt stay out of each other's way
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>).
//!
//! They are held to the end of the transaction and are known to gdbt only. In `pg_locks`
//! their `classid` is 1734632052, which is "gdbt" in ASCII.

use sha2::{Digest, Sha256};

const CLASS: i32 = i32::from_be_bytes(*b"gdbt");

/// The statement that waits for the lock of a relation and takes it. Names may share a lock:
/// those who take it hold no other one, so it costs them time at most. Its second column is
/// the transaction's number, by which `pg_xact_status` knows it.
///
/// With a relation PostgreSQL makes an array type, named like the relation after an
/// underscore and cut to 63 bytes. Two sessions whose types would have one name fail with
/// `duplicate key`, so their relations share a lock.
pub fn relation(schema: &str, name: &str) -> String {
    let name = name.trim_start_matches('_');
    statement(&[schema, &name[..name.floor_char_boundary(62)]])
}

/// The statement that waits for the lock of a schema and takes it: `create schema if not
/// exists` fails when another session creates the same one meanwhile.
pub fn schema(name: &str) -> String {
    statement(&[name])
}

fn statement(name: &[&str]) -> String {
    // Names are told apart as dbt tells them apart. None of them can hold a NUL.
    let digest = Sha256::digest(name.join("\0").to_lowercase());
    let key = i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("select pg_advisory_xact_lock({CLASS}, {key}), pg_current_xact_id()")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_lock_in_any_case() {
        assert!(relation("dwh", "mart").starts_with("select pg_advisory_xact_lock(1734632052, "));
        assert_eq!(relation("DWH", "Mart"), relation("dwh", "mart"));
        assert_ne!(relation("dwh", "mart"), relation("dwh", "mart2"));
        assert_ne!(relation("dwh", "mart"), schema("dwhmart"));
    }

    #[test]
    fn names_of_one_array_type_share_a_lock() {
        assert_eq!(relation("dwh", "_mart"), relation("dwh", "mart"));
        let long = "ü".repeat(31);
        assert_eq!(relation("dwh", &format!("{long}a")), relation("dwh", &format!("{long}b")));
        assert_ne!(relation("dwh", &long[2..]), relation("dwh", &long));
    }
}
