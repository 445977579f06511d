#!/usr/bin/env python3
"""Lists hundreds of selections with dbt-core and with gdbt; both must list the same resources.

Three projects: the reference project, selection/project, and everything/, which has every kind of node. Each is
first parsed by both tools to have a state to compare with, then changed, so that `state:` and its like have
something to find. gdbt is compared with its own state and with dbt's. dbt runs in this process and parses once.

    $(tests/compat/dbt_venv.sh)/bin/python tests/compat/compare_selection.py

Exits with 0 when all is equal, with 1 when something differs.
"""

import argparse
import contextlib
import io
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from dbt.cli.main import dbtRunner

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
COMMON = ["--quiet", "--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors"]

# A line is: select arguments, then perhaps `!` and exclude arguments, then perhaps `%` and the mode of indirect
# selection, then perhaps `&` and any other arguments. Quoted as in a shell.
EVERYTHING = """
*
people
people.v1
people_v1
people.v2 people.v3
+people+
1+people+1
@people
@stg_orders
@source:raw
orders+ ! tag:stg
+fct_orders,tag:all
dim_customer fct_orders ! uses_*
nothing
"" ! people
tag:all
tag:stg
tag:unit
tag:m
tag:sq
tag:exposed
tag:udf
tag:uniq
tag:t*
group:finance
group:f*
group:none
access:private
access:protected
access:public
access:other
source:raw
source:raw.events
source:everything.raw.events
source:*.by_query
source:raw+
source:raw.events+1
exposure:board
exposure:everything.board
exposure:*
+exposure:board
1+exposure:*
metric:revenue
metric:everything.*
+metric:revenue
metric:revenue+
+metric:growth,resource_type:metric
semantic_model:orders_sm
semantic_model:*+
+semantic_model:validity_sm
saved_query:weekly
+saved_query:weekly
saved_query:*
unit_test:people_all
unit_test:everything.people_one
unit_test:*
unit_test:*+
people % empty
people,test_type:unit
test_type:unit
test_type:generic
test_type:singular
test_type:data
test_type:schema
test_name:unique
test_name:is_even
test_name:not_*
test_name:people_*
test_name:relationships
resource_type:model
resource_type:unit_test
resource_type:metric
resource_type:semantic_model
resource_type:saved_query
resource_type:function
resource_type:exposure
resource_type:source
resource_type:snapshot
resource_type:analysis
resource_type:seed
resource_type:test
resource_type:macro
resource_type:function+
area
area+
+uses_function
version:latest
version:old
version:prerelease
version:none
version:latest+
package:this
package:everything
package:local_pkg
package:local_*
package:dbt
path:models
path:models/marts
path:models/marts/*.sql
path:models/**/people*.sql
path:models/semantic
path:models/semantic/semantic.yml
path:models/versions/versions.yml
path:models/staging/staging.yml
path:functions
path:functions/area.sql
path:seeds
path:snapshots/
path:tests
path:analyses
path:packages/local_pkg
path:models/pkg_model.sql
models/marts
file:fct_orders.sql
file:fct_orders
file:people*
file:semantic.yml
file:fns.yml
fct_orders.sql
py_model.py
orders.csv
config.materialized:table
config.materialized:incremental
config.materialized:test
config.materialized:ephemeral
config.severity:error
config.severity:WARN
config.severity:warn
config.tags:own
config.tags:stg
config.meta.team:data
config.meta.owner:me
config.meta.pii:false
config.contract.enforced:true
config.contract.enforced:false
config.enabled:true
config.enabled:True
config.unique_key:id
config.docs.show:true
config.store_failures:true
config.store_failures_as:view
config.full_refresh:false
config.persist_docs.relation:true
config.group:finance
config.custom_key.a:1
config.level:5
config.quote_columns:false
config.grants.select:reader
config.strategy:check
config.hard_deletes:new_record
config.nothing:1
config.meta:data
fqn:everything.marts
fqn:everything.marts.*
everything.versions.people
versions.people.v2
marts
staging.stg_orders
local_pkg
local_pkg.*
pkg_model
*_orders
stg_?rders
stg_[eo]*
weekly
board
revenue
orders_sm
people_all
area,resource_type:function
tag:all,config.materialized:table,group:finance
+revenue+
+board ! source:raw+
stg_orders % cautious
stg_orders % buildable
stg_orders % empty
stg_orders+ % cautious
stg_orders+ % buildable
stg_orders+ ! test_type:generic % cautious
people % cautious
people % buildable
+fct_orders % buildable
orders countries stg_orders % cautious
orders countries stg_orders % buildable
source:raw.events % cautious
source:raw.events % buildable
"stg_orders,tag:stg people,version:latest" % cautious
@fct_orders % buildable
* ! tag:all % cautious
 & --resource-type model
 & --resource-type model --resource-type source
 & --resource-types test unit_test
 & --resource-type all
 & --resource-type default
 & --exclude-resource-type test
 & --exclude-resource-type test unit_test metric
 & --resource-type all --exclude-resource-type model
stg_orders+ & --resource-type test
 & --models stg_orders
 & --selector one
 & --selector two
 & --selector three
 & --selector four
 & --selector five
 & --selector six
 & --selector seven
 & --selector eight
 & --selector nope
 & --output name
 & --output path
 & --output selector
tga:x
@people+
source:a.b.c.d
exposure:a.b.c
metric:a.b.c
test_type:odd
resource_type:odd
version:odd
state:odd
"""

STATE = """
state:new
state:old
state:modified
state:unmodified
state:modified.body
state:modified.configs
state:modified.relation
state:modified.macros
state:modified.contract
state:modified.persisted_descriptions
state:modified+
+state:modified
@state:modified
1+state:modified.body+1
state:modified,tag:all
state:modified ! resource_type:test
state:modified % cautious
state:modified+ % buildable
state:new state:modified.configs
state:old,resource_type:model
result:success
result:error
result:fail+
1+result:error
result:warn result:skipped
result:nothing
source_status:fresher
source_status:fresher+
source_status:odd
 & --selector changed
"""

SELECTORS = """
selectors:
  - {name: one, definition: tag:all}
  - name: two
    description: Several.
    definition:
      union:
        - "@people"
        - {method: config.materialized, value: table, children: true, children_depth: 1}
        - exclude: ["test_type:unit", {method: tag, value: three}]
  - name: three
    definition:
      intersection:
        - {method: fqn, value: "*"}
        - {tag: stg}
        - exclude: [{test_name: unique}]
  - name: four
    definition: {method: selector, value: one, exclude: [people]}
  - name: five
    definition:
      union:
        - {method: selector, value: two}
        - intersection: [{method: selector, value: one}, {method: resource_type, value: model, parents: true}]
  - name: six
    definition: {method: fqn, value: stg_orders, indirect_selection: cautious, children: true}
  - name: seven
    definition: {method: config.store_failures, value: true}
  - name: eight
    definition:
      method: fqn
      value: people
      childrens_parents: true
      exclude:
        - {method: version, value: old}
        - {method: fqn, value: fct_orders, parents: true, parents_depth: "1"}
  - name: changed
    definition: {union: ["state:modified", "result:error"]}
"""


def replace(path, old, new):
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def change_everything(root):
    """Changes one thing of every kind."""
    models = root / "models"
    (models / "staging/stg_orders.sql").open("a").write("-- changed\n")
    (models / "new_model.sql").write_text("select * from {{ ref('stg_orders') }}\n")
    (models / "marts/uses_function.sql").unlink()
    replace(root / "macros/macros.sql", "/ 100", "/ 100.0")
    (root / "seeds/orders.csv").open("a").write("3,4\n")
    replace(models / "marts/marts.yml", "description: Facts.", "description: More facts.")
    replace(models / "marts/marts.yml", "config: {event_time: day,", "config: {event_time: day, schema: elsewhere,")
    replace(models / "marts/marts.yml", "data_type: text", "data_type: integer")
    replace(models / "staging/staging.yml", "identifier: events_v1", "identifier: events_v2")
    replace(models / "staging/staging.yml", "tags: [uniq]", "tags: [other]")
    replace(models / "staging/staging.yml", "limit: 5", "limit: 6")
    replace(models / "semantic/semantic.yml", "label: Count", "label: Number")
    replace(models / "semantic/semantic.yml", "maturity: high", "maturity: low")
    replace(models / "semantic/semantic.yml", "label: W\n", "label: Weekly\n")
    replace(models / "semantic/semantic.yml", "expr: id, description: Key", "expr: ident, description: Key")
    replace(models / "versions/versions.yml", "rows: [{id: 1, new: 2}]", "rows: [{id: 1, new: 3}]")
    replace(root / "snapshots/snaps.yml", "hard_deletes: new_record", "hard_deletes: ignore")
    replace(root / "dbt_project.yml", "docs: {node_color", "tags: [more]\n      +docs: {node_color")


def change_shop(root):
    (root / "models/staging/stg_orders.sql").open("a").write("-- changed\n")
    (root / "seeds/regions.csv").open("a").write("9\n")


def change_reference(root):
    (root / "models/staging/all_sessions.sql").open("a").write("-- changed\n")


def lines(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def arguments(line):
    """The arguments of `ls` that a line stands for."""
    line, _, others = line.partition("&")
    line, _, mode = line.partition("%")
    select, _, exclude = line.partition("!")
    select, exclude = shlex.split(select), shlex.split(exclude)
    given = shlex.split(others)
    if not any(word == "--output" for word in given):
        given += ["--output", "json", "--output-keys", "unique_id"]
    if not any("resource-type" in word or word == "--models" for word in given):
        given += ["--resource-type", "all"]
    given += ["--indirect-selection", mode.strip()] if mode.strip() else []
    given += ["--select", *select] if select else []
    given += ["--exclude", *exclude] if exclude else []
    return given


class Project:
    """A copy of a project, with both tools."""

    def __init__(self, name, source, gdbt, work, selectors=None):
        self.name, self.gdbt_program = name, gdbt
        self.root = work / name
        ignore = shutil.ignore_patterns("target*", "logs", ".gdbt", "dbt_packages", "package-lock.yml", ".user.yml")
        shutil.copytree(source, self.root, ignore=ignore)
        if selectors:
            (self.root / "selectors.yml").write_text(selectors)
        if not (self.root / "profiles.yml").exists():
            shutil.copy(REPOSITORY / "profiles.example.yml", self.root / "profiles.yml")
        self.dbt = dbtRunner()
        self.count, self.differences = 0, []

    def prepare(self):
        os.chdir(self.root)
        if (self.root / "packages.yml").exists():
            assert self.dbt.invoke([*COMMON, "deps"]).success
        self.parse()

    def parse(self):
        shutil.rmtree(self.root / "target", ignore_errors=True)
        parsed = dbtRunner().invoke([*COMMON, "parse", "--no-partial-parse"])
        assert parsed.success, parsed.exception
        self.dbt = dbtRunner(manifest=parsed.result)
        self.run_gdbt(["parse", "--target-path", "target-gdbt"], check=True)

    def run_gdbt(self, words, check=False):
        done = subprocess.run([self.gdbt_program, *COMMON, *words], capture_output=True, text=True)
        if check and done.returncode:
            sys.exit(f"gdbt {words}: {done.stdout}{done.stderr}")
        return sorted(done.stdout.splitlines()) if done.returncode == 0 else None

    def run_dbt(self, words):
        with contextlib.redirect_stdout(io.StringIO()):
            outcome = self.dbt.invoke([*COMMON, *words])
        return sorted(outcome.result or []) if outcome.success else None

    def save_state(self):
        """The present state of both tools, with results and ages of sources."""
        manifest = json.loads((self.root / "target/manifest.json").read_text())
        ids = sorted(manifest["nodes"])
        statuses = ["success", "error", "fail", "warn", "skipped", "pass"]
        results = [result(uid, statuses[at % len(statuses)]) for at, uid in enumerate(ids)]
        metadata = dict(manifest["metadata"])
        for tool, target in [("dbt", "target"), ("gdbt", "target-gdbt")]:
            folder = self.root / f"state-{tool}"
            folder.mkdir()
            shutil.copy(self.root / target / "manifest.json", folder)
            write(folder / "run_results.json", metadata, "run-results/v6", results=results, elapsed_time=0.1, args={})
            write_sources(folder / "sources.json", metadata, sorted(manifest["sources"]), fresher=False)

    def write_current_sources(self):
        manifest = json.loads((self.root / "target/manifest.json").read_text())
        ids = sorted(manifest["sources"])
        write_sources(self.root / "target/sources.json", manifest["metadata"], ids, fresher=True)

    def compare(self, cases, states=(None,)):
        for line in lines(cases):
            for mine, theirs in states:
                words = arguments(line)
                ours = self.run_gdbt(["ls", *words, *(["--state", mine] if mine else [])])
                dbts = self.run_dbt(["ls", *words, *(["--state", theirs] if theirs else [])])
                self.count += 1
                if ours != dbts:
                    self.differences.append(line)
                    tell(f"{self.name}: {line} {mine or ''}", ours, dbts)


def tell(what, ours, dbts):
    print(what)
    if ours is None or dbts is None:
        ours, dbts = ("an error" if ids is None else f"{len(ids)} resources" for ids in (ours, dbts))
        print(f"    gdbt: {ours}, dbt: {dbts}", flush=True)
    else:
        mine, theirs = sorted(set(ours) - set(dbts)), sorted(set(dbts) - set(ours))
        print(f"    only gdbt: {mine[:8]}\n    only dbt:  {theirs[:8]}", flush=True)


def result(uid, status):
    return {
        "status": status, "timing": [], "thread_id": "Thread-1", "execution_time": 0.1, "adapter_response": {},
        "message": None, "failures": None, "unique_id": uid, "compiled": True, "compiled_code": "", "relation_name": None,
        "batch_results": None,
    }


def write(path, metadata, schema, **content):
    metadata = {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/{schema}.json", "dbt_version": metadata["dbt_version"],
        "generated_at": metadata["generated_at"], "invocation_id": metadata["invocation_id"], "env": {},
    }
    path.write_text(json.dumps({"metadata": metadata, **content}))


def write_sources(path, metadata, ids, fresher):
    day = "2026-01-02" if fresher else "2026-01-01"
    criteria = {"warn_after": {"count": 1, "period": "day"}, "error_after": {"count": None, "period": None}, "filter": None}
    results = [
        {
            "unique_id": uid, "max_loaded_at": f"{day if at % 2 == 0 else '2026-01-01'}T00:00:00Z",
            "snapshotted_at": f"{day}T01:00:00Z", "max_loaded_at_time_ago_in_s": 3600.0, "status": "pass",
            "criteria": criteria, "adapter_response": {}, "timing": [], "thread_id": "Thread-1", "execution_time": 0.1,
        }
        for at, uid in enumerate(ids)
    ]
    write(path, metadata, "sources/v3", results=results, elapsed_time=0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gdbt", default=str(REPOSITORY / "target/release/gdbt"))
    parser.add_argument("--only", help="one project: everything, shop or reference")
    options = parser.parse_args()
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    work = pathlib.Path(tempfile.mkdtemp())
    gdbt = str(pathlib.Path(options.gdbt).resolve())
    shop_cases = (HERE / "selection/cases.txt").read_text()
    projects = [
        ("everything", HERE / "everything", SELECTORS, EVERYTHING, change_everything),
        ("shop", HERE / "selection/project", None, shop_cases, change_shop),
        ("reference", REPOSITORY / "project", None, "\n".join(EVERYTHING.split("\n")[:40]), change_reference),
    ]
    different = 0
    for name, source, selectors, cases, change in projects:
        if options.only and options.only != name:
            continue
        project = Project(name, source, gdbt, work, selectors)
        project.prepare()
        project.save_state()
        project.compare(cases, [(None, None)])
        project.compare(STATE if selectors else STATE.replace(" & --selector changed", ""), both())
        change(project.root)
        project.parse()
        project.write_current_sources()
        project.compare(STATE if selectors else STATE.replace(" & --selector changed", ""), both())
        print(f"{name}: {project.count} selections, {len(project.differences)} different")
        different += len(project.differences)
    os.chdir("/")
    shutil.rmtree(work)
    return 1 if different else 0


def both():
    """gdbt's state and dbt's for gdbt; dbt always has its own."""
    return [("state-gdbt", "state-dbt"), ("state-dbt", "state-dbt")]


if __name__ == "__main__":
    sys.exit(main())
