{#
  Runs the SQL of its caller. `load_result(name)` gives what came of it. Statements whose
  result is not fetched may travel to the server together with later ones.
#}
{% macro statement(name=None, fetch_result=False, auto_begin=True, language='sql') -%}
  {%- if execute -%}
    {%- set code = caller() -%}
    {%- if name == 'main' -%}
      {% do log('Writing runtime ' ~ language ~ ' for node "' ~ model['unique_id'] ~ '"') %}
      {% do write(code) %}
    {%- endif -%}
    {%- if language != 'sql' -%}
      {% do exceptions.raise_compiler_error("statement: language '" ~ language ~ "' cannot run on " ~ adapter.type()) %}
    {%- endif -%}
    {%- set response, table = adapter.execute(code, auto_begin=auto_begin, fetch=fetch_result) -%}
    {%- if name is not none -%}
      {% do store_result(name, response=response, agate_table=table) %}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}


{# As statement, for work that something else has done already. #}
{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
  {%- set sql = caller() -%}
  {%- if name == 'main' -%}
    {% do log('Writing runtime SQL for node "' ~ model['unique_id'] ~ '"') %}
    {% do write(sql) %}
  {%- endif -%}
  {%- if name is not none -%}
    {% do store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) %}
  {%- endif -%}
{%- endmacro %}


{# The rows of a query, as a table. #}
{% macro run_query(sql) -%}
  {%- call statement('run_query_statement', fetch_result=true, auto_begin=false) -%}
    {{ sql }}
  {%- endcall -%}
  {{ return(load_result('run_query_statement').table) }}
{%- endmacro %}
