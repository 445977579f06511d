{{
    config(
        severity='warn',
        error_if='> ' ~ var('max_business_findings'),
        limit=1000,
        tags=['business'],
        meta={'layer': 'raw', 'owner': 'growth'},
    )
}}

-- Copies of one visit that say both paid and not paid. Staging takes such a visit as paid.

select
    userid,
    time_started,
    medium,
    count(*) as copies
from {{ source('raw', 'sessions') }}
group by userid, time_started, medium
having bool_or(is_paid) and not bool_and(is_paid)
