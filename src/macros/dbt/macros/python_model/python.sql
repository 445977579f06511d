{# PostgreSQL runs no Python. These are for projects and packages that write the code of Python
   models themselves. #}
{% macro resolve_model_name(input_model_name) -%}
  {{ return(adapter.dispatch('resolve_model_name', 'dbt')(input_model_name)) }}
{%- endmacro %}

{% macro default__resolve_model_name(input_model_name) -%}
  {{ input_model_name | string | replace('"', '\\"') }}
{%- endmacro %}


{# The Python functions `ref` and `source`: what a model names, by the names it uses. #}
{% macro build_ref_function(model) -%}
  {%- set relations = {} -%}
  {%- for reference in model.refs -%}
    {%- set names = [reference['name']] -%}
    {%- if reference.get('package') -%}
      {%- do names.insert(0, reference['package']) -%}
    {%- endif -%}
    {%- set version = reference.get('version') -%}
    {%- set relation = ref(*names, v=version) -%}
    {%- if relation.render is defined and relation.render is callable -%}
      {#- The relation itself, without the limits of --empty and --sample. -#}
      {%- set relation = relation.render() -%}
    {%- endif -%}
    {%- if version -%}
      {%- do names.append('v' ~ version) -%}
    {%- endif -%}
    {%- do relations.update({names | join('.'): resolve_model_name(relation)}) -%}
  {%- endfor -%}
def ref(*args, dbt_load_df_function, v=None, version=None):
    relations = {{ relations | tojson }}
    version = v or version
    names = [*args, f"v{version}"] if version else args
    return dbt_load_df_function(relations[".".join(names)])
{% endmacro %}

{% macro build_source_function(model) -%}
  {%- set relations = {} -%}
  {%- for names in model.sources -%}
    {%- do relations.update({names | join('.'): resolve_model_name(source(*names))}) -%}
  {%- endfor -%}
def source(*args, dbt_load_df_function):
    relations = {{ relations | tojson }}
    return dbt_load_df_function(relations[".".join(args)])
{% endmacro %}


{# What the model reads of its configuration, with the defaults it gives. #}
{% macro build_config_dict(model) -%}
  {%- set config = model.config -%}
  {%- set values = {} -%}
  {%- for name, default in zip(config.config_keys_used, config.config_keys_defaults) -%}
    {%- do values.update({name: config.get(name, default)}) -%}
  {%- endfor -%}
  {%- set meta = {} -%}
  {%- if config.meta_keys_used -%}
    {%- for name, default in zip(config.meta_keys_used, config.meta_keys_defaults) -%}
      {%- do meta.update({name: (config.meta or {}).get(name, default)}) -%}
    {%- endfor -%}
  {%- endif -%}
config_dict = {{ values }}
meta_dict = {{ meta }}
{% endmacro %}


{# What follows the code of a Python model: its object `dbt`. #}
{% macro py_script_postfix(model) -%}
# What follows is not of the model: it gives the model its references and configuration.
# COMMAND ----------

{{ build_ref_function(model) }}
{{ build_source_function(model) }}
{{ build_config_dict(model) }}

class config:
    def __init__(self, *args, **kwargs):
        pass

    @staticmethod
    def get(key, default=None):
        return config_dict.get(key, default)

    @staticmethod
    def meta_get(key, default=None):
        return meta_dict.get(key, default)

{% set name = resolve_model_name(this) %}
class this:
    """dbt.this and its parts: dbt.this.identifier"""
    database = "{{ this.database }}"
    schema = "{{ this.schema }}"
    identifier = "{{ this.identifier }}"

    def __repr__(self):
        return '{{ name }}'


class dbtObj:
    def __init__(self, load_df_function) -> None:
        self.ref = lambda *args, **kwargs: ref(*args, **kwargs, dbt_load_df_function=load_df_function)
        self.source = lambda *args: source(*args, dbt_load_df_function=load_df_function)
        self.config = config
        self.this = this()
        self.is_incremental = {{ is_incremental() }}

# COMMAND ----------
{{ py_script_comment() }}
{%- endmacro %}

{# Where an adapter says how to run the code by hand. #}
{% macro py_script_comment() %}
{% endmacro %}
