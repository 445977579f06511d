#!/usr/bin/env python3
"""Times `test` of 1,000 tests over 100 small tables with dbt-core and with gdbt.

    tests/compat/test_speed.py --gdbt target/release/gdbt --postgres postgresql://postgres@localhost:5432/postgres
        [--tables 100] [--rows 100] [--max-ratio 0.1]

Both tools run the same project with 4 threads on tables that gdbt built, one after the other. The wall time is that of
the whole command, parsing included; each tool has run once before, so that dbt-core has its parse cache. Every test's
status, failure count and message must be equal.

dbt-core is taken from --dbt or DBT_BIN, or installed from PyPI into target/compat/venv.
Exits with 0, with 1 when results differ or gdbt needs more than --max-ratio of dbt-core's time, with 2 when it could
not compare.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import tempfile
import time

from compare_with_dbt import CannotCompare, add_tools, environment, exit_with, installed_dbt, outcomes
from compare_with_dbt import server as server_for

DATABASE = "test_speed"

MODEL = """
select n as id, n % 7 as kind, 'name ' || n as name, nullif(n % 50, 0) as half, n as {parent}
from generate_series(1, {rows}) as s (n)
"""

# Ten tests for each table. Those of `half` find rows, one of them as a warning.
TESTS = """
  - name: {name}
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: kind
        data_tests:
          - not_null
          - accepted_values: {{arguments: {{values: [0, 1, 2, 3, 4, 5, 6], quote: false}}}}
          - accepted_values: {{name: {name}_kinds_of_most, arguments: {{values: [0, 1], quote: false}},
                               config: {{where: id <= 1}}}}
      - name: name
        data_tests: [unique, not_null]
      - name: half
        data_tests:
          - not_null: {{config: {{severity: warn}}}}
          - unique
      - name: {parent}
        data_tests:
          - relationships: {{arguments: {{to: ref('{other}'), field: id}}}}
"""


def write_project(folder, server, tables, rows):
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: speed\nversion: '1.0'\nprofile: speed\nmodels: {+materialized: table}\n"
    )
    server.write_profile(folder, "speed", "dev", DATABASE, "public")
    properties = ["models:"]
    for number in range(tables):
        name, other = f"t{number:03}", f"t{(number + 1) % tables:03}"
        parent = f"{other}_id"
        (folder / "models" / f"{name}.sql").write_text(MODEL.format(rows=rows, parent=parent))
        properties.append(TESTS.format(name=name, other=other, parent=parent))
    (folder / "models" / "schema.yml").write_text("".join(properties))


def timed(program, folder, *words):
    """Wall time in seconds, and what came of each node."""
    begun = time.monotonic()
    done = subprocess.run([*program, *words], cwd=folder, env=environment(), capture_output=True, text=True)
    elapsed = time.monotonic() - begun
    if done.returncode not in (0, 1):
        raise CannotCompare(f"{' '.join(program)} {' '.join(words)}: {done.stdout}{done.stderr}")
    return elapsed, outcomes(json.loads((folder / "target" / "run_results.json").read_text()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tools(parser)
    parser.add_argument("--tables", type=int, default=100, help="how many tables, with ten tests each")
    parser.add_argument("--rows", type=int, default=100, help="rows of each")
    parser.add_argument("--max-ratio", type=float, help="the most that gdbt may need of dbt-core's time")
    arguments = parser.parse_args()
    dbt, gdbt = [str(installed_dbt(arguments))], [arguments.gdbt]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="test-speed-")))
        server = stack.enter_context(server_for(arguments, folder))
        server.psql(f"drop database if exists {DATABASE} with (force)", f"create database {DATABASE}")
        project = folder / "project"
        write_project(project, server, arguments.tables, arguments.rows)
        timed(gdbt, project, "run")
        for program in (dbt, gdbt):
            timed(program, project, "test", "--select", "t000")
        theirs, expected = timed(dbt, project, "test")
        ours, results = timed(gdbt, project, "test")
        server.psql(f"drop database if exists {DATABASE} with (force)")
    differing = [node for node in expected.keys() | results.keys() if expected.get(node) != results.get(node)]
    for node in sorted(differing)[:10]:
        print(f"DIFFERENT {node}\n    dbt:  {expected.get(node)}\n    gdbt: {results.get(node)}")
    ratio = ours / theirs
    print(
        f"{len(expected)} tests: dbt-core {theirs:.2f} s, gdbt {ours:.2f} s, that is {ratio:.3f} of it; "
        f"{len(differing)} results differ"
    )
    slow = arguments.max_ratio is not None and ratio > arguments.max_ratio
    return 1 if differing or slow else 0


if __name__ == "__main__":
    exit_with(main)
