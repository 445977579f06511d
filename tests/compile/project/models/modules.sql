{%- set dt = modules.datetime -%}
{%- set moment = dt.datetime(2024, 2, 29, 12, 30, 5, 1200) -%}
{%- set paris = modules.pytz.timezone('Europe/Paris') -%}
select 1
-- {{ moment }} {{ moment.strftime('%Y-%m-%d %H:%M:%S.%f %j %a %A %b %B %p %I %U %W %V %y %%') }}
-- {{ moment.isoformat() }} {{ moment.date() }} {{ moment.time() }} {{ moment.weekday() }} {{ moment.isocalendar()[1] }}
-- {{ moment + dt.timedelta(days=1, hours=13) }} {{ moment - dt.timedelta(weeks=1) }} {{ moment.replace(month=3, day=1) }}
-- {{ dt.timedelta(days=1, hours=3) }} {{ dt.timedelta(hours=-1) }} {{ dt.timedelta(days=2).total_seconds() }}
-- {{ (dt.date(2024, 3, 1) - dt.date(2024, 2, 1)).days }} {{ dt.date(2024, 3, 1) - dt.timedelta(1) }}
-- {{ dt.datetime.strptime('31 Jan 2024 5:06 PM', '%d %b %Y %I:%M %p') }} {{ dt.datetime.strptime('20240131', '%Y%m%d').date() }}
-- {{ dt.date(2024, 1, 1) < dt.date(2024, 1, 2) }} {{ dt.date(2024, 1, 1) == dt.date(2024, 1, 1) }}
-- {{ dt.datetime.fromisoformat('2024-01-02T03:04:05') }} {{ dt.date.fromisoformat('2024-01-02') }}
-- {{ paris.localize(dt.datetime(2024, 7, 1)) }} {{ paris.localize(dt.datetime(2024, 1, 1)).strftime('%z %Z') }}
-- {{ modules.pytz.utc.localize(moment).astimezone(paris) }} {{ modules.pytz.utc }} {{ paris }}
-- {{ paris.localize(dt.datetime(2024, 7, 1)).utcoffset() }} {{ [moment, dt.date(2024, 1, 1), dt.timedelta(1)] }}
-- {{ modules.re.match('(a+)(?P<n>b)?', 'aac').groups() }} {{ modules.re.search('b+', 'abbc').group(0) }}
-- {{ modules.re.sub('[aeiou]', '_', 'hello') }} {{ modules.re.sub('(l+)', '<\\1>', 'hello', count=1) }}
-- {{ modules.re.findall('[a-z]+', 'ab 12 cd') }} {{ modules.re.split('[, ]+', 'a, b c') }} {{ modules.re.match('x', 'y') }}
-- {{ modules.re.compile('A', modules.re.IGNORECASE).match('a').span() }} {{ modules.re.escape('a.b-c d') }}
-- {{ modules.re.fullmatch('[0-9]{2,3}', '123') is not none }} {{ modules.re.search('a$', 'b\na\n').start() }}
-- {{ modules.itertools.chain([1], 'ab') | list }} {{ modules.itertools.product([1, 2], 'ab') | list }}
-- {{ modules.itertools.combinations('abc', 2) | list }} {{ modules.itertools.permutations([1, 2]) | list }}
-- {{ modules.itertools.islice(modules.itertools.count(5, 2), 3) | list }} {{ modules.itertools.accumulate([1, 2, 3]) | list }}
-- {{ modules.itertools.zip_longest('ab', 'c', fillvalue='-') | list }}
