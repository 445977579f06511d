{# What `show` runs: a query, cut after some rows. #}
{% macro get_show_sql(compiled_code, sql_header, limit) -%}
{{ sql_header ~ '\n' if sql_header is not none }}{{ get_limit_subquery_sql(compiled_code, limit) }}
{%- endmacro %}


{% macro get_limit_subquery_sql(sql, limit) -%}
  {{ adapter.dispatch('get_limit_sql', 'dbt')(sql, limit) }}
{%- endmacro %}

{# On a line of its own: the query may end in a comment. #}
{% macro default__get_limit_sql(sql, limit) -%}
{{ sql }}
{%- if limit is not none %}
limit {{ limit }}
{%- endif %}
{%- endmacro %}
