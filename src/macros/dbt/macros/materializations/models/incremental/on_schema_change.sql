{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') -%}
  {%- if on_schema_change in ['sync_all_columns', 'append_new_columns', 'fail', 'ignore'] -%}
    {{ return(on_schema_change) }}
  {%- endif -%}
  {% do log('Invalid value for on_schema_change (' ~ on_schema_change ~ ') specified. Setting default value of ' ~ default ~ '.') %}
  {{ return(default) }}
{%- endmacro %}


{# How the columns of two relations differ, as a dict. #}
{% macro check_for_schema_changes(source_relation, target_relation) -%}
  {{ return(adapter.dispatch('check_for_schema_changes', 'dbt')(source_relation, target_relation)) }}
{%- endmacro %}

{% macro default__check_for_schema_changes(source_relation, target_relation) -%}
  {%- set source_columns = adapter.get_columns_in_relation(source_relation) -%}
  {%- set target_columns = adapter.get_columns_in_relation(target_relation) -%}
  {%- set added = diff_columns(source_columns, target_columns) -%}
  {%- set removed = diff_columns(target_columns, source_columns) -%}
  {%- set retyped = diff_column_data_types(source_columns, target_columns) -%}
  {%- set changes = {
    'schema_changed': (added or removed or retyped) | length > 0,
    'source_not_in_target': added,
    'target_not_in_source': removed,
    'source_columns': source_columns,
    'target_columns': target_columns,
    'new_target_types': retyped,
  } -%}
  {% do log('In ' ~ target_relation ~ ': schema changed: ' ~ changes.schema_changed ~ '; columns added: ' ~ added
            ~ '; columns removed: ' ~ removed ~ '; types changed: ' ~ retyped) %}
  {{ return(changes) }}
{%- endmacro %}


{# Alters the target so that the new rows fit. #}
{% macro sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
  {{ return(adapter.dispatch('sync_column_schemas', 'dbt')(on_schema_change, target_relation, schema_changes_dict)) }}
{%- endmacro %}

{% macro default__sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) %}
  {% set added = schema_changes_dict['source_not_in_target'] %}
  {% set sync_all = on_schema_change == 'sync_all_columns' %}
  {% set removed = schema_changes_dict['target_not_in_source'] if sync_all else [] %}
  {% set retyped = schema_changes_dict['new_target_types'] if sync_all else [] %}
  {% if added or removed %}
    {% do alter_relation_add_remove_columns(target_relation, added, removed) %}
  {% endif %}
  {% for change in retyped %}
    {% do alter_column_type(target_relation, change['column_name'], change['new_type']) %}
  {% endfor %}
  {% do log('In ' ~ target_relation ~ ': ' ~ on_schema_change ~ ' added ' ~ added ~ ', removed ' ~ removed
            ~ ', retyped ' ~ retyped) %}
{% endmacro %}


{# Does what `on_schema_change` says; the columns to insert, or {} to keep the target's. #}
{% macro process_schema_changes(on_schema_change, source_relation, target_relation) -%}
  {{ return(adapter.dispatch('process_schema_changes', 'dbt')(on_schema_change, source_relation, target_relation)) }}
{%- endmacro %}

{% macro default__process_schema_changes(on_schema_change, source_relation, target_relation) -%}
  {%- if on_schema_change == 'ignore' -%}
    {{ return({}) }}
  {%- endif -%}
  {%- set changes = check_for_schema_changes(source_relation, target_relation) -%}
  {%- if not changes['source_columns'] -%}
    {#- A query has columns. To take an empty answer for the truth would drop those of the target. -#}
    {%- set problem = 'Could not read any columns of ' ~ source_relation ~ ': this is a metadata failure, not a change of the schema.' -%}
    {%- if on_schema_change != 'append_new_columns' -%}
      {% do exceptions.raise_compiler_error(problem) %}
    {%- endif -%}
    {% do exceptions.warn(problem ~ ' New columns are not added.') %}
    {{ return({}) }}
  {%- endif -%}
  {%- if changes['schema_changed'] -%}
    {%- if on_schema_change == 'fail' -%}
      {% do exceptions.raise_compiler_error(
           'The source and target schemas on this incremental model are out of sync!\n'
           ~ 'Set on_schema_change to append_new_columns or sync_all_columns, run with --full-refresh, or change the table by hand.\n'
           ~ 'Source columns not in target: ' ~ changes['source_not_in_target'] ~ '\n'
           ~ 'Target columns not in source: ' ~ changes['target_not_in_source'] ~ '\n'
           ~ 'New column types: ' ~ changes['new_target_types']) %}
    {%- endif -%}
    {% do sync_column_schemas(on_schema_change, target_relation, changes) %}
  {%- endif -%}
  {{ return(changes['source_columns']) }}
{%- endmacro %}
