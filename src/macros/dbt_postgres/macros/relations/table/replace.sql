{# Aside first: the old table serves readers until the new one is filled. #}
{% macro postgres__get_replace_table_sql(relation, sql) -%}
  {%- set intermediate = make_intermediate_relation(relation) -%}
{{ get_drop_sql(intermediate) }};
{{ get_create_table_as_sql(False, intermediate, sql) }}
{{ get_drop_sql(relation) }};
{{ get_rename_sql(intermediate, relation.identifier) }}
{%- endmacro %}
