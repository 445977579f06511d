{#
  Runs the model's query beside the expected rows. `unit_test_columns` are the columns of the
  query, which the server described: no table is made to learn their types.
#}
{% materialization unit, default %}
  {% set sql_header = config.get('sql_header') if flags.REQUIRE_SQL_HEADER_IN_TEST_CONFIGS else none %}
  {% set expected_rows = config.get('expected_rows') or [] %}
  {% set expected_sql = config.get('expected_sql') %}
  {% set types = {} %}
  {% set quoted = {} %}
  {% for column in unit_test_columns %}
    {% do types.update({column.name | lower: column.data_type}) %}
    {% do quoted.update({column.name | lower: column.quoted}) %}
  {% endfor %}

  {% set expected_names = expected_rows[0].keys() | list if expected_rows else types.keys() | list %}
  {% set columns = [] %}
  {% for name in expected_names %}
    {% do columns.append(quoted.get(name | lower)) %}
  {% endfor %}
  {% if not expected_sql %}
    {% set expected_sql = get_expected_sql(expected_rows, types, quoted) %}
  {% endif %}

  {% call statement('main', fetch_result=True, auto_begin=False) -%}
    {{ sql_header ~ '\n' if sql_header }}{{ get_unit_test_sql(sql, expected_sql, columns) }}
  {%- endcall %}
  {{ return({'relations': []}) }}
{% endmaterialization %}
