-- Every channel of the seed, so that facts and marts always find theirs.

select
    {{ surrogate_key(['channel']) }} as channel_key,
    channel,
    channel_group,
    is_paid_channel,
    channel in (
        {%- for rule in var('attribution_rules') %}
        '{{ rule.channel }}'{{ "," if not loop.last }}
        {%- endfor %}
    ) as wins_registrations
from {{ ref('channel_groups') }}
