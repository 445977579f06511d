select * from {{ ref('orders') }} join {{ ref('customers', v=2) }} using (id) join {{ ref('regions') }} using (id) join {{ ref('weeks') }} using (id)
