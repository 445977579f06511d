select * from {{ ref('all_customers') }}
