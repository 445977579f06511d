select 1
-- {{ var('day') }} {{ var('rendered') }} {{ var('list') }} {{ var('nope', 'default') }} {{ var('day') is string }}
-- {{ var.has_var('day') }} {{ env_var('GDBT_NOT_SET', 'none') }} {{ project_name }} {{ execute }} {{ dbt_version }}
-- {{ config.get('materialized') }} {{ config.get('nope', 'd') }} {{ config.get('meta') }} {{ config.get('unique_key', 'x') }}
-- {{ config.persist_relation_docs() }} {{ exceptions is mapping }} {{ store_result is callable }}
-- {{ target.name }} {{ target.type }} {{ target.schema }} {{ target.threads }} {{ target.dbname }} {{ target.database }}
-- {{ schema }} {{ database }} {{ run_started_at.tzinfo }} {{ thread_id is string }} {{ flags.WHICH is defined }}
-- {{ adapter.type() }} {{ adapter.quote('a') }} {{ pre_hooks }} {{ post_hooks }} {{ sql }} {{ compiled_code }}
-- {{ load_result('nothing') }} {{ column }} {{ sql_now }} {{ return is defined }}
