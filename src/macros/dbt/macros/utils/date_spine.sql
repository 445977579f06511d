{# How many steps of `datepart` lie between two dates. Asks the database. #}
{% macro get_intervals_between(start_date, end_date, datepart) -%}
  {{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
  {%- call statement('get_intervals_between', fetch_result=True) -%}
    select {{ dbt.datediff(start_date, end_date, datepart) }}
  {%- endcall -%}
  {%- set result = load_result('get_intervals_between') -%}
  {# Nothing is known while parsing; one step keeps callers happy. #}
  {{ return(result['data'][0][0] if result and result['data'] else 1) }}
{%- endmacro %}


{# A row per step from start_date up to end_date, in the column date_<datepart>. #}
{% macro date_spine(datepart, start_date, end_date) -%}
  {{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{%- endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) %}
{%- set steps = dbt.get_intervals_between(start_date, end_date, datepart) -%}
{%- set offset = 'row_number() over (order by 1) - 1' -%}
with numbers as (
    {{ dbt.generate_series(steps) }}
),
spine as (
    select ({{ dbt.dateadd(datepart, offset, start_date) }}) as date_{{ datepart }}
    from numbers
)
select date_{{ datepart }}
from spine
where date_{{ datepart }} <= {{ end_date }}
{% endmacro %}
