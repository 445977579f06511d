#!/usr/bin/env python3
"""compare_manifests.py GDBT_MANIFEST DBT_MANIFEST [--all]

Compares two manifest.json files of one project field by field and prints what differs.
Fields that must differ between two programs or two moments are left aside. Exit status 1
when anything differs. The built-in macros' text is gdbt's own, so only the macros of the
user's packages are compared.
"""
import json
import sys
from collections import Counter

VOLATILE = {"created_at", "generated_at", "invocation_id", "invocation_started_at", "run_started_at", "user_id",
            "root_path", "compiled_path", "build_path", "dbt_version", "send_anonymous_usage_stats"}
BUILT_IN = {"dbt", "dbt_postgres"}
SECTIONS = (
    "metadata", "nodes", "sources", "exposures", "metrics", "groups", "docs", "selectors", "disabled", "parent_map",
    "child_map", "group_map", "saved_queries", "semantic_models", "unit_tests", "functions", "macros",
)


def differences(left, right, path):
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(set(left) | set(right)):
            if key in VOLATILE:
                continue
            here = f"{path}.{key}"
            if key not in left:
                yield here, "absent in gdbt", right[key]
            elif key not in right:
                yield here, left[key], "absent in dbt"
            else:
                yield from differences(left[key], right[key], here)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right) and left and \
            isinstance(left[0], dict):
        for index, (mine, theirs) in enumerate(zip(left, right)):
            yield from differences(mine, theirs, f"{path}[{index}]")
    elif isinstance(left, list) and isinstance(right, list) and path.rsplit(".", 1)[-1] in ("macros", "nodes", "tags") \
            or isinstance(left, list) and isinstance(right, list) and path.startswith("group_map."):
        if path.endswith(".macros"):
            # Which built-in macros gdbt's own text calls is gdbt's affair.
            left, right = ([m for m in side if not m or m.split(".")[1] not in BUILT_IN] for side in (left, right))
        if sorted(left, key=str) != sorted(right, key=str):
            yield path, left, right
    elif path.endswith(".sources") and isinstance(left, list) and isinstance(right, list):
        # dbt's static parser gives them in any order, each once.
        if {tuple(it) for it in left} != {tuple(it) for it in right}:
            yield path, left, right
    elif left != right:
        yield path, left, right


def user_part(section, name):
    if name in ("docs", "macros"):
        return {k: v for k, v in section.items() if v["package_name"] not in BUILT_IN}
    return section


def report(gdbt, dbt, limit=40):
    """Prints what differs; gives how many resources were compared and how many differences there are."""
    fields = Counter()
    compared = 0
    for name in SECTIONS:
        left, right = user_part(gdbt.get(name, {}), name), user_part(dbt.get(name, {}), name)
        compared += len(right)
        for path, mine, theirs in differences(left, right, name):
            fields[path.split(".")[-1]] += 1
            if fields.total() <= limit:
                print(f"{path}\n    gdbt: {json.dumps(mine)[:300]}\n    dbt:  {json.dumps(theirs)[:300]}")
    if fields:
        print(dict(fields))
    return compared, fields.total()


def main():
    gdbt, dbt = (json.load(open(path)) for path in sys.argv[1:3])
    compared, different = report(gdbt, dbt, sys.maxsize if "--all" in sys.argv else 40)
    print(f"{compared} resources compared, {different} differences")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
