{% macro pkg_macro() %}{{ return(adapter.dispatch('pkg_macro', 'local_pkg')()) }}{% endmacro %}
{% macro default__pkg_macro() %}select 'default'{% endmacro %}
{% test pkg_positive(model, column_name) %}select * from {{ model }} where {{ column_name }} < 0{% endtest %}
