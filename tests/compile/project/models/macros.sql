{%- set names = columns() -%}
select
{%- for name in names %}
  {{ loop.index }} as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
-- {{ util.hello('x') }} / {{ util.bye() }} / {{ who() }} / {{ util.who() }}
-- {% call twice() %}in{% endcall %} {{ render('{{ 1 + 1 }}') }} {{ builtins.ref('util', 'pkg_model') }}
-- {{ context.get('who') is callable }} {{ 'ref' in builtins }} {{ context['who']() }}
