{{ config(materialized='view', tags=['own'], meta={'owner': 'me'}) }}
-- {{ var('start') }}
select id, amount from {{ ref('orders') }}
where amount > {{ var('level') }}
