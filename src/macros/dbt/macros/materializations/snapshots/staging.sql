{# The rows of a new snapshot. #}
{% macro build_snapshot_table(strategy, sql) -%}
  {{ adapter.dispatch('build_snapshot_table', 'dbt')(strategy, sql) }}
{%- endmacro %}

{% macro default__build_snapshot_table(strategy, sql) -%}
  {%- set columns = dbt.snapshot_columns() -%}
select
  *,
  {{ strategy.scd_id }} as {{ columns.dbt_scd_id }},
  {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
  {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
  {{ get_dbt_valid_to_current(strategy, columns) }}
  {%- if strategy.hard_deletes == 'new_record' %},
  'False' as {{ columns.dbt_is_deleted }}
  {%- endif %}
from (
{{ sql }}
) sbq
{%- endmacro %}


{# A temporary table with what has to be done; the relation. #}
{% macro build_snapshot_staging_table(strategy, sql, target_relation) -%}
  {%- set staging_relation = make_temp_relation(target_relation) -%}
  {%- set query = snapshot_staging_table(strategy, sql, target_relation) -%}
  {%- call statement('build_snapshot_staging_relation') -%}
    {{ create_table_as(True, staging_relation, query) }}
  {%- endcall -%}
  {{ return(staging_relation) }}
{%- endmacro %}


{# The end of the staging table. A project that keeps something of it does so here, in the
   transaction of the snapshot. #}
{% macro post_snapshot(staging_relation) %}
  {{ adapter.dispatch('post_snapshot', 'dbt')(staging_relation) }}
{% endmacro %}

{% macro default__post_snapshot(staging_relation) %}
  {% do adapter.drop_relation(staging_relation) %}
{% endmacro %}


{# What has to be done: rows to insert, and versions that end (`update`, `delete`). #}
{% macro snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {{ adapter.dispatch('snapshot_staging_table', 'dbt')(strategy, source_sql, target_relation) }}
{%- endmacro %}

{%- macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {%- set columns = dbt.snapshot_columns() -%}
  {%- set key = strategy.unique_key -%}
  {%- set finds_deletes = strategy.hard_deletes in ['invalidate', 'new_record'] -%}
  {%- set marks_deletes = strategy.hard_deletes == 'new_record' -%}
  {%- set same_key -%}{{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}{%- endset -%}
  {%- set is_gone -%}{{ unique_key_is_null(key, 'source_data') }}{%- endset -%}
  {%- set has_changed = strategy.row_changed -%}
  {%- if marks_deletes -%}
    {%- set was_deleted = 'snapshotted_data.' ~ columns.dbt_is_deleted ~ " = 'True'" -%}
    {%- set has_changed = has_changed ~ ' or ' ~ was_deleted -%}
    {%- set is_gone = is_gone ~ ' and not (' ~ was_deleted ~ ')' -%}
  {%- endif -%}
with snapshot_query as (
{{ source_sql }}
),

snapshotted_data as (
  select *, {{ unique_key_fields(key) }}
  from {{ target_relation }}
  where {{ dbt.snapshot_is_current() }}
),

keyed_source as (
  select *, {{ unique_key_fields(key) }}
  from snapshot_query
),

newest_versions as (
  select
    *, {{ unique_key_fields(key) }},
    {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
    {{ get_dbt_valid_to_current(strategy, columns) }},
    {{ strategy.scd_id }} as {{ columns.dbt_scd_id }}
  from snapshot_query
),

ends_of_versions as (
  select
    *, {{ unique_key_fields(key) }},
    {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
    {{ strategy.updated_at }} as {{ columns.dbt_valid_to }}
  from snapshot_query
)

select
  'insert' as dbt_change_type,
  source_data.*
  {%- if marks_deletes %},
  'False' as {{ columns.dbt_is_deleted }}
  {%- endif %}
from newest_versions as source_data
left join snapshotted_data on {{ same_key }}
where {{ unique_key_is_null(key, 'snapshotted_data') }} or {{ has_changed }}

union all

select
  'update' as dbt_change_type,
  source_data.*,
  snapshotted_data.{{ columns.dbt_scd_id }}
  {%- if marks_deletes %},
  snapshotted_data.{{ columns.dbt_is_deleted }}
  {%- endif %}
from ends_of_versions as source_data
join snapshotted_data on {{ same_key }}
where {{ has_changed }}

  {%- if finds_deletes %}

union all

select
  'delete' as dbt_change_type,
  source_data.*,
  {{ snapshot_get_time() }} as {{ columns.dbt_valid_from }},
  {{ snapshot_get_time() }} as {{ columns.dbt_updated_at }},
  {{ snapshot_get_time() }} as {{ columns.dbt_valid_to }},
  snapshotted_data.{{ columns.dbt_scd_id }}
    {%- if marks_deletes %},
  snapshotted_data.{{ columns.dbt_is_deleted }}
    {%- endif %}
from snapshotted_data
left join keyed_source as source_data on {{ same_key }}
where {{ is_gone }}
  {%- endif %}

  {%- if marks_deletes %}
    {%- set known = get_list_of_column_names(adapter.get_columns_in_relation(target_relation)) %}

union all

select
  'insert' as dbt_change_type,
    {%- for name in get_columns_in_query(source_sql) %}
  {{ 'snapshotted_data' if name in known else 'source_data' }}.{{ adapter.quote(name) }},
    {%- endfor %}
    {%- if key is string %}
  snapshotted_data.dbt_unique_key,
    {%- else %}
      {%- for _ in key %}
  snapshotted_data.dbt_unique_key_{{ loop.index }},
      {%- endfor %}
    {%- endif %}
  {{ snapshot_get_time() }} as {{ columns.dbt_valid_from }},
  {{ snapshot_get_time() }} as {{ columns.dbt_updated_at }},
  snapshotted_data.{{ columns.dbt_valid_to }},
  {{ snapshot_hash_arguments(['snapshotted_data.' ~ columns.dbt_scd_id, snapshot_get_time()]) }} as {{ columns.dbt_scd_id }},
  'True' as {{ columns.dbt_is_deleted }}
from snapshotted_data
left join keyed_source as source_data on {{ same_key }}
where {{ is_gone }}
  {%- endif %}
{%- endmacro %}
