{# Any value will do, so the smallest one does. #}
{% macro postgres__any_value(expression) -%}
  min({{ expression }})
{%- endmacro %}
