"""Airflow 3: loads the day's files and builds the warehouse.

Needs the gdbt program on the workers and three Airflow variables (or their defaults): where the project is,
where profiles.yml is, and which target to use. Secrets stay out of the DAG: profiles.yml reads them from the
workers' environment.

`gdbt build` stops what is downstream of a failing critical test and exits with 1, which fails the task.
Business tests only warn. To see every model and test as a task of its own, use Astronomer Cosmos instead of the
`build` task: DbtTaskGroup with ExecutionConfig(dbt_executable_path="gdbt").
"""

import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

GDBT_OPTIONS = (
    "--project-dir {{ var.value.get('growth_analytics_project', '/opt/growth_analytics') }} "
    "--profiles-dir {{ var.value.get('growth_analytics_profiles', '/opt/growth_analytics') }} "
    "--target {{ var.value.get('growth_analytics_target', 'prod') }}"
)

with DAG(
    dag_id="growth_analytics",
    description="Raw CSV files to the channel attribution mart",
    schedule="0 5 * * *",
    start_date=datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    # A file loaded by two runs at once would arrive twice.
    max_active_runs=1,
    default_args={"owner": "data-engineering"},
    tags=["gdbt", "growth"],
) as dag:
    # A load is one transaction and staging drops copies, so it is safe to try again.
    load = BashOperator(
        task_id="source_load",
        bash_command=f"gdbt source load {GDBT_OPTIONS}",
        retries=2,
        retry_delay=datetime.timedelta(minutes=5),
    )

    # Not repeated: a failing test fails again, and `gdbt build` takes up where it must after an outage.
    build = BashOperator(
        task_id="build",
        bash_command=f"gdbt build {GDBT_OPTIONS}",
        retries=0,
    )

    load >> build
