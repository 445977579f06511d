{# With a contract, the table is declared first and its rows are inserted. #}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
  {%- set header = config.get('sql_header', none) -%}
  {%- set contract = config.get('contract') -%}
  {%- set kind = 'temporary ' if temporary else 'unlogged ' if config.get('unlogged', default=false) else '' -%}
{{ header ~ '\n' if header is not none }}
  {%- if contract.enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
create {{ kind }}table {{ relation }}
  {%- if contract.enforced and not temporary %} {{ get_table_columns_and_constraints() }};
insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }}) (
{{ get_select_subquery(sql) }}
);
  {%- else %} as (
{{ sql }}
);
  {%- endif -%}
{%- endmacro %}


{# The name holds the time: an index of the same form may exist on the old relation. #}
{% macro postgres__get_create_index_sql(relation, index_dict) -%}
  {%- set index = adapter.parse_index(index_dict) -%}
create {{ 'unique ' if index.unique }}index if not exists "{{ index.render(relation) }}"
on {{ relation }} {{ 'using ' ~ index.type ~ ' ' if index.type }}({{ index.columns | join(', ') }})
{%- endmacro %}


{% macro postgres__create_schema(relation) %}
  {% if relation.database %}
    {% do adapter.verify_database(relation.database) %}
  {% endif %}
  {% call statement('create_schema') -%}
    create schema if not exists {{ relation.without_identifier().include(database=False) }}
  {%- endcall %}
{% endmacro %}

{% macro postgres__drop_schema(relation) %}
  {% if relation.database %}
    {% do adapter.verify_database(relation.database) %}
  {% endif %}
  {% call statement('drop_schema') -%}
    drop schema if exists {{ relation.without_identifier().include(database=False) }} cascade
  {%- endcall %}
{% endmacro %}


{# Text as an SQL string. #}
{% macro postgres__literal(text) -%}
  {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}


{#
  The values of information_schema.columns, read from the catalog: that view is slow where
  there are many tables. The last one is the type as it is written in DDL, which the view
  does not have for arrays and user-defined types.
#}
{% macro postgres__get_columns_in_relation_sql(relation) -%}
  {%- set name = relation.include(database=False).render() -%}
    select
      attribute.attname::text as column_name,
      case
        when type.typelem <> 0 and type.typlen = -1 then 'ARRAY'
        when space.nspname = 'pg_catalog' then format_type(type.oid, null)
        else 'USER-DEFINED'
      end as data_type,
      information_schema._pg_char_max_length(type.oid, modifier) as character_maximum_length,
      information_schema._pg_numeric_precision(type.oid, modifier) as numeric_precision,
      information_schema._pg_numeric_scale(type.oid, modifier) as numeric_scale,
      format_type(attribute.atttypid, attribute.atttypmod) as sql_type
    from pg_catalog.pg_attribute as attribute
    join pg_catalog.pg_type as declared on declared.oid = attribute.atttypid
    join pg_catalog.pg_type as type
      on type.oid = case when declared.typtype = 'd' then declared.typbasetype else declared.oid end
    join pg_catalog.pg_namespace as space on space.oid = type.typnamespace
    cross join lateral (
      select case when declared.typtype = 'd' then declared.typtypmod else attribute.atttypmod end as modifier
    ) as modifiers
    where attribute.attrelid = to_regclass({{ postgres__literal(name) }})
      and attribute.attnum > 0
      and not attribute.attisdropped
    order by attribute.attnum
{%- endmacro %}

{% macro postgres__get_columns_in_relation(relation) -%}
  {%- call statement('get_columns_in_relation', fetch_result=True, auto_begin=False) -%}
    {{ postgres__get_columns_in_relation_sql(relation) }}
  {%- endcall -%}
  {{ return(sql_convert_columns_in_relation(load_result('get_columns_in_relation').table)) }}
{%- endmacro %}


{# Partitioned tables count as tables; foreign tables are not listed. #}
{% macro postgres__list_relations_without_caching(schema_relation) -%}
  {%- call statement('list_relations_without_caching', fetch_result=True, auto_begin=False) -%}
    select
      {{ postgres__literal(schema_relation.database) }} as database,
      class.relname::text as name,
      space.nspname::text as schema,
      case class.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end as type
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
    where space.nspname ilike {{ postgres__literal(schema_relation.schema) }}
      and class.relkind in ('r', 'p', 'v', 'm')
  {%- endcall -%}
  {{ return(load_result('list_relations_without_caching').table) }}
{%- endmacro %}


{% macro postgres__information_schema_name(database) -%}
  {%- if database -%}
    {% do adapter.verify_database(database) %}
  {%- endif -%}
  information_schema
{%- endmacro %}


{% macro postgres__list_schemas(database) -%}
  {%- if database -%}
    {% do adapter.verify_database(database) %}
  {%- endif -%}
  {{ return(run_query('select nspname from pg_catalog.pg_namespace')) }}
{%- endmacro %}


{% macro postgres__check_schema_exists(information_schema, schema) -%}
  {%- if information_schema.database -%}
    {% do adapter.verify_database(information_schema.database) %}
  {%- endif -%}
  {{ return(run_query('select count(*) from pg_catalog.pg_namespace where nspname = ' ~ postgres__literal(schema))) }}
{%- endmacro %}


{#
  The relation with a suffix on its name. A long name is cut to what Postgres keeps, and a
  hash of the whole keeps two cut names apart. With dstring no name is given twice.
#}
{% macro postgres__make_relation_with_suffix(base_relation, suffix, dstring) -%}
  {%- set identifier = adapter.suffixed_identifier(base_relation.identifier, suffix, unique=dstring) -%}
  {{ return(base_relation.incorporate(path={'identifier': identifier})) }}
{%- endmacro %}

{% macro postgres__make_intermediate_relation(base_relation, suffix) -%}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, dstring=False)) }}
{%- endmacro %}

{# Temporary tables live in a schema that belongs to the session. #}
{% macro postgres__make_temp_relation(base_relation, suffix) -%}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, dstring=True)
       .incorporate(path={'schema': none, 'database': none})) }}
{%- endmacro %}

{% macro postgres__make_backup_relation(base_relation, backup_relation_type, suffix) -%}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, dstring=False)
       .incorporate(type=backup_relation_type)) }}
{%- endmacro %}


{# Dollar quotes, so that a comment may hold anything but the quote itself. #}
{% macro postgres_escape_comment(comment) -%}
  {%- if comment is not string -%}
    {% do exceptions.raise_compiler_error('cannot escape a non-string: ' ~ comment) %}
  {%- endif -%}
  {%- set quote = '$dbt_comment_literal_block$' -%}
  {%- if quote in comment -%}
    {% do exceptions.raise_compiler_error('The string ' ~ quote ~ ' is not allowed in comments.') %}
  {%- endif -%}
  {{ quote }}{{ comment }}{{ quote }}
{%- endmacro %}


{% macro postgres__alter_relation_comment(relation, comment) -%}
comment on {{ relation.type | replace('_', ' ') }} {{ relation }} is {{ postgres_escape_comment(comment) }};
{%- endmacro %}


{% macro postgres__alter_column_comment(relation, column_dict) -%}
  {%- set existing = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
  {%- for name, column in column_dict.items() if name in existing %}
comment on column {{ relation }}.{{ adapter.quote(name) if column['quote'] else name }} is {{ postgres_escape_comment(column['description']) }};
  {%- endfor %}
{%- endmacro %}


{# What the current role has granted to others on a relation. #}
{% macro postgres__get_show_grant_sql(relation) -%}
select grantee, privilege_type
from {{ relation.information_schema('role_table_grants') }}
where grantor = current_role
  and grantee <> current_role
  and table_schema = {{ postgres__literal(relation.schema) }}
  and table_name = {{ postgres__literal(relation.identifier) }}
{%- endmacro %}

{# A replaced relation is a new one, without grants. #}
{% macro postgres__copy_grants() -%}
  {{ return(False) }}
{%- endmacro %}


{% macro postgres__get_show_indexes_sql(relation) -%}
select
  index_class.relname as name,
  method.amname as method,
  index.indisunique as "unique",
  string_agg(attribute.attname, ',' order by array_position(index.indkey::int2[], attribute.attnum)) as column_names
from pg_catalog.pg_index as index
join pg_catalog.pg_class as index_class on index_class.oid = index.indexrelid
join pg_catalog.pg_am as method on method.oid = index_class.relam
join pg_catalog.pg_class as class on class.oid = index.indrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
join pg_catalog.pg_attribute as attribute
  on attribute.attrelid = class.oid and attribute.attnum = any(index.indkey)
where class.relname = {{ postgres__literal(relation.identifier) }}
  and space.nspname = {{ postgres__literal(relation.schema) }}
  and class.relkind in ('r', 'm')
group by index_class.relname, method.amname, index.indisunique
order by index_class.relname
{%- endmacro %}

{% macro postgres__get_drop_index_sql(relation, index_name) -%}
drop index if exists "{{ relation.schema }}"."{{ index_name }}"
{%- endmacro %}


{# In place: Postgres converts the rows itself. #}
{% macro postgres__alter_column_type(relation, column_name, new_column_type) %}
  {% set column = adapter.quote(column_name) %}
  {% call statement('alter_column_type') -%}
    alter table {{ relation.render() }} alter column {{ column }} type {{ new_column_type }} using {{ column }}::{{ new_column_type }}
  {%- endcall %}
{% endmacro %}
