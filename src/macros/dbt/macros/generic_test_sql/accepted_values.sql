{% macro default__test_accepted_values(model, column_name, values, quote=True) %}
{%- set accepted = [] -%}
{%- for value in values -%}
  {%- do accepted.append("'" ~ value ~ "'" if quote else value | string) -%}
{%- endfor %}
with found as (
    select {{ column_name }} as value_field, count(*) as n_records
    from {{ model }}
    group by {{ column_name }}
)
select value_field, n_records
from found
where value_field not in ({{ accepted | join(', ') }})
{% endmacro %}
