//! The built-in macros on a real server: what materializations build, in how many round
//! trips, and what is left behind.

mod project;

use std::sync::Arc;

use gdbt::adapter::{Seed, Table};
use gdbt::jinja::{Args, Error, Globals, State, Value};

use self::project::{Node, Project};

fn config(entries: &[(&'static str, &str)]) -> Vec<(&'static str, Value)> {
    entries.iter().map(|(key, value)| (*key, Value::from(*value))).collect()
}

#[test]
fn views_and_tables_are_swapped_in_one_round_trip() {
    let project = Project::new("");
    assert_eq!(project.build("a", "select 1 as x", &config(&[])), ("CREATE VIEW".into(), 1));
    let sql = "select 'y' as y -- end";
    assert_eq!(project.build("a", sql, &config(&[])), ("CREATE VIEW".into(), 1));
    assert_eq!(project.relations(), "v a");
    let table = || config(&[("materialized", "table")]);
    let sql = "select generate_series(1, 12) as n";
    assert_eq!(project.build("a", sql, &table()), ("SELECT 12".into(), 1));
    assert_eq!(project.build("a", sql, &table()), ("SELECT 12".into(), 1));
    assert_eq!(project.relations(), "r a");
    assert_eq!(project.build("a", "select 1 as x", &config(&[])), ("CREATE VIEW".into(), 1));
    assert_eq!(project.relations(), "v a");
}

#[test]
fn a_failed_build_leaves_the_old_relation() {
    let project = Project::new("");
    project.build("a", "select 1 as x", &config(&[("materialized", "table")]));
    for materialized in ["table", "view", "incremental"] {
        let settings = config(&[("materialized", materialized)]);
        let error = project.run("a", "select nothing", &settings).0.unwrap_err();
        assert!(error.message().contains("\"nothing\" does not exist"), "{}", error.message());
        assert_eq!(project.relations(), "r a", "{materialized}");
    }
    let hook = Value::list([Value::dict([
        ("sql", Value::from("select 1 / 0")),
        ("transaction", Value::from(true)),
    ])]);
    let settings = vec![("materialized", "view".into()), ("post_hooks", hook)];
    assert!(project.run("a", "select 2 as x", &settings).0.is_err());
    assert_eq!(project.relations(), "r a");
}

#[test]
fn what_dbt_left_behind_is_dropped() {
    let project = Project::new("");
    let leftovers =
        "create table dwh.a__dbt_tmp (x int); create view dwh.a__dbt_backup as select 1";
    project.database.connect().query(leftovers).unwrap();
    project.cache.fill(&mut project.pool.get().unwrap(), &["dwh"]).unwrap();
    project.build("a", "select 1 as x", &config(&[("materialized", "table")]));
    assert_eq!(project.relations(), "r a");
}

#[test]
fn long_names_that_only_differ_at_the_end_do_not_meet() {
    let project = Project::new("");
    let names = ["1", "2"].map(|end| "é".repeat(27) + "_long" + end);
    for name in &names {
        project.build(name, "select 1 as x", &config(&[("materialized", "table")]));
        project.build(name, "select 1 as x", &config(&[("materialized", "table")]));
    }
    assert_eq!(project.relations(), format!("r {}, r {}", names[0], names[1]));
}

#[test]
fn indexes_grants_and_docs_ride_along() {
    let project = Project::new("");
    let role = format!("reader_{}", project.database.options.database);
    project.database.connect().query(&format!("create role {role}")).unwrap();
    let index = Value::dict([
        ("columns", Value::from(vec!["x", "y"])),
        ("unique", Value::from(true)),
        ("type", Value::from("btree")),
    ]);
    let column = |name: &str, description: &str| {
        Value::dict([
            ("name", Value::from(name)),
            ("description", Value::from(description)),
            ("quote", Value::None),
        ])
    };
    let settings = |kind: &str| {
        vec![
            ("materialized", Value::from(kind)),
            ("indexes", Value::list([index.clone()])),
            ("grants", Value::dict([("select", Value::from(vec![role.as_str()]))])),
            ("persist_docs", Value::dict([("relation", true.into()), ("columns", true.into())])),
            ("columns", Value::dict([("x", column("x", "It's $$ x")), ("y", column("y", "why"))])),
        ]
    };
    let sql = "select 1 as x, 'a' as y";
    assert_eq!(project.build("a", sql, &settings("table")), ("SELECT 1".into(), 2));
    assert_eq!(project.build("a", sql, &settings("table")), ("SELECT 1".into(), 2));
    let found = |sql: &str| project.value(sql).unwrap();
    assert_eq!(found("select obj_description('dwh.a'::regclass)"), "It's a model");
    assert_eq!(found("select col_description('dwh.a'::regclass, 1)"), "It's $$ x");
    assert_eq!(found("select count(*) from pg_indexes where tablename = 'a'"), "1");
    let granted = format!("select has_table_privilege('{role}', 'dwh.a', 'select')");
    assert_eq!(found(&granted), "t");
    // An incremental run keeps what is granted and revokes what is not configured.
    project.database.connect().query(&format!("grant insert on dwh.a to {role}")).unwrap();
    project.build("a", "select 2 as x, 'b' as y", &settings("incremental"));
    assert_eq!(found(&granted), "t");
    assert_eq!(found(&granted.replace("'select'", "'insert'")), "f");
    project.database.connect().query(&format!("drop owned by {role}; drop role {role}")).unwrap();
}

#[test]
fn an_incremental_model_adds_and_replaces_rows() {
    let project = Project::new("");
    let settings = |strategy: &str| {
        config(&[
            ("materialized", "incremental"),
            ("unique_key", "id"),
            ("incremental_strategy", strategy),
        ])
    };
    let rows = || project.value("select string_agg(id || name, ',' order by id, name) from dwh.a");
    let first = "select 1 as id, 'a'::varchar(1) as name union all select 2, 'b'";
    assert_eq!(project.build("a", first, &settings("delete+insert")), ("SELECT 2".into(), 1));
    let second = "select 2 as id, 'long'::varchar(10) as name union all select 3, 'c'";
    let (response, trips) = project.build("a", second, &settings("delete+insert"));
    assert_eq!((response.as_str(), rows().as_deref()), ("INSERT 0 2", Some("1a,2long,3c")));
    assert!(trips <= 4, "{trips}");
    let third = "select 3 as id, 'd' as name";
    let (_, trips) = project.build("a", third, &settings("append"));
    assert_eq!((rows().as_deref(), trips), (Some("1a,2long,3c,3d"), 3));
    assert_eq!(project.relations(), "r a");
    let mut refresh = settings("append");
    refresh.push(("full_refresh", true.into()));
    let (_, trips) = project.build("a", third, &refresh);
    assert_eq!((rows().as_deref(), trips), (Some("3d"), 1));
    if project.pool.get().unwrap().server_version() >= 150_000 {
        project.build("a", "select 3 as id, 'e' as name", &settings("merge"));
        project.build("a", "select 4 as id, 'f' as name", &settings("merge"));
        assert_eq!(rows().as_deref(), Some("3e,4f"));
    }
    let error = project.run("a", third, &settings("insert_overwrite")).0.unwrap_err();
    assert!(error.message().contains("is not valid for this adapter"), "{}", error.message());
    let error = project.run("a", third, &settings("typo")).0.unwrap_err();
    assert!(error.message().contains("get_incremental_typo_sql"), "{}", error.message());
    let leftovers = "select count(*) from pg_class where relname like 'a\\_\\_dbt%'";
    assert_eq!(project.value(leftovers).as_deref(), Some("0"));
}

#[test]
fn an_incremental_model_follows_its_columns() {
    let project = Project::new("");
    let settings =
        |change: &str| config(&[("materialized", "incremental"), ("on_schema_change", change)]);
    let columns = || {
        project.value(
            "select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by \
             attnum) from pg_attribute where attrelid = 'dwh.a'::regclass and attnum > 0 and not \
             attisdropped",
        )
    };
    project.build("a", "select 1 as x, 'a' as y", &settings("ignore"));
    project.build("a", "select 1 as x, 'b' as y, array[1] as z", &settings("append_new_columns"));
    assert_eq!(columns().as_deref(), Some("x integer, y text, z integer[]"));
    let changed = "select 1.5::numeric(10,2) as x, array['q'] as z, true as w";
    let error = project.run("a", changed, &settings("fail")).0.unwrap_err();
    assert!(error.message().contains("out of sync"), "{}", error.message());
    project.database.connect().query("alter table dwh.a drop column z").unwrap();
    project.build("a", changed, &settings("sync_all_columns"));
    assert_eq!(columns().as_deref(), Some("x numeric(10,2), z text[], w boolean"));
    assert_eq!(project.value("select count(*) from dwh.a").as_deref(), Some("3"));
}

#[test]
fn hooks_run_inside_and_outside_of_the_transaction() {
    let project = Project::new("");
    project.database.connect().query("create table dwh.log (at text, tx bigint)").unwrap();
    let hook = |text: &str, transaction: bool| {
        let sql = format!("insert into dwh.log values ('{text}', txid_current())");
        Value::dict([("sql", Value::from(sql)), ("transaction", Value::from(transaction))])
    };
    let vacuum =
        Value::dict([("sql", Value::from("vacuum dwh.log")), ("transaction", false.into())]);
    let settings = vec![
        ("materialized", "table".into()),
        ("pre_hooks", Value::list([hook("before", false), hook("pre", true)])),
        ("post_hooks", Value::list([hook("post", true), vacuum, hook("after", false)])),
    ];
    project.build("a", "select txid_current() as tx", &settings);
    let same = |at: &str| {
        let sql = format!("select (select tx from dwh.a) = tx from dwh.log where at = '{at}'");
        project.value(&sql).unwrap()
    };
    assert_eq!(["before", "pre", "post", "after"].map(same), ["f", "t", "t", "f"]);
}

#[test]
fn tests_count_and_may_store_what_they_find() {
    let project = Project::new("");
    let settings = |store: bool| {
        vec![
            ("materialized", Value::from("test")),
            ("fail_calc", Value::from("count(*)")),
            ("warn_if", Value::from("!= 0")),
            ("error_if", Value::from("> 10")),
            ("limit", Value::from(5)),
            ("store_failures", Value::from(store)),
        ]
    };
    let sql = "select generate_series(1, 8) as n";
    assert_eq!(project.build("t", sql, &settings(false)), ("SELECT 1".into(), 1));
    assert_eq!(project.relations(), "");
    let (_, trips) = project.build("t", sql, &settings(true));
    assert_eq!((project.relations().as_str(), trips), ("r t", 2));
    assert_eq!(project.value("select count(*) from dwh.t").as_deref(), Some("5"));
    project.build("t", sql, &settings(true));
    assert_eq!(project.relations(), "r t");
}

#[test]
fn generic_tests_find_the_rows_that_break_the_rule() {
    let project = Project::new("");
    project
        .database
        .connect()
        .query(
            "create table dwh.d (id int); insert into dwh.d values (1), (2); \
             create table dwh.t (id int, kind text, d_id int); \
             insert into dwh.t values (1, 'a', 1), (1, 'b', 3), (null, 'c', null)",
        )
        .unwrap();
    let node = project.node("t", "", &[]);
    let mut state = State::new(&node);
    let mut failing = |name: &str, args: Args| {
        let test = node.lookup(&format!("test_{name}")).unwrap();
        let sql = test.call(&mut state, args).map_err(Error::into_diagnostic).unwrap();
        project.value(&format!("select count(*) from ({sql}) as failing")).unwrap()
    };
    let args = |column: &str| {
        Args::none()
            .with("model", project.relation("t").into_value())
            .with("column_name", column.to_owned())
    };
    assert_eq!(failing("unique", args("id")), "1");
    assert_eq!(failing("not_null", args("id")), "1");
    assert_eq!(failing("accepted_values", args("kind").with("values", vec!["a", "b"])), "1");
    let numbers = args("id").with("values", vec![1_i64, 2]).with("quote", false);
    assert_eq!(failing("accepted_values", numbers), "0");
    let to = project.relation("d").into_value();
    assert_eq!(failing("relationships", args("d_id").with("to", to).with("field", "id")), "1");
}

#[test]
fn seeds_are_created_reloaded_and_rebuilt() {
    let project = Project::new("");
    let seed = |csv: &str, settings: Vec<(&'static str, Value)>| {
        let mut settings = settings;
        settings.push(("materialized", "seed".into()));
        let mut node = project.node("s", "", &settings);
        let seed = Arc::new(Seed::parse(csv, "seeds/s.csv", ',', ["zip"]).unwrap());
        let table = Table::from_seed(seed).into_value();
        let load = Value::function("load_agate_table", move |_, _| Ok(table.clone()));
        node.values.insert("load_agate_table", load);
        let (response, trips) = project.proxy.count(|| node.run());
        (response.map_err(Error::into_diagnostic), trips)
    };
    let types = || vec![("column_types", Value::dict([("zip", Value::from("varchar(5)"))]))];
    let csv = "id,zip,Half\n1,007,0.5\n2,,\n";
    let (response, trips) = seed(csv, types());
    assert_eq!(response.unwrap(), "INSERT 2");
    assert!(trips <= 4, "{trips}");
    assert_eq!(seed(csv, types()).0.unwrap(), "INSERT 2");
    let shape = "select string_agg(column_name || ' ' || data_type, ', ' order by \
                 ordinal_position) from information_schema.columns where table_name = 's'";
    assert_eq!(
        project.value(shape).as_deref(),
        Some("id integer, zip character varying, Half double precision")
    );
    assert_eq!(project.value("select count(*) || min(zip) from dwh.s").as_deref(), Some("2007"));
    let mut refresh = types();
    refresh.push(("full_refresh", true.into()));
    refresh.push(("quote_columns", false.into()));
    assert_eq!(seed("id,Name,zip\n", refresh).0.unwrap(), "CREATE 0");
    assert_eq!(
        project.value(shape).as_deref(),
        Some("id integer, name integer, zip character varying")
    );
    project.build("s", "select 1 as x", &config(&[("materialized", "view")]));
    let error = seed(csv, types()).0.unwrap_err();
    assert!(error.message.contains("it is a view"), "{}", error.message);
}

#[test]
fn a_project_may_replace_any_macro() {
    let project = Project::new(
        "{% macro postgres__create_table_as(temporary, relation, sql) %}\
           create table {{ relation }} as select 'mine' as x\
         {% endmacro %}\
         {% macro drop_relation(relation) %}\
           {% call statement('drop') %}drop table {{ relation }}{% endcall %}\
         {% endmacro %}\
         {% macro get_incremental_mine_sql(arg_dict) %}\
           {{ return('update ' ~ arg_dict['target_relation'] ~ ' set x = x || 2') }}\
         {% endmacro %}",
    );
    let table = || config(&[("materialized", "table")]);
    project.build("a", "select 1 as x", &table());
    project.build("a", "select 1 as x", &table());
    assert_eq!(project.value("select x from dwh.a").as_deref(), Some("mine"));
    let settings = config(&[("materialized", "incremental"), ("incremental_strategy", "mine")]);
    let (response, _) = project.build("a", "select 1 as x", &settings);
    assert_eq!(response, "UPDATE 1");
    assert_eq!(project.value("select x from dwh.a").as_deref(), Some("mine2"));
}

/// The value of an expression that a macro of the package `dbt` writes.
fn expression(project: &Project, node: &Node, name: &str, args: &[&str]) -> String {
    let mut state = State::new(node);
    let package = node.lookup("dbt").unwrap();
    let args = Args::positional(args.iter().map(|arg| match arg.parse::<i64>() {
        Ok(number) => Value::from(number),
        Err(_) => Value::from(*arg),
    }));
    let sql = package.call_method(&mut state, name, args).map_err(Error::into_diagnostic).unwrap();
    project.value(&format!("select ({sql})::text")).unwrap_or_default()
}

#[test]
fn cross_database_macros_compute_what_they_say() {
    let project = Project::new("");
    let node = project.node("a", "", &[]);
    let cases: &[(&str, &[&str], &str)] = &[
        ("dateadd", &["day", "3", "date '2024-01-30'"], "2024-02-02 00:00:00"),
        ("dateadd", &["month", "-1", "'2024-03-31'::timestamp"], "2024-02-29 00:00:00"),
        ("date_trunc", &["month", "'2024-01-30'::timestamp"], "2024-01-01 00:00:00"),
        ("last_day", &["date '2024-02-10'", "month"], "2024-02-29"),
        ("last_day", &["date '2024-02-10'", "quarter"], "2024-03-31"),
        ("cast", &["'5'", "integer"], "5"),
        ("safe_cast", &["'5'", "integer"], "5"),
        ("cast_bool_to_text", &["true"], "true"),
        ("hash", &["'a'"], "0cc175b9c0f1b6a831c399e269772661"),
        ("length", &["'abc'"], "3"),
        ("position", &["'c'", "'abc'"], "3"),
        ("replace", &["'abc'", "'b'", "'x'"], "axc"),
        ("right", &["'abc'", "2"], "bc"),
        ("split_part", &["'a|b|c'", "'|'", "2"], "b"),
        ("split_part", &["'a|b|c'", "'|'", "-1"], "c"),
        ("string_literal", &["a"], "a"),
        ("array_append", &["array[1]", "2"], "{1,2}"),
        ("array_concat", &["array[1]", "array[2]"], "{1,2}"),
        ("array_construct", &[], "{}"),
        ("bool_or", &["true"], "true"),
        ("any_value", &["5"], "5"),
        ("listagg", &["'a'::text"], "a"),
        ("listagg", &["'a'::text", "'-'", "order by 1", "1"], "a"),
        ("equals", &["1", "1"], "true"),
    ];
    for (name, args, expected) in cases {
        assert_eq!(expression(&project, &node, name, args), *expected, "{name} {args:?}");
    }
    let mut state = State::new(&node);
    let package = node.lookup("dbt").unwrap();
    let mut text = |name: &str, args: Args| {
        let text = package.call_method(&mut state, name, args);
        text.map_err(Error::into_diagnostic).unwrap().to_string()
    };
    let types = ["string", "timestamp", "float", "numeric", "bigint", "int", "boolean"];
    let names = types.map(|kind| text(&format!("type_{kind}"), Args::none()));
    let expected = ["TEXT", "timestamp", "float", "numeric(28,6)", "bigint", "integer", "boolean"];
    assert_eq!(names, expected);
    let fields = Args::positional([Value::from(vec!["'a'", "'b'"])]);
    assert_eq!(text("concat", fields), "'a' || 'b'");
    assert_eq!(text("escape_single_quotes", Args::positional(["it's".into()])), "it''s");
    let spine = text(
        "date_spine",
        Args::positional(["day", "'2024-01-01'::date", "'2024-01-10'::date"].map(Value::from)),
    );
    let count = format!("select count(*) || ' ' || max(date_day) from ({spine}) as days");
    assert_eq!(project.value(&count).as_deref(), Some("9 2024-01-09 00:00:00"));
    let series = text("generate_series", Args::positional([Value::from(5)]));
    let sum = format!("select sum(generated_number) from ({series}) as series");
    assert_eq!(project.value(&sum).as_deref(), Some("15"));
}

#[test]
fn datediff_counts_boundaries() {
    let project = Project::new("");
    let node = project.node("a", "", &[]);
    let cases = [
        ("year", "2023-12-31 23:59:59", "2024-01-01 00:00:00", "1"),
        ("quarter", "2023-12-31 23:59:59", "2024-04-01 00:00:00", "2"),
        ("month", "2023-12-31 23:59:59", "2024-02-01 00:00:00", "2"),
        ("week", "2024-01-06 00:00:00", "2024-01-07 00:00:00", "1"),
        ("week", "2024-01-07 00:00:00", "2024-01-13 00:00:00", "0"),
        ("day", "2023-12-31 23:59:59", "2024-01-01 00:00:00", "1"),
        ("hour", "2023-12-31 22:59:59", "2024-01-01 00:00:00", "2"),
        ("minute", "2023-12-31 23:59:59", "2024-01-01 00:00:00", "1"),
        ("second", "2023-12-31 23:59:58.9", "2024-01-01 00:00:00", "2"),
        ("millisecond", "2023-12-31 23:59:59", "2024-01-01 00:00:00", "1000"),
        ("day", "2024-01-02 00:00:00", "2024-01-01 00:00:00", "-1"),
    ];
    for (part, first, second, expected) in cases {
        let (first, second) = (format!("'{first}'::timestamp"), format!("'{second}'::timestamp"));
        let found = expression(&project, &node, "datediff", &[&first, &second, part]);
        assert_eq!(found, expected, "{part} {first} {second}");
    }
}
