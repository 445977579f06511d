{# The SQL that puts a new relation in the place of an existing one. #}
{% macro get_replace_sql(existing_relation, target_relation, sql) -%}
  {%- do log('Applying REPLACE to: ' ~ existing_relation) -%}
  {%- do adapter.replacing_relation(existing_relation) -%}
  {{ adapter.dispatch('get_replace_sql', 'dbt')(existing_relation, target_relation, sql) }}
{%- endmacro %}

{#
  With one statement where the database has it; else aside first, with a backup, as far as
  the kinds of both relations can be renamed.
#}
{% macro default__get_replace_sql(existing_relation, target_relation, sql) -%}
  {%- set in_place = existing_relation.type == target_relation.type and existing_relation.can_be_replaced -%}
  {%- set stages = target_relation.can_be_renamed -%}
  {%- set backs_up = existing_relation.can_be_renamed -%}
  {%- if in_place and existing_relation.is_view -%}
{{ get_replace_view_sql(target_relation, sql) }}
  {%- elif in_place and existing_relation.is_table -%}
{{ get_replace_table_sql(target_relation, sql) }}
  {%- elif in_place and existing_relation.is_materialized_view -%}
{{ get_replace_materialized_view_sql(target_relation, sql) }}
  {%- elif stages -%}
{{ get_create_intermediate_sql(target_relation, sql) }};
{{ get_create_backup_sql(existing_relation) if backs_up else get_drop_sql(existing_relation) }};
{{ get_rename_intermediate_sql(target_relation) }}
    {%- if backs_up -%};
{{ get_drop_backup_sql(existing_relation) }}
    {%- endif -%}
  {%- elif backs_up -%}
{{ get_create_backup_sql(existing_relation) }};
{{ get_create_sql(target_relation, sql) }};
{{ get_drop_backup_sql(existing_relation) }}
  {%- else -%}
{{ get_drop_sql(existing_relation) }};
{{ get_create_sql(target_relation, sql) }}
  {%- endif -%}
{%- endmacro %}
