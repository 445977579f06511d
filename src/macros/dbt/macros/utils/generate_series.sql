{# The smallest n >= 1 for which 2 ** n reaches upper_bound. #}
{% macro get_powers_of_two(upper_bound) -%}
  {{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}
{%- endmacro %}

{% macro default__get_powers_of_two(upper_bound) -%}
  {%- if upper_bound <= 0 -%}
    {% do exceptions.raise_compiler_error('upper bound must be positive') %}
  {%- endif -%}
  {%- for power in range(1, 100) if 2 ** power >= upper_bound -%}
    {% do return(power) %}
  {%- endfor -%}
{%- endmacro %}


{# The numbers from 1 to upper_bound, in the column generated_number. #}
{% macro generate_series(upper_bound) -%}
  {{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}
{%- endmacro %}

{# Portable SQL: each bit of the number is one cross-joined table. #}
{% macro default__generate_series(upper_bound) %}
{%- set bits = dbt.get_powers_of_two(upper_bound) -%}
with digit as (
    select 0 as value union all select 1
),
series as (
    select 1
        {%- for i in range(bits) %} + b{{ i }}.value * power(2, {{ i }}){% endfor %} as generated_number
    from {% for i in range(bits) %}{{ ' cross join ' if i }}digit as b{{ i }}{% endfor %}
)
select generated_number
from series
where generated_number <= {{ upper_bound }}
order by generated_number
{% endmacro %}
