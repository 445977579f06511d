select * from {{ ref('days') }}
