{# The columns that a snapshot adds, by dbt's names. `snapshot_meta_column_names` renames them. #}
{% macro get_snapshot_table_column_names() -%}
  {%- set names = {} -%}
  {%- for name in ['dbt_valid_to', 'dbt_valid_from', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'] -%}
    {%- do names.update({name: name}) -%}
  {%- endfor -%}
  {{ return(names) }}
{%- endmacro %}

{% macro snapshot_columns() -%}
  {{ return(config.get('snapshot_table_column_names') or get_snapshot_table_column_names()) }}
{%- endmacro %}


{# Columns of the staging table that the snapshot does not get. #}
{% macro snapshot_helper_columns(unique_key) -%}
  {%- set names = ['dbt_change_type', 'dbt_unique_key'] -%}
  {%- if unique_key is not string -%}
    {%- for _ in unique_key -%}
      {%- do names.append('dbt_unique_key_' ~ loop.index) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(names + names | map('upper') | list) }}
{%- endmacro %}


{# Adds columns that the source has got since the last run. #}
{% macro create_columns(relation, columns) %}
  {{ adapter.dispatch('create_columns', 'dbt')(relation, columns) }}
{% endmacro %}

{% macro default__create_columns(relation, columns) %}
  {% for column in columns %}
    {% call statement() -%}
      alter table {{ relation.render() }} add column {{ adapter.quote(column.name) }} {{ column.expanded_data_type }}
    {%- endcall %}
  {% endfor %}
{% endmacro %}


{# The key of a row as columns of known names: one, or one for each part of it. #}
{% macro unique_key_fields(unique_key) -%}
  {%- if unique_key is string -%}
    {{ unique_key }} as dbt_unique_key
  {%- else -%}
    {%- for key in unique_key -%}
      {{ key }} as dbt_unique_key_{{ loop.index }}{{ ', ' if not loop.last }}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{% macro unique_key_join_on(unique_key, identifier, from_identifier) -%}
  {%- if unique_key is string -%}
    {{ identifier }}.dbt_unique_key = {{ from_identifier }}.dbt_unique_key
  {%- else -%}
    {%- for key in unique_key -%}
      {%- set part = '.dbt_unique_key_' ~ loop.index -%}
      {{ ' and ' if not loop.first }}{{ equals(identifier ~ part, from_identifier ~ part) | trim }}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{% macro unique_key_is_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '_1' if unique_key is not string }} is null
{%- endmacro %}

{% macro unique_key_is_not_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '_1' if unique_key is not string }} is not null
{%- endmacro %}


{# Until when a current row is valid: nothing, or what `dbt_valid_to_current` says, as a time
   of the strategy's type. #}
{% macro get_dbt_valid_to_current(strategy, columns) -%}
  case when false then {{ strategy.updated_at }} else {{ config.get('dbt_valid_to_current') or 'null' }} end as {{ columns.dbt_valid_to }}
{%- endmacro %}

{# Whether a row of the snapshot is a current one. Rows from before `dbt_valid_to_current` was
   set have no end. #}
{% macro snapshot_is_current(prefix='') -%}
  {%- set valid_to = prefix ~ dbt.snapshot_columns().dbt_valid_to -%}
  {%- set current = config.get('dbt_valid_to_current') -%}
  {%- if current -%}
    ({{ equals(valid_to, current | trim) | trim }} or {{ valid_to }} is null)
  {%- else -%}
    {{ valid_to }} is null
  {%- endif -%}
{%- endmacro %}


{% macro get_updated_at_column_data_type(snapshot_sql) -%}
  {%- set columns = get_column_schema_from_query(snapshot_sql)
       | selectattr('column', 'in', ['dbt_updated_at', 'DBT_UPDATED_AT']) | list -%}
  {{ return(columns[-1].dtype if columns else none) }}
{%- endmacro %}

{# Warns when the times of the strategy are not of the type of those that a snapshot writes
   itself. #}
{% macro check_time_data_types(sql) %}
  {% set source_type = get_updated_at_column_data_type(sql) %}
  {% if source_type is not none %}
    {% set own_type = get_snapshot_get_time_data_type() %}
    {% if own_type is not none and own_type != source_type %}
      {% do exceptions.warn_snapshot_timestamp_data_types(own_type, source_type) %}
    {% endif %}
  {% endif %}
{% endmacro %}


{% macro get_true_sql() -%}
  {{ adapter.dispatch('get_true_sql', 'dbt')() }}
{%- endmacro %}

{% macro default__get_true_sql() -%}
  {{ return('TRUE') }}
{%- endmacro %}
