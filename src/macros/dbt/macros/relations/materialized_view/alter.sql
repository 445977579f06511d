{# The SQL that applies changes of the configuration. #}
{% macro get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) -%}
  {%- do log('Applying ALTER to: ' ~ relation) -%}
  {{- adapter.dispatch('get_alter_materialized_view_as_sql', 'dbt')(
       relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) -}}
{%- endmacro %}

{% macro default__get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) -%}
  {% do exceptions.raise_compiler_error('`get_alter_materialized_view_as_sql` has not been implemented for this adapter.') %}
{%- endmacro %}


{# What the configuration asks for and the database has not, or none. #}
{% macro get_materialized_view_configuration_changes(existing_relation, new_config) -%}
  {%- do log('Determining configuration changes on: ' ~ existing_relation) -%}
  {{ return(adapter.dispatch('get_materialized_view_configuration_changes', 'dbt')(existing_relation, new_config)) }}
{%- endmacro %}

{% macro default__get_materialized_view_configuration_changes(existing_relation, new_config) -%}
  {% do exceptions.raise_compiler_error('Materialized views have not been implemented for this adapter.') %}
{%- endmacro %}
