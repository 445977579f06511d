with -- one row
  r as (select * from {{ ref('base') }})
select * from r
