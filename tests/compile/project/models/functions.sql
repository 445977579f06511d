select 1
-- {{ fromjson('{"a": [1, 2.5, null, true]}') }} {{ fromjson('{', 'default') }}
-- {{ tojson({'b': 1, 'a': [none, true, 1.5, 'é']}, sort_keys=true) }} {{ tojson({'b': 1}) }}
{{ toyaml({'a': [1, {'b': 'yes', 'n': none}, [], [2]], 'c': 'it is: so', 'd': {'e': 1.0, 'f': {}}}) }}
{{ toyaml(['1', 'true', '', "it's", '- x', 'x', 'null', '2020-01-01', 'a #b', ' lead', '@x', '=']) }}
{{ toyaml({'long': 'many words ' * 12, 'lines': 'one\ntwo\n\nfour\n', 'tab': 'a\tb é'}) }}
{{ toyaml('word') }}{{ toyaml(12) }}
-- {{ fromyaml('a: [1, 2020-01-01, yes, 1.5, ~, 0x10]') }} {{ fromyaml('a: [', 'default') }}
-- {{ set([1, 1]) }} {{ set(1, 'default') }} {{ zip([1, 2], ['a', 'b']) | list }} {{ zip(1, default='d') }}
-- {{ local_md5('x') }} {{ diff_of_two_dicts({'A': ['x', 'Y'], 'B': [1]}, {'a': ['y']}) if false }}
-- {{ diff_of_two_dicts({'A': ['x', 'Y'], 'B': ['z']}, {'a': ['y']}) }}
-- {{ try_or_compiler_error('no', tojson, {'a': 1}) }}{{ log('quiet') }}
