{#
  Makes a node of another environment known here: a copy where the database can share rows
  between tables, which PostgreSQL cannot, else a view of it.
#}
{% materialization clone, default %}
  {% if not defer_relation %}
    {% do log('No relation found in state manifest for ' ~ model.unique_id, info=True) %}
    {{ return({'relations': []}) }}
  {% endif %}
  {% set existing_relation = load_cached_relation(this) %}
  {% if existing_relation and not flags.FULL_REFRESH %}
    {% do log('Relation ' ~ existing_relation ~ ' already exists', info=True) %}
    {{ return({'relations': []}) }}
  {% endif %}

  {% set origin = load_cached_relation(defer_relation) %}
  {% if not (origin and origin.type == 'table' and can_clone_table()) %}
    {% set view = context.get('materialization_view_' ~ adapter.type(), context['materialization_view_default']) %}
    {{ return(view()) }}
  {% endif %}

  {% set target_relation = this.incorporate(type='table') %}
  {% if existing_relation and not existing_relation.is_table %}
    {% do drop_relation_if_exists(existing_relation) %}
  {% endif %}
  {% if target_relation.render() == defer_relation.render() %}
    {% do log('Target relation and defer relation are the same, skipping clone for relation: ' ~ target_relation.render()) %}
  {% else %}
    {% call statement('main') -%}
      {{ create_or_replace_clone(target_relation, defer_relation) }}
    {%- endcall %}
  {% endif %}
  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) %}
  {% do persist_docs(target_relation, model) %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# Whether a table can be copied without copying its rows. #}
{% macro can_clone_table() -%}
  {{ return(adapter.dispatch('can_clone_table', 'dbt')()) }}
{%- endmacro %}

{% macro default__can_clone_table() -%}
  {{ return(False) }}
{%- endmacro %}


{% macro create_or_replace_clone(this_relation, defer_relation) -%}
  {{ return(adapter.dispatch('create_or_replace_clone', 'dbt')(this_relation, defer_relation)) }}
{%- endmacro %}

{% macro default__create_or_replace_clone(this_relation, defer_relation) -%}
  create or replace table {{ this_relation.render() }} clone {{ defer_relation.render() }}
{%- endmacro %}
