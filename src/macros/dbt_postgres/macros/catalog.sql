{# Every column of the relations, with comments and owner: what the docs site shows. #}
{% macro postgres__get_catalog_relations(information_schema, relations) -%}
  {%- set database = information_schema.database -%}
  {% do adapter.verify_database(database) %}
  {%- set filters = [] -%}
  {%- for relation in relations -%}
    {%- set filter = 'upper(space.nspname) = upper(' ~ postgres__literal(relation.schema) ~ ')' -%}
    {%- if relation.identifier -%}
      {%- set filter = filter ~ ' and upper(class.relname) = upper(' ~ postgres__literal(relation.identifier) ~ ')' -%}
    {%- endif -%}
    {%- do filters.append('(' ~ filter ~ ')') -%}
  {%- endfor -%}
  {%- call statement('catalog', fetch_result=True) -%}
    select
      {{ postgres__literal(database) }} as table_database,
      space.nspname as table_schema,
      class.relname as table_name,
      case class.relkind
        when 'v' then 'VIEW'
        when 'm' then 'MATERIALIZED VIEW'
        else 'BASE TABLE'
      end as table_type,
      obj_description(class.oid, 'pg_class') as table_comment,
      attribute.attname as column_name,
      attribute.attnum as column_index,
      format_type(attribute.atttypid, attribute.atttypmod) as column_type,
      col_description(class.oid, attribute.attnum) as column_comment,
      pg_get_userbyid(class.relowner) as table_owner
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = class.oid
    where ({{ filters | join(' or ') if filters else 'false' }})
      and class.relkind in ('r', 'p', 'f', 'v', 'm')
      and class.relpersistence <> 't'
      and attribute.attnum > 0
      and not attribute.attisdropped
    order by space.nspname, class.relname, attribute.attnum
  {%- endcall -%}
  {{ return(load_result('catalog').table) }}
{%- endmacro %}


{% macro postgres__get_catalog(information_schema, schemas) -%}
  {%- set relations = [] -%}
  {%- for schema in schemas -%}
    {%- do relations.append({'schema': schema}) -%}
  {%- endfor -%}
  {{ return(postgres__get_catalog_relations(information_schema, relations)) }}
{%- endmacro %}
