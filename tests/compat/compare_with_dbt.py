#!/usr/bin/env python3
"""Runs the reference project with dbt-core and with gdbt and compares everything they made.

Each tool gets its own database on one Postgres server and its own copy of project/. Both go through the same
steps: a first build, a build with nothing new, a build after more rows arrived, a full refresh, and a build in
which a critical test fails. After each step these must be equal:

- every relation of raw, staging, dwh, mart and dq: columns, types, and rows, insertion times aside;
- every node's status, and every test's failure count and message, as run_results.json has them;
- the exit code.

Raw data comes from `gdbt source load` on one side and from psql's \\copy on the other. At the end `ls` must list
the same nodes for a set of selections, and both manifests and catalogs must agree field by field.

    tests/compat/compare_with_dbt.py                              server: started by `gdbt db start`
    tests/compat/compare_with_dbt.py --postgres postgresql://me:secret@localhost:5432/postgres

dbt-core is taken from --dbt or DBT_BIN, or installed from PyPI into target/compat/venv.
Exits with 0 when all is equal, with 1 when something differs, with 2 when it could not compare.
"""

import argparse
import contextlib
import dataclasses
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import compare_catalogs
import compare_manifests

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "project"

SCHEMAS = ("raw", "staging", "dwh", "mart", "dq")
INSERTION_TIMES = {"__insert_timestamp", "updated_at"}

RAW_TABLES = {
    "sessions": "userid bigint, time_started timestamp, is_paid boolean, medium varchar",
    "conversions": "userid bigint, registration_time timestamp",
}

# Rows of a load that began an hour before the last one but committed after it: earlier visits of known users,
# and copies of known visits that disagree on is_paid.
LATE_ROWS = """
    insert into raw.sessions
    select userid, time_started - interval '10 days', is_paid, medium, __insert_timestamp - interval '1 hour'
    from raw.sessions order by userid, time_started, medium, is_paid limit 40;
    insert into raw.sessions
    select userid, time_started, not is_paid, medium, __insert_timestamp - interval '1 hour'
    from raw.sessions order by userid desc, time_started, medium, is_paid limit 40;
"""

# Arguments of `ls`; each must list the same nodes with both tools.
SELECTIONS = [
    [],
    ["--select", "user"],
    ["--select", "+mart_channel_attribution"],
    ["--select", "all_sessions+"],
    ["--select", "1+fact_sessions+2"],
    ["--select", "@all_registrations"],
    ["--select", "tag:critical"],
    ["--select", "tag:business"],
    ["--select", "staging"],
    ["--select", "growth_analytics.dwh"],
    ["--select", "models/dwh"],
    ["--select", "path:models/mart"],
    ["--select", "models/staging/all_sessions.sql"],
    ["--select", "fact_*"],
    ["--select", "dim_user", "dim_channel"],
    ["--select", "dim_user dim_channel"],
    ["--select", "tag:dwh,+attributed_registrations"],
    ["--select", "staging+,mart"],
    ["--select", "+fact_sessions", "--exclude", "staging"],
    ["--exclude", "tag:critical"],
    ["--select", "conversions_without_session"],
    ["--select", "duplicate_sessions"],
    ["--select", "source:raw.sessions+"],
    ["--resource-type", "model"],
    ["--resource-type", "source"],
    ["--resource-type", "test", "--select", "fact_sessions"],
    ["--resource-type", "model", "--output", "path"],
    ["--resource-type", "model", "--output", "name"],
]


class CannotCompare(Exception):
    """The comparison itself failed: a tool is missing or a preparation went wrong."""


def exit_with(main):
    """Ends with what `main` returns, or with 2 when it could not compare."""
    try:
        sys.exit(main())
    except CannotCompare as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        sys.exit(2)


# ---------------------------------------------------------------------------------------------------------------
# Postgres


@dataclasses.dataclass(frozen=True)
class Server:
    """Where the server is; `database` is the one to connect to first."""

    host: str
    port: int
    user: str
    password: str
    database: str

    @classmethod
    def from_url(cls, url):
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        return cls(
            host=query.get("host") or urllib.parse.unquote(parts.hostname or "localhost"),
            port=int(query.get("port") or parts.port or 5432),
            user=query.get("user") or urllib.parse.unquote(parts.username or "") or os.environ.get("USER", "postgres"),
            password=urllib.parse.unquote(parts.password or "") or os.environ.get("PGPASSWORD", ""),
            database=urllib.parse.unquote(parts.path.lstrip("/")) or "postgres",
        )

    def psql(self, *commands, database=None):
        """Runs commands in one psql and returns what it printed."""
        arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port)]
        arguments += ["-U", self.user, "-d", database or self.database]
        for command in commands:
            arguments += ["-c", command]
        variables = os.environ | {"PGPASSWORD": self.password, "PGOPTIONS": "-c client_min_messages=warning"}
        done = subprocess.run([find_psql(), *arguments], env=variables, capture_output=True, text=True)
        if done.returncode != 0:
            raise CannotCompare(f"psql {' '.join(commands)}: {done.stderr.strip()}")
        return done.stdout

    def write_profile(self, folder, name, target, database, schema, threads=4):
        """Writes a profiles.yml for a database of this server; dbt wants a password even where none is asked for."""
        output = {"type": "postgres", "host": self.host, "port": self.port, "user": self.user, "threads": threads}
        output |= {"password": self.password or "unused", "dbname": database, "schema": schema}
        profiles = {name: {"target": target, "outputs": {target: output}}}
        (folder / "profiles.yml").write_text(json.dumps(profiles))


def find_psql():
    found = shutil.which("psql") or max(glob.glob("/usr/lib/postgresql/*/bin/psql"), default=None)
    if not found:
        raise CannotCompare("psql is missing: install Debian's postgresql-client")
    return found


@contextlib.contextmanager
def server(arguments, directory):
    """The server to work on: the given one, or gdbt's embedded one for as long as the comparison lasts."""
    if arguments.postgres:
        yield Server.from_url(arguments.postgres)
        return
    if arguments.gdbt_is_dbt:
        raise CannotCompare("--gdbt-is-dbt needs --postgres or COMPAT_POSTGRES_URL")
    home = directory / "server"
    home.mkdir()
    (home / "dbt_project.yml").write_text("name: server\nversion: '1.0'\n")

    def db(command):
        program = [arguments.gdbt, "db", command, "--project-dir", str(home)]
        done = subprocess.run(program, env=environment(), capture_output=True, text=True)
        if done.returncode != 0:
            raise CannotCompare(f"gdbt db {command}: {done.stdout}{done.stderr}")
        return done.stdout

    db("start")
    try:
        yield Server.from_url(db("url").strip().splitlines()[-1])
    finally:
        db("stop")


# ---------------------------------------------------------------------------------------------------------------
# The two tools


def environment():
    """The user's environment without what would change either tool's behaviour."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    return kept | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


class Tool:
    """One of the two programs, with its database, its copy of the project and its profile."""

    def __init__(self, name, program, postgres, directory):
        self.name, self.program, self.server = name, str(program), postgres
        self.database = f"gdbt_compat_{name}"
        self.project = directory / name
        self.profiles = directory / f"{name}_profiles"
        shutil.copytree(PROJECT, self.project, ignore=shutil.ignore_patterns("target", "logs", ".gdbt", "data"))
        (self.project / "data").mkdir()
        self.profiles.mkdir()
        postgres.write_profile(self.profiles, "growth_analytics", "compat", self.database, "public")
        self.psql(f"drop database if exists {self.database}", f"create database {self.database}", database=None)

    def psql(self, *commands, **options):
        return self.server.psql(*commands, **({"database": self.database} | options))

    def drop(self):
        self.server.psql(f"drop database if exists {self.database}")

    def run(self, *arguments):
        directories = ["--project-dir", str(self.project), "--profiles-dir", str(self.profiles)]
        return subprocess.run(
            [self.program, *arguments, *directories], env=environment(), capture_output=True, text=True
        )

    def artifact(self, name):
        try:
            return json.loads((self.project / "target" / name).read_text())
        except (OSError, ValueError) as error:
            raise CannotCompare(f"{self.name}: target/{name}: {error}") from error

    def load_raw(self, files):
        """Appends the files with psql's \\copy."""
        commands = ["create schema if not exists raw"]
        for table, columns in RAW_TABLES.items():
            names = ", ".join(column.split()[0] for column in columns.split(", "))
            commands += [
                f"create table if not exists raw.{table} ({columns}, __insert_timestamp timestamp default current_timestamp)",
                f"\\copy raw.{table} ({names}) from '{files[table]}' csv header",
            ]
        self.psql(*commands)


class Gdbt(Tool):
    def load_raw(self, files):
        """Appends the files with `gdbt source load`, from where the sources say they are."""
        for table, file in files.items():
            shutil.copy(file, self.project / "data" / f"{table}.csv")
        done = self.run("source", "load")
        if done.returncode != 0:
            raise CannotCompare(f"gdbt source load: {done.stdout}{done.stderr}")


def add_tools(parser):
    """The options that say what is compared, and on which server."""
    gdbt = str(REPOSITORY / "target" / "release" / "gdbt")
    parser.add_argument("--gdbt", default=gdbt, type=absolute, help="the gdbt program")
    parser.add_argument("--dbt", default=os.environ.get("DBT_BIN"), help="the dbt program (default: DBT_BIN, or from PyPI)")
    parser.add_argument(
        "--postgres",
        default=os.environ.get("COMPAT_POSTGRES_URL"),
        help="URL of a server where databases may be made (default: COMPAT_POSTGRES_URL, or gdbt's own)",
    )
    parser.set_defaults(gdbt_is_dbt=False)


def absolute(path):
    return str(pathlib.Path(path).resolve())


def installed_dbt(arguments):
    if arguments.dbt:
        return arguments.dbt
    made = subprocess.run([REPOSITORY / "tests/compat/dbt_venv.sh"], check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(made.stdout.strip()) / "bin" / "dbt"


# ---------------------------------------------------------------------------------------------------------------
# The data: the sample in two deliveries


def deliveries(directory, sessions):
    """Two deliveries per raw table; the second repeats a few rows of the first."""
    source = PROJECT / "data"
    if sessions:
        source = directory / "generated"
        subprocess.run(
            [sys.executable, str(PROJECT / "generate_data.py"), "--sessions", str(sessions), "--out", str(source)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    parts = [{}, {}]
    for table in RAW_TABLES:
        header, *rows = (source / f"{table}.csv").read_text().splitlines(keepends=True)
        cut = len(rows) * 4 // 5
        for number, part in enumerate((rows[:cut], rows[cut - 50 :])):
            file = directory / f"{table}_{number}.csv"
            file.write_text(header + "".join(part))
            parts[number][table] = file
    return parts


# ---------------------------------------------------------------------------------------------------------------
# Comparing


class Comparison:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.differences = []

    def differ(self, what, ours, theirs):
        self.differences.append(what)
        print(f"  DIFFERENT {what}\n    {self.ours.name}: {ours}\n    {self.theirs.name}: {theirs}")

    def equal(self, what, ours, theirs):
        if ours != theirs:
            self.differ(what, ours, theirs)

    def step(self, title, *command):
        """Runs one command with both tools and compares what came of it."""
        codes = []
        for tool in (self.ours, self.theirs):
            # run_results.json must be of this step, not of the one before.
            (tool.project / "target" / "run_results.json").unlink(missing_ok=True)
            done = tool.run(*command)
            codes.append(done.returncode)
            if done.returncode not in (0, 1):
                raise CannotCompare(f"{tool.name} {' '.join(command)}:\n{done.stdout}{done.stderr}")
        print(f"{title}: exit code {codes[0]}")
        self.equal(f"{title}: exit code", *codes)
        self.results(title)
        self.relations(title)

    def results(self, title):
        ours, theirs = (outcomes(tool.artifact("run_results.json")) for tool in (self.ours, self.theirs))
        for node in sorted(ours.keys() | theirs.keys()):
            self.equal(f"{title}: {node}", ours.get(node), theirs.get(node))
        tests = [outcome for node, outcome in theirs.items() if node.startswith("test.")]
        found = sum(outcome["failures"] or 0 for outcome in tests)
        states = {}
        for outcome in tests:
            states[outcome["status"]] = states.get(outcome["status"], 0) + 1
        summary = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        print(f"  {len(theirs)} results, {len(tests)} of them tests ({summary}; {found} failures counted)")

    def relations(self, title):
        ours, theirs = relations_of(self.ours), relations_of(self.theirs)
        total = 0
        for relation in sorted(ours.keys() | theirs.keys()):
            self.equal(f"{title}: columns of {relation}", ours.get(relation), theirs.get(relation))
            if ours.get(relation) != theirs.get(relation):
                continue
            rows = [rows_of(tool, relation, ours[relation]) for tool in (self.ours, self.theirs)]
            total += len(rows[1])
            if rows[0] != rows[1]:
                only_ours, only_theirs = subtract(rows[0], rows[1]), subtract(rows[1], rows[0])
                self.differ(
                    f"{title}: rows of {relation}",
                    f"{len(rows[0])} rows, {len(only_ours)} of them only here: {only_ours[:3]}",
                    f"{len(rows[1])} rows, {len(only_theirs)} of them only here: {only_theirs[:3]}",
                )
        print(f"  {len(theirs)} relations, {total} rows")

    def listings(self):
        for selection in SELECTIONS:
            listed = []
            for tool in (self.ours, self.theirs):
                done = tool.run("ls", *selection, "--quiet")
                listed.append(sorted(done.stdout.split()) if done.returncode == 0 else done.stdout + done.stderr)
            self.equal(f"ls {' '.join(selection)}", *listed)
        print(f"ls: {len(SELECTIONS)} selections")

    def manifests(self):
        manifests = []
        for tool in (self.ours, self.theirs):
            done = tool.run("parse")
            if done.returncode != 0:
                raise CannotCompare(f"{tool.name} parse: {done.stdout}{done.stderr}")
            # The database's name is the one thing that differs by design.
            manifests.append(json.loads(json.dumps(tool.artifact("manifest.json")).replace(tool.database, "DATABASE")))
        entries = 0
        for section in compare_manifests.SECTIONS:
            ours, theirs = (compare_manifests.user_part(manifest.get(section, {}), section) for manifest in manifests)
            entries += len(theirs)
            for path, mine, other in compare_manifests.differences(ours, theirs, section):
                self.differ(f"manifest.json: {path}", mine, other)
        print(f"manifest.json: {entries} entries")

    def catalogs(self):
        catalogs = []
        for tool in (self.ours, self.theirs):
            done = tool.run("docs", "generate")
            if done.returncode != 0:
                raise CannotCompare(f"{tool.name} docs generate: {done.stdout}{done.stderr}")
            catalogs.append(json.loads(json.dumps(tool.artifact("catalog.json")).replace(tool.database, "DATABASE")))
        for path, mine, other in compare_catalogs.differences(*catalogs):
            self.differ(f"catalog.json: {path}", mine, other)
        print(f"catalog.json: {len(catalogs[1]['nodes'])} nodes, {len(catalogs[1]['sources'])} sources")


def outcomes(run_results):
    """Status, failures and message per node. Messages of errors are each tool's own words."""
    found = {}
    for result in run_results["results"]:
        outcome = {"status": result["status"], "failures": result["failures"]}
        if result["status"] != "error":
            outcome["message"] = result["message"]
        found[result["unique_id"]] = outcome
    return found


def relations_of(tool):
    """Kind and columns with types of every relation in the schemas compared."""
    listing = tool.psql(
        f"""select table_schema, table_name, table_type, column_name, data_type, character_maximum_length
            from information_schema.tables join information_schema.columns using (table_schema, table_name)
            where table_schema in {SCHEMAS} order by table_schema, table_name, ordinal_position"""
    )
    found = {}
    for line in listing.splitlines():
        schema, table, kind, column, data_type, length = line.split("|")
        relation = found.setdefault(f'{schema}."{table}"', {"kind": kind, "columns": {}})
        relation["columns"][column] = f"{data_type}({length})" if length else data_type
    return found


def rows_of(tool, relation, shape):
    columns = ", ".join(f'"{column}"' for column in shape["columns"] if column not in INSERTION_TIMES)
    # Sorted here, not in SQL: the order must not depend on the server's collation.
    return sorted(tool.psql(f"\\copy (select {columns} from {relation}) to stdout csv").splitlines())


def contents(tool):
    return {relation: rows_of(tool, relation, shape) for relation, shape in relations_of(tool).items()}


def subtract(rows, others):
    """The rows left when each of the others took one equal row away."""
    counts = {}
    for row in others:
        counts[row] = counts.get(row, 0) + 1
    left = []
    for row in rows:
        if counts.get(row, 0) > 0:
            counts[row] -= 1
        else:
            left.append(row)
    return left


def compare(arguments, directory):
    with server(arguments, directory) as postgres, contextlib.ExitStack() as stack:
        dbt = installed_dbt(arguments)
        theirs = Tool("dbt", dbt, postgres, directory)
        stack.callback(theirs.drop)
        if arguments.gdbt_is_dbt:
            ours = Tool("second_dbt", dbt, postgres, directory)
        else:
            ours = Gdbt("gdbt", arguments.gdbt, postgres, directory)
        stack.callback(ours.drop)

        comparison = Comparison(ours, theirs)
        first, second = deliveries(directory, arguments.sessions)

        for tool in (ours, theirs):
            tool.load_raw(first)
        comparison.step("first build", "build")
        comparison.step("build with nothing new", "build")

        for tool in (ours, theirs):
            tool.load_raw(second)
            tool.psql(LATE_ROWS)
        comparison.step("build after a delivery", "build")
        incremental = contents(ours)
        comparison.step("full refresh", "build", "--full-refresh")
        for relation, rows in contents(ours).items():
            if rows != incremental.get(relation):
                comparison.differences.append(relation)
                print(f"  DIFFERENT {relation} after incremental builds and after a full refresh")

        for tool in (ours, theirs):
            tool.psql("insert into raw.sessions values (1, '2024-05-01', false, 'CARRIER PIGEON')")
        comparison.step("build with a failing critical test", "build")
        comparison.step("test", "test")

        comparison.manifests()
        comparison.listings()
        comparison.catalogs()
        return comparison.differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tools(parser)
    parser.add_argument("--sessions", type=int, help="generate that many sessions instead of using the sample")
    parser.add_argument("--gdbt-is-dbt", action="store_true", help="compare dbt with itself, to check this script")
    parser.add_argument("--keep", action="store_true", help="keep the working directory")
    arguments = parser.parse_args()

    directory = pathlib.Path(tempfile.mkdtemp(prefix="gdbt-compat-"))
    try:
        differences = compare(arguments, directory)
    except (CannotCompare, subprocess.CalledProcessError, OSError) as error:
        print(f"could not compare: {error}", file=sys.stderr)
        sys.exit(2)
    finally:
        if arguments.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)

    if differences:
        print(f"{len(differences)} differences")
        sys.exit(1)
    print("no difference")


if __name__ == "__main__":
    main()
