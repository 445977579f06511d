with __dbt__cte__base as (

-- base
select 1 as id -- "postgres"."public_bas"."base"
) select 1
-- "postgres"."public_rel"."relations" public_rel relations "postgres"."relations" None
-- __dbt__cte__base "utils_pkg"."pkg_model" "postgres"."rawschema"."ORDERS" rawschema
-- "s"."i" PostgresColumn(column='a', dtype='integer', char_size=None, numeric_precision=None, numeric_scale=None)