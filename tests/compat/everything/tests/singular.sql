{{ config(severity='error', tags=['single'], store_failures=false) }}
select * from {{ ref('stg_orders') }} where amount < 0
