{#
  MERGE came with PostgreSQL 15. Before that one statement updates and inserts: both parts see
  the table as it was, as those of MERGE do.
#}
{% macro postgres__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- if adapter.server_version() >= 150000 -%}
    {{ return(default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates)) }}
  {%- endif -%}
  {%- set header = config.get('sql_header', none) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {%- set condition = dbt.merge_condition(unique_key, incremental_predicates) -%}
{{ header ~ '\n' if header is not none }}
  {%- if unique_key %}with updated as (
update {{ target }} as DBT_INTERNAL_DEST set
{{ dbt.merge_assignments(dest_columns) }}
from {{ source }} as DBT_INTERNAL_SOURCE
where {{ condition }}
)
{% endif -%}
insert into {{ target }} ({{ columns }})
select {{ columns }}
from {{ source }} as DBT_INTERNAL_SOURCE
where not exists (
  select 1 from {{ target }} as DBT_INTERNAL_DEST
  where {{ condition }}
)
{%- endmacro %}
