select *, 2 as extra from {{ ref('all_customers') }}
