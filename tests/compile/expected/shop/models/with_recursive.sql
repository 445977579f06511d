
/* lead */ with recursive
   __dbt__cte__base as (

-- base
select 1 as id -- "postgres"."public_bas"."base"
),  __dbt__cte__middle as (

with z as (select 1 as q)
select * from __dbt__cte__base cross join z
),  __dbt__cte__pkg_alias as (

select * from "utils_pkg"."pkg_model"
), r as (select * from __dbt__cte__middle)
select * from r join __dbt__cte__base using (id) join __dbt__cte__pkg_alias p on true