{% macro postgres__bye() %}shop bye{% endmacro %}

{% macro who() %}shop-who{% endmacro %}

{% macro columns() %}{{ return(['a', 'b', 'c']) }}{% endmacro %}

{% macro twice() %}[{{ caller() }}|{{ caller() }}]{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) ~ '_' ~ node.name[:3] }}
{%- endmacro %}

{% macro ref(name) %}
  {%- set relation = builtins.ref(name) -%}
  {{ return(relation.include(database=false)) }}
{% endmacro %}
