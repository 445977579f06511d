
with  __dbt__cte__base as (

-- base
select 1 as id -- "postgres"."public_bas"."base"
), z as (select 1 as q)
select * from __dbt__cte__base cross join z