{# Which views read which relations: dropping the latter with a cascade drops the former. #}
{% macro postgres__get_relations() -%}
  {%- call statement('relations', fetch_result=True, auto_begin=False) -%}
    select distinct
      view_space.nspname::text as dependent_schema,
      view.relname::text as dependent_name,
      read_space.nspname::text as referenced_schema,
      read.relname::text as referenced_name
    from pg_catalog.pg_rewrite as rule
    join pg_catalog.pg_class as view on view.oid = rule.ev_class
    join pg_catalog.pg_namespace as view_space on view_space.oid = view.relnamespace
    join pg_catalog.pg_depend as dependency
      on dependency.classid = 'pg_rewrite'::regclass
      and dependency.objid = rule.oid
      and dependency.refclassid = 'pg_class'::regclass
      and dependency.refobjid <> view.oid
    join pg_catalog.pg_class as read on read.oid = dependency.refobjid
    join pg_catalog.pg_namespace as read_space on read_space.oid = read.relnamespace
    where read_space.nspname <> 'information_schema'
      and read_space.nspname not like 'pg\_%'
    order by 1, 2, 3, 4
  {%- endcall -%}
  {{ return(load_result('relations').table) }}
{%- endmacro %}

{% macro postgres_get_relations() -%}
  {{ return(postgres__get_relations()) }}
{%- endmacro %}
