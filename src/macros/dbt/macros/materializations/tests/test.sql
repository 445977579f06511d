{#
  One query when nothing is stored: it only reads, so it needs no transaction. Stored
  failures are written and counted in one transaction.
#}
{% materialization test, default %}
  {% set sql_header = config.get('sql_header') if flags.REQUIRE_SQL_HEADER_IN_TEST_CONFIGS else none %}
  {% set failing_rows = get_limit_subquery_sql(sql, config.get('limit')) %}
  {% set stored = should_store_failures() %}
  {% set relations = [] %}

  {% if stored %}
    {% set type = config.get('store_failures_as') or 'table' %}
    {% if type not in ['table', 'view'] %}
      {% do exceptions.raise_compiler_error("'" ~ type ~ "' is not a valid value for `store_failures_as`. "
           ~ "Accepted values are: ['ephemeral', 'table', 'view']") %}
    {% endif %}
    {% set target_relation = api.Relation.create(
         database=database, schema=schema, identifier=model['alias'], type=type) %}
    {% do dbt.clear_relation(target_relation) %}
    {% call statement(auto_begin=True) -%}
      {{ sql_header ~ '\n' if sql_header }}{{ get_create_sql(target_relation, failing_rows) }}
    {%- endcall %}
    {% do relations.append(target_relation) %}
    {% set failing_rows = 'select * from ' ~ target_relation %}
  {% endif %}

  {% call statement('main', fetch_result=True, auto_begin=stored) -%}
    {{ sql_header ~ '\n' if sql_header }}{{ get_test_sql(failing_rows, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
  {%- endcall %}
  {% if stored %}
    {% do adapter.commit() %}
  {% endif %}
  {{ return({'relations': relations}) }}
{% endmaterialization %}
