

-- comment
select * from {{ ref('middle') }} union all select *, 1 from {{ ref('base') }};
