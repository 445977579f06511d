{#- A macro with properties. -#}
{% macro cents(column, scale=2) -%}
  ({{ column }} / 100)::numeric(16, {{ scale }})
{%- endmacro %}

{% macro everything__pkg_macro() %}select 'override' {{ cents('a') }}{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none -%}{{ target.schema }}
  {%- elif node.resource_type == 'seed' -%}{{ custom_schema_name | trim }}
  {%- else -%}{{ target.schema }}__{{ custom_schema_name | trim }}{%- endif -%}
{%- endmacro %}

{% materialization mine, adapter='postgres', supported_languages=['sql'] %}
  {{ return({'relations': []}) }}
{% endmaterialization %}

{% macro today() %}{% set now = run_started_at %}{{ now.cents() }}{{ adapter.dispatch('other', 'local_pkg')() }}{% endmacro %}
{% macro default__other() %}{% endmacro %}
{% macro other() %}{% endmacro %}
