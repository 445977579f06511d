{{ config(materialized='table', meta={'x': 1}) }}
{{ log('hello', info=true) }}{{ log('dbg') }}{{ exceptions.warn('careful') }}{{ print('pr') }}
select * from {{ ref('s') }}
