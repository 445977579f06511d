{#
  Queries that stand for rows of a unit test. Column names are compared in lower case; types
  are those of the relation, so that the model sees what it would see in the database.
#}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
  {%- set types = column_name_to_data_types or {} -%}
  {%- set quoted = {} -%}
  {%- if not column_name_to_data_types -%}
    {%- for column in adapter.get_columns_in_relation(get_fixture_relation()) -%}
      {%- do types.update({column.name | lower: column.data_type}) -%}
      {%- do quoted.update({column.name | lower: column.quoted}) -%}
    {%- endfor -%}
    {%- if not types -%}
      {%- do exceptions.raise_compiler_error("Not able to get columns for unit test '" ~ model.name
           ~ "' from relation " ~ this ~ " because the relation doesn't exist") -%}
    {%- endif -%}
  {%- endif -%}
  {%- do validate_fixture_rows(rows, row_number) -%}
  {%- set empty_row = {} -%}
  {%- for name, type in types.items() -%}
    {%- do empty_row.update({name: safe_cast('null', type) | trim}) -%}
  {%- endfor -%}
-- Fixture for {{ model.name }}
  {%- for row in rows %}
    {%- set values = empty_row.copy() -%}
    {%- do values.update(format_row(row, types)) %}
{{ 'union all\n' if not loop.first }}select {% for name, value in values.items() -%}
      {{ value }} as {{ quoted.get(name, name) }}{{ ', ' if not loop.last }}
    {%- endfor %}
  {%- else %}
select {% for name, value in empty_row.items() -%}
      {{ value }} as {{ quoted.get(name, name) }}{{ ', ' if not loop.last }}
    {%- endfor %}
limit 0
  {%- endfor %}
{% endmacro %}


{# Where the columns of given rows are looked up. #}
{% macro get_fixture_relation() -%}
  {{ return(defer_relation if defer_relation and not load_relation(this) else this) }}
{%- endmacro %}

{# Asks for the columns of all given rows at once. #}
{% macro learn_fixture_columns(relations) -%}
  {%- do adapter.learn_columns(relations) -%}
{%- endmacro %}


{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) %}
  {%- for row in rows %}
{{ 'union all\n' if not loop.first }}select {% for name, value in format_row(row, column_name_to_data_types).items() -%}
      {{ value }} as {{ column_name_to_quoted[name] }}{{ ', ' if not loop.last }}
    {%- endfor %}
  {%- else -%}
select * from dbt_internal_unit_test_actual
limit 0
  {%- endfor %}
{% endmacro %}


{# A row with its values as SQL, each cast to its column's type. #}
{%- macro format_row(row, column_name_to_data_types) -%}
  {%- set formatted = {} -%}
  {%- for given_name, value in row.items() -%}
    {%- set name = given_name | lower -%}
    {%- if name not in column_name_to_data_types -%}
      {%- set fixture = 'expected output' if config.get('materialized') == 'unit' else "'" ~ model.name ~ "'" -%}
      {%- do exceptions.raise_compiler_error("Invalid column name: '" ~ name ~ "' in unit test fixture for "
           ~ fixture ~ ".\nAccepted columns for " ~ fixture ~ " are: " ~ (column_name_to_data_types.keys() | list)) -%}
    {%- endif -%}
    {%- set type = column_name_to_data_types[name] -%}
    {#- A length would cut a text without a word. -#}
    {%- if value is string and 'varying' in type -%}
      {%- set type = type.split('(')[0] -%}
    {%- endif -%}
    {%- if value is string -%}
      {%- set literal = dbt.string_literal(dbt.escape_single_quotes(value)) -%}
    {%- elif value is none -%}
      {%- set literal = 'null' -%}
    {%- else -%}
      {%- set literal = value -%}
    {%- endif -%}
    {%- do formatted.update({name: safe_cast(literal, type)}) -%}
  {%- endfor -%}
  {{ return(formatted) }}
{%- endmacro -%}


{# A hook for projects: raises when rows are not as they want them. #}
{%- macro validate_fixture_rows(rows, row_number) -%}
  {{ return(adapter.dispatch('validate_fixture_rows', 'dbt')(rows, row_number)) }}
{%- endmacro -%}

{%- macro default__validate_fixture_rows(rows, row_number) -%}
{%- endmacro -%}
