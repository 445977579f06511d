{#
  How many boundaries of a date part lie between two points in time. Larger parts are
  computed from calendar days; smaller ones add what is left of the hour or minute.
#}
{% macro postgres__datediff(first_date, second_date, datepart) -%}
  {%- set day = "((" ~ second_date ~ ")::date - (" ~ first_date ~ ")::date)" -%}
  {%- if datepart == 'day' -%}
    {{ day }}
  {%- elif datepart == 'year' -%}
    ({{ postgres__part_difference('year', 'date', first_date, second_date) }})
  {%- elif datepart in ('quarter', 'month') -%}
    ({{ datediff(first_date, second_date, 'year') }} * {{ 4 if datepart == 'quarter' else 12 }} + {{ postgres__part_difference(datepart, 'date', first_date, second_date) }})
  {%- elif datepart == 'week' -%}
    {#- Whole weeks, and one more where a Sunday lies in the rest. -#}
    ({{ day }} / 7 + case
      when date_part('dow', ({{ first_date }})::timestamp) <= date_part('dow', ({{ second_date }})::timestamp)
        then case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
      else case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
    end)
  {%- elif datepart == 'hour' -%}
    ({{ datediff(first_date, second_date, 'day') }} * 24 + {{ postgres__part_difference('hour', 'timestamp', first_date, second_date) }})
  {%- elif datepart == 'minute' -%}
    ({{ datediff(first_date, second_date, 'hour') }} * 60 + {{ postgres__part_difference('minute', 'timestamp', first_date, second_date) }})
  {%- elif datepart in ('second', 'millisecond', 'microsecond') -%}
    {%- set per_minute = {'second': 60, 'millisecond': 60000, 'microsecond': 60000000}[datepart] -%}
    ({{ datediff(first_date, second_date, 'minute') }} * {{ per_minute }} + {{ postgres__part_difference(datepart, 'timestamp', first_date, second_date, whole=true) }})
  {%- else -%}
    {% do exceptions.raise_compiler_error('Unsupported datepart for macro datediff in postgres: {!r}'.format(datepart)) %}
  {%- endif -%}
{%- endmacro %}

{# The difference of one field of two points in time. #}
{% macro postgres__part_difference(datepart, type, first_date, second_date, whole=false) -%}
  {%- set open = 'floor(' if whole else '' -%}
  {%- set close = ')' if whole else '' -%}
  {{ open }}date_part('{{ datepart }}', ({{ second_date }})::{{ type }}){{ close }} - {{ open }}date_part('{{ datepart }}', ({{ first_date }})::{{ type }}){{ close }}
{%- endmacro %}
