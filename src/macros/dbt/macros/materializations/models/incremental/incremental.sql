{% materialization incremental, default %}
  {% set existing_relation = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set staged_relation = make_intermediate_relation(target_relation) %}
  {% set temp_relation = make_temp_relation(target_relation) %}

  {#- A view in the table's place cannot be added to. -#}
  {% set rebuild = existing_relation is none or should_full_refresh() or not existing_relation.is_table %}
  {% set full_refresh_mode = rebuild and existing_relation is not none %}
  {% set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') %}
  {% set strategy_sql = adapter.get_incremental_strategy_macro(
       context, config.get('incremental_strategy') or 'default') %}

  {% do dbt.drop_leftover_relations(target_relation) %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if rebuild %}
    {% set build_sql = get_create_table_as_sql(False, staged_relation, sql) %}
  {% else %}
    {% do run_query(get_create_table_as_sql(True, temp_relation, sql)) %}
    {% if not config.get('contract').enforced %}
      {% do adapter.expand_target_column_types(from_relation=temp_relation, to_relation=target_relation) %}
    {% endif %}
    {% set dest_columns = process_schema_changes(on_schema_change, temp_relation, existing_relation)
         or adapter.get_columns_in_relation(existing_relation) %}
    {% set build_sql = strategy_sql({
         'target_relation': target_relation,
         'temp_relation': temp_relation,
         'unique_key': config.get('unique_key'),
         'dest_columns': dest_columns,
         'incremental_predicates': config.get('predicates', none) or config.get('incremental_predicates', none),
       }) %}
  {% endif %}

  {% call statement('main') -%}
    {{ build_sql }}
  {%- endcall %}

  {% if rebuild %}
    {% do create_indexes(staged_relation) %}
    {% do dbt.swap_relation(staged_relation, target_relation) %}
  {% else %}
    {% do adapter.drop_relation(temp_relation) %}
  {% endif %}

  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(existing_relation, full_refresh_mode)) %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}

  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
