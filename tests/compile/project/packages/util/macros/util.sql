{% macro hello(x='d') %}{{ return(adapter.dispatch('hello', 'util')(x)) }}{% endmacro %}

{% macro default__hello(x) %}util hello {{ x }} {{ who() }}{% endmacro %}

{% macro bye() %}{{ adapter.dispatch('bye', 'util')() }}{% endmacro %}

{% macro default__bye() %}util bye{% endmacro %}

{% macro who() %}util-who{% endmacro %}

{% test positive(model, column_name, at_least=0) %}
select * from {{ model }} where {{ column_name }} < {{ at_least }}
{% endtest %}
