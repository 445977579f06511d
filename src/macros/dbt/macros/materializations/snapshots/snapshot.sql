{#
  The history of a query's rows: each version of a row is a row of the table, with the times
  from when and until when it was the current one. What changed is found in a temporary table,
  then old versions are closed and new ones added in one transaction.
#}
{% materialization snapshot, default %}
  {% set target_exists, target_relation = get_or_create_relation(
       database=model.database, schema=model.schema, identifier=model.alias, type='table') %}
  {% if not target_relation.is_table %}
    {% do exceptions.relation_wrong_type(target_relation, 'table') %}
  {% endif %}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% set strategy = strategy_dispatch(config.get('strategy'))(
       model, 'snapshotted_data', 'source_data', model['config'], target_exists) %}

  {% if target_exists %}
    {% do adapter.assert_valid_snapshot_target_given_strategy(
         target_relation, dbt.snapshot_columns(), strategy) %}
    {% set staging_relation = build_snapshot_staging_table(strategy, sql, target_relation) %}
    {% do adapter.expand_target_column_types(from_relation=staging_relation, to_relation=target_relation) %}
    {% set helpers = dbt.snapshot_helper_columns(strategy.unique_key) %}
    {% do create_columns(target_relation,
         adapter.get_missing_columns(staging_relation, target_relation) | rejectattr('name', 'in', helpers) | list) %}
    {% set insert_columns = [] %}
    {% for column in adapter.get_columns_in_relation(staging_relation) if column.name not in helpers %}
      {% do insert_columns.append(adapter.quote(column.name)) %}
    {% endfor %}
    {% set rows_sql = 'select * from ' ~ staging_relation %}
    {% set main_sql = snapshot_merge_sql(target=target_relation, source=staging_relation, insert_cols=insert_columns) %}
  {% else %}
    {% set rows_sql = build_snapshot_table(strategy, model['compiled_code']) %}
    {% set main_sql = create_table_as(False, target_relation, rows_sql) %}
  {% endif %}
  {#- The staging table's columns are known already. -#}
  {% set time_type = adapter.get_columns_in_relation(staging_relation)
       | selectattr('name', 'equalto', 'dbt_updated_at') | map(attribute='dtype') | first if target_exists %}
  {% if not (time_type and (snapshot_get_time() | trim).endswith('::' ~ time_type)) %}
    {% do check_time_data_types(rows_sql) %}
  {% endif %}

  {% call statement('main') -%}
    {{ main_sql }}
  {%- endcall %}

  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(target_exists, full_refresh_mode=False)) %}
  {% do persist_docs(target_relation, model) %}
  {% if not target_exists %}
    {% do create_indexes(target_relation) %}
  {% endif %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% if target_exists %}
    {% do post_snapshot(staging_relation) %}
  {% endif %}
  {% do adapter.commit() %}

  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
