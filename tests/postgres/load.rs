//! Loading files: what arrives, and what happens to files that are not right.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use gdbt::diagnostic::{Code, Diagnostic};
use gdbt::load::{CsvFormat, LoadColumn, LoadReport, LoadSpec, load_file};
use gdbt::postgres::Connection;

use crate::database::{Database, value};

struct Loading {
    database: Database,
    connection: Connection,
    home: tempfile::TempDir,
    format: CsvFormat,
    full_refresh: bool,
}

impl Loading {
    fn new() -> Self {
        let database = Database::new();
        let connection = database.connect();
        let home = tempfile::tempdir().unwrap();
        Self { database, connection, home, format: CsvFormat::default(), full_refresh: false }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn load(&mut self, path: &Path) -> Result<LoadReport, Box<Diagnostic>> {
        let column = |name: &str, data_type: &str, default: Option<&str>| LoadColumn {
            name: name.to_owned(),
            data_type: Some(data_type.to_owned()),
            default: default.map(str::to_owned),
        };
        let columns = [
            column("userid", "bigint", None),
            column("is paid", "boolean", None),
            column("medium", "varchar", None),
            column("at", "timestamp", Some("current_timestamp")),
        ];
        let spec = LoadSpec {
            schema: "Raw",
            table: "sessions",
            columns: &columns,
            path,
            shown_path: "data/sessions.csv",
            format: &self.format,
            full_refresh: self.full_refresh,
        };
        load_file(&mut self.connection, &spec, &mut |_| {})
    }

    fn load_text(&mut self, text: impl AsRef<[u8]>) -> Result<LoadReport, Box<Diagnostic>> {
        let path = self.write("file.csv", text);
        self.load(&path)
    }

    fn count(&mut self) -> Option<String> {
        value(&mut self.connection, "select count(*) from \"Raw\".sessions")
    }

    fn rows(&mut self) -> Vec<String> {
        let sql = "select row(userid, \"is paid\", medium)::text from \"Raw\".sessions order by 1";
        let set = self.connection.query(sql).unwrap().into_last().unwrap();
        set.rows.iter().map(|row| row.get(0).unwrap().to_owned()).collect()
    }
}

#[test]
fn the_table_is_created_appended_to_and_refreshed() {
    let mut loading = Loading::new();
    let text = "medium,userid,is paid\n\"a, \"\"b\"\"\",1,t\n,2,f\n";
    let report = loading.load_text(text).unwrap();
    assert_eq!((report.rows, report.bytes), (2, text.len() as u64));
    assert_eq!(loading.rows(), ["(1,t,\"a, \"\"b\"\"\")", "(2,f,)"]);
    let defaults = "select count(at) from \"Raw\".sessions where at > now() - interval '1 day'";
    assert_eq!(value(&mut loading.connection, defaults).as_deref(), Some("2"));

    loading.load_text(text).unwrap();
    assert_eq!(loading.count().as_deref(), Some("4"));
    loading.full_refresh = true;
    loading.load_text("userid\n9\n").unwrap();
    assert_eq!(loading.rows(), ["(9,,)"]);
}

#[test]
fn packed_files_are_unpacked_and_progress_follows_the_file() {
    let mut loading = Loading::new();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"userid\n").unwrap();
    for number in 0..300_000 {
        writeln!(packed, "{number}").unwrap();
    }
    let path = loading.write("file.csv.gz", packed.finish().unwrap());
    assert_eq!(loading.load(&path).unwrap().rows, 300_000);

    let broken = fs::read(&path).unwrap();
    let path = loading.write("broken.csv.gz", &broken[..broken.len() / 2]);
    let error = loading.load(&path).unwrap_err();
    assert_eq!(error.code, Code::Io);
    assert!(error.message.starts_with("data/sessions.csv: "));
    assert_eq!(loading.count().as_deref(), Some("300000"));
}

#[test]
fn a_malformed_row_is_named_and_nothing_changes() {
    let mut loading = Loading::new();
    loading.load_text("userid\n1\n").unwrap();
    loading.full_refresh = true;

    let error = loading.load_text("userid,medium\n1,a\n2,\"b\nc\"\n3\n").unwrap_err();
    assert_eq!(error.code, Code::RowInvalid);
    let span = error.span.as_ref().unwrap();
    assert_eq!((&*span.path, span.line), ("data/sessions.csv", 5));
    assert!(error.message.contains("missing data for column \"medium\""), "{}", error.message);
    assert!(error.message.ends_with("\n5: 3"), "{}", error.message);

    let error = loading.load_text("userid\nseven\n").unwrap_err();
    assert!(error.message.contains("invalid input syntax for type bigint"));
    assert!(error.message.contains("(column \"userid\")"));
    assert_eq!(error.span.unwrap().line, 2);

    let error = loading.load_text("userid,medium\n1,a,extra\n").unwrap_err();
    assert!(error.message.contains("extra data after last expected column"));
    let error = loading.load_text(b"userid,medium\n1,\xff\n").unwrap_err();
    assert_eq!((error.code, error.span.unwrap().line), (Code::RowInvalid, 2));
    let error = loading.load_text("userid,medium\n1,\"open\n").unwrap_err();
    assert_eq!(error.code, Code::RowInvalid);
    assert_eq!(loading.rows(), ["(1,,)"]);
    assert_eq!(loading.connection.transaction_status(), gdbt::postgres::TransactionStatus::Idle);
}

#[test]
fn a_first_load_that_fails_creates_nothing() {
    let mut loading = Loading::new();
    loading.load_text("userid\nx\n").unwrap_err();
    let schema = value(&mut loading.connection, "select to_regnamespace('\"Raw\"')");
    assert_eq!(schema, None);
}

#[test]
fn empty_files_and_odd_line_ends_are_fine() {
    let mut loading = Loading::new();
    assert_eq!(loading.load_text("").unwrap().rows, 0);
    assert_eq!(loading.load_text("userid,medium").unwrap().rows, 0);
    assert_eq!(loading.load_text("userid,medium\n").unwrap().rows, 0);
    assert_eq!(loading.load_text("\u{feff}userid,medium\r\n1,a\r\n2,b").unwrap().rows, 2);
    assert_eq!(loading.rows(), ["(1,,a)", "(2,,b)"]);
}

#[test]
fn headers_must_fit_the_table() {
    let mut loading = Loading::new();
    let error = loading.load_text("userid,medum\n1,a\n").unwrap_err();
    assert_eq!(error.code, Code::ExternalInvalid);
    assert_eq!(error.span.unwrap().line, 1);
    assert!(error.message.contains("\"medum\""));
    assert!(error.help.unwrap().starts_with("Did you mean \"medium\"?"));
    let error = loading.load_text("userid,USERID\n1,2\n").unwrap_err();
    assert!(error.message.contains("twice"));
    assert_eq!(loading.load_text("UserId\n1\n").unwrap().rows, 1);

    // An existing table may have columns the project does not declare.
    loading.connection.query("alter table \"Raw\".sessions add column extra int").unwrap();
    assert_eq!(loading.load_text("extra,userid\n5,6\n").unwrap().rows, 1);
}

#[test]
fn other_formats_are_read() {
    let mut loading = Loading::new();
    loading.format = CsvFormat {
        delimiter: '\t',
        quote: '\'',
        header: false,
        null: "NULL".to_owned(),
        encoding: Some("latin1".to_owned()),
    };
    assert_eq!(loading.load_text(b"1\tt\t'it''s'\n2\tNULL\t\xe9\n").unwrap().rows, 2);
    assert_eq!(loading.rows(), ["(1,t,it's)", "(2,,é)"]);
    let error = loading.load_text("1\tt\ta\tb\tc\td\n").unwrap_err();
    assert_eq!(error.code, Code::ExternalInvalid);
    loading.format.delimiter = '→';
    let error = loading.load_text("1\n").unwrap_err();
    assert!(error.message.contains("`external.delimiter`"));
}

#[test]
fn a_missing_file_is_named() {
    let mut loading = Loading::new();
    let path = loading.home.path().join("absent.csv");
    let error = loading.load(&path).unwrap_err();
    assert_eq!(error.code, Code::Io);
    assert!(error.message.starts_with("data/sessions.csv: No such file or directory"));
    let home = loading.home.path().to_owned();
    assert!(loading.load(&home).unwrap_err().message.ends_with("is a directory"));
    assert!(loading.database.options.database.starts_with("test_"));
}
