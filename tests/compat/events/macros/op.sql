{% macro op() %}{% do log('in op', info=true) %}{% do run_query('select 1') %}{% endmacro %}
