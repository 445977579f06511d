{% macro postgres__get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) -%}
  {%- if configuration_changes.requires_full_refresh -%}
    {{ get_replace_sql(existing_relation, relation, sql) }}
  {%- else -%}
    {{ postgres__update_indexes_on_materialized_view(relation, configuration_changes.indexes) }}
  {%- endif -%}
{%- endmacro %}


{% macro postgres__update_indexes_on_materialized_view(relation, index_changes) -%}
  {%- do log('Applying UPDATE INDEXES to: ' ~ relation) -%}
  {%- set statements = [] -%}
  {%- for change in index_changes -%}
    {%- do statements.append(
          postgres__get_drop_index_sql(relation, change.context.name) if change.action == 'drop'
          else postgres__get_create_index_sql(relation, change.context.as_node_config)) -%}
  {%- endfor -%}
  {{ statements | join(';\n') }}
{%- endmacro %}


{% macro postgres__describe_materialized_view(relation) -%}
  {{ return({'indexes': run_query(get_show_indexes_sql(relation))}) }}
{%- endmacro %}


{#
  Indexes to drop, then indexes to create. Two are the same when they have the same columns,
  method and uniqueness: names are made anew for each.
#}
{% macro postgres__get_materialized_view_configuration_changes(existing_relation, new_config) -%}
  {%- set existing = {} -%}
  {%- for row in postgres__describe_materialized_view(existing_relation)['indexes'] -%}
    {%- do existing.update({postgres__index_identity(row['column_names'].split(','), row['unique'], row['method']): row['name']}) -%}
  {%- endfor -%}
  {%- set wanted = {} -%}
  {%- for index in new_config.get('indexes') or [] -%}
    {%- do wanted.update({postgres__index_identity(index['columns'], index.get('unique'), index.get('type')): index}) -%}
  {%- endfor -%}
  {%- set changes = [] -%}
  {%- for identity, name in existing.items() if identity not in wanted -%}
    {%- do changes.append({'action': 'drop', 'context': {'name': name}}) -%}
  {%- endfor -%}
  {%- for identity, index in wanted.items() if identity not in existing -%}
    {%- do changes.append({'action': 'create', 'context': {'as_node_config': index}}) -%}
  {%- endfor -%}
  {{ return({'requires_full_refresh': false, 'indexes': changes} if changes else none) }}
{%- endmacro %}

{% macro postgres__index_identity(columns, is_unique, method) -%}
  {{ return((columns | map('lower') | sort | join(','), is_unique or false, method or 'btree')) }}
{%- endmacro %}
