//! Sessions: results, pipelines, errors, COPY, cancelling, the pool.

use std::io::{self, Read};
use std::time::Duration;

use gdbt::postgres::{
    ConnectCause, ConnectOptions, Connection, Error, Pool, StatementResult, TransactionStatus,
    catalog, types,
};

use crate::database::{Database, value};

#[test]
fn a_result_has_tags_columns_types_and_notices() {
    let database = Database::new();
    let mut connection = database.connect();
    let result = connection
        .query(
            "create table t (a int, b varchar(20)); insert into t values (1, 'x'), (2, null); \
             drop table if exists absent; select a, b, 1.5::numeric(10,2) as n from t order by a",
        )
        .unwrap();
    let tags: Vec<&str> = result.sets.iter().map(|set| set.tag.as_str()).collect();
    assert_eq!(tags, ["CREATE TABLE", "INSERT 0 2", "DROP TABLE", "SELECT 2"]);
    assert_eq!(result.sets[1].tag.rows(), Some(2));
    assert_eq!(result.notices[0].message, "table \"absent\" does not exist, skipping");

    let last = result.last().unwrap();
    let columns: Vec<(String, Option<String>)> = last
        .columns
        .iter()
        .map(|column| (column.name.clone(), types::name(column.type_oid, column.type_modifier)))
        .collect();
    let expected = [("a", "integer"), ("b", "character varying(20)"), ("n", "numeric(10,2)")]
        .map(|(name, ty)| (name.to_owned(), Some(ty.to_owned())));
    assert_eq!(columns, expected);
    assert_eq!(last.rows.get(0, 1), Some("x"));
    assert_eq!(last.rows.get(1, 1), None);
    assert_eq!(last.rows.get(1, 2), Some("1.50"));
}

#[test]
fn a_pipeline_returns_every_outcome_and_the_transaction_status() {
    let database = Database::new();
    let mut connection = database.connect();
    let results = connection
        .pipeline(&["begin", "create view v as select 1 as one", "select * from v"])
        .unwrap();
    let tags: Vec<&str> = results.iter().map(StatementResult::tag).collect();
    assert_eq!(tags, ["BEGIN", "CREATE VIEW", "SELECT 1"]);
    assert_eq!(connection.transaction_status(), TransactionStatus::InTransaction);
    connection.query("commit").unwrap();
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
}

#[test]
fn a_failing_statement_stops_its_pipeline() {
    let database = Database::new();
    let mut connection = database.connect();
    let statements =
        ["begin", "create table t ()", "select nonsense", "create table u ()", "commit"];
    let failed = connection.pipeline(&statements).unwrap_err();
    assert_eq!((failed.index, failed.completed.len()), (2, 2));
    assert_eq!(failed.error.db().unwrap().sqlstate, "42703");
    assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
    assert_eq!(value(&mut connection, "select to_regclass('t')"), None);

    // Outside a transaction nothing after the failure may run either.
    let statements = ["create table t ()", "select nonsense", "create table u ()"];
    let failed = connection.pipeline(&statements).unwrap_err();
    assert_eq!(failed.index, 1);
    assert_eq!(value(&mut connection, "select to_regclass('t')").as_deref(), Some("t"));
    assert_eq!(value(&mut connection, "select to_regclass('u')"), None);
}

#[test]
fn an_error_points_into_its_statement() {
    let database = Database::new();
    let mut connection = database.connect();
    let sql = "-- é\nselect 1,\n  wrong\nfrom pg_class";
    let Error::Db(error) = connection.query(sql).unwrap_err() else { panic!("not refused") };
    assert_eq!(error.line_column(sql), Some((3, 3)));
    assert_eq!(
        error.report(Some(sql)),
        "column \"wrong\" does not exist\nLINE 3:   wrong\n          ^"
    );
    connection.query("create table c (x int constraint positive check (x > 0))").unwrap();
    let Error::Db(error) = connection.query("insert into c values (-1)").unwrap_err() else {
        panic!("not refused")
    };
    assert_eq!(error.constraint.as_deref(), Some("positive"));
    assert_eq!(error.table.as_deref(), Some("c"));
}

#[test]
fn the_report_is_libpqs() {
    let database = Database::new();
    let mut connection = database.connect();
    let long = |before: usize, after: usize| {
        format!("select {} x {}", "1,".repeat(before), ",1".repeat(after))
    };
    let mut statements: Vec<String> = [
        "select 1\n\tfrom\tnowhere where true",
        "selct 1",
        "select 'é', wrong",
        "select pg_catalog.lower(1, 2)",
        "create table t (a int unique); insert into t values (1), (1)",
        "select 1;\r\nselect x;\r\nselect 2",
        "select 1 +",
        "do 'begin perform (select wrong); end'",
    ]
    .map(str::to_owned)
    .into();
    for (before, after) in [(0, 60), (20, 20), (21, 1), (22, 60), (23, 60), (60, 60), (60, 0)] {
        statements.push(long(before, after));
    }
    for sql in statements {
        let url = format!(
            "postgresql://{}@/{}?host={}",
            database.options.user, database.options.database, database.options.host
        );
        let psql = std::process::Command::new("psql").args([&url, "-Xqc", &sql]).output();
        let Ok(output) = psql else {
            eprintln!("skipped: no psql");
            return;
        };
        let Error::Db(error) = connection.query(&sql).unwrap_err() else { panic!("{sql}") };
        let report = format!("{}:  {}\n", error.severity, error.report(Some(&sql)));
        assert_eq!(report, String::from_utf8_lossy(&output.stderr), "{sql}");
    }
}

#[test]
fn results_larger_than_any_buffer_do_not_deadlock() {
    let database = Database::new();
    let mut connection = database.connect();
    // Both directions are full: large texts go out while large results come in.
    let padding = "x".repeat(400_000);
    let sql = format!("select g, repeat('y', 1000) from generate_series(1, 2000) g -- {padding}");
    let statements: Vec<String> =
        std::iter::once("begin".to_owned()).chain(std::iter::repeat_n(sql, 10)).collect();
    let results = connection.pipeline(&statements).unwrap();
    assert!(results[1..].iter().all(|result| result.last().unwrap().rows.len() == 2000));
    assert_eq!(results[10].last().unwrap().rows.get(1999, 0), Some("2000"));
    let cell = value(&mut connection, "select repeat('z', 30000000)").unwrap();
    assert_eq!(cell.len(), 30_000_000);
}

#[test]
fn parameters_are_bound_and_statements_described() {
    let database = Database::new();
    let mut connection = database.connect();
    let result = connection
        .query_params("select $1::text, $2::int + 1, $3::text", &[Some("it's"), Some("41"), None])
        .unwrap();
    let row: Vec<Option<&str>> =
        result.last().unwrap().rows.iter().next().unwrap().iter().collect();
    assert_eq!(row, [Some("it's"), Some("42"), None]);

    let columns = connection.describe("select 1 as a, now() as b").unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(types::kind(columns[1].type_oid), types::Kind::TimestampTz);
    assert!(connection.describe("create table t ()").unwrap().is_empty());
    let error = connection.describe("select nope").unwrap_err();
    assert_eq!(error.db().unwrap().sqlstate, "42703");
    assert_eq!(value(&mut connection, "select 1").as_deref(), Some("1"));
}

#[test]
fn copy_streams_rows_and_refuses_bad_ones() {
    let database = Database::new();
    let mut connection = database.connect();
    connection.query("create table t (a int, b text)").unwrap();
    let rows: Vec<String> = (0..200_000).map(|n| format!("{n},text {n}\n")).collect();
    let rows = rows.concat();
    let mut progress = 0;
    let copied = connection
        .copy_in("copy t from stdin (format csv)", rows.as_bytes(), |bytes| progress = bytes)
        .unwrap();
    assert_eq!((copied, progress), (200_000, rows.len() as u64));

    let bad = format!("1,x\nwrong,y\n{rows}");
    let error =
        connection.copy_in("copy t from stdin (format csv)", bad.as_bytes(), |_| {}).unwrap_err();
    let context = error.db().unwrap().context.clone().unwrap();
    assert_eq!(context, "COPY t, line 2, column a: \"wrong\"");
    assert_eq!(value(&mut connection, "select count(*) from t").as_deref(), Some("200000"));

    let not_copy = connection.copy_in("select 1", &b""[..], |_| {}).unwrap_err();
    assert!(matches!(not_copy, Error::Protocol(_)));
    let failed = connection.query("copy t from stdin").unwrap_err();
    assert!(failed.db().unwrap().message.contains("no data was provided"));
    assert_eq!(value(&mut connection, "select 1").as_deref(), Some("1"));
}

#[test]
fn a_source_that_fails_leaves_no_rows() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let database = Database::new();
    let mut connection = database.connect();
    connection.query("create table t (a int)").unwrap();
    let source = (&b"1\n2\n"[..]).chain(Broken);
    let error = connection.copy_in("copy t from stdin", source, |_| {}).unwrap_err();
    assert!(matches!(&error, Error::Source(_)) && error.to_string() == "disk on fire");
    assert_eq!(value(&mut connection, "select count(*) from t").as_deref(), Some("0"));
}

#[test]
fn a_token_cancels_from_another_thread() {
    let database = Database::new();
    let connection = database.connect();
    let token = connection.cancel_token();
    let sleeper = std::thread::spawn(move || {
        let mut connection = connection;
        let error = connection.query("select pg_sleep(60)").unwrap_err();
        (connection, error)
    });
    database.wait_for_sessions("select pg_sleep(60)", 1);
    token.cancel().unwrap();
    let (mut connection, error) = sleeper.join().unwrap();
    assert_eq!(error.db().unwrap().sqlstate, "57014");
    assert_eq!(value(&mut connection, "select 1").as_deref(), Some("1"));
}

#[test]
fn a_session_the_server_ends_is_lost() {
    let database = Database::new();
    let mut connection = database.connect();
    database.terminate(connection.backend_pid());
    let error = connection.query("select 1").unwrap_err();
    let Error::Lost { reason, .. } = &error else { panic!("not lost: {error}") };
    assert_eq!(reason.as_ref().unwrap().sqlstate, "57P01");
    assert!(connection.is_broken());
    let error = connection.query("select 1").unwrap_err();
    assert!(matches!(error, Error::Lost { .. }));
}

#[test]
fn a_session_has_the_profiles_settings() {
    let database = Database::new();
    let mut admin = database.connect();
    admin.query("create schema \"other\"; drop role if exists tester; create role tester").unwrap();
    let options = ConnectOptions {
        search_path: Some("other, public".to_owned()),
        role: Some("tester".to_owned()),
        application_name: Some("from a test".to_owned()),
        ..database.options.clone()
    };
    let mut connection = Connection::connect(&options).unwrap();
    let shown = |connection: &mut Connection, name| value(connection, &format!("show {name}"));
    assert_eq!(shown(&mut connection, "search_path").as_deref(), Some("other, public"));
    assert_eq!(shown(&mut connection, "application_name").as_deref(), Some("from a test"));
    let version = connection.server_version();
    assert!(version >= 130_000);
    if version >= 140_000 {
        let interval = shown(&mut connection, "client_connection_check_interval");
        assert_eq!(interval.as_deref(), Some("2s"));
    }
    assert_eq!(value(&mut connection, "select current_user").as_deref(), Some("tester"));
    connection.query("begin; rollback").unwrap();
    assert_eq!(value(&mut connection, "select current_user").as_deref(), Some("tester"));
    drop(connection);

    let options = ConnectOptions { role: Some("nobody_knows".to_owned()), ..options };
    let error = Connection::connect(&options).unwrap_err();
    assert!(error.to_string().contains("role \"nobody_knows\" does not exist"));
    let diagnostic = error.into_diagnostic();
    assert_eq!(diagnostic.code.as_str(), "GD4001");
    assert!(diagnostic.help.unwrap().contains("`role`"));
    admin.query("drop role tester").unwrap();
}

#[test]
fn connect_failures_say_why_in_libpqs_words() {
    let database = Database::new();
    let none = ConnectOptions { retries: 0, ..database.options.clone() };
    let failure = |options: ConnectOptions| match Connection::connect(&options) {
        Err(Error::Connect { message, cause }) => (message, cause),
        other => panic!("{other:?}"),
    };

    let (message, cause) = failure(ConnectOptions { database: "nope".into(), ..none.clone() });
    assert!(message.ends_with("failed: FATAL:  database \"nope\" does not exist"), "{message}");
    assert!(matches!(cause, ConnectCause::Refused(error) if error.sqlstate == "3D000"));

    let (message, cause) = failure(ConnectOptions { host: "/nowhere".into(), ..none.clone() });
    assert_eq!(
        message,
        "connection to server on socket \"/nowhere/.s.PGSQL.5432\" failed: No such file or \
         directory\n\tIs the server running locally and accepting connections on that socket?"
    );
    assert_eq!(cause, ConnectCause::Unreachable);

    let closed = ConnectOptions { host: "127.0.0.1".into(), port: 1, ..none.clone() };
    let (message, cause) = failure(closed);
    assert_eq!(
        message,
        "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the \
         server running on that host and accepting TCP/IP connections?"
    );
    assert_eq!(cause, ConnectCause::Unreachable);

    let (message, cause) = failure(ConnectOptions { host: "no.such.host.invalid".into(), ..none });
    assert!(message.starts_with("could not translate host name \"no.such.host.invalid\""));
    assert_eq!(cause, ConnectCause::UnknownHost);
}

#[test]
fn a_silent_server_runs_into_the_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut options = ConnectOptions::new("127.0.0.1", port, "u", "d");
    options.connect_timeout = Duration::from_millis(200);
    options.retries = 0;
    let error = Connection::connect(&options).unwrap_err();
    assert!(matches!(error, Error::Connect { cause: ConnectCause::TimedOut, .. }), "{error}");
    assert!(error.to_string().ends_with("timeout expired"));
}

#[test]
fn something_else_than_postgres_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let web_server = std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 64]);
            let _ = io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    for sslmode in ["prefer", "disable"] {
        let mut options = ConnectOptions::new("127.0.0.1", port, "u", "d");
        options.sslmode = sslmode.parse().unwrap();
        options.retries = 0;
        assert!(matches!(Connection::connect(&options), Err(Error::Connect { .. })));
    }
    web_server.join().unwrap();
}

#[test]
fn the_pool_reuses_sessions_and_cleans_them() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let first = {
        let mut connection = pool.get().unwrap();
        connection.query("begin; create table t ()").unwrap();
        connection.backend_pid()
    };
    let mut again = pool.get().unwrap();
    assert_eq!(again.backend_pid(), first);
    assert_eq!(again.transaction_status(), TransactionStatus::Idle);
    assert_eq!(value(&mut again, "select to_regclass('t')"), None);
    let other = pool.get().unwrap();
    assert_ne!(other.backend_pid(), first);
    drop(again);

    // A session that died while it was idle is replaced.
    database.terminate(first);
    let mut replaced = pool.get().unwrap();
    assert_ne!(replaced.backend_pid(), first);
    assert_eq!(value(&mut replaced, "select 1").as_deref(), Some("1"));
}

#[test]
fn the_pool_cancels_everything_in_use() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let sleepers: Vec<_> = (0..3)
        .map(|_| {
            let mut connection = pool.get().unwrap();
            std::thread::spawn(move || connection.query("select pg_sleep(60)").unwrap_err())
        })
        .collect();
    database.wait_for_sessions("select pg_sleep(60)", 3);
    pool.cancel_all().unwrap();
    for sleeper in sleepers {
        assert_eq!(sleeper.join().unwrap().db().unwrap().sqlstate, "57014");
    }
}

#[test]
fn the_catalog_knows_relations_and_columns() {
    let database = Database::new();
    let mut connection = database.connect();
    connection
        .query(
            "create schema empty; create schema \"A b\"; set search_path to \"A b\"; \
             create domain short as varchar(3); create type mood as enum ('sad'); \
             create table t (a int, b varchar(20), c numeric(10,2), d text[], e mood, f short, \
                             g timestamptz, h numeric); \
             alter table t drop column a; \
             create view v as select * from t; create materialized view m as select b from t; \
             create table p (x int) partition by range (x); create index on t (b)",
        )
        .unwrap();
    let schemas = ["A b", "empty", "absent"];
    let (relations, existing) = catalog::relations(&mut connection, &schemas).unwrap();
    let found: Vec<(&str, &str)> = relations
        .iter()
        .map(|relation| (relation.name.as_str(), relation.kind.keyword()))
        .collect();
    assert_eq!(found, [("m", "materialized view"), ("p", "table"), ("t", "table"), ("v", "view")]);
    assert_eq!(existing, ["A b", "empty"]);
    assert!(catalog::schema_exists(&mut connection, "empty").unwrap());
    assert!(!catalog::schema_exists(&mut connection, "absent").unwrap());

    // The same as dbt-postgres reads from information_schema.
    let expected = connection
        .query(
            "select column_name, data_type, character_maximum_length, numeric_precision, \
             numeric_scale from information_schema.columns where table_schema = 'A b' and \
             table_name = 't' order by ordinal_position",
        )
        .unwrap();
    let expected: Vec<Vec<Option<String>>> = expected
        .last()
        .unwrap()
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.map(str::to_owned)).collect())
        .collect();
    let columns: Vec<Vec<Option<String>>> = catalog::columns(&mut connection, "A b", "t")
        .unwrap()
        .into_iter()
        .map(|column| {
            vec![
                Some(column.name),
                Some(column.data_type),
                column.character_maximum_length.map(|n| n.to_string()),
                column.numeric_precision.map(|n| n.to_string()),
                column.numeric_scale.map(|n| n.to_string()),
            ]
        })
        .collect();
    assert_eq!(columns, expected);
    assert_eq!(catalog::columns(&mut connection, "A b", "m").unwrap().len(), 1);
}
