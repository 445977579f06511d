//! What a data team looks at: unit tests, freshness, findings and alerts.

use crate::project::Project;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

const UNIT_TESTS: &str = "
models:
  - name: totals
    config: {materialized: table}
unit_tests:
  - name: adds_up
    model: totals
    given:
      - input: ref('orders')
        rows:
          - {customer: a, amount: 1.5}
          - {customer: a, amount: 2}
          - {customer: b, amount: null}
      - input: source('raw', 'customers')
        format: csv
        rows: |
          id,Name
          a,Ann
          b,Bob
    overrides:
      vars: {factor: 2}
      macros: {label: total}
    expect:
      rows:
        - {name: Bob, total: 0, kind: total}
        - {name: Ann, total: EXPECTED, kind: total}
";

fn unit_project(expected: &str) -> Project {
    Project::new()
        .file("models/orders.sql", "select 'a' as customer, 1.25::numeric(10,2) as amount")
        .file("macros/label.sql", "{% macro label() %}{{ return('never') }}{% endmacro %}")
        .file(
            "models/totals.sql",
            "select c.\"name\", (coalesce(sum(o.amount), 0) * {{ var('factor', 1) }})::int as total, \
             '{{ label() }}' as kind\nfrom {{ source('raw', 'customers') }} c\n\
             join {{ ref('orders') }} o on o.customer = c.id group by 1",
        )
        .file("models/below.sql", "select * from {{ ref('totals') }}")
        .file("models/sources.yml", "sources: [{name: raw, tables: [{name: customers}]}]")
        .file("models/units.yml", &UNIT_TESTS.replace("EXPECTED", expected))
}

fn with_customers(project: Project) -> Project {
    let sql = "create schema raw; create table raw.customers (id text, name varchar(10)); \
               insert into raw.customers values ('a', 'Ann')";
    project.connect().query(sql).unwrap();
    project
}

#[test]
fn a_unit_test_replaces_what_its_model_reads() {
    let project = with_customers(unit_project("7"));
    project.ok("run --select orders");
    let said = project.ok("test --select adds_up");
    assert!(said.stdout.contains("1 of 1 PASS totals::adds_up"), "{}", said.stdout);
    let result = &project.artifact("run_results.json")["results"][0];
    assert_eq!(result["unique_id"], "unit_test.shop.totals.adds_up");
    assert_eq!(result["status"], "pass");
    assert_eq!(result["compiled"], true);
    // Nothing was made to find the types.
    assert_eq!(project.value("select count(*) from pg_class where relname like '%adds_up%'"), "0");
}

#[test]
fn in_a_build_a_failing_unit_test_keeps_its_model_from_being_built() {
    let project = with_customers(unit_project("8"));
    let said = project.run("build");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("FAIL 1 totals::adds_up"), "{}", said.stdout);
    assert!(said.stdout.contains("actual differs from expected:"), "{}", said.stdout);
    assert!(said.stdout.contains("@@,name,total"), "{}", said.stdout);
    assert!(said.stdout.contains("→ ,Ann ,8"), "{}", said.stdout);
    assert!(said.stdout.contains("SKIP relation public.totals"), "{}", said.stdout);
    assert!(said.stdout.contains("SKIP relation public.below"), "{}", said.stdout);
    assert_eq!(project.value("select count(*) from pg_class where relname = 'totals'"), "0");
}

#[test]
fn a_unit_test_that_does_not_fit_says_why() {
    let project = with_customers(unit_project("7"));
    project.ok("run --select orders");
    let text = UNIT_TESTS.replace("EXPECTED", "7").replace("amount: 2}", "nothing: 2}");
    project.write("models/units.yml", &text);
    let said = project.run("test");
    assert_eq!(said.code, 1);
    let wanted = "Invalid column name: 'nothing' in unit test fixture for 'orders'.";
    assert!(said.stdout.contains(wanted), "{}", said.stdout);
}

#[test]
fn freshness_tells_how_old_sources_and_models_are() {
    let source = "
sources:
  - name: raw
    config:
      loaded_at_field: at
      freshness: {warn_after: {count: 1, period: day}, error_after: {count: 3, period: day}}
    tables:
      - name: fresh
      - name: old
        config: {freshness: {error_after: null}}
      - name: stale
      - name: gone
";
    let project = Project::new().file("models/sources.yml", source).file(
        "models/recent.sql",
        "{{ config(materialized='table') }} select now() - interval '2 hours' as at",
    );
    project.write(
        "models/recent.yml",
        "models: [{name: recent, config: {loaded_at_field: at, freshness: \
         {warn_after: {count: 1, period: hour}}}}]",
    );
    for (table, age) in [("fresh", "1 hour"), ("old", "2 days"), ("stale", "4 days")] {
        let sql = format!(
            "create schema if not exists raw; \
             create table raw.{table} as select now() - interval '{age}' as at"
        );
        project.connect().query(&sql).unwrap();
    }
    project.ok("run");
    let said = project.run("source freshness -o target/ages.json");
    assert_eq!(said.code, 1, "{}", said.stdout);
    for line in [
        "PASS freshness of raw.fresh",
        "WARN freshness of raw.old",
        "ERROR STALE freshness of raw.stale",
        "ERROR freshness of raw.gone",
        "WARN freshness of public.recent",
        "relation \"raw.gone\" does not exist",
    ] {
        assert!(said.stdout.contains(line), "{line}: {}", said.stdout);
    }
    let ages = project.artifact("ages.json");
    assert_eq!(
        ages["metadata"]["dbt_schema_version"],
        "https://schemas.getdbt.com/dbt/sources/v3.json"
    );
    let results = ages["results"].as_array().unwrap();
    assert_eq!(results.len(), 4, "{ages:#}");
    let old = results.iter().find(|it| it["unique_id"] == "source.shop.raw.old").unwrap();
    assert_eq!(old["status"], "warn");
    assert!(old["max_loaded_at_time_ago_in_s"].as_f64().unwrap() > 172_000.0);
    assert_eq!(project.run("source freshness --select source:raw.fresh").code, 0);
}

/// A project with findings of two owners, and a secret in a message.
fn findings() -> Project {
    Project::new()
        .file(
            "models/staging/users.sql",
            "{{ config(materialized='table') }} select 1 as id union all select 1",
        )
        .file("models/mart/sums.sql", "select id, null::int as total from {{ ref('users') }}")
        .file(
            "models/all.yml",
            "
models:
  - name: users
    config: {meta: {owner: data}}
    columns:
      - name: id
        data_tests: [{unique: {config: {tags: [critical], meta: {owner: growth}}}}]
  - name: sums
    columns:
      - name: total
        data_tests: [{not_null: {config: {severity: warn, store_failures: true}}}]
",
        )
        .file("tests/secret.sql", "select '{{ env_var('PLAIN', 'x') }}' as x from missing_table")
}

#[test]
fn findings_are_in_artifacts_grouped_and_shown() {
    let project = findings();
    project.ok("run");
    let said = project
        .command("test --junit target/junit.xml --show-failures 3 --exclude secret")
        .env("PLAIN", "x")
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(1), "{text}");
    assert!(text.contains("staging (growth): 1 failure: unique_users_id"), "{text}");
    assert!(text.contains("mart (nobody): 1 warning: not_null_sums_total"), "{text}");
    assert!(text.contains("| unique_field | n_records |"), "{text}");
    let records = project.artifact("dq_results.json");
    let record = |name: &str| {
        let results = records["results"].as_array().unwrap();
        results.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let unique = record("unique_users_id");
    assert_eq!((unique["kind"].as_str(), unique["column"].as_str()), (Some("unique"), Some("id")));
    assert_eq!((unique["status"].as_str(), unique["failures"].as_i64()), (Some("fail"), Some(1)));
    assert_eq!(unique["tags"], serde_json::json!(["critical"]));
    let stored = record("not_null_sums_total")["stored_relation"].as_str().unwrap().to_owned();
    assert_eq!(project.value(&format!("select count(*) from {stored}")), "2");
    let xml = project.read("target/junit.xml");
    assert!(xml.contains("<testsuite name=\"staging\" tests=\"1\" failures=\"1\""), "{xml}");
}

/// Answers each request with the next status; gives the last request's body.
fn receiver(statuses: &'static [&'static str]) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/t0ps3cret", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let mut body = String::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut bytes = vec![0; length];
            reader.read_exact(&mut bytes).unwrap();
            body = String::from_utf8(bytes).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
        body
    });
    (url, answering)
}

#[test]
fn an_alert_is_posted_and_no_secret_leaves() {
    let project = findings();
    let secrets = [("DBT_ENV_SECRET_TOKEN", "hunter2hunter2"), ("PLAIN", "hunter2hunter2")];
    let run = |line: &str, url: &str| {
        let said = project
            .command(line)
            .envs(secrets)
            .env("DBT_ENV_SECRET_ALERT_URL", url)
            .env("DBT_LOG_FORMAT_FILE", "json")
            .output()
            .unwrap();
        let text = [said.stdout, said.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
        (said.status.code(), text)
    };
    let (_, built) = run("build --debug --junit target/junit.xml", "");
    let (url, answering) = receiver(&["500 Oops", "200 OK"]);
    let (code, alerted) = run("alert", &url);
    assert_eq!(code, Some(0), "{alerted}");
    let body = answering.join().unwrap();
    assert!(body.contains("*growth [critical]*") && body.contains("unique_users_id"), "{body}");
    let (url, answering) = receiver(&["404 Not Found"]);
    let (code, refused) = run("alert --format generic", &url);
    assert_eq!(code, Some(2), "{refused}");
    assert!(refused.contains("status 404"), "{refused}");
    let generic = answering.join().unwrap();
    let mut texts = vec![built, alerted, refused, body, generic, project.read("logs/dbt.log")];
    for name in ["run_results.json", "dq_results.json", "junit.xml"] {
        texts.push(project.read(&format!("target/{name}")));
    }
    for text in texts {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains("t0ps3cret"), "{text}");
    }
}

#[test]
fn what_raw_must_not_have_stops_before_staging() {
    let project = Project::new()
        .file(
            "models/sources.yml",
            "
sources:
  - name: raw
    tables:
      - name: sessions
        columns:
          - name: medium
            data_tests: [{accepted_values: {arguments: {values: [PAID, DIRECT]}}}]
",
        )
        .file("models/staging/sessions.sql", "select * from {{ source('raw', 'sessions') }}")
        .file("models/mart/counts.sql", "select count(*) as n from {{ ref('sessions') }}");
    let sql = "create schema raw; create table raw.sessions as select 'PAID' as medium";
    project.connect().query(sql).unwrap();
    project.ok("build");
    project.connect().query("insert into raw.sessions values ('TELEPATHY')").unwrap();
    let said = project.run("build");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("SKIP relation public.sessions"), "{}", said.stdout);
    assert!(said.stdout.contains("SKIP relation public.counts"), "{}", said.stdout);
    // A changed column stops it as well.
    let sql = "drop table raw.sessions cascade; create table raw.sessions as select 1 as channel";
    project.connect().query(sql).unwrap();
    let said = project.run("build");
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("column \"medium\" does not exist"), "{}", said.stdout);
    assert!(said.stdout.contains("SKIP relation public.sessions"), "{}", said.stdout);
}
