select * from {{ ref('middle') }} where id <> {{ var('list') | length }}
