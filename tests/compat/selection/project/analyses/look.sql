select count(*) from {{ ref('revenue') }}
