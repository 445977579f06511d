#!/usr/bin/env python3
"""Builds public projects with many tests with dbt-core and with gdbt and compares every result.

    tests/compat/compare_projects.py --projects FOLDER --gdbt target/release/gdbt
        [--postgres postgresql://postgres@localhost:5432/postgres] [--only dbt_utils]

FOLDER holds clones of dbt_utils, dbt_expectations and dbt_date under these names; the project that is built is
`integration_tests` of each. A clone that is not there is skipped with a message; nothing is downloaded.

Both tools build on a database of their own, then test again. Of both commands these must be equal: the exit code,
and each node's status (so that `build` skips the same nodes), failure count and message, unit tests included.
Messages of errors are each tool's own words, so of these only that they are errors is compared.

dbt-core is taken from --dbt or DBT_BIN, or installed from PyPI into target/compat/venv.
Exits with 0 when all is equal, with 1 when something differs, with 2 when nothing could be compared.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from compare_with_dbt import CannotCompare, Server, environment, exit_with, installed_dbt, outcomes

# The project below `integration_tests`, and what it needs installed.
PROJECTS = {
    "dbt_utils": ["dbt_utils"],
    "dbt_expectations": ["dbt_expectations", "dbt_date"],
    "dbt_date": ["dbt_date"],
}


# dbt_expectations' models have random numbers; both sides need the same ones.
NOT_AT_RANDOM = """
{% macro postgres__rand() %}(mod(row_number() over () * 618033, 1000000) / 1000000.0){% endmacro %}
"""


class Side:
    """One tool with its database and its copy of a project."""

    def __init__(self, name, program, server, clones, project, folder):
        self.name, self.program = name, program
        self.database = f"projects_{name}"
        self.folder = folder / project / name
        shutil.copytree(clones / project / "integration_tests", self.folder)
        (self.folder / "packages.yml").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "dbt_packages", ignore_errors=True)
        for package in PROJECTS[project]:
            inside = self.folder / "dbt_packages" / package
            ignored = shutil.ignore_patterns("integration_tests", ".git", "dbt_packages")
            shutil.copytree(clones / package, inside, ignore=ignored)
            (inside / "packages.yml").unlink(missing_ok=True)
        (self.folder / "macros").mkdir(exist_ok=True)
        (self.folder / "macros" / "not_at_random.sql").write_text(NOT_AT_RANDOM)
        text = (self.folder / "dbt_project.yml").read_text()
        profile = re.search(r"^profile:\s*['\"]?(\w+)", text, re.M).group(1)
        server.write_profile(self.folder, profile, "postgres", self.database, "built")
        server.psql(f"drop database if exists {self.database} with (force)", f"create database {self.database}")

    def run(self, *words):
        results = self.folder / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            [*self.program, *words], cwd=self.folder, env=environment(), capture_output=True, text=True
        )
        if not results.exists():
            raise CannotCompare(f"{self.name} {' '.join(words)}: {done.stdout}{done.stderr}")
        text = results.read_text().replace(self.database, "DATABASE")
        return done.returncode, outcomes(json.loads(text))


def compare(sides, *words):
    """Prints and gives the differences of one command."""
    (code, theirs), (own_code, ours) = (side.run(*words) for side in sides)
    differences = [] if code == own_code else [f"exit code {code} != {own_code}"]
    for node in sorted(theirs.keys() | ours.keys()):
        if theirs.get(node) != ours.get(node):
            differences.append(f"{node}\n        dbt:  {theirs.get(node)}\n        gdbt: {ours.get(node)}")
    counts = collections.Counter((node.split(".")[0], it["status"]) for node, it in theirs.items())
    summary = ", ".join(f"{count} {kind} {status}" for (kind, status), count in sorted(counts.items()))
    print(f"  {' '.join(words)}: exit code {code}, {len(theirs)} results ({summary})")
    for line in differences:
        print(f"    DIFFERENT {line}")
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", required=True, type=pathlib.Path, help="the folder with the clones")
    parser.add_argument("--dbt", default=os.environ.get("DBT_BIN"), help="the dbt program")
    parser.add_argument("--gdbt", default="target/release/gdbt", help="the gdbt program")
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server")
    parser.add_argument("--only", action="append", choices=PROJECTS, help="this project alone")
    arguments = parser.parse_args()
    server = Server.from_url(arguments.postgres)
    programs = {"dbt": [str(installed_dbt(arguments))], "gdbt": [str(pathlib.Path(arguments.gdbt).resolve())]}
    differences, compared = [], 0
    with tempfile.TemporaryDirectory(prefix="projects-") as folder:
        for project in arguments.only or PROJECTS:
            missing = [name for name in PROJECTS[project] if not (arguments.projects / name).is_dir()]
            if missing:
                print(f"{project}: skipped, there is no {arguments.projects / missing[0]}")
                continue
            print(project, flush=True)
            sides = [
                Side(name, program, server, arguments.projects, project, pathlib.Path(folder))
                for name, program in programs.items()
            ]
            differences += compare(sides, "build")
            differences += compare(sides, "test")
            compared += 1
            for side in sides:
                server.psql(f"drop database if exists {side.database} with (force)")
    if not compared:
        raise CannotCompare("none of the projects is there")
    print(f"{compared} projects, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    exit_with(main)
