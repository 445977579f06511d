{% snapshot snap_orders %}
{{ config(strategy='check', check_cols=['amount'], unique_key='id', target_schema='snaps', target_database=target.database) }}
select * from {{ ref('stg_orders') }}
{% endsnapshot %}

{% snapshot snap_two %}
{{ config(strategy='timestamp', updated_at='at', unique_key=['id', 'at']) }}
select * from {{ source('raw', 'events') }}
{% endsnapshot %}
