{{ config(materialized='ephemeral') }} select * from {{ ref('stg_customers') }} union all select * from {{ ref('stg_crm_customers') }}
