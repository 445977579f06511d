{% macro postgres__get_replace_view_sql(relation, sql) -%}
  {%- set header = config.get('sql_header', none) -%}
{{ header ~ '\n' if header is not none }}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
create or replace view {{ relation }} as (
{{ sql }}
);
{%- endmacro %}
