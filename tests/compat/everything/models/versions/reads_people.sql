select * from {{ ref('people') }} union all select * from {{ ref('people', v=1) }} union all select * from {{ ref('people', version='3') }}
