{% macro get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {#- The argument had another name once. -#}
  {%- set incremental_predicates = kwargs.get('predicates', incremental_predicates) -%}
  {{ adapter.dispatch('get_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}


{% macro get_merge_unique_key_match(source_unique_key, target_unique_key) -%}
  {{ return(adapter.dispatch('get_merge_unique_key_match', 'dbt')(source_unique_key, target_unique_key)) }}
{%- endmacro %}

{% macro default__get_merge_unique_key_match(source_unique_key, target_unique_key) -%}
  {{ return(equals(source_unique_key, target_unique_key) | trim) }}
{%- endmacro %}


{# When a new row and an old one are the same: their keys are equal and the predicates hold. #}
{% macro merge_condition(unique_key, incremental_predicates=none) -%}
  {%- set conditions = (incremental_predicates or []) + [] -%}
  {%- set keys = [] if not unique_key else [unique_key] if unique_key is string else unique_key -%}
  {%- for key in keys -%}
    {%- do conditions.append(get_merge_unique_key_match('DBT_INTERNAL_SOURCE.' ~ key, 'DBT_INTERNAL_DEST.' ~ key)
          if keys | length == 1 else 'DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key) -%}
  {%- endfor -%}
  {%- if not keys -%}
    {%- do conditions.append('FALSE') -%}
  {%- endif -%}
  {{ return('(' ~ conditions | join(') and (') ~ ')') }}
{%- endmacro %}

{# What a merge sets in old rows. #}
{% macro merge_assignments(dest_columns) -%}
  {%- set columns = get_merge_update_columns(config.get('merge_update_columns'), config.get('merge_exclude_columns'), dest_columns) -%}
  {%- for column in columns %}
  {{ column }} = DBT_INTERNAL_SOURCE.{{ column }}{{ ',' if not loop.last }}
  {%- endfor %}
{%- endmacro %}


{# Rows with a known key replace the old ones; without a key all rows are new. #}
{% macro default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- set header = config.get('sql_header', none) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
{{ header ~ '\n' if header is not none }}merge into {{ target }} as DBT_INTERNAL_DEST
using {{ source }} as DBT_INTERNAL_SOURCE
on {{ dbt.merge_condition(unique_key, incremental_predicates) }}
  {%- if unique_key %}
when matched then update set
{{ dbt.merge_assignments(dest_columns) }}
  {%- endif %}
when not matched then insert ({{ columns }})
values ({{ columns }})
{%- endmacro %}


{% macro get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {{ adapter.dispatch('get_delete_insert_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}

{# Rows with a new version go first, then all rows are added. #}
{% macro default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {%- if unique_key -%}
    {%- set key = unique_key if unique_key is string else unique_key | join(', ') -%}
delete from {{ target }} as DBT_INTERNAL_DEST
where ({{ key }}) in (
  select distinct {{ key }}
  from {{ source }} as DBT_INTERNAL_SOURCE
)
    {%- for predicate in incremental_predicates or [] %}
and {{ predicate }}
    {%- endfor %};

{% endif -%}
insert into {{ target }} ({{ columns }})
select {{ columns }}
from {{ source }}
{%- endmacro %}


{% macro get_insert_overwrite_merge_sql(target, source, dest_columns, predicates, include_sql_header=false) -%}
  {{ adapter.dispatch('get_insert_overwrite_merge_sql', 'dbt')(target, source, dest_columns, predicates, include_sql_header) }}
{%- endmacro %}

{# The rows that match the predicates are replaced by those of the source. #}
{% macro default__get_insert_overwrite_merge_sql(target, source, dest_columns, predicates, include_sql_header) -%}
  {%- set header = config.get('sql_header', none) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
{{ header ~ '\n' if include_sql_header and header is not none }}merge into {{ target }} as DBT_INTERNAL_DEST
using {{ source }} as DBT_INTERNAL_SOURCE
on FALSE
when not matched by source
  {%- if predicates %} and {{ predicates | join(' and ') }}{% endif %} then delete
when not matched then insert ({{ columns }})
values ({{ columns }})
{%- endmacro %}
