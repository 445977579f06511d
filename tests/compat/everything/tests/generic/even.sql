{% test is_even(model, column) %}
{{ config(severity='warn', fail_calc='sum(1)') }}
select * from {{ model }} where {{ column }} % 2 = 1
{% endtest %}
