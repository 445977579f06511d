{{ config(materialized='table', unique_key=none, grants={'select': ['a']}) }}
{#- dbt also lists how it parsed the file, and the paths of this run. -#}
{%- set skipped = [
  'created_at', 'raw_code', 'compiled', 'compiled_path', 'config_call_dict', 'defer_relation',
  'unrendered_config_call_dict', 'batch', '_event_status',
] -%}
{%- for key, value in model.items() if key not in skipped %}
model {{ key }}: {{ value }}
{%- endfor -%}
{%- for node in graph.nodes.values() if node.name == 'resource' -%}
{%- for key, value in node.items() if key not in skipped %}
graph {{ key }}: {{ value }}
{%- endfor -%}
{%- endfor -%}
{%- for node in graph.sources.values() if node.name == 'orders' -%}
{%- for key, value in node.items() if key not in skipped %}
source {{ key }}: {{ value }}
{%- endfor -%}
{%- endfor %}
{{ graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | map(attribute='name') | sort | list }}
{{ graph.sources | length }} {{ graph.keys() | list }}
