#!/usr/bin/env python3
"""Builds Astronomer Cosmos' task graph of the reference project from dbt-core and from gdbt, and compares them.

Cosmos has two ways of loading a project that need the tool: `dbt_ls` calls `ls --output json`, `dbt_manifest` reads
manifest.json. In both, every node and everything Cosmos keeps of it must be equal.

    python -m venv /tmp/cosmos && /tmp/cosmos/bin/pip install astronomer-cosmos
    /tmp/cosmos/bin/python tests/compat/compare_cosmos.py --gdbt target/debug/gdbt --dbt /path/to/dbt

Not part of CI: Airflow takes minutes to install. Exits with 0 when the graphs are equal.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp())
os.environ["AIRFLOW__COSMOS__ENABLE_CACHE"] = "False"
os.environ["AIRFLOW__COSMOS__PROPAGATE_LOGS"] = "False"

from cosmos.config import ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig  # noqa: E402
from cosmos.constants import ExecutionMode, LoadMode  # noqa: E402
from cosmos.dbt.graph import DbtGraph  # noqa: E402


def graph(project, program, mode, select):
    profile = ProfileConfig(profile_name="growth_analytics", target_name="dev", profiles_yml_filepath=project / "profiles.yml")
    manifest = project / "target/manifest.json"
    graph = DbtGraph(
        project=ProjectConfig(dbt_project_path=project, manifest_path=manifest if mode == LoadMode.DBT_MANIFEST else None),
        profile_config=profile,
        execution_config=ExecutionConfig(dbt_project_path=project, dbt_executable_path=program, execution_mode=ExecutionMode.LOCAL),
        render_config=RenderConfig(
            load_method=mode, select=select, dbt_project_path=project, dbt_executable_path=program, dbt_deps=False
        ),
    )
    graph.load(method=mode, execution_mode=ExecutionMode.LOCAL)
    return {uid: describe(node, project) for uid, node in graph.filtered_nodes.items()}


def describe(node, project):
    return {
        "resource_type": str(node.resource_type),
        "depends_on": sorted(node.depends_on),
        "file": str(node.file_path).replace(str(project), ""),
        "tags": sorted(node.tags),
        "config": {key: value for key, value in sorted(node.config.items()) if value not in (None, [], {})},
        "has_test": node.has_test,
        "name": node.name,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gdbt", default=str(REPOSITORY / "target/debug/gdbt"))
    parser.add_argument("--dbt", default="dbt")
    options = parser.parse_args()
    programs = {"gdbt": str(pathlib.Path(options.gdbt).resolve()), "dbt": shutil.which(options.dbt)}
    work = pathlib.Path(tempfile.mkdtemp())
    different = 0
    projects = {}
    for tool, program in programs.items():
        project = work / tool
        shutil.copytree(REPOSITORY / "project", project, ignore=shutil.ignore_patterns("target", "logs", ".gdbt"))
        shutil.copy(REPOSITORY / "profiles.example.yml", project / "profiles.yml")
        subprocess.run([program, "--quiet", "parse"], cwd=project, check=True)
        projects[tool] = project
    for mode in (LoadMode.DBT_LS, LoadMode.DBT_MANIFEST):
        for select in ([], ["tag:critical"], ["path:models/staging"], ["+mart_channel_attribution"]):
            graphs = {tool: graph(projects[tool], programs[tool], mode, select) for tool in programs}
            mine, theirs = graphs["gdbt"], graphs["dbt"]
            unequal = [uid for uid in sorted(set(mine) | set(theirs)) if mine.get(uid) != theirs.get(uid)]
            print(f"{mode.value} {select}: {len(theirs)} nodes, {len(unequal)} different")
            for uid in unequal[:5]:
                print(f"  {uid}\n    gdbt: {mine.get(uid)}\n    dbt:  {theirs.get(uid)}")
            different += len(unequal)
    shutil.rmtree(work)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
