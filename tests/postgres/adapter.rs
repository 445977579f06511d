//! The adapter's session: few round trips, and nothing happens after a failure.

use std::sync::Arc;

use gdbt::adapter::{
    Dependents, QueryComment, RelationCache, Seed, Session, SessionOptions, Table,
};
use gdbt::diagnostic::Code;
use gdbt::event::Silent;
use gdbt::jinja::Value;
use gdbt::postgres::{Pool, lock};
use jiff::tz::TimeZone;

use crate::database::{Database, value};
use crate::proxy::Proxy;

fn session(pool: &Pool) -> Arc<Session> {
    Session::open(
        pool,
        SessionOptions {
            name: "model.shop.orders".to_owned(),
            comment: QueryComment::new("{\"app\": \"dbt\"}", false).unwrap(),
            node: None,
            lock: Some(lock::relation("public", "v", None)),
            dependents: Dependents::default(),
            introspects: true,
            sink: Arc::new(Silent),
        },
    )
}

/// A pool with one open connection, so that only statements are counted.
fn warm(proxy: &Proxy) -> Pool {
    let pool = Pool::new(proxy.options.clone());
    pool.get().unwrap().query("select 1").unwrap();
    pool
}

fn relations(database: &Database) -> Option<String> {
    value(
        &mut database.connect(),
        "select string_agg(relname, ',' order by relname) from pg_class \
         where relnamespace = 'public'::regnamespace",
    )
}

#[test]
fn a_view_takes_one_round_trip_and_a_test_another() {
    let database = Database::new();
    let proxy = Proxy::start(&database.options);
    let pool = warm(&proxy);
    let (response, trips) = proxy.count(|| {
        let session = session(&pool);
        let (response, _) =
            session.execute("create view v__dbt_tmp as (select 1 as a);", true, false).unwrap();
        session.execute("drop view if exists v cascade", false, false).unwrap();
        session.execute("alter table v__dbt_tmp rename to v", true, true).unwrap();
        session.commit().unwrap();
        session.finish(true).unwrap();
        response
    });
    assert_eq!(trips, 1);
    assert_eq!(response.get().unwrap().message, "CREATE VIEW");
    assert_eq!(relations(&database).as_deref(), Some("v"));

    let (rows, trips) = proxy.count(|| {
        let session = session(&pool);
        let (_, rows) = session.execute("select count(*) from v", false, true).unwrap();
        session.finish(true).unwrap();
        Table::from_result(&rows.unwrap())
    });
    assert_eq!(trips, 1);
    assert_eq!(rows.row(0).unwrap()[0], Value::from(1));
}

#[test]
fn a_failure_is_told_of_the_statement_that_failed_and_stops_all_others() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let session = session(&pool);
    session.execute("create table before (a int)", true, false).unwrap();
    session.execute("create table broken as (\nselect wrong\n)", true, false).unwrap();
    let (after, _) = session.execute("create table after (a int)", true, false).unwrap();
    let error = session.commit().unwrap_err();
    assert_eq!(error.code, Code::SqlFailed);
    assert_eq!(
        error.message,
        "column \"wrong\" does not exist\nLINE 2: select wrong\n               ^"
    );
    let failure = session.failure().unwrap();
    assert_eq!(&*failure.sql, "create table broken as (\nselect wrong\n)");
    assert_eq!((failure.position, failure.sqlstate.as_str()), (Some(32), "42703"));
    assert_eq!(after.get().unwrap().message, "");
    session.finish(false).unwrap();
    assert_eq!(relations(&database), None);
}

#[test]
fn a_failed_commit_is_an_error() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let session = session(&pool);
    session
        .execute(
            "create table t (a int unique deferrable initially deferred); \
             insert into t values (1), (1)",
            true,
            false,
        )
        .unwrap();
    let error = session.commit().unwrap_err();
    assert!(error.message.contains("duplicate key"), "{}", error.message);
    session.finish(true).unwrap();
    assert_eq!(relations(&database), None);
}

#[test]
fn what_is_not_committed_is_undone() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let open = session(&pool);
    open.execute("create table lost (a int)", false, false).unwrap();
    open.finish(true).unwrap();
    // Errors of statements that were kept back still show.
    let open = session(&pool);
    open.execute("drop table lost", false, false).unwrap();
    assert!(open.finish(true).unwrap_err().message.contains("does not exist"));
    // After a commit, statements commit themselves.
    let open = session(&pool);
    open.commit().unwrap();
    open.execute("create table kept (a int)", false, false).unwrap();
    open.execute("vacuum kept", false, false).unwrap();
    open.execute("create table too (a int)", true, false).unwrap();
    open.finish(true).unwrap();
    assert_eq!(relations(&database).as_deref(), Some("kept,too"));
}

#[test]
fn a_statement_may_control_its_transaction_itself() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let open = session(&pool);
    open.execute("begin; create table a (a int); commit;", false, false).unwrap();
    open.execute("begin; create table b (a int);", false, false).unwrap();
    open.execute("rollback", false, false).unwrap();
    open.execute("commit;", false, false).unwrap();
    open.finish(true).unwrap();
    assert_eq!(relations(&database).as_deref(), Some("a"));
}

#[test]
fn a_node_leaves_no_trace_in_the_session() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let first = session(&pool);
    first.execute("set work_mem = '77MB'", true, false).unwrap();
    first.execute("create temporary table scratch (a int)", true, false).unwrap();
    first.commit().unwrap();
    first.finish(true).unwrap();
    let second = session(&pool);
    let sql = "select current_setting('work_mem'), to_regclass('scratch'), pg_backend_pid()";
    let (_, rows) = second.execute(sql, false, true).unwrap();
    let table = Table::from_result(&rows.unwrap());
    let row = table.row(0).unwrap();
    assert_ne!(row[0], Value::from("77MB"));
    assert!(row[1].is_none());
    second.finish(true).unwrap();
}

#[test]
fn a_seed_is_copied_with_the_values_that_dbt_would_insert() {
    let database = Database::new();
    let pool = Pool::new(database.options.clone());
    let csv = "id,share,day,at,ok,note\n1.0,\"$1,000.5\",2020-1-5,2020-01-01T00:00:00Z,TRUE,a\tb\n,,,,,\n";
    let seed = Arc::new(Seed::parse(csv, "seeds/a.csv", ',', []).unwrap());
    let open = session(&pool);
    open.execute(
        "create table s (id int, share float8, day date, at timestamp, ok boolean, note text)",
        true,
        false,
    )
    .unwrap();
    let zone = TimeZone::get("Asia/Tokyo").unwrap();
    assert_eq!(open.copy("copy s from stdin", seed.copy_text(&zone)).unwrap(), 2);
    open.commit().unwrap();
    open.finish(true).unwrap();
    let stored = value(&mut database.connect(), "select string_agg(s::text, ';') from s");
    assert_eq!(
        stored.as_deref(),
        Some("(1,1000.5,2020-01-05,\"2020-01-01 09:00:00\",t,\"a\tb\");(,,,,,)")
    );

    let bad = Arc::new(Seed::parse("id\n99999999999\n", "seeds/b.csv", ',', []).unwrap());
    let open = session(&pool);
    let error = open.copy("copy s (id) from stdin", bad.copy_text(&zone)).unwrap_err();
    assert!(error.message.contains("out of range"), "{}", error.message);
    open.finish(false).unwrap();
    assert_eq!(value(&mut database.connect(), "select count(*) from s").as_deref(), Some("2"));
}

#[test]
fn the_cache_is_filled_in_one_round_trip_and_knows_what_a_cascade_drops() {
    let database = Database::new();
    database
        .connect()
        .query(
            "create schema s; create schema other; create table s.t (a int); \
             create view s.v as select * from s.t; create view other.w as select * from s.v; \
             create materialized view s.m as select 1",
        )
        .unwrap();
    let proxy = Proxy::start(&database.options);
    let pool = warm(&proxy);
    let cache = RelationCache::new(database.options.database.clone());
    let mut connection = pool.get().unwrap();
    let (existing, trips) =
        proxy.count(|| cache.fill(&mut connection, &["s", "other", "absent"]).unwrap());
    assert_eq!((existing, trips), (vec!["other".to_owned(), "s".to_owned()], 1));
    let mut found: Vec<String> = ["s", "other"]
        .iter()
        .flat_map(|schema| cache.relations(schema))
        .map(|relation| format!("{} {}", relation.kind.unwrap().as_str(), relation.render()))
        .collect();
    found.sort();
    let name = |schema: &str, name: &str| {
        format!("\"{}\".\"{schema}\".\"{name}\"", database.options.database)
    };
    assert_eq!(
        found,
        [
            format!("materialized_view {}", name("s", "m")),
            format!("table {}", name("s", "t")),
            format!("view {}", name("other", "w")),
            format!("view {}", name("s", "v")),
        ]
    );
    let table = cache.relations("s").into_iter().find(|it| it.identifier.as_deref() == Some("t"));
    cache.remove(&table.unwrap());
    assert_eq!((cache.relations("s").len(), cache.relations("other").len()), (1, 0));
    assert!(cache.knows_schema("absent"));
}
