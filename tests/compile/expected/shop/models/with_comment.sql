with  __dbt__cte__base as (

-- base
select 1 as id -- "postgres"."public_bas"."base"
), -- one row
  r as (select * from __dbt__cte__base)
select * from r