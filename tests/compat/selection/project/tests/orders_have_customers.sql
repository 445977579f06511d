select * from {{ ref('orders') }} o left join {{ ref('stg_customers') }} c using (id) where c.id is null
