select 1 as id, '{{ var('scoped') }}' as s, '{{ var('only') }}' as o, '{{ who() }}' as w
