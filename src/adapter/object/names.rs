//! Methods about names: quoting, derived names, the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use md5::{Digest, Md5};

use crate::adapter::relation::MAX_NAME_LENGTH;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Result, Value};
use crate::manifest::QuotePolicy;
use crate::postgres::quote::identifier as quoted;

/// Length of the hash that tells cut names apart.
const HASH_LENGTH: usize = 8;

pub(super) fn quote(args: Args) -> Result<Value> {
    let ([identifier], []) = args.bind("quote", ["identifier"], [])?;
    Ok(Value::from(quoted(&identifier.to_string())))
}

pub(super) fn quote_as_configured(quoting: QuotePolicy, args: Args) -> Result<Value> {
    let ([identifier, key], []) =
        args.bind("quote_as_configured", ["identifier", "quote_key"], [])?;
    let quotes = match key.as_str() {
        Some("database") => quoting.database,
        Some("schema") => quoting.schema,
        Some("identifier") => quoting.identifier,
        _ => false,
    };
    Ok(if quotes { Value::from(quoted(&identifier.to_string())) } else { identifier })
}

pub(super) fn quote_seed_column(args: Args) -> Result<Value> {
    let ([column, setting], []) = args.bind("quote_seed_column", ["column", "quote_config"], [])?;
    match setting {
        Value::Bool(false) => Ok(column),
        Value::Bool(true) | Value::None | Value::Undefined(_) => {
            Ok(Value::from(quoted(&column.to_string())))
        }
        other => Err(Diagnostic::new(
            Code::ConfigInvalid,
            format!(
                "The seed configuration value of \"quote_columns\" has an invalid type {}",
                other.type_name()
            ),
        )
        .into()),
    }
}

/// `adapter.suffixed_identifier(identifier, suffix, unique=false)`: a name for a relation
/// that stands aside. PostgreSQL cuts names at 63 bytes, so a long one is cut here, and a
/// hash of the whole keeps it apart from others. With `unique`, no name comes twice.
pub(super) fn suffixed_identifier(args: Args) -> Result<Value> {
    let ([identifier, suffix], [unique]) =
        args.bind("suffixed_identifier", ["identifier", "suffix"], ["unique"])?;
    let mut suffix = suffix.to_string();
    if unique.is_some_and(|unique| unique.truthy()) {
        suffix.push_str(&nonce());
    }
    if suffix.len() + HASH_LENGTH + 1 > MAX_NAME_LENGTH {
        return Err(Error::value_error(format!(
            "Relation suffix is too long ({} characters). Maximum length is {} characters.",
            suffix.len(),
            MAX_NAME_LENGTH - HASH_LENGTH - 1
        )));
    }
    Ok(Value::from(suffixed(&identifier.to_string(), &suffix)))
}

fn suffixed(identifier: &str, suffix: &str) -> String {
    if identifier.len() + suffix.len() <= MAX_NAME_LENGTH {
        return format!("{identifier}{suffix}");
    }
    let mut hash = format!("{:x}", Md5::digest(identifier));
    hash.truncate(HASH_LENGTH);
    let room = MAX_NAME_LENGTH - suffix.len() - HASH_LENGTH - 1;
    let mut end = room.min(identifier.len());
    while !identifier.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash}{suffix}", &identifier[..end])
}

/// Twelve digits that no other call of this process gets, nor one of another in its time.
fn nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:08}{:04}", micros % 100_000_000, count % 10_000)
}

pub(super) fn verify_database(expected: &str, args: Args) -> Result<Value> {
    let ([database], []) = args.bind("verify_database", ["database"], [])?;
    let database = database.to_string();
    let name = database.trim_matches('"');
    if name.eq_ignore_ascii_case(expected) {
        // Text, so that a template may write it.
        return Ok(Value::from(""));
    }
    Err(Diagnostic::new(
        Code::RelationMismatch,
        format!("Cross-db references not allowed in postgres ({name} vs {expected})"),
    )
    .with_help("PostgreSQL cannot query another database. Load the data into a schema of this one.")
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_kept_apart() {
        assert_eq!(suffixed("orders", "__dbt_tmp"), "orders__dbt_tmp");
        let long = "a".repeat(60);
        let (one, other) = (
            suffixed(&format!("{long}1"), "__dbt_tmp"),
            suffixed(&format!("{long}2"), "__dbt_tmp"),
        );
        assert_eq!((one.len(), other.len()), (63, 63));
        assert!(one != other && one.ends_with("__dbt_tmp"));
        let wide = suffixed(&"é".repeat(40), "__dbt_backup");
        assert!(wide.len() <= 63 && wide.ends_with("__dbt_backup"));
    }

    #[test]
    fn unique_names_differ() {
        let name = || {
            let args = Args::positional(["t", "__dbt_tmp"].map(Value::from)).with("unique", true);
            suffixed_identifier(args).unwrap().to_string()
        };
        assert_ne!(name(), name());
    }
}
