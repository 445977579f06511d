{{
    config(
        materialized='incremental',
        incremental_strategy='append',
    )
}}

select
    registration_key,
    {{ surrogate_key(['userid']) }} as user_key,
    registration_time,
    __insert_timestamp
from {{ ref('all_registrations') }} as arrived
where {{ recently_arrived() }}
{% if is_incremental() %}
    and not exists (
        select 1
        from {{ this }} as loaded
        where loaded.registration_key = arrived.registration_key
    )
{% endif %}
