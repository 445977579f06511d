//! `gdbt source load`: files of `external:` properties into their source tables.

use crate::cli::ExitStatus;
use crate::cli::args::LoadArgs;
use crate::cli::loaded::Loaded;
use crate::cli::server::Server;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event::{Event, Position};
use crate::load::{CsvFormat, LoadColumn, LoadSpec, load_file};
use crate::manifest::{ResourceType, Source};
use crate::postgres::Connection;
use crate::report::grouped;
use crate::result::NodeStatus;
use globset::Glob;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Keys that `external:` may have.
const KEYS: [&str; 8] =
    ["location", "file_format", "delimiter", "header", "quote", "null", "encoding", "options"];

/// Loads every selected source that says where its rows come from.
pub fn run(args: &LoadArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    let ids = loaded.select(session, &[ResourceType::Source], true)?;
    let sources = ids.iter().filter_map(|id| loaded.manifest.sources.get(id));
    let root = &loaded.workspace.root.root;
    let jobs: Result<Vec<Job>> = sources
        .filter(|source| source.external.is_some())
        .map(|source| Job::new(source, root))
        .collect();
    let jobs = jobs?;
    if jobs.is_empty() {
        return Err(Diagnostic::new(
            Code::ExternalInvalid,
            "No selected source says with `external:` where its rows come from.",
        )
        .with_help("Add `external: {location: data/file.csv}` to a source's table.")
        .into());
    }
    let server = Server::of(&loaded.workspace.profile, session)?;
    let mut connection =
        Connection::connect(&server.options).map_err(crate::postgres::Error::into_diagnostic)?;
    session.emit(Event::empty_line());
    let begun = Instant::now();
    let total = jobs.len();
    let (mut rows, mut failed) = (0, 0);
    for (index, job) in jobs.iter().enumerate() {
        let position = Position { index: index + 1, total };
        let outcome = job.load(&mut connection, args.full_refresh, position, session);
        rows += outcome.rows;
        failed += usize::from(outcome.error.is_some());
        session.emit(outcome.into_event(job, position));
    }
    drop(connection);
    server.close()?;
    session.emit(Event::empty_line());
    let seconds = begun.elapsed().as_secs_f64();
    let tables =
        if total == 1 { "1 source table".to_owned() } else { format!("{total} source tables") };
    let trouble = if failed == 0 { String::new() } else { format!(", {failed} with errors") };
    session.emit(Event::note(format!(
        "Loaded {} rows into {tables}{trouble} in {seconds:.2}s.",
        grouped(rows)
    )));
    Ok(if failed == 0 { ExitStatus::Success } else { ExitStatus::Failure })
}

/// One source table and its files.
struct Job {
    source: Arc<Source>,
    files: Vec<DataFile>,
    format: CsvFormat,
    columns: Vec<LoadColumn>,
}

struct DataFile {
    path: PathBuf,
    shown: String,
    bytes: u64,
}

struct Outcome {
    rows: u64,
    bytes: u64,
    time: Duration,
    error: Option<Box<Diagnostic>>,
}

impl Job {
    fn new(source: &Arc<Source>, root: &Path) -> Result<Self> {
        let invalid = |error: Box<Diagnostic>| {
            error
                .with_span(Span::line(source.original_file_path.to_string(), 1))
                .with_node(format!("source {}.{}", source.source_name, source.name))
        };
        let external = source.external.clone().unwrap_or_default();
        let columns = source.external_columns().into_iter().map(|column| LoadColumn {
            name: column.name,
            data_type: column.data_type,
            default: column.default,
        });
        Ok(Self {
            source: Arc::clone(source),
            files: files(root, external.location.as_deref()).map_err(invalid)?,
            format: format(&external.raw).map_err(invalid)?,
            columns: columns.collect(),
        })
    }

    fn name(&self) -> String {
        format!("{}.{}", self.source.source_name, self.source.name)
    }

    fn load(
        &self,
        connection: &mut Connection,
        full_refresh: bool,
        position: Position,
        session: &Session,
    ) -> Outcome {
        let bytes = self.files.iter().map(|file| file.bytes).sum();
        session.emit(Event::SourceLoadStart { source: self.name(), position, bytes });
        let begun = Instant::now();
        let mut outcome = Outcome { rows: 0, bytes: 0, time: Duration::ZERO, error: None };
        let mut done = 0;
        for (number, file) in self.files.iter().enumerate() {
            let spec = LoadSpec {
                schema: &self.source.relation.schema,
                table: &self.source.relation.identifier,
                columns: &self.columns,
                path: &file.path,
                shown_path: &file.shown,
                format: &self.format,
                full_refresh: full_refresh && number == 0,
            };
            let mut on_progress = |progress: crate::load::Progress| {
                let bytes = done + progress.read;
                session.emit(Event::SourceLoadProgress { source: self.name(), bytes });
            };
            match load_file(connection, &spec, &mut on_progress) {
                Ok(report) => {
                    outcome.rows += report.rows;
                    outcome.bytes += report.bytes;
                    done += file.bytes;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            }
        }
        outcome.time = begun.elapsed();
        outcome
    }
}

impl Outcome {
    fn into_event(self, job: &Job, position: Position) -> Event {
        let failed = self.error.is_some();
        Event::SourceLoadResult {
            source: job.name(),
            position,
            status: if failed { NodeStatus::Error } else { NodeStatus::Success },
            rows: self.rows,
            bytes: self.bytes,
            execution_time: self.time,
            diagnostic: self.error,
        }
    }
}

/// The files of a location, sorted: one file, or those that a pattern matches.
fn files(root: &Path, location: Option<&str>) -> Result<Vec<DataFile>> {
    let Some(location) = location else {
        let message = "`external:` has no `location`.";
        return Err(Diagnostic::new(Code::ExternalInvalid, message)
            .with_help("Give a file relative to the project, such as data/sessions.csv."));
    };
    if location.contains("://") {
        let message = format!("`location: {location}` is not a file on this machine.");
        return Err(Diagnostic::new(Code::ExternalInvalid, message)
            .with_help("gdbt loads local files only; download it first."));
    }
    let found = if location.contains(['*', '?', '[', '{']) {
        matching(root, location)?
    } else {
        vec![location.to_owned()]
    };
    if found.is_empty() {
        let message = format!("No file matches `location: {location}`.");
        return Err(Diagnostic::new(Code::ExternalInvalid, message)
            .with_help(format!("It is looked for in {}.", shown_root(root))));
    }
    found.into_iter().map(|shown| data_file(root, shown)).collect()
}

fn data_file(root: &Path, shown: String) -> Result<DataFile> {
    let path = root.join(&shown);
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(DataFile { path, shown, bytes: metadata.len() }),
        Ok(_) => Err(Diagnostic::new(
            Code::ExternalInvalid,
            format!("`location: {shown}` is not a file."),
        )
        .with_help(format!("To load all its files, write {shown}/*.csv."))),
        Err(error) => Err(Diagnostic::new(
            Code::ExternalInvalid,
            format!("`location: {shown}` cannot be read: {error}"),
        )
        .with_help(format!("It is looked for in {}.", shown_root(root)))),
    }
}

fn matching(root: &Path, pattern: &str) -> Result<Vec<String>> {
    let glob = Glob::new(pattern).map_err(|error| {
        Diagnostic::new(Code::ExternalInvalid, format!("`location: {pattern}`: {error}"))
    })?;
    let matcher = glob.compile_matcher();
    // The folder before the first part with a wildcard is where to look.
    let fixed: PathBuf =
        pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
    let walk = walkdir::WalkDir::new(root.join(fixed)).sort_by_file_name();
    let names = walk.into_iter().filter_map(std::result::Result::ok).filter_map(|entry| {
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap_or(path);
        (path.is_file() && matcher.is_match(name)).then(|| name.display().to_string())
    });
    Ok(names.collect())
}

fn shown_root(root: &Path) -> String {
    std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf()).display().to_string()
}

/// How the files are written, from `external:` and its `options:`.
fn format(external: &serde_json::Map<String, Json>) -> Result<CsvFormat> {
    let invalid =
        |message: String| Diagnostic::new(Code::ExternalInvalid, format!("`external:` {message}"));
    let none = serde_json::Map::new();
    let options = external.get("options").and_then(Json::as_object).unwrap_or(&none);
    let given = external.iter().chain(options).filter(|entry| !entry.1.is_null());
    for (key, _) in given {
        if !KEYS.contains(&key.as_str()) {
            let near = crate::suggest::nearest(key, KEYS);
            let help = near.map_or_else(
                || format!("It may have {}.", KEYS.join(", ")),
                |near| format!("Did you mean `{near}`?"),
            );
            return Err(
                invalid(format!("has a key `{key}` that gdbt does not know.")).with_help(help)
            );
        }
    }
    let get = |key: &str| options.get(key).or_else(|| external.get(key)).filter(|it| !it.is_null());
    let text = |key: &str| match get(key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(format!("`{key}` must be a text."))),
    };
    let character = |key: &str, default: char| {
        let Some(text) = text(key)? else { return Ok(default) };
        let text = if text == "\\t" { "\t".to_owned() } else { text };
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) if one.is_ascii() => Ok(one),
            _ => Err(invalid(format!("`{key}` must be one ASCII character."))),
        }
    };
    let default = match text("file_format")?.as_deref() {
        None | Some("csv" | "CSV") => ',',
        Some("tsv" | "TSV") => '\t',
        Some(other) => {
            return Err(invalid(format!("`file_format: {other}` is not supported."))
                .with_help("The formats are csv and tsv; either may be packed (.gz)."));
        }
    };
    let header = match get("header") {
        None => true,
        Some(Json::Bool(header)) => *header,
        Some(_) => return Err(invalid("`header` must be true or false.".to_owned())),
    };
    Ok(CsvFormat {
        delimiter: character("delimiter", default)?,
        quote: character("quote", '"')?,
        header,
        null: text("null")?.unwrap_or_default(),
        encoding: text("encoding")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[allow(clippy::needless_pass_by_value)] // reads better below
    fn read(external: Json) -> Result<CsvFormat> {
        format(external.as_object().unwrap())
    }

    #[test]
    fn the_format_is_read_from_the_property_and_its_options() {
        let format = read(json!({"location": "a", "delimiter": ";", "options": {"header": false}}));
        let format = format.unwrap();
        assert_eq!((format.delimiter, format.header), (';', false));
        assert_eq!(read(json!({"file_format": "tsv"})).unwrap().delimiter, '\t');
        assert_eq!(read(json!({})).unwrap(), CsvFormat::default());
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let message = |external| read(external).unwrap_err().to_string();
        assert!(message(json!({"file_format": "parquet"})).contains("parquet"));
        assert!(message(json!({"delimiter": "||"})).contains("one ASCII character"));
        assert!(message(json!({"delimeter": ","})).contains("delimeter"));
        let help = read(json!({"delimeter": ","})).unwrap_err().help;
        assert_eq!(help.as_deref(), Some("Did you mean `delimiter`?"));
    }

    #[test]
    fn a_location_is_a_file_or_a_pattern() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("data")).unwrap();
        for name in ["b.csv", "a.csv", "c.txt"] {
            std::fs::write(root.join("data").join(name), "x").unwrap();
        }
        let shown = |location| {
            let found = files(root, Some(location))?;
            Ok::<_, Box<Diagnostic>>(found.into_iter().map(|file| file.shown).collect::<Vec<_>>())
        };
        assert_eq!(shown("data/*.csv").unwrap(), ["data/a.csv", "data/b.csv"]);
        assert_eq!(shown("data/c.txt").unwrap(), ["data/c.txt"]);
        for wrong in ["data", "nothing.csv", "data/*.gz", "s3://bucket/x.csv"] {
            assert_eq!(shown(wrong).unwrap_err().code, Code::ExternalInvalid, "{wrong}");
        }
        assert!(files(root, None).is_err());
    }
}
