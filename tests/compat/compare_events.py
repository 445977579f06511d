#!/usr/bin/env python3
"""Runs the same commands with dbt-core and with gdbt and compares what their JSON logs tell.

Both tools get a database and a copy of a small project of their own. Of each command these must be equal: the
exit code, and for every event that tools read: its name, code, level, the names of its data fields and, times
and places aside, its text. What a tool does with its connections and caches differs on purpose and is left out.

    tests/compat/compare_events.py --gdbt target/debug/gdbt --postgres postgresql://me:secret@localhost:5432/postgres

dbt-core is taken from --dbt or DBT_BIN, or installed from PyPI into target/compat/venv.
Exits with 0 when all is equal, with 1 when something differs, with 2 when it could not compare.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

from compare_with_dbt import add_tools, exit_with, installed_dbt
from compare_with_dbt import server as server_for

PROJECT = pathlib.Path(__file__).parent / "events"

COMMANDS = [
    "seed",
    "build",
    "test",
    "run",
    "source freshness",
    "snapshot",
    "run-operation op",
    "compile --select a",
    "show --select s",
    "list",
    "parse",
    "run --select nope",
    "retry",
    "test --select sing --fail-fast",
    "run --warn-error --select a",
    "run --select missing_macro --vars '{broken: true}'",
    "docs generate",
    "clean",
]

# What --quick runs, in half a minute.
QUICK = ["seed", "build", "test", "source freshness", "list"]

# How each tool parses, connects, caches and phones home is its own business.
PLUMBING = {
    "SendingEvent", "FlushEvents", "FlushEventsFailure", "StateCheckVarsHash", "PartialParsingEnabled",
    "PartialParsingSkipParsing", "UnableToPartialParse", "NewConnection", "ConnectionUsed", "SQLQuery",
    "NewConnectionOpening", "SQLQueryStatus", "ConnectionClosed", "ConnectionReused", "SQLCommit", "Rollback",
    "ConnectionClosedInCleanup", "CacheAction", "CacheDumpGraph", "SchemaCreation", "SchemaDrop", "ResourceReport",
    "ParsePerfInfoPath", "AdapterEventDebug", "ColTypeChange", "EmbeddedServer", "PartialParsingFile",
    "PartialParsingErrorProcessingFile", "PartialParsingNotEnabled",
}  # fmt: skip

NODE_INFO = [
    f"node_info.{name}"
    for name in (
        "materialized meta node_checksum node_finished_at node_name node_path node_relation.alias "
        "node_relation.database node_relation.relation_name node_relation.schema node_started_at node_status "
        "resource_type unique_id"
    ).split()
]

# Texts that name the tool, a time, a place or what only one of them has.
NORMALISE = [
    (r"\x1b\[[0-9;]*m", ""),
    (r"\d\d:\d\d:\d\d\.\d+", "TIME"),
    (r"\d+\.\d+s", "N.NNs"),
    (r"^\d+ of \d+ ", "N of N "),
    (r"LINE \d+: .*\n *\^", "LINE"),
    (r"\n  (= \[GD|--> |help:)[\s\S]*", ""),
    (r"\d+\.\d+ seconds", "N seconds"),
    (r"\d+ macros", "N macros"),
    (r"/\S*/(events_\w+)/", "/PROJECT/"),
    (r"\bg?dbt=[\w. ()]*", "DBT="),
    (r"`g?dbt ", "`dbt "),
    (r"running g?dbt with arguments .*", "arguments"),
    (r'events_g?dbt\b', "DB"),
    (r"-{10,}", "---"),
    (r"\.{4,}", "..."),
]


def main():
    arguments = read_arguments()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="events-")))
        server = stack.enter_context(server_for(arguments, folder))
        sides = [Side("events_dbt", [str(installed_dbt(arguments))], server, folder)]
        sides.append(Side("events_gdbt", [arguments.gdbt], server, folder))
        commands = QUICK if arguments.quick else COMMANDS
        differences = [line for command in commands for line in compare(command, *sides, arguments.verbose)]
        for side in sides:
            server.psql(f"drop database if exists {side.name} with (force)")
    print(f"{len(commands)} commands, {len(differences)} differences")
    return 1 if differences else 0


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tools(parser)
    parser.add_argument("--quick", action="store_true", help="the most important commands alone")
    parser.add_argument("--verbose", action="store_true", help="print the events of both")
    return parser.parse_args()


class Side:
    """One tool with its database and its copy of the project."""

    def __init__(self, name, program, server, folder):
        self.name, self.program = name, program
        self.folder = folder / name
        shutil.copytree(PROJECT, self.folder)
        server.psql(f"drop database if exists {name} with (force)")
        server.psql(f"create database {name}")
        server.write_profile(self.folder, "shop", "dev", name, "sh", threads=1)

    def run(self, command):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DBT_")}
        environment |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_LOG_FORMAT_FILE": "json"}
        log = self.folder / "logs" / "dbt.log"
        log.unlink(missing_ok=True)
        words = [*self.program, "--use-colors", "--no-partial-parse", *shlex.split(command)]
        done = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True)
        lines = log.read_text().splitlines() if log.exists() else []
        events = [json.loads(line) for line in lines]
        return done.returncode, [event for event in events if is_compared(event)]


# gdbt shows the rows of a seed's file; dbt loads it first. dbt also says that it cancels connections that do nothing.
ON_PURPOSE = {
    "show --select s": {"LogStartLine", "LogSeedResult", "JinjaLogDebug"},
    "test --select sing --fail-fast": {"LogCancelLine"},
}


def is_compared(event):
    # dbt keeps a backup of what it replaces and makes tables to find the types of unit tests; gdbt does neither.
    of_drops = event["info"]["msg"].startswith("Applying DROP")
    name = event["info"]["name"]
    # dbt tells one more for each ephemeral input of a unit test that this command has not compiled before.
    of_inputs = name == "WritingInjectedSQLForNode" and event["data"]["node_info"]["resource_type"] == "unit_test"
    return name not in PLUMBING and not (name == "OwnFileWritten" or of_drops or of_inputs)


def compare(command, dbt, gdbt, verbose):
    (code, theirs), (own_code, ours) = dbt.run(command), gdbt.run(command)
    left_out = ON_PURPOSE.get(command, set())
    theirs, ours = ([it for it in events if it["info"]["name"] not in left_out] for events in (theirs, ours))
    differences = []
    if code != own_code:
        differences.append(f"exit code {code} != {own_code}")
    theirs, ours = collections.Counter(map(form, theirs)), collections.Counter(map(form, ours))
    differences += [f"only dbt:  {shown(event, count)}" for event, count in (theirs - ours).items()]
    differences += [f"only gdbt: {shown(event, count)}" for event, count in (ours - theirs).items()]
    print(f"{'differs' if differences else 'equal  '} {command} ({theirs.total()} events)")
    for line in differences:
        print(f"    {line}")
    if verbose:
        for event, count in theirs.items():
            print(f"      dbt: {shown(event, count)}")
    return differences


def shown(event, count):
    names = " ".join(event[3]).replace(" ".join(NODE_INFO), "NODE_INFO")
    return f"{count} x {' '.join(event[:3])} {names} {event[4]!r}"


def form(event):
    info, text = event["info"], event["info"]["msg"]
    for pattern, replacement in NORMALISE:
        text = re.sub(pattern, replacement, text)
    return info["name"], info["code"], info["level"], tuple(fields("", event["data"])), text


def fields(prefix, data):
    """The names of all fields, those of objects of free form aside."""
    for name, value in sorted(data.items()):
        path = f"{prefix}{name}"
        is_open = name in ("args", "meta", "adapter_response", "cfg")
        if isinstance(value, dict) and not is_open:
            yield from fields(f"{path}.", value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from fields(f"{path}[].", value[0])
        else:
            yield path


if __name__ == "__main__":
    exit_with(main)
