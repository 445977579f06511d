select 1/0 as x from {{ ref('c') }} union all select missing
