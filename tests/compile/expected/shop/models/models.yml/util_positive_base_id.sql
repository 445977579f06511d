
with __dbt__cte__base as (

-- base
select 1 as id -- "postgres"."public_bas"."base"
) select * from __dbt__cte__base where id < 0
