{{ config(materialized='view') }}

{%- set rules = var('attribution_rules') %}

-- A view, so that sessions that arrive late can still change the channel of an old registration.
-- It reads nothing but facts, which are never replaced, so no rebuild of a dimension takes it away.

with evidence as (

    select
        registrations.registration_key,
        registrations.user_key,
        registrations.registration_time,
        {%- for rule in rules %}
        bool_or(
            sessions.channel_key = {{ surrogate_key(["'" ~ rule.channel ~ "'"]) }}
            {%- if rule.within is defined %}
            and sessions.time_started >= registrations.registration_time - interval '{{ rule.within }}'
            {%- endif %}
        ) as rule_{{ loop.index }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('fact_registrations') }} as registrations
    left join {{ ref('fact_sessions') }} as sessions
        on sessions.user_key = registrations.user_key
        and sessions.time_started <= registrations.registration_time
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
