{{
    config(
        unique_key='user_key',
        incremental_strategy='delete+insert',
    )
}}

-- One row per user seen in sessions or registrations. Users with new events are computed again from all
-- their events, because an event that arrives late may be their first.

with active as (

    select distinct userid
    from {{ ref('user_activity') }}
    where {{ recently_arrived() }}

),

recomputed as (

    select
        {{ surrogate_key(['userid']) }} as user_key,
        userid,
        min(session_time) as first_session_time,
        min(registration_time) as first_registration_time,
        max(__insert_timestamp) as __insert_timestamp
    from {{ ref('user_activity') }}
    where userid in (select userid from active)
    group by userid

)

select recomputed.*
from recomputed
{% if is_incremental() %}
left join {{ this }} as loaded on loaded.user_key = recomputed.user_key
where loaded.user_key is null
    or loaded.first_session_time is distinct from recomputed.first_session_time
    or loaded.first_registration_time is distinct from recomputed.first_registration_time
{% endif %}
