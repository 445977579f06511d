{{ config(tags=['an']) }}
select * from {{ ref('stg_orders') }} -- {{ this }}
