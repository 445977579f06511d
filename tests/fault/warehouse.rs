//! A small warehouse whose every relation shows whether it is whole, readers that look at it
//! all the time, and a picture of it to compare with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::process::wait_until;
use crate::project::Project;

/// Rows for each generation.
const STEP: i64 = 500;

/// Queries that are true of every whole state, and of no state between two of them.
const TABLES: [(&str, &str); 4] = [
    (
        "mart",
        "select count(*) = 500 * max(generation) and min(generation) = max(generation) from dwh.mart",
    ),
    ("log", "select count(*) = max(id) and count(*) % 500 = 0 from dwh.log"),
    (
        "latest",
        "select count(*) = max(id) and count(distinct id) = max(id) and count(*) % 500 = 0 from dwh.latest",
    ),
    (
        "history",
        "select count(*) = 500 * count(distinct generation) \
         and count(*) filter (where dbt_valid_to is null) = 500 from dwh.history",
    ),
];
const VIEW: (&str, &str) =
    ("numbers", "select count(*) = 500 * max(generation) from staging.numbers");

/// seed → snapshot, view → incremental tables (added to; deleted and inserted) → table with an
/// index → tests, one of which stores what it finds. Each waits a little, so that there is a
/// middle to be killed in.
pub fn warehouse() -> Project {
    let project = Project::new()
        .file(
            "dbt_project.yml",
            "name: shop\nprofile: shop\nseeds:\n  +schema: raw\n",
        )
        .file(
            "macros/names.sql",
            "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}\n\
             {% macro pause() %}pause as materialized (select pg_sleep({{ var('pause', 0.02) }})){% endmacro %}\n",
        )
        .file(
            "models/numbers.sql",
            "{{ config(schema='staging') }}\nselect id, generation\n\
             from {{ ref('generations') }}, generate_series(1, generation * 500) as id\n",
        )
        .file(
            "models/log.sql",
            "{{ config(schema='dwh', materialized='incremental') }}\n\
             with {{ pause() }}\nselect id, generation as made_in from {{ ref('numbers') }}, pause\n\
             {% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}\n",
        )
        .file(
            "models/latest.sql",
            "{{ config(schema='dwh', materialized='incremental', unique_key='id', \
             incremental_strategy='delete+insert') }}\n\
             with {{ pause() }}\nselect id, generation as changed_in from {{ ref('numbers') }}, pause\n\
             {% if is_incremental() %}where id > (select max(id) - 100 from {{ this }}){% endif %}\n",
        )
        .file(
            "models/mart.sql",
            "{{ config(schema='dwh', materialized='table', indexes=[{'columns': ['id']}]) }}\n\
             with {{ pause() }}\nselect id, changed_in, made_in, generation\n\
             from {{ ref('latest') }} join {{ ref('log') }} using (id), {{ ref('generations') }}, pause\n",
        )
        .file(
            "snapshots/history.sql",
            "{% snapshot history %}\n\
             {{ config(schema='dwh', unique_key='id', strategy='timestamp', \
             updated_at='updated_at') }}\n\
             with {{ pause() }}\nselect id, generation, \
             timestamp '2026-01-01' + generation * interval '1 day' as updated_at\n\
             from {{ ref('generations') }}, generate_series(1, 500) as id, pause\n\
             {% endsnapshot %}\n",
        )
        .file(
            "models/schema.yml",
            "version: 2\nmodels:\n  - name: mart\n    columns:\n      - name: id\n        \
             data_tests: [unique, not_null]\n",
        )
        .file(
            "tests/round.sql",
            "{{ config(severity='warn', store_failures=true) }}\n\
             select id from {{ ref('mart') }} where id % 250 = 0\n",
        );
    set_generation(&project, 1);
    project
}

/// Changes the seed, and with it everything.
pub fn set_generation(project: &Project, generation: usize) {
    project.write("seeds/generations.csv", &format!("generation\n{generation}\n"));
}

/// Every relation with its rows, in an order that does not depend on how they got there.
pub fn picture(project: &Project) -> BTreeMap<String, String> {
    let relations = project.query(
        "select relnamespace::regnamespace || '.' || relname, relkind, oid::regclass::text \
         from pg_class where relkind in ('r', 'v', 'm', 'p') and relnamespace::regnamespace::text \
         not in ('pg_catalog', 'information_schema', 'pg_toast')",
    );
    let rows = |relation: &[String]| {
        let rows = format!(
            "select count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' order by t::text)), '') \
             from {} as t",
            relation[2]
        );
        (format!("{} {}", relation[1], relation[0]), project.value(&rows))
    };
    relations.iter().map(|relation| rows(relation)).collect()
}

/// Fails if a session of a killed run still works, once the server has had its time.
pub fn expect_no_orphans(project: &Project) {
    let version: u32 = project.value("show server_version_num").parse().unwrap();
    if version < 140_000 {
        return;
    }
    wait_until("no session of a killed run", || {
        project.value(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> \
             pg_backend_pid() and backend_type = 'client backend' and application_name <> 'reader'",
        ) == "0"
    });
}

/// What looks at the relations all the time.
pub struct Reader {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64, String>>,
}

impl Reader {
    /// Looks at the tables; at the view too, unless what is below it will be dropped.
    pub fn start(project: &Project, with_view: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut connection = project.connect();
        connection.query("set application_name = 'reader'").unwrap();
        let over = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                for (name, sql) in TABLES.iter().chain(with_view.then_some(&VIEW)) {
                    let set = connection.query(sql).map_err(|error| format!("{name}: {error}"))?;
                    let set = set.into_last().unwrap();
                    if set.rows.get(0, 0) != Some("t") {
                        return Err(format!("{name} was seen in the middle"));
                    }
                    looks += 1;
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Ok(looks)
        });
        Self { stop, thread }
    }

    /// Fails if it ever saw anything but a whole state.
    pub fn expect_only_whole_states(self) {
        self.stop.store(true, Ordering::Relaxed);
        let looks = self.thread.join().unwrap().unwrap_or_else(|seen| panic!("{seen}"));
        assert!(looks > 0);
    }
}

/// How many rows the tables have in a generation.
pub fn rows(generation: usize) -> String {
    (STEP * i64::try_from(generation).unwrap()).to_string()
}
