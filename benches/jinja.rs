//! Compiles and renders small models, as a project of many models does.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gdbt::jinja::blocks::{BlockKind, scan};
use gdbt::jinja::{Globals, SourceFile, Template, Value};

const MODEL: &str = "{{ config(materialized='table', tags=['daily', 'core']) }}

with source as (
    select * from {{ source('raw', 'orders') }}
),
customers as (
    select * from {{ ref('stg_customers') }}
),
renamed as (
    select
        id as order_id,
        {% for column in ['amount', 'tax', 'fee'] -%}
        {{ cents_to_dollars(column) }} as {{ column }},
        {% endfor -%}
        customer_id
    from source
)
select renamed.*, customers.name
from renamed
left join customers using (customer_id)
where order_id is not null
{% if var('limit', none) %}limit {{ var('limit') }}{% endif %}
";

const MACROS: &str = "{% macro cents_to_dollars(name, scale=2) -%}
    round({{ name }} / 100.0, {{ scale }})
{%- endmacro %}";

struct Context(HashMap<&'static str, Value>);

impl Globals for Context {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
}

fn context() -> Context {
    let file = SourceFile::new("macros.sql", MACROS);
    let mut names = HashMap::new();
    for block in scan(&file, &[BlockKind::Macro]).unwrap_or_default() {
        if let Ok(definition) = block.macro_def(&file) {
            names.insert("cents_to_dollars", Value::from_macro(definition));
        }
    }
    names.insert("config", Value::function("config", |_, _| Ok(Value::str(""))));
    names.insert("var", Value::function("var", |_, _| Ok(Value::None)));
    for (name, relation) in [("ref", "\"db\".\"s\".\"t\""), ("source", "\"db\".\"raw\".\"t\"")] {
        names.insert(name, Value::function("ref", move |_, _| Ok(Value::str(relation))));
    }
    Context(names)
}

fn models(criterion: &mut Criterion) {
    let context = context();
    let mut group = criterion.benchmark_group("models");
    group.throughput(Throughput::Elements(1));
    group.bench_function("compile", |bencher| {
        bencher.iter(|| Template::from_text("m.sql", black_box(MODEL)));
    });
    let template = Template::from_text("m.sql", MODEL);
    group.bench_function("render", |bencher| {
        bencher.iter(|| template.as_ref().map(|template| template.render(&context)));
    });
    group.bench_function("compile and render", |bencher| {
        bencher.iter(|| {
            Template::from_text("m.sql", black_box(MODEL))
                .and_then(|template| template.render(&context))
        });
    });
    group.finish();
}

criterion_group!(benches, models);
criterion_main!(benches);
