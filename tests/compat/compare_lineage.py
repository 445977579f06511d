#!/usr/bin/env python3
"""Compares gdbt's column lineage with sqlglot's on the models of compiled projects.

    python3 -m venv venv && venv/bin/pip install sqlglot pglast 'psycopg[binary]'
    venv/bin/python tests/compat/compare_lineage.py --dsn postgresql://... --sample 100 target ...

Each `target` is a folder of artifacts after `gdbt run` and `gdbt compile`; the server at the dsn has
the relations, whose columns sqlglot needs for `*`. Printed are how many models that PostgreSQL's own
parser accepts were analysed, how many of the sample agree column by column, and each difference.
"""

import argparse
import json
import pathlib
import random
import signal

import pglast
import psycopg
import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema


def read(target):
    """The models of a folder that PostgreSQL's parser accepts, and what gdbt says of them."""
    manifest = json.loads((target / "manifest.json").read_text())
    ours = json.loads((target / "lineage.json").read_text())
    relations = {}
    for resource in [*manifest["nodes"].values(), *manifest["sources"].values()]:
        if resource.get("relation_name"):
            name = resource["relation_name"].replace('"', "")
            relations.setdefault(name, []).append(resource["unique_id"])
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["materialized"] == "ephemeral":
            relations["__dbt__cte__" + node["alias"]] = [node["unique_id"]]
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or not node.get("compiled_code"):
            continue
        try:
            pglast.parse_sql(node["compiled_code"])
        except Exception:
            continue
        yield node, ours, relations


def columns_of(dsn, models):
    """All relations, as sqlglot wants them: made once, as it takes seconds. What the server has
    not (inlined models, models that were not built) has the columns that gdbt found."""
    schema = {}
    for node, ours, _ in models:
        found = ours.get("columns", {}).get(node["unique_id"], {})
        columns = {column: "text" for column in found}
        if not columns or "*" in columns:
            continue
        if node["config"]["materialized"] == "ephemeral":
            inlined = schema.setdefault("inlined", {}).setdefault("inlined", {})
            inlined["__dbt__cte__" + node["alias"]] = columns
        elif node["relation_name"]:
            database, name, table = node["relation_name"].replace('"', "").split(".")
            schema.setdefault(database, {}).setdefault(name, {})[table] = columns
    built = {}
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "select current_database(), n.nspname, c.relname, a.attname, format_type(a.atttypid, null)"
            " from pg_attribute a join pg_class c on c.oid = a.attrelid"
            " join pg_namespace n on n.oid = c.relnamespace"
            " where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'p')"
            " and n.nspname not in ('pg_catalog', 'information_schema')"
        )
        for database, name, table, column, kind in rows:
            built.setdefault((database, name, table), {})[column] = kind
    for (database, name, table), columns in built.items():
        schema.setdefault(database, {}).setdefault(name, {})[table] = columns
    return MappingSchema(schema, dialect="postgres")


def scope_of(node, schema):
    """The query as sqlglot resolves it, once for all columns."""
    sql = sqlglot.parse_one(node["compiled_code"], dialect="postgres")
    for cte in list(sql.find_all(exp.CTE)):
        if cte.alias.startswith("__dbt__cte__"):
            # An inlined model is a node of its own in gdbt.
            cte.set("this", sqlglot.parse_one("select * from inlined.inlined." + cte.alias))
    sql = qualify(
        sql, dialect="postgres", schema=schema, validate_qualify_columns=False, identify=False
    )
    return sql, build_scope(sql)


def theirs(column, sql, schema, scope, node, relations):
    """The columns of relations that sqlglot finds for one output column."""
    root = lineage(f'"{column}"', sql, schema, scope=scope, dialect="postgres", trim_selects=False)
    found = set()
    for leaf in root.walk():
        if leaf.downstream or not isinstance(leaf.expression, exp.Table):
            continue
        parts = [part.name for part in leaf.expression.parts]
        name = ".".join(parts[2:] if parts[0] == "inlined" else parts)
        ids = relations.get(name, [name])
        # A source may be declared over a table that a seed or model makes.
        referred = [it for it in ids if it in node["depends_on"]["nodes"]]
        found.add(((referred or ids)[0], leaf.name.rsplit(".", 1)[-1].strip('"')))
    return found


def mine(node, column, ours):
    """What gdbt says, and which of it are values."""
    upstream = ours["columns"][node["unique_id"]].get(column)
    if upstream is None:
        return None, set()
    named = {(up["node"] or up["relation"], up["column"]) for up in upstream["upstream"]}
    values = {"direct", "transformed", "aggregated"}
    of_values = {
        (up["node"] or up["relation"], up["column"])
        for up in upstream["upstream"]
        if up["kind"] in values
    }
    return named, of_values


def expire(_signal, _frame):
    raise TimeoutError("sqlglot took over a minute")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--dsn", required=True)
    options.add_argument("--sample", type=int, default=100)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("targets", nargs="+", type=pathlib.Path)
    options = options.parse_args()
    models = [model for target in options.targets for model in read(target)]
    schema = columns_of(options.dsn, models)
    analysed = [it for it in models if it[0]["unique_id"] in it[1].get("columns", {})]
    share = 100 * len(analysed) / max(len(models), 1)
    print(f"{len(models)} models, {len(analysed)} analysed ({share:.2f} %)")
    for node, ours, _ in models:
        for it in ours.get("unanalysed", []):
            if it["node"] == node["unique_id"]:
                print(f"  not: {it['node']} {it['file']}:{it['line']}: {it['reason']}")
    signal.signal(signal.SIGALRM, expire)
    sample = random.Random(options.seed).sample(analysed, min(options.sample, len(analysed)))
    agree = columns = equal = 0
    for node, ours, relations in sample:
        name, same = node["unique_id"], True
        signal.alarm(60)
        try:
            sql, scope = scope_of(node, schema)
            for column in ours["columns"][name]:
                if column == "*":
                    continue
                columns += 1
                found, (all_of, values) = (
                    theirs(column, sql, schema, scope, node, relations),
                    mine(node, column, ours),
                )
                if found in (all_of, values):
                    equal += 1
                    continue
                same = False
                print(f"  {name}.{column}")
                print(f"    only sqlglot: {sorted(found - all_of)}")
                print(f"    only gdbt:    {sorted(all_of - found)}")
        except Exception as error:  # sqlglot gives up in many ways
            same = False
            print(f"  {name}: sqlglot: {type(error).__name__}: {str(error)[:150]}")
        finally:
            signal.alarm(0)
        agree += same
    print(f"{agree} of {len(sample)} models agree; {equal} of {columns} columns")


if __name__ == "__main__":
    main()
