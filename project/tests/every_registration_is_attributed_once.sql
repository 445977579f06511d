{{ config(tags=['critical'], meta={'layer': 'mart', 'owner': 'growth'}) }}

-- The mart must add up: as many registrations as there are facts.

select
    marts.total as in_mart,
    facts.total as in_facts
from (select coalesce(sum(registrations), 0) as total from {{ ref('mart_channel_attribution') }}) as marts
cross join (select count(*) as total from {{ ref('fact_registrations') }}) as facts
where marts.total <> facts.total
