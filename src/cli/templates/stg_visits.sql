select
    visit_id,
    upper(coalesce(channel, 'direct')) as channel,
    visited_at
from {{ ref('visits') }}
