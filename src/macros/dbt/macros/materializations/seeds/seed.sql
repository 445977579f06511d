{% materialization seed, default %}
  {% set full_refresh_mode = should_full_refresh() %}
  {% set old_relation = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set agate_table = load_agate_table() %}
  {% do store_result('agate_table', response='OK', agate_table=agate_table) %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% if old_relation is none %}
    {% set create_table_sql = create_csv_table(model, agate_table) %}
    {#- Another run may have made and filled it in the meantime. -#}
    {% do dbt.delete_csv_rows(target_relation) %}
  {% elif old_relation.is_table %}
    {% set create_table_sql = reset_csv_table(model, full_refresh_mode, old_relation, agate_table) %}
  {% else %}
    {% do exceptions.raise_compiler_error(
         "Cannot seed to '" ~ old_relation.render() ~ "', it is a " ~ old_relation.type) %}
  {% endif %}

  {% set rows_affected = agate_table.rows | length %}
  {% set load_sql = load_csv_rows(model, agate_table) if rows_affected else '' %}
  {% set code = 'CREATE' if full_refresh_mode else 'INSERT' %}
  {% call noop_statement('main', code ~ ' ' ~ rows_affected, code, rows_affected) -%}
    {{ get_csv_sql(create_table_sql, load_sql) }};
  {%- endcall %}

  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(old_relation, full_refresh_mode)) %}
  {% do persist_docs(target_relation, model) %}
  {% if full_refresh_mode or old_relation is none %}
    {% do create_indexes(target_relation) %}
  {% endif %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}

  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
