{% macro string_literal(value) -%}
  {{ return(adapter.dispatch('string_literal', 'dbt')(value)) }}
{%- endmacro %}

{# The caller escapes quotes inside the value (dbt.escape_single_quotes). #}
{% macro default__string_literal(value) -%}
  '{{ value }}'
{%- endmacro %}
