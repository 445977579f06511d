select *, 1 as extra from {{ ref('all_customers') }}
