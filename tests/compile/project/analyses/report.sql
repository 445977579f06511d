select '{{ this }}' from {{ ref('with_recursive') }}
