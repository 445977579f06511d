select {{ function('area') }}(1) as a
