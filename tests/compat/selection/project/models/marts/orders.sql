{{ config(tags=['finance'], meta={'owner': 'anna', 'pii': true, 'level': {'n': 'gold'}}) }} select * from {{ ref('stg_orders') }}
