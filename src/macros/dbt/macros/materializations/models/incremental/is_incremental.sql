{# Whether this run adds to a table that a run before has built. Never while parsing. #}
{% macro is_incremental() -%}
  {%- if not execute -%}
    {{ return(False) }}
  {%- endif -%}
  {%- set relation = load_cached_relation(this) -%}
  {{ return(relation is not none
            and relation.type == 'table'
            and model.config.materialized == 'incremental'
            and not should_full_refresh()) }}
{%- endmacro %}
