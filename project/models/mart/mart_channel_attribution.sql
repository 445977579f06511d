select
    channels.channel_key,
    registrations.channel,
    channels.channel_group,
    cast(extract(year from registrations.registration_time) as integer) as year,
    cast(extract(month from registrations.registration_time) as integer) as month,
    count(*) as registrations,
    count(distinct registrations.user_key) as registered_users
from {{ ref('attributed_registrations') }} as registrations
left join {{ ref('dim_channel') }} as channels
    on channels.channel = registrations.channel
group by 1, 2, 3, 4, 5
