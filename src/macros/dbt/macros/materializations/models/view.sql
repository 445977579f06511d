{#
  Not `create or replace view`: that cannot drop or retype columns.
#}
{% materialization view, default %}
  {% set existing_relation = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='view') %}
  {% set staged_relation = make_intermediate_relation(target_relation) %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {% do dbt.drop_leftover_relations(target_relation) %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% call statement('main') -%}
    {{ get_create_view_as_sql(staged_relation, sql) }}
  {%- endcall %}
  {% do dbt.swap_relation(staged_relation, target_relation) %}

  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}

  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
