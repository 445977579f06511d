{# The column list of a table with a contract: types and constraints as described. #}
{% macro get_table_columns_and_constraints() -%}
  {{ adapter.dispatch('get_table_columns_and_constraints', 'dbt')() }}
{%- endmacro %}

{% macro default__get_table_columns_and_constraints() -%}
  {{ return(table_columns_and_constraints()) }}
{%- endmacro %}

{% macro table_columns_and_constraints() -%}
(
  {{ (adapter.render_raw_columns_constraints(raw_columns=model['columns'])
      + adapter.render_raw_model_constraints(raw_constraints=model['constraints'])) | join(',\n  ') }}
)
{%- endmacro %}


{# Fails unless the query gives the described columns: names, types, number. #}
{% macro get_assert_columns_equivalent(sql) -%}
  {{ adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql) }}
{%- endmacro %}

{% macro default__get_assert_columns_equivalent(sql) -%}
  {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro %}

{% macro assert_columns_equivalent(sql) -%}
  {%- set described = model['columns'] -%}
  {%- if not described -%}
    {% do exceptions.raise_contract_error([], []) %}
  {%- endif -%}
  {%- set sql_columns = format_columns(get_column_schema_from_query(sql, config.get('sql_header', none))) -%}
  {%- set yaml_columns = format_columns(get_column_schema_from_query(get_empty_schema_sql(described))) -%}
  {%- for part in ['name', 'formatted'] -%}
    {%- if sql_columns | map(attribute=part) | sort | list != yaml_columns | map(attribute=part) | sort | list -%}
      {% do exceptions.raise_contract_error(yaml_columns, sql_columns) %}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}


{% macro format_columns(columns) -%}
  {%- set formatted = [] -%}
  {%- for column in columns -%}
    {%- do formatted.append(adapter.dispatch('format_column', 'dbt')(column)) -%}
  {%- endfor -%}
  {{ return(formatted) }}
{%- endmacro %}

{% macro default__format_column(column) -%}
  {{ return({
       'name': column.name,
       'data_type': column.dtype,
       'formatted': column.column.lower() ~ ' ' ~ column.dtype,
     }) }}
{%- endmacro %}
