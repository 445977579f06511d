select 1
-- {'a': [1, 2.5, None, True]} default
-- {"a": [null, true, 1.5, "\u00e9"], "b": 1} {"b": 1}
a:
- 1
- b: 'yes'
  n: null
- []
- - 2
c: 'it is: so'
d:
  e: 1.0
  f: {}

- '1'
- 'true'
- ''
- it's
- '- x'
- x
- 'null'
- '2020-01-01'
- 'a #b'
- ' lead'
- '@x'
- '='

long: 'many words many words many words many words many words many words many words
  many words many words many words many words many words '
lines: 'one

  two


  four

  '
tab: "a\tb \xE9"

word
...
12
...

-- {'a': [1, datetime.date(2020, 1, 1), True, 1.5, None, 16]} default
-- {1} default [(1, 'a'), (2, 'b')] d
-- 9dd4e461268c8034f5c8564e155c67a6 
-- {'A': ['x'], 'B': ['z']}
-- {"a": 1}