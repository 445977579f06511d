{#
  How a relation that was built aside takes the place of the one before. All of it happens
  in the transaction that built it, so readers see the old relation or the new one, and
  nothing is left over when the run is interrupted.
#}

{# Drops what an interrupted run of dbt, which commits in between, may have left behind. #}
{% macro drop_leftover_relations(target_relation) %}
  {% for leftover in [make_intermediate_relation(target_relation),
                      make_backup_relation(target_relation, target_relation.type)] %}
    {% do drop_relation_if_exists(load_cached_relation(leftover)) %}
  {% endfor %}
{% endmacro %}


{#
  Makes way for a relation. What was there is looked up again: the statements since may have
  dropped it, with a cascade. Where nothing is known to be, another run may have made it in
  the meantime; the macros of a project that drop relations expect one to be there.
#}
{% macro clear_relation(target_relation) %}
  {% set existing_relation = load_cached_relation(target_relation) %}
  {% if existing_relation is not none %}
    {% do adapter.drop_relation(existing_relation) %}
  {% else %}
    {% call statement('_') -%}
      drop {{ target_relation.type | replace('_', ' ') }} if exists {{ target_relation }} cascade
    {%- endcall %}
  {% endif %}
{% endmacro %}


{# Makes `staged_relation` the target; what was there, if anything, goes. #}
{% macro swap_relation(staged_relation, target_relation) %}
  {% do dbt.clear_relation(target_relation) %}
  {% do adapter.rename_relation(staged_relation, target_relation) %}
{% endmacro %}
