{# Column names, quoted, with commas between. #}
{% macro get_quoted_csv(column_names) -%}
  {%- set quoted = [] -%}
  {%- for name in column_names -%}
    {%- do quoted.append(adapter.quote(name)) -%}
  {%- endfor -%}
  {{ return(quoted | join(', ')) }}
{%- endmacro %}


{# The source's columns that the target has not, by name. #}
{% macro diff_columns(source_columns, target_columns) -%}
  {%- set known = {} -%}
  {%- for column in target_columns -%}
    {%- do known.update({column.name: true}) -%}
  {%- endfor -%}
  {%- set extra = [] -%}
  {%- for column in source_columns if column.name not in known -%}
    {%- do extra.append(column) -%}
  {%- endfor -%}
  {{ return(extra) }}
{%- endmacro %}


{# Columns that exist in both with types that differ, unless the source would only widen. #}
{% macro diff_column_data_types(source_columns, target_columns) -%}
  {{ return(adapter.dispatch('diff_column_data_types', 'dbt')(source_columns, target_columns)) }}
{%- endmacro %}

{% macro default__diff_column_data_types(source_columns, target_columns) -%}
  {#- By name: tables may have more than a thousand columns. -#}
  {%- set targets = {} -%}
  {%- for target in target_columns -%}
    {%- do targets.update({target.name: target}) -%}
  {%- endfor -%}
  {%- set changed = [] -%}
  {%- for source in source_columns if source.name in targets -%}
    {%- set target = targets[source.name] -%}
    {%- if target.expanded_data_type != source.expanded_data_type
          and not source.can_expand_to(other_column=target) -%}
      {%- do changed.append({'column_name': target.name, 'new_type': source.expanded_data_type}) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(changed) }}
{%- endmacro %}


{# The columns that a merge overwrites in rows that exist already. #}
{% macro get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) -%}
  {{ return(adapter.dispatch('get_merge_update_columns', 'dbt')(merge_update_columns, merge_exclude_columns, dest_columns)) }}
{%- endmacro %}

{% macro default__get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) -%}
  {%- if merge_update_columns and merge_exclude_columns -%}
    {% do exceptions.raise_compiler_error('Model cannot specify merge_update_columns and merge_exclude_columns. Please update model to use only one config') %}
  {%- elif merge_update_columns -%}
    {{ return(merge_update_columns) }}
  {%- endif -%}
  {%- set excluded = (merge_exclude_columns or []) | map('lower') | list -%}
  {%- set updated = [] -%}
  {%- for column in dest_columns if column.column | lower not in excluded -%}
    {%- do updated.append(column.quoted) -%}
  {%- endfor -%}
  {{ return(updated) }}
{%- endmacro %}
