//! Files for other tools, in dbt's formats
//! (<https://docs.getdbt.com/reference/artifacts/dbt-artifacts>).

mod catalog;
mod graph_summary;
mod kept_run;
mod lineage;
mod manifest;
mod quality;
mod run_results;
mod semantic_manifest;
mod sources;

pub use catalog::write_catalog;
pub use graph_summary::write_graph_summary;
pub use kept_run::keep_run;
pub use lineage::{lineage_json, write_lineage};
pub use manifest::{ManifestDetails, ManifestView, write_manifest};
pub use quality::write_quality;
pub use run_results::{RunResults, write_run_results};
pub use semantic_manifest::write_semantic_manifest;
pub use sources::write_sources;

use super::clock;
use crate::diagnostic::{Diagnostic, Result};
use crate::project::secret::Secrets;
use crate::project::version::DBT_VERSION;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// This run of gdbt, as every artifact names it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// A UUID.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// `DBT_ENV_CUSTOM_ENV_*`, without the prefix.
    pub env: BTreeMap<String, String>,
    /// What artifacts must not tell.
    pub secrets: Secrets,
}

impl Invocation {
    /// The part of `metadata` that all artifacts share.
    fn metadata(&self, schema: &str) -> Map<String, Json> {
        let metadata = json!({
            "dbt_schema_version": format!("https://schemas.getdbt.com/dbt/{schema}.json"),
            "dbt_version": DBT_VERSION,
            "generated_at": clock::timestamp(Timestamp::now()),
            "invocation_id": self.id,
            "invocation_started_at": clock::timestamp(self.started_at),
            "env": self.env,
        });
        match metadata {
            Json::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Writes JSON beside the file and renames it.
fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_aside(path, |writer| Ok(serde_json::to_writer(writer, value)?))
}

/// Writes a text beside the file and renames it.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_aside(path, |writer| writer.write_all(text.as_bytes()))
}

/// Writes beside the file and renames it, so that no reader ever sees half of it. What a
/// killed process left of it is used again.
fn write_aside(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<()> {
    let fail = |error: &std::io::Error| Diagnostic::io(path, error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| fail(&error))?;
    }
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    let beside = path.with_file_name(name);
    let written = claim(&beside).and_then(|file| {
        file.set_len(0)?;
        let mut writer = BufWriter::with_capacity(1 << 16, &file);
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        std::fs::rename(&beside, path)
    });
    written.map_err(|error| fail(&error))
}

/// Opens the file for this process alone, waiting for another one that writes it.
fn claim(path: &Path) -> std::io::Result<File> {
    loop {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        // The other one may have renamed it in the meantime.
        let ours = file.metadata()?;
        match std::fs::metadata(path) {
            Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}
