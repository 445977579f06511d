{{ config(incremental_strategy='append') }}

-- One row per user and time of registration. Copies are identical, so the first to arrive is kept.

with arrived as (

    select
        {{ surrogate_key(['userid', 'registration_time']) }} as registration_key,
        userid,
        registration_time,
        min(__insert_timestamp) as __insert_timestamp
    from {{ source('raw', 'conversions') }}
    where {{ recently_arrived() }}
    group by userid, registration_time

)

select *
from arrived
{% if is_incremental() %}
where not exists (
    select 1
    from {{ this }} as loaded
    where loaded.registration_key = arrived.registration_key
)
{% endif %}
