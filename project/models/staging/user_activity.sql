{{ config(materialized='ephemeral') }}

-- Everything a user did, as one stream of events.

select
    userid,
    time_started as session_time,
    cast(null as timestamp) as registration_time,
    __insert_timestamp
from {{ ref('all_sessions') }}

union all

select
    userid,
    cast(null as timestamp) as session_time,
    registration_time,
    __insert_timestamp
from {{ ref('all_registrations') }}
