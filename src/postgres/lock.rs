//! Advisory locks, by which runs of gdbt stay out of each other's way
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>).
//!
//! They are held to the end of the transaction and are known to gdbt only. In `pg_locks`
//! their `classid` is 1734632052, which is "gdbt" in ASCII.

use sha2::{Digest, Sha256};

use super::quote;

pub(super) const CLASS: i32 = i32::from_be_bytes(*b"gdbt");

/// The statement that waits for the lock of a relation and takes it. Names may share a lock:
/// those who take it hold no other one, so it costs them time at most. Its second column is
/// the transaction's number, by which `pg_xact_status` knows it.
///
/// With a `timeout`, such as `30s`, the transaction waits no longer than that for any other
/// lock.
///
/// With a relation PostgreSQL makes an array type, named like the relation after an
/// underscore and cut to 63 bytes. Two sessions whose types would have one name fail with
/// `duplicate key`, so their relations share a lock.
pub fn relation(schema: &str, name: &str, timeout: Option<&str>) -> String {
    let lock = statement(&[schema, array_type(name)]);
    format!("{lock}, pg_current_xact_id(){}", with_timeout(timeout))
}

/// As [`relation`], for those who load a part of a table while others load its other parts: it
/// waits for those who lock the relation as a whole, and for those who load the same part.
pub fn part(schema: &str, name: &str, part: &str, timeout: Option<&str>) -> String {
    let whole = key(&[schema, array_type(name)]);
    let part = key(&[schema, name, part]);
    format!(
        "select pg_advisory_xact_lock_shared({CLASS}, {whole}), pg_current_xact_id(), \
         pg_advisory_xact_lock({CLASS}, {part}){}",
        with_timeout(timeout)
    )
}

/// The relation's name as far as it makes the name of its array type.
fn array_type(name: &str) -> &str {
    let name = name.trim_start_matches('_');
    &name[..name.floor_char_boundary(62)]
}

fn with_timeout(timeout: Option<&str>) -> String {
    let set = |timeout| format!(", set_config('lock_timeout', {}, true)", quote::literal(timeout));
    timeout.map(set).unwrap_or_default()
}

/// The statement that waits for the lock of a schema and takes it: `create schema if not
/// exists` fails when another session creates the same one meanwhile.
pub fn schema(name: &str) -> String {
    statement(&[name])
}

fn statement(name: &[&str]) -> String {
    format!("select pg_advisory_xact_lock({CLASS}, {})", key(name))
}

fn key(name: &[&str]) -> i32 {
    // Names are told apart as dbt tells them apart. None of them can hold a NUL.
    let digest = Sha256::digest(name.join("\0").to_lowercase());
    i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_lock_in_any_case() {
        assert!(
            relation("dwh", "mart", None).starts_with("select pg_advisory_xact_lock(1734632052, ")
        );
        assert_eq!(relation("DWH", "Mart", None), relation("dwh", "mart", None));
        assert_ne!(relation("dwh", "mart", None), relation("dwh", "mart2", None));
        assert_ne!(relation("dwh", "mart", None), schema("dwhmart"));
    }

    #[test]
    fn a_part_shares_the_lock_of_the_whole_and_has_its_own() {
        let whole = relation("dwh", "mart", None);
        let whole = whole.trim_start_matches("select pg_advisory_xact_lock").split(',').nth(1);
        let (one, other) = (part("dwh", "mart", "1", None), part("dwh", "mart", "2", None));
        assert!(one.contains(whole.unwrap()) && other.contains(whole.unwrap()));
        assert_ne!(one, other);
    }

    #[test]
    fn names_of_one_array_type_share_a_lock() {
        assert_eq!(relation("dwh", "_mart", None), relation("dwh", "mart", None));
        let long = "ü".repeat(31);
        assert_eq!(
            relation("dwh", &format!("{long}a"), None),
            relation("dwh", &format!("{long}b"), None)
        );
        assert_ne!(relation("dwh", &long[2..], None), relation("dwh", &long, None));
    }
}
