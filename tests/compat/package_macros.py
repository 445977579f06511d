#!/usr/bin/env python3
"""Calls every macro of public packages with dbt-core and with gdbt and compares what they give.

    tests/compat/package_macros.py --packages FOLDER --gdbt target/release/gdbt
        [--postgres postgresql://postgres@localhost:5432/postgres] [--only dbt_utils] [--match star]

FOLDER holds clones of the packages under their names: dbt_utils, dbt_date, dbt_expectations, elementary. A package
that is not there is skipped with a message; nothing is downloaded. Run it with a Python that has dbt-core, such as
the one of tests/compat/dbt_venv.sh.

Each macro is called in two ways: with its required arguments, and with all that ARGUMENTS knows a value for. Both
tools run the same operations on databases with the same tables. The value, or the first line of the error, must be
the same. Exits with 0 when all is equal, with 1 when something differs, with 2 when nothing could be compared.
"""

import argparse
import concurrent.futures
import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

PACKAGES = ["dbt_utils", "dbt_date", "dbt_expectations", "elementary"]

# What a parameter of this name gets, in Jinja. The first pattern that fits counts.
ARGUMENTS = [
    (r"group_by_columns|partition_by|columns|column_names|field_list|fields|column_list|group_by|order_by_columns",
     "['id', 'name']"),
    (r"combination_of_columns|compare_columns|exclude_columns", "['id', 'name']"),
    (r"exclude|except|remove", "['name']"),
    (r"relations|tables", "[ref('fixture'), ref('fixture_two')]"),
    (r"model|relation|from|this|table|table_relation|base_relation|model_relation|from_relation|relation_a|a_relation"
     r"|target_table|full_table_name_relation", "ref('fixture')"),
    (r"compare_model|relation_b|b_relation|to|other_relation", "ref('fixture_two')"),
    (r"field|column_name|column|col|primary_key|order_by|unique_key|column_A|to_column", "'id'"),
    (r"column_B|compare_column|numeric_column_name|timestamp_column", "'amount'"),
    (r"date_column|timestamp_field|date_expr|date_expression|timestamp_expression|timestamp|dt|date|from_date_or"
     r"_timestamp|first_date|date_col", "\"cast('2024-02-29 13:05:06' as timestamp)\""),
    (r"second_date|second_timestamp", "\"cast('2025-03-01' as timestamp)\""),
    (r"start_date|first_timestamp", "'2024-01-01'"),
    (r"end_date", "'2024-02-01'"),
    (r"date_part|datepart|part|interval|period|timepart|unit|part_name", "'day'"),
    (r"tz|timezone|target_tz|source_tz", "'Europe/Berlin'"),
    (r"language", "'en'"),
    (r"lat1|lat2|lon1|lon2|value|val|number|quantile|min_value|max_value|x", "3"),
    (r"n|limit|num_buckets|upper_bound|size|length|position|occurrence|max_.*|n_dateparts|precision|year|month|day",
     "2"),
    (r"epochs", "1700000000"),
    (r"rows|values|value_set|items|list|.*_list", "[1, 2]"),
    (r"schema_pattern|table_pattern|pattern|prefix|suffix|regexp|regex", "'fix%'"),
    (r"data_type|type|exact_data_type", "'integer'"),
    (r"row_condition|where|expression|condition|expr|test_expr|where_expression", "'id > 1'"),
    (r"database|database_name", "target.database"),
    (r"schema|schema_name", "target.schema"),
    (r"sql|query|sql_query|select_query|compiled_sql", "'select 1 as a'"),
    (r"short|inclusive|temporary|quote_identifiers|.*_case|strict|case_sensitive", "true"),
    (r".*dict|node|parameters|metric|metric_properties|flattened_test|.*_node", "{'name': 'x', 'columns': {}}"),
    (r".*", "'a text'"),
]

# Macros that cannot be called alone or whose value is different every time.
SKIPPED = re.compile(r"""
    materialization_|.*(now|today|current_timestamp|_utc|yesterday|tomorrow|uuid|random|pretty_time|log_)|
    .*(last_week|next_|n_days_away|days_ago|_ago|this_|last_month|get_run_started_at|run_started|invocation)|
    (create|drop|upload|replace|delete|insert|clean|edr|debug|generate_elementary_cli_profile).*
""", re.VERBOSE)

# What differs between two databases, moments and processes.
VOLATILE = [
    (r"(?i)(probe)_g(dbt)", r"\1_\2"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r" at 0x[0-9a-f]+", ""),
    (r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)?", "MOMENT"),
    (r"\d{12,}", "DIGITS"),
    (r"'metadata_hash': '[0-9a-f]{32}'", "HASH"),
]

PROJECT = """
name: probe
version: '1.0'
profile: probe
models: {+materialized: table}
vars: {'dbt_date:time_zone': 'America/Los_Angeles'}
flags: {send_anonymous_usage_stats: false}
"""

FIXTURES = {
    "fixture": "select 1 as id, 'one' as name, 1.5 as amount, date '2024-01-01' as day union all "
               "select 2, 'two', null, date '2024-01-03'",
    "fixture_two": "select 1 as id, 'one' as name, 2.5 as amount, date '2024-01-01' as day, true as flag",
}


def calls_of(macro):
    """The argument lists to call a macro with."""
    import jinja2.nodes
    from dbt_common.clients.jinja import parse

    node = next(parse(macro.macro_sql).find_all(jinja2.nodes.Macro))
    names = [argument.name for argument in node.args]
    required = names[: len(names) - len(node.defaults)]

    def value(name):
        return next(value for pattern, value in ARGUMENTS if re.fullmatch(pattern, name))

    def known(name):
        return value(name) != "'a text'"

    for chosen in (required, [name for name in names if name in required or known(name)]):
        yield ", ".join(f"{name}={value(name)}" for name in chosen)


def environment(postgres, database):
    password = urllib.parse.unquote(postgres.password or "")
    return os.environ | {"PROBE_DB": database, "PGPASSWORD": password, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def psql(postgres, command):
    server = ["-h", postgres.hostname, "-p", str(postgres.port or 5432), "-U", postgres.username]
    subprocess.run(["psql", "-Xq", *server, "-d", postgres.path.strip("/"), "-c", command],
                   check=True, env=environment(postgres, ""), capture_output=True)


def write_project(folder, postgres, packages):
    (folder / "models").mkdir()
    (folder / "macros").mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "packages.yml").write_text("packages: []\n")
    for name, sql in FIXTURES.items():
        (folder / "models" / f"{name}.sql").write_text(sql)
    output = {"type": "postgres", "host": postgres.hostname, "port": postgres.port or 5432, "user": postgres.username,
              "password": postgres.password or "", "dbname": "{{ env_var('PROBE_DB') }}", "schema": "s", "threads": 1}
    profile = {"probe": {"target": "dev", "outputs": {"dev": output}}}
    (folder / "profiles.yml").write_text(json.dumps(profile))
    for name, path in packages.items():
        inside = folder / "dbt_packages" / name
        shutil.copytree(path, inside, ignore=shutil.ignore_patterns("integration_tests", ".git", "dbt_packages"))
        (inside / "packages.yml").unlink(missing_ok=True)


class Dbt:
    """dbt-core in this process: the project is parsed once."""

    def __init__(self, folder, arguments):
        from dbt.cli.main import dbtRunner

        self.arguments = arguments
        self.printed = []
        self.errors = []
        manifest = dbtRunner().invoke(["parse", *arguments]).result
        assert manifest, "dbt-core cannot parse the project"
        self.runner = dbtRunner(manifest=manifest, callbacks=[self.heard])
        self.manifest = manifest

    def heard(self, event):
        if event.info.name == "PrintEvent":
            self.printed.append(event.info.msg)
        elif event.info.level == "error":
            self.errors.append(event.info.msg)

    def run(self, name):
        self.printed.clear()
        self.errors.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            done = self.runner.invoke(["run-operation", name, *self.arguments])
        if done.success:
            return "value", "\n".join(self.printed)
        return "error", "\n".join(self.errors) or str(done.exception)


class Gdbt:
    def __init__(self, binary, folder, arguments, variables):
        self.command = [str(binary), "--quiet", "--log-format", "json", "run-operation"]
        self.folder, self.arguments, self.variables = folder, arguments, variables

    def run(self, name):
        command = [*self.command, name, *self.arguments, "--target-path", f"target/{name}", "--log-path", f"target/{name}"]
        done = subprocess.run(command, cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=120)
        shutil.rmtree(self.folder / "target" / name, ignore_errors=True)
        events = []
        for line in done.stdout.splitlines():
            try:
                events.append(json.loads(line)["info"])
            except (ValueError, KeyError):
                events.append({"name": "?", "level": "error", "msg": line})
        if done.returncode == 0:
            return "value", "\n".join(event["msg"] for event in events if event["name"] == "PrintEvent")
        errors = [event["msg"] for event in events if event["level"] == "error"]
        return "error", "\n".join(errors) or done.stderr


def essence(kind, text):
    """What must be equal: the value, or what the error says without where."""
    for pattern, stand_in in VOLATILE:
        text = re.sub(pattern, stand_in, text)
    if kind == "value":
        # The text of the built-in macros is gdbt's own, and so is its white space.
        return kind, re.sub(r"\s+", "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"(Encountered an error|Compilation Error|Runtime Error|Database "
                                                    r"Error|while running|> in macro|> called by)", line)]
    return kind, lines[0] if lines else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--gdbt", type=pathlib.Path, required=True)
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--only")
    parser.add_argument("--match", default="")
    options = parser.parse_args()
    try:
        import dbt.cli.main  # noqa: F401
    except ImportError:
        print("skipped: this Python has no dbt-core; use that of tests/compat/dbt_venv.sh")
        return 2
    packages = {}
    for name in PACKAGES:
        path = options.packages / name
        if path.is_dir():
            packages[name] = path.resolve()
        else:
            print(f"skipped: {name} is not in {options.packages}")
    if not packages:
        return 2
    postgres = urllib.parse.urlsplit(options.postgres)
    gdbt = options.gdbt.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gdbt-probe-"))
    write_project(folder, postgres, packages)
    os.chdir(folder)
    arguments = ["--profiles-dir", str(folder)]
    for database in ("probe_dbt", "probe_gdbt"):
        psql(postgres, f"drop database if exists {database}")
        psql(postgres, f"create database {database}")
        subprocess.run([gdbt, "--quiet", "run", "--select", "package:probe", *arguments],
                       env=environment(postgres, database), check=True)
    os.environ.update(environment(postgres, "probe_dbt"))
    probes = {}
    lines = []
    everything = Dbt(folder, [*arguments, "--quiet"]).manifest.macros.values()
    for macro in sorted(everything, key=lambda macro: macro.unique_id):
        wanted = macro.package_name == options.only if options.only else macro.package_name in packages
        if not wanted or SKIPPED.match(macro.name) or not re.search(options.match, macro.name):
            continue
        for call in dict.fromkeys(calls_of(macro)):
            probe = f"probe_{len(probes)}"
            probes[probe] = f"{macro.package_name}.{macro.name}({call})"
            lines.append(f"{{% macro {probe}() %}}{{% do print('=' ~ {probes[probe]}) %}}{{% endmacro %}}")
    (folder / "macros" / "probes.sql").write_text("\n".join(lines))
    dbt = Dbt(folder, [*arguments, "--quiet"])
    ours = Gdbt(gdbt, folder, arguments, environment(postgres, "probe_gdbt"))
    different = errors = 0
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = {probe: pool.submit(ours.run, probe) for probe in probes}
        for probe, call in probes.items():
            theirs = essence(*dbt.run(probe))
            got = essence(*waiting[probe].result())
            errors += theirs[0] == "error"
            if theirs != got:
                different += 1
                print(f"{call}\n    dbt-core {theirs[0]}: {theirs[1][:900]!r}\n    gdbt     {got[0]}: {got[1][:900]!r}")
    print(f"{len(probes)} calls, {errors} of them errors in dbt-core, {different} differ")
    shutil.rmtree(folder)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
