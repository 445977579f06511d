{% macro get_replace_view_sql(relation, sql) -%}
  {{ adapter.dispatch('get_replace_view_sql', 'dbt')(relation, sql) }}
{%- endmacro %}

{% macro default__get_replace_view_sql(relation, sql) -%}
  {% do exceptions.raise_compiler_error('`get_replace_view_sql` has not been implemented for this adapter.') %}
{%- endmacro %}


{# A materialization for databases whose views can be replaced with other columns. #}
{% macro create_or_replace_view() %}
  {% set old_relation = load_cached_relation(this) %}
  {% set target_relation = api.Relation.create(
       database=database, schema=schema, identifier=model['alias'], type='view') %}
  {{ run_hooks(pre_hooks) }}
  {% if old_relation is not none and old_relation.is_table %}
    {% do handle_existing_table(should_full_refresh(), old_relation) %}
  {% endif %}
  {% call statement('main') -%}
    {{ get_create_view_as_sql(target_relation, sql) }}
  {%- endcall %}
  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(old_relation is not none and old_relation.is_view, full_refresh_mode=True)) %}
  {{ run_hooks(post_hooks) }}
  {{ return({'relations': [target_relation]}) }}
{% endmacro %}


{% macro handle_existing_table(full_refresh, old_relation) -%}
  {{ adapter.dispatch('handle_existing_table', 'dbt')(full_refresh, old_relation) }}
{%- endmacro %}

{% macro default__handle_existing_table(full_refresh, old_relation) %}
  {% do log('Dropping relation ' ~ old_relation.render() ~ ' because it is of type ' ~ old_relation.type) %}
  {% do adapter.drop_relation(old_relation) %}
{% endmacro %}
