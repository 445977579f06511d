#!/usr/bin/env python3
"""Parses projects with dbt-core and with gdbt and compares manifest.json and semantic_manifest.json field by field.

    tests/compat/compare_parse.py                       the project everything/, which uses every kind of node
    tests/compat/compare_parse.py FOLDER...             other projects, with their profiles.yml and packages

Neither tool needs a server to parse. gdbt's manifest must also be one that dbt-core's own classes can read. dbt-core
is the one in GDBT_ORACLE_PYTHON's environment, gdbt is GDBT_BIN or the last one built. Exits with 1 when anything
differs, with 2 when a tool fails.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import compare_manifests

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
READ = """
import sys
from dbt.contracts.graph.manifest import WritableManifest
WritableManifest.read_and_check_versions(sys.argv[1])
"""


def gdbt():
    if "GDBT_BIN" in os.environ:
        return os.environ["GDBT_BIN"]
    built = [REPOSITORY / "target" / kind / "gdbt" for kind in ("debug", "release")]
    return str(max((path for path in built if path.exists()), key=lambda path: path.stat().st_mtime))


def oracle():
    python = os.environ.get("GDBT_ORACLE_PYTHON") or subprocess.run(
        [REPOSITORY / "tests/compat/dbt_venv.sh"], check=True, capture_output=True, text=True).stdout.strip() + "/bin/python"
    return pathlib.Path(python)


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        sys.exit(2)


def by_name(semantic):
    """dbt reads files as the folder lists them, so its lists are in any order."""
    for resources in semantic.values():
        if isinstance(resources, list):
            resources.sort(key=lambda resource: resource["name"])
    return semantic


def compare(source):
    python = oracle()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "project"
        shutil.copytree(source, folder, symlinks=True,
                        ignore=shutil.ignore_patterns("target*", "logs", ".git"))
        if (folder / "packages.yml").exists() and not (folder / "dbt_packages").exists():
            run([python.parent / "dbt", "-q", "deps", "--profiles-dir", "."], folder)
        options = ["-q", "parse", "--profiles-dir", ".", "--no-version-check"]
        run([python.parent / "dbt", *options, "--no-partial-parse", "--target-path", "theirs"], folder)
        run([gdbt(), *options, "--target-path", "ours"], folder)
        run([python, "-c", READ, folder / "ours/manifest.json"], folder)
        read = lambda name: [json.loads((folder / side / name).read_text()) for side in ("ours", "theirs")]
        compared, different = compare_manifests.report(*read("manifest.json"))
        semantic = map(by_name, read("semantic_manifest.json"))
        for path, mine, theirs in compare_manifests.differences(*semantic, "semantic_manifest"):
            different += 1
            print(f"{path}\n    gdbt: {json.dumps(mine)[:300]}\n    dbt:  {json.dumps(theirs)[:300]}")
        print(f"{source.name}: {compared} resources compared, {different} differences")
        return different


def main():
    folders = [pathlib.Path(folder) for folder in sys.argv[1:]] or [REPOSITORY / "tests/compat/everything"]
    return 1 if sum(compare(folder) for folder in folders) else 0


if __name__ == "__main__":
    sys.exit(main())
