{% macro any_value(expression) -%}
  {{ return(adapter.dispatch('any_value', 'dbt')(expression)) }}
{%- endmacro %}

{# Postgres 16 and later have this aggregate; dbt_postgres serves older servers too. #}
{% macro default__any_value(expression) -%}
  any_value({{ expression }})
{%- endmacro %}
