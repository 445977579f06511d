//! How many models a second of one core compiles and renders.
//!
//! Each of 10,000 models has 20 lines with `config`, `source`, `ref`, a macro call and a
//! loop; 1,000 macros are in scope. They are run with the context of dbt's parse phase, with
//! plain functions in place of the context, and, when `GDBT_ORACLE_PYTHON` has dbt-core, with
//! dbt-core's Jinja in the same run.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gdbt::context::{Capture, Invocation, NodeContext, Shared};
use gdbt::event::Silent;
use gdbt::jinja::blocks::{BlockKind, scan};
use gdbt::jinja::{Globals, SourceFile, Template, Value};
use gdbt::manifest::JsonMap;
use gdbt::parse::{Sources, parse};
use gdbt::project::{Env, LoadOptions, ProfileOptions, Workspace};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MODELS: usize = 10_000;
const MACROS: usize = 1_000;
/// How many models dbt-core renders: its rate does not depend on it.
const MODELS_OF_DBT: usize = 1_000;

fn model(number: usize) -> String {
    let macro_number = number % MACROS;
    format!(
        "{{{{ config(materialized='table', tags=['daily', 'core']) }}}}

with orders_{number} as (
    select * from {{{{ source('raw', 'orders') }}}}
),
customers as (
    select * from {{{{ ref('stg_customers') }}}}
),
renamed as (
    select
        id as order_id,
        {{% for column in ['amount', 'tax', 'fee'] -%}}
        {{{{ cents_to_dollars_{macro_number}(column) }}}} as {{{{ column }}}},
        {{% endfor -%}}
        customer_id
    from orders_{number}
)
select renamed.*, customers.name
from renamed
left join customers using (customer_id)
"
    )
}

fn macros() -> String {
    let one = |number| {
        format!(
            "{{% macro cents_to_dollars_{number}(name, scale=2) -%}}
    round({{{{ name }}}} / 100.0, {{{{ scale }}}})
{{%- endmacro %}}
"
        )
    };
    (0..MACROS).map(one).collect()
}

/// The time that all threads of this process were on a processor.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs().try_into().unwrap())
}

/// Prints how many models a second of processor time `run` does.
fn measure(name: &str, mut run: impl FnMut(usize)) {
    (0..MODELS / 10).for_each(&mut run);
    let before = cpu_time();
    (0..MODELS).for_each(run);
    let seconds = cpu_time().saturating_sub(before).as_secs_f64();
    let rate = f64::from(u32::try_from(MODELS).unwrap()) / seconds;
    println!("{name:<42} {rate:>9.0} models per CPU-second");
}

/// Plain functions in place of dbt's context.
struct Plain(HashMap<String, Value>);

impl Globals for Plain {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
}

fn plain() -> Plain {
    let file = SourceFile::new("macros.sql", macros());
    let mut names = HashMap::new();
    for block in scan(&file, &[BlockKind::Macro]).unwrap() {
        let definition = block.macro_def(&file).unwrap();
        names.insert(definition.name.to_string(), Value::from_macro(definition));
    }
    names.insert("config".to_owned(), Value::function("config", |_, _| Ok(Value::str(""))));
    for (name, relation) in [("ref", "\"db\".\"s\".\"t\""), ("source", "\"db\".\"raw\".\"t\"")] {
        let function = Value::function("ref", move |_, _| Ok(Value::str(relation)));
        names.insert(name.to_owned(), function);
    }
    Plain(names)
}

/// A project of one model and the macros.
fn project(folder: &Path) -> Arc<Shared> {
    for (path, text) in [
        ("dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n".to_owned()),
        (
            "profiles.yml",
            "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, port: 5432, \
             user: u, password: p, dbname: db, schema: public}\n"
                .to_owned(),
        ),
        ("macros/macros.sql", macros()),
        ("models/m.sql", "select 1".to_owned()),
    ] {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let options = LoadOptions {
        project_dir: folder.to_owned(),
        profile: ProfileOptions {
            profiles_dir: Some(folder.to_owned()),
            ..ProfileOptions::default()
        },
        ..LoadOptions::default()
    };
    let workspace = Arc::new(Workspace::load(&options, Arc::new(Env::from_process())).unwrap());
    let sources = Sources::read(&workspace).unwrap();
    let invocation = Invocation {
        id: String::new(),
        started_at: "2024-01-01T00:00:00Z".parse().unwrap(),
        flags: JsonMap::new(),
        args: JsonMap::new(),
        sample: None,
    };
    let macros = sources.macros().iter().cloned();
    let shared = Shared::new(workspace, invocation, macros, Arc::new(Silent)).unwrap();
    shared.set_manifest(Arc::new(parse(&shared, &sources).unwrap().manifest));
    shared
}

fn dbt_core(folder: &Path) {
    let Ok(python) = std::env::var("GDBT_ORACLE_PYTHON") else {
        println!("GDBT_ORACLE_PYTHON is not set: dbt-core is not measured");
        return;
    };
    let models: Vec<String> = (0..MODELS_OF_DBT).map(model).collect();
    let input = folder.join("templates.json");
    let templates = serde_json::json!({"models": models, "macros": macros()});
    std::fs::write(&input, templates.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/dbt_jinja.py");
    let output = Command::new(python).arg(script).arg(input).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rate: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    println!("{:<42} {rate:>9.0} models per CPU-second", "dbt-core: compile and render");
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let models: Vec<Arc<str>> = (0..MODELS).map(|number| model(number).into()).collect();
    let compile = |number: usize| {
        Template::from_text("models/m.sql", black_box(models[number].clone())).unwrap()
    };

    measure("compile", |number| drop(black_box(compile(number))));
    let plain = plain();
    measure("plain functions: compile and render", |number| {
        black_box(compile(number).render(&plain).unwrap());
    });
    let shared = project(folder.path());
    let node = shared.manifest().unwrap().nodes.values().next().unwrap().clone();
    measure("parse phase: compile and render", |number| {
        let capture = Arc::new(Capture::default());
        let context = NodeContext::parse(&shared, node.clone(), capture.clone());
        black_box(compile(number).render(&context).unwrap());
        assert_eq!(black_box(capture.take()).refs.len(), 1);
    });
    dbt_core(folder.path());
}
