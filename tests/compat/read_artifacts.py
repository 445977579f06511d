#!/usr/bin/env python3
"""Reads every artifact of gdbt with dbt-artifacts-parser, the library that catalogs and observers are built on.

    python -m venv /tmp/parser && /tmp/parser/bin/pip install dbt-artifacts-parser
    /tmp/parser/bin/python tests/compat/read_artifacts.py TARGET...

TARGET is a target folder with manifest.json, run_results.json, sources.json, catalog.json: those that are there are
read. The library must know the schema version that the artifact names, and say the same about it as the JSON does.
Exits with 1 when an artifact cannot be read, with 2 when there is none.
"""

import json
import pathlib
import sys

from dbt_artifacts_parser import parser

READERS = {
    "manifest.json": parser.parse_manifest,
    "run_results.json": parser.parse_run_results,
    "sources.json": parser.parse_sources,
    "catalog.json": parser.parse_catalog,
}


def size(value):
    return len(value) if value else 0


def read(path):
    raw = json.loads(path.read_text())
    artifact = READERS[path.name](raw)
    same = artifact.metadata.dbt_schema_version == raw["metadata"]["dbt_schema_version"]
    counts = {
        key: (size(value), size(getattr(artifact, key, None)))
        for key, value in raw.items()
        if isinstance(value, (dict, list)) and key != "metadata"
    }
    unequal = {key: pair for key, pair in counts.items() if pair[0] != pair[1]}
    total = sum(pair[0] for pair in counts.values())
    print(f"{path}: {type(artifact).__name__}, {total} entries{', DIFFERENT: ' + str(unequal) if unequal else ''}")
    return same and not unequal


def main():
    paths = [pathlib.Path(target) / name for target in sys.argv[1:] for name in READERS]
    paths = [path for path in paths if path.exists()]
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    failed = 0
    for path in paths:
        try:
            failed += not read(path)
        except Exception as error:  # whatever the library raises is the finding
            failed += 1
            print(f"{path}: {type(error).__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
