select 1
-- 2024-01-31 public-2024-01-31 ['a', 'b'] default False
-- True none shop True 1.11.16
-- view d {'owner': 'me'} None
-- False True True
-- dev postgres public 4 postgres postgres
-- public_set postgres UTC True True
-- postgres "a" [] [] None None
-- None <class 'dbt.adapters.postgres.column.PostgresColumn'> now() True