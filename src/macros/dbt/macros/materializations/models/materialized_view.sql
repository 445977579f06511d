{#
  Created once and refreshed from then on. A changed query takes `--full-refresh`; changed
  indexes are brought in line as `on_configuration_change` says.
#}
{% materialization materialized_view, default %}
  {% set existing_relation = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type=this.MaterializedView) %}
  {% set intermediate_relation = make_intermediate_relation(target_relation) %}
  {% set backup_relation = make_backup_relation(
       target_relation, existing_relation.type if existing_relation else target_relation.type) %}

  {{ materialized_view_setup(backup_relation, intermediate_relation, pre_hooks) }}
  {% set build_sql = materialized_view_get_build_sql(
       existing_relation, target_relation, backup_relation, intermediate_relation) %}
  {% if build_sql == '' %}
    {{ materialized_view_execute_no_op(target_relation) }}
  {% else %}
    {{ materialized_view_execute_build_sql(build_sql, existing_relation, target_relation, post_hooks) }}
  {% endif %}
  {{ materialized_view_teardown(backup_relation, intermediate_relation, post_hooks) }}

  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# Drops what an interrupted run of dbt may have left behind. #}
{% macro materialized_view_setup(backup_relation, intermediate_relation, pre_hooks) %}
  {% for leftover in [backup_relation, intermediate_relation] %}
    {% do drop_relation_if_exists(load_cached_relation(leftover)) %}
  {% endfor %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
{% endmacro %}

{% macro materialized_view_teardown(backup_relation, intermediate_relation, post_hooks) %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
{% endmacro %}


{# The SQL that brings the materialized view up to date; empty when it is to stay as it is. #}
{% macro materialized_view_get_build_sql(existing_relation, target_relation, backup_relation, intermediate_relation) -%}
  {%- if existing_relation is none -%}
    {{ return(get_create_materialized_view_as_sql(target_relation, sql)) }}
  {%- elif should_full_refresh() or not existing_relation.is_materialized_view -%}
    {{ return(get_replace_sql(existing_relation, target_relation, sql)) }}
  {%- endif -%}
  {%- set changes = get_materialized_view_configuration_changes(existing_relation, config) -%}
  {%- if changes is none -%}
    {{ return(refresh_materialized_view(target_relation)) }}
  {%- endif -%}
  {%- set reaction = config.get('on_configuration_change') -%}
  {%- set message = 'Configuration changes were identified and `on_configuration_change` was set to `'
       ~ reaction ~ '` for `' ~ target_relation.render() ~ '`' -%}
  {%- if reaction == 'apply' -%}
    {{ return(get_alter_materialized_view_as_sql(
         target_relation, changes, sql, existing_relation, backup_relation, intermediate_relation)) }}
  {%- elif reaction == 'continue' -%}
    {% do exceptions.warn(message) %}
    {{ return('') }}
  {%- elif reaction == 'fail' -%}
    {% do exceptions.raise_fail_fast_error(message) %}
  {%- endif -%}
  {% do exceptions.raise_compiler_error('Unexpected configuration scenario') %}
{%- endmacro %}


{% macro materialized_view_execute_no_op(target_relation) %}
  {% do store_raw_result(name='main', message='skip ' ~ target_relation, code='skip', rows_affected='-1') %}
{% endmacro %}


{% macro materialized_view_execute_build_sql(build_sql, existing_relation, target_relation, post_hooks) %}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% call statement('main') -%}
    {{ build_sql }}
  {%- endcall %}
  {% do apply_grants(target_relation, config.get('grants'),
                     should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
{% endmacro %}
