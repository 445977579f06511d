{#
  A strategy `x` is a macro `snapshot_x_strategy`, which may be a package's: `package.x`. It
  says how the rows of a query are compared with those of the snapshot.
#}
{% macro strategy_dispatch(name) -%}
  {%- set package = none -%}
  {%- set strategy = name -%}
  {%- set scope = context -%}
  {%- if '.' in name -%}
    {%- set package, strategy = name.split('.', 1) -%}
    {%- if package not in context -%}
      {% do exceptions.raise_compiler_error("Could not find package '" ~ package ~ "', called with '" ~ name ~ "'") %}
    {%- endif -%}
    {%- set scope = context[package] -%}
  {%- endif -%}
  {%- set macro_name = 'snapshot_' ~ strategy ~ '_strategy' -%}
  {%- if macro_name not in scope -%}
    {% do exceptions.raise_compiler_error("The specified strategy macro '" ~ strategy ~ "' was not found in package '" ~ package ~ "'") %}
  {%- endif -%}
  {{ return(scope[macro_name]) }}
{%- endmacro %}


{# What identifies a version of a row. #}
{% macro snapshot_hash_arguments(args) -%}
  {{ adapter.dispatch('snapshot_hash_arguments', 'dbt')(args) }}
{%- endmacro %}

{% macro default__snapshot_hash_arguments(args) -%}
  {%- set texts = [] -%}
  {%- for arg in args -%}
    {%- do texts.append("coalesce(cast(" ~ arg ~ " as varchar ), '')") -%}
  {%- endfor -%}
  md5({{ texts | join(" || '|' || ") }})
{%- endmacro %}


{# A strategy's answer. #}
{% macro snapshot_strategy(updated_at, row_changed) -%}
  {%- set unique_key = config.get('unique_key') -%}
  {%- set hard_deletes = adapter.get_hard_deletes_behavior(config) -%}
  {{ return({
       'unique_key': unique_key,
       'updated_at': updated_at,
       'row_changed': row_changed,
       'scd_id': snapshot_hash_arguments(api.Relation.scd_args(unique_key, updated_at)),
       'invalidate_hard_deletes': hard_deletes == 'invalidate',
       'hard_deletes': hard_deletes,
     }) }}
{%- endmacro %}


{#
  A row changed when its `updated_at` is later. It is compared with the snapshot's own column:
  a snapshot that was made with another strategy may have no `updated_at`.
#}
{% macro snapshot_timestamp_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) -%}
  {%- set updated_at = config.get('updated_at') -%}
  {%- set valid_from = dbt.snapshot_columns().dbt_valid_from -%}
  {{ return(dbt.snapshot_strategy(
       updated_at,
       '(' ~ snapshotted_rel ~ '.' ~ valid_from ~ ' < ' ~ current_rel ~ '.' ~ updated_at ~ ')')) }}
{%- endmacro %}


{# A row changed when one of the checked columns has another value. #}
{% macro snapshot_check_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) -%}
  {%- set column_added, columns = snapshot_check_all_get_existing_columns(node, target_exists, config.get('check_cols')) -%}
  {%- set changes = [] -%}
  {%- if column_added -%}
    {%- do changes.append(get_true_sql()) -%}
  {%- else -%}
    {%- for column in columns -%}
      {%- do changes.append(snapshotted_rel ~ '.' ~ column ~ ' is distinct from ' ~ current_rel ~ '.' ~ column) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(dbt.snapshot_strategy(
       config.get('updated_at') or snapshot_get_time(),
       '(' ~ changes | join(' or ') ~ ')')) }}
{%- endmacro %}


{# Whether the names of a list are those of the columns, letter by letter. #}
{% macro are_plain_names(names) -%}
  {%- if names is string or names is not iterable or not names -%}
    {{ return(false) }}
  {%- endif -%}
  {%- for name in names if not modules.re.match('[a-z_][a-z0-9_]*$', name) -%}
    {{ return(false) }}
  {%- endfor -%}
  {{ return(true) }}
{%- endmacro %}


{# The names of a query's columns; those of the snapshot are asked for at the same time. #}
{% macro query_columns(select_sql, target) -%}
  {%- set names = adapter.learn_columns([target], select_sql) -%}
  {{ return(get_columns_in_query(select_sql) if names is none else names) }}
{%- endmacro %}


{# Whether the snapshot lacks a checked column, and the checked columns that it has. #}
{% macro snapshot_check_all_get_existing_columns(node, target_exists, check_cols_config) -%}
  {%- if not target_exists -%}
    {{ return((false, [])) }}
  {%- endif -%}
  {%- set target = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) -%}
  {%- if check_cols_config == 'all' -%}
    {%- set checked = dbt.query_columns(node['compiled_code'], target) -%}
  {%- elif dbt.are_plain_names(check_cols_config) -%}
    {%- set checked = check_cols_config -%}
  {%- elif check_cols_config is iterable and check_cols_config -%}
    {#- The query knows how the names are really written. -#}
    {%- set checked = dbt.query_columns(
         'select ' ~ check_cols_config | join(', ') ~ ' from (\n' ~ node['compiled_code'] ~ '\n) subq', target) -%}
  {%- else -%}
    {% do exceptions.raise_compiler_error("Invalid value for 'check_cols': " ~ check_cols_config) %}
  {%- endif -%}
  {%- set known = adapter.get_columns_in_relation(target) | map(attribute='name') | list -%}
  {%- set existing = [] -%}
  {%- for name in checked if name in known -%}
    {%- do existing.append(adapter.quote(name)) -%}
  {%- endfor -%}
  {{ return((existing | length < checked | length, existing)) }}
{%- endmacro %}


{# A time given as text, for strategies that need one. #}
{% macro snapshot_string_as_time(timestamp) -%}
  {{ adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp) }}
{%- endmacro %}

{% macro default__snapshot_string_as_time(timestamp) -%}
  {% do exceptions.raise_not_implemented('snapshot_string_as_time macro not implemented for adapter ' ~ adapter.type()) %}
{%- endmacro %}
