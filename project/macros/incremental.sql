{% macro recently_arrived(relation_alias=none) -%}
    {%- set column = "__insert_timestamp" if relation_alias is none else relation_alias ~ ".__insert_timestamp" -%}
    {%- if is_incremental() -%}
    {{ column }} >= (
        select coalesce(max(__insert_timestamp), '-infinity'::timestamp)
            - interval '{{ var("late_arrival_window") }}'
        from {{ this }}
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
