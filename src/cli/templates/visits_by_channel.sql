select
    channel,
    count(*) as visits,
    max(visited_at) as last_visit
from {{ ref('stg_visits') }}
group by channel
