//! `dq_results.json`: what the tests found, one record for each
//! (`docs/dq_results.schema.json`).

use super::{Invocation, write_json};
use crate::diagnostic::Result;
use crate::project::secret::Secrets;
use crate::quality::Record;
use serde_json::{Value as Json, json};
use std::path::Path;

/// Writes the records. Secrets are scrubbed.
pub fn write_quality(
    path: &Path,
    records: &[Record],
    (project, target): (&str, &str),
    invocation: &Invocation,
    secrets: &Secrets,
) -> Result<()> {
    let results: Vec<Json> =
        records.iter().filter_map(|record| serde_json::to_value(record).ok()).collect();
    let value = json!({
        "metadata": {
            "version": 1,
            "gdbt_version": env!("CARGO_PKG_VERSION"),
            "generated_at": super::clock::timestamp(jiff::Timestamp::now()),
            "invocation_id": invocation.id,
            "project": project,
            "target": target,
        },
        "results": results,
    });
    write_json(path, &secrets.scrub_json(value))
}
