#!/usr/bin/env python3
"""compare_catalogs.py GDBT_CATALOG DBT_CATALOG
compare_catalogs.py --project FOLDER [--gdbt GDBT] [--dbt DBT] [--select SELECTOR]

Compares two catalog.json files of one database field by field and prints what differs. With --project, both
programs write theirs first: the project has to be built, and its profiles.yml in its folder. Exit status 1 when
anything differs.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

VOLATILE = {"generated_at", "invocation_id", "invocation_started_at"}


def differences(gdbt, dbt, path="catalog"):
    if isinstance(gdbt, dict) and isinstance(dbt, dict):
        for key in [key for key in gdbt | dbt if key not in VOLATILE]:
            yield from differences(gdbt.get(key, "absent"), dbt.get(key, "absent"), f"{path}.{key}")
    elif gdbt != dbt:
        yield path, gdbt, dbt


def compare(gdbt, dbt):
    """Prints the differences of two catalogs and says whether there is none."""
    found = list(differences(gdbt, dbt))
    for key in ("nodes", "sources"):
        for unique_id in set(gdbt[key]) & set(dbt[key]):
            # The order of columns is part of what people see.
            mine, theirs = (list(side[key][unique_id]["columns"]) for side in (gdbt, dbt))
            if mine != theirs and sorted(mine) == sorted(theirs):
                found.append((f"catalog.{key}.{unique_id}.columns", mine, theirs))
    for path, mine, theirs in found[:40]:
        print(f"{path}\n    gdbt: {json.dumps(mine)[:300]}\n    dbt:  {json.dumps(theirs)[:300]}")
    tables = len(dbt["nodes"]) + len(dbt["sources"])
    columns = sum(len(table["columns"]) for key in ("nodes", "sources") for table in dbt[key].values())
    print(f"catalog: {tables} relations with {columns} columns, {len(found)} differences")
    return not found


def generate(program, folder, target, select):
    """Has a program write its catalog, and reads it."""
    command = [program, "docs", "generate", "--project-dir", str(folder), "--profiles-dir", str(folder)]
    command += ["--target-path", target] + (["--select", *select] if select else [])
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads((folder / target / "catalog.json").read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogs", nargs="*", metavar="CATALOG")
    parser.add_argument("--project", type=pathlib.Path)
    parser.add_argument("--gdbt", default="gdbt")
    parser.add_argument("--dbt", default="dbt")
    parser.add_argument("--select", nargs="+")
    arguments = parser.parse_args()
    if arguments.project:
        folder = arguments.project.resolve()
        programs = (("target/gdbt", arguments.gdbt), ("target/dbt", arguments.dbt))
        pair = [generate(program, folder, target, arguments.select) for target, program in programs]
    elif len(arguments.catalogs) == 2:
        pair = [json.load(open(path)) for path in arguments.catalogs]
    else:
        parser.error("name two catalogs, or a project")
    sys.exit(0 if compare(*pair) else 1)


if __name__ == "__main__":
    main()
