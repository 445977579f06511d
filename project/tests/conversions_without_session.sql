{{
    config(
        severity='warn',
        warn_if='> 0',
        error_if='> ' ~ var('max_business_findings'),
        store_failures=true,
        tags=['business'],
        meta={'layer': 'dwh', 'owner': 'growth'},
    )
}}

-- Registrations of users without any session at or before that time: either tracking lost their visits
-- or the clocks disagree. The mart counts them as OTHERS.

select
    registrations.registration_key,
    users.userid,
    registrations.registration_time,
    users.first_session_time
from {{ ref('fact_registrations') }} as registrations
left join {{ ref('dim_user') }} as users
    on users.user_key = registrations.user_key
where users.first_session_time is null
    or users.first_session_time > registrations.registration_time
