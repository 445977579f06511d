{{
    config(
        unique_key='session_key',
        incremental_strategy='delete+insert',
    )
}}

-- One row per visit. Copies of a visit are merged: it is paid if any copy says so. The result does not
-- depend on the order in which copies arrive, so an incremental run ends where a full refresh would.

with arrived as (

    select
        userid,
        time_started,
        coalesce(medium, 'UNKNOWN') as medium,
        is_paid,
        __insert_timestamp
    from {{ source('raw', 'sessions') }}
    where {{ recently_arrived() }}

),

merged as (

    select
        {{ surrogate_key(['userid', 'time_started', 'medium']) }} as session_key,
        userid,
        time_started,
        medium,
        bool_or(is_paid) as is_paid,
        min(__insert_timestamp) as __insert_timestamp
    from arrived
    group by userid, time_started, medium

)

select merged.*
from merged
{% if is_incremental() %}
left join {{ this }} as loaded on loaded.session_key = merged.session_key
where loaded.session_key is null
    or (merged.is_paid and not loaded.is_paid)
{% endif %}
