{{ config(materialized='view') }}

{%- set rules = var('attribution_rules') %}

-- A view over all facts: sessions that arrive late may still change the channel of an old registration.

with evidence as (

    select
        registrations.registration_key,
        registrations.user_key,
        registrations.registration_time,
        {%- for rule in rules %}
        bool_or(
            channels.channel = '{{ rule.channel }}'
            {%- if rule.within is defined %}
            and sessions.time_started >= registrations.registration_time - interval '{{ rule.within }}'
            {%- endif %}
        ) as rule_{{ loop.index }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('fact_registrations') }} as registrations
    left join {{ ref('fact_sessions') }} as sessions
        on sessions.user_key = registrations.user_key
        and sessions.time_started <= registrations.registration_time
    left join {{ ref('dim_channel') }} as channels
        on channels.channel_key = sessions.channel_key
    group by 1, 2, 3

)

select
    registration_key,
    user_key,
    registration_time,
    case
        {%- for rule in rules %}
        when rule_{{ loop.index }} then '{{ rule.channel }}'
        {%- endfor %}
        else 'OTHERS'
    end as channel
from evidence
