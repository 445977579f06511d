"""Asks dbt-core what it selects in `project` for each line of cases.txt.

Writes expected.json, which the selector's unit test reads: the graph's nodes, and for each
case the selected ids. Run it again when project or cases change:

    python tests/compat/selection/generate.py      # with dbt-core and dbt-postgres 1.11
"""

import json
import os
import shlex
import shutil
import tempfile
from pathlib import Path

from dbt.cli.main import dbtRunner

HERE = Path(__file__).resolve().parent
FIELDS = [
    "name", "package_name", "original_file_path", "patch_path", "fqn", "tags", "config", "group",
    "access", "version", "latest_version", "source_name", "raw_code",
]


def case(line):
    line, _, mode = line.partition("%")
    select, _, exclude = line.partition("!")
    return shlex.split(select), shlex.split(exclude), mode.strip() or "eager"


def resource(data):
    kept = {key: data[key] for key in FIELDS if data.get(key) not in (None, [], "")}
    kept["config"] = {k: v for k, v in data["config"].items() if v not in (None, [], {})}
    kept["parents"] = data.get("depends_on", {}).get("nodes", [])
    if "test_metadata" in data:
        kept["test_name"] = data["test_metadata"]["name"]
    return kept


def main():
    work = Path(tempfile.mkdtemp())
    shutil.copytree(HERE / "project", work / "project")
    os.chdir(work / "project")
    common = ["--quiet", "--no-send-anonymous-usage-stats", "--no-version-check"]
    dbt = dbtRunner()
    assert dbt.invoke([*common, "deps"]).success
    parsed = dbt.invoke([*common, "parse"])
    assert parsed.success, parsed.exception
    dbt = dbtRunner(manifest=parsed.result)
    manifest = json.loads(Path("target/manifest.json").read_text())

    cases = []
    for line in (HERE / "cases.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        select, exclude, mode = case(line)
        command = ["ls", "--output", "json", "--output-keys", "unique_id", "--resource-type", "all"]
        command += ["--indirect-selection", mode]
        command += ["--select", *select] if select else []
        command += ["--exclude", *exclude] if exclude else []
        outcome = dbt.invoke([*common, *command])
        entry = {"select": select, "exclude": exclude, "mode": mode}
        if outcome.success:
            entry["ids"] = [json.loads(row)["unique_id"] for row in outcome.result or []]
        else:
            entry["error"] = str(outcome.exception)
        cases.append(entry)

    graph = {}
    for kind in ("sources", "nodes", "exposures"):
        graph.update({uid: resource(data) for uid, data in manifest[kind].items()})
    lines = [f"{json.dumps(uid)}: {json.dumps(data)}" for uid, data in graph.items()]
    text = '{"graph": {\n' + ",\n".join(lines) + '\n}, "cases": [\n'
    text += ",\n".join(json.dumps(entry) for entry in cases) + "\n]}\n"
    (HERE / "expected.json").write_text(text)
    shutil.rmtree(work)


main()
