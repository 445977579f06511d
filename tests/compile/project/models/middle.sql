{{ config(materialized='ephemeral') }}
with z as (select 1 as q)
select * from {{ ref('base') }} cross join z
