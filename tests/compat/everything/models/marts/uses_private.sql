{{ config(full_refresh=false, persist_docs={'columns': false}) }}
select * from {{ ref('fct_orders') }} cross join {{ ref('dim_customer') }}
