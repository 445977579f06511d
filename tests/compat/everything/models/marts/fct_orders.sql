{{ config(
    materialized='incremental', unique_key=['id'], incremental_strategy='delete+insert',
    on_schema_change='append_new_columns', post_hook=["select 'own'"],
    indexes=[{'columns': ['id'], 'unique': true}], custom_key={'a': [1, none]},
    group='finance', access='private', unlogged=true, batch_size='day',
) }}
{{ config(tags='second') }}
{{ config(meta={'second': 2}, grants={'+select': 'auditor'}) }}
select * from {{ ref('stg_orders') }}
{% if is_incremental() %}
where id > (select max(id) from {{ this }})
{% endif %}
