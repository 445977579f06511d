{{ config(
    alias='events_' ~ target.name,
    schema=target.schema,
    enabled=var('with_events', true),
    pre_hook="select 'in file'",
    event_time='at'
) }}
select * from {{ source('raw', 'events') }} e
join {{ ref('local_pkg', 'pkg_model') }} p on p.id = e.id
