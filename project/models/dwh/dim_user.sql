-- One row per user. The key is stable and updated_at moves with every change,
-- so a timestamp snapshot can keep this dimension's history.

select
    user_key,
    userid,
    first_session_time,
    first_registration_time,
    first_registration_time is not null as is_registered,
    __insert_timestamp as updated_at
from {{ ref('user') }}
