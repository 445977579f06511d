{{
    config(
        materialized='incremental',
        unique_key='session_key',
        incremental_strategy='delete+insert',
    )
}}

select
    session_key,
    {{ surrogate_key(['userid']) }} as user_key,
    {{ surrogate_key(['medium']) }} as channel_key,
    time_started,
    is_paid,
    __insert_timestamp
from {{ ref('all_sessions') }}
where {{ recently_arrived() }}
{% if is_incremental() %}
except
select
    session_key,
    user_key,
    channel_key,
    time_started,
    is_paid,
    __insert_timestamp
from {{ this }}
where {{ recently_arrived() }}
{% endif %}
