#!/usr/bin/env python3
"""Times gdbt and dbt-core side by side on generated projects and writes docs/BENCHMARKS.md.

    cargo build --release && benches/compare.py 100 1000 5000

Each number is a count of models. For each, both tools get the same project and a schema of their own on
one private PostgreSQL server, and run the same commands in turns. Nothing else may run on the
machine. docs/BENCHMARKS.md describes the method; its table is between two marks and is replaced.
"""

import argparse
import contextlib
import dataclasses
import datetime
import os
import pathlib
import pwd
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = REPOSITORY / "docs" / "BENCHMARKS.md"
MARKS = ("<!-- results: begin -->\n", "<!-- results: end -->\n")
# Name, arguments, and whether the database is worked on.
COMMANDS = [
    ("parse, cold", ["parse", "--no-partial-parse"], False),
    ("parse, no change", ["parse"], False),
    ("ls", ["ls", "--quiet"], False),
    ("compile", ["compile"], True),
    ("seed", ["seed"], True),
    ("run", ["run"], True),
    ("test", ["test"], True),
    ("docs generate", ["docs", "generate"], True),
]


@dataclasses.dataclass
class Figures:
    """What one command took: seconds, megabytes, and what the server saw."""

    wall: float
    cpu: float
    memory: float
    statements: int
    connections: int
    code: int


def median(runs):
    """The median of each figure."""
    values = {
        field.name: statistics.median(getattr(run, field.name) for run in runs)
        for field in dataclasses.fields(Figures)
    }
    return Figures(**values)


class Server:
    """A private PostgreSQL server that logs connections and statements."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = self.programs()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "server.log"
        self.log.touch()
        self.owner = self.unprivileged()
        data = folder / "data"
        if self.owner:
            for path in (folder, self.log):
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        subprocess.run(
            [self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
            check=True, stdout=subprocess.DEVNULL, **self.identity(),
        )
        self.process = subprocess.Popen(
            [
                self.bin / "postgres", "-D", data, "-p", str(self.port), "-k", folder,
                "-c", "log_connections=on", "-c", "log_statement=all",
                "-c", "log_line_prefix=", "-c", "max_connections=50",
            ],
            stdout=self.log.open("a"), stderr=subprocess.STDOUT, **self.identity(),
        )
        self.environment = {
            "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres",
            "PGPASSWORD": "postgres", "PGDATABASE": "postgres",
        }
        for _ in range(100):
            if self.psql("select 1", check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"the server does not start:\n{self.log.read_text()}")

    @staticmethod
    def programs():
        """The newest PostgreSQL's folder of programs."""
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        beside = shutil.which("initdb")
        if not found and not beside:
            raise SystemExit("initdb is missing: install Debian's package postgresql")
        return found[-1].parent if found else pathlib.Path(beside).parent

    @staticmethod
    def unprivileged():
        """Who the server runs as; PostgreSQL refuses root."""
        if os.geteuid() != 0:
            return None
        with contextlib.suppress(KeyError):
            return pwd.getpwnam("postgres")
        return pwd.getpwnam("nobody")

    def identity(self):
        if not self.owner:
            return {}
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}

    def psql(self, *arguments, check=True, **how):
        words = ["-f" if isinstance(it, pathlib.Path) else "-c" for it in arguments]
        given = [word for pair in zip(words, map(str, arguments)) for word in pair]
        return subprocess.run(
            [self.bin / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *given],
            env=os.environ | self.environment, check=check, capture_output=True, text=True, **how,
        )

    def seen(self, since):
        """Statements and connections in the log from a byte on."""
        with self.log.open("rb") as log:
            log.seek(since)
            text = log.read()
        statements = len(re.findall(rb"^LOG:  (?:statement|execute [^:]*):", text, re.M))
        return statements, text.count(b"LOG:  connection authorized:")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Tool:
    """gdbt or dbt, with a copy of the project."""

    def __init__(self, name, program, server):
        self.name, self.program, self.server = name, program, server

    def run(self, project, arguments):
        """Runs a command in a project's folder."""
        before = self.server.log.stat().st_size
        environment = os.environ | self.server.environment | {
            "DBT_SCHEMA": f"bench_{self.name}", "DBT_PROFILES_DIR": str(project),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1",
        }
        with (project / "output.txt").open("w") as output:
            start = time.monotonic()
            child = subprocess.Popen(
                [self.program, *arguments], cwd=project, env=environment, stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        statements, connections = self.server.seen(before)
        return Figures(
            wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, statements, connections,
            child.returncode,
        )

    def version(self):
        said = subprocess.run([self.program, "--version"], capture_output=True, text=True).stdout
        return re.search(r"\d+\.\d+\.\d+\S*", said).group(0)


def compare(tools, project_of, commands, rounds, note):
    """The medians of each command: name → figures by tool."""
    results = {}
    for name, arguments in commands:
        runs = {tool.name: [] for tool in tools}
        for _ in range(rounds):
            for tool in tools:
                figures = tool.run(project_of(tool), arguments)
                runs[tool.name].append(figures)
                note(f"{name}: {tool.name} {figures.wall:.2f} s, exit code {figures.code}")
                if figures.code not in (0, 1):
                    sys.stderr.write((project_of(tool) / "output.txt").read_text()[-2000:])
                    raise SystemExit(f"{tool.name} {name} ended with {figures.code}")
        results[name] = {tool: median(of) for tool, of in runs.items()}
    return results


def generated(count, options, server, tools, folder, note):
    """All commands on a project of so many models."""
    for tool in tools:
        subprocess.run(
            [sys.executable, options.generator.resolve(), str(count), folder / tool.name],
            check=True, stdout=subprocess.DEVNULL,
        )
    server.psql(folder / "gdbt" / "setup.sql")
    with_database = count <= options.database_up_to
    commands = [(name, words) for name, words, database in COMMANDS if with_database or not database]
    # The first start of a program reads it from disk.
    for tool in tools:
        tool.run(folder / tool.name, ["--version"])
    return compare(tools, lambda tool: folder / tool.name, commands, options.rounds, note)


def bare_project(folder):
    """An empty project with a profile like the generated ones'."""
    folder.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: bare\nprofile: bare\nversion: '1.0.0'\nmodel-paths: [models]\nseed-paths: [seeds]\n"
    )
    (folder / "profiles.yml").write_text(
        "bare:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      host: 127.0.0.1\n"
        "      port: \"{{ env_var('PGPORT') | as_number }}\"\n      user: postgres\n"
        "      password: postgres\n      dbname: postgres\n      schema: \"{{ env_var('DBT_SCHEMA') }}\"\n"
        "      threads: 4\n"
    )
    return folder


def views(server, tools, folder, rounds, note):
    """`run` of 200 views, and psql that sends a `create or replace view` each."""
    for tool in tools:
        models = bare_project(folder / "views" / tool.name) / "models"
        models.mkdir()
        for index in range(200):
            (models / f"view_{index:03}.sql").write_text(f"select {index} as id\n")
    commands = [("run of 200 views", ["run"])]
    found = compare(tools, lambda tool: folder / "views" / tool.name, commands, rounds, note)
    script = folder / "views.sql"
    lines = [f"create or replace view bench_psql.view_{index:03} as select {index} as id;" for index in range(200)]
    script.write_text("\n".join(["create schema if not exists bench_psql;", *lines]) + "\n")
    script.chmod(0o644)
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        server.psql(script)
        times.append(time.monotonic() - start)
    return found, statistics.median(times)


def seeds(tools, folder, rounds, note):
    """`seed` of one file of 100,000 rows."""
    for tool in tools:
        into = bare_project(folder / "seeds" / tool.name) / "seeds"
        into.mkdir()
        rows = (f"{n},name {n},{n / 4},2026-01-{n % 28 + 1:02}" for n in range(100_000))
        (into / "big.csv").write_text("id,name,amount,day\n" + "\n".join(rows) + "\n")
    commands = [("seed of 100,000 rows", ["seed"])]
    return compare(tools, lambda tool: folder / "seeds" / tool.name, commands, rounds, note)


def machine():
    """The class of the machine: processor, cores, memory, load."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return "{}, {} cores, {:.0f} GB; load before the start {:.1f}".format(
        cpu.group(1) if cpu else "unknown processor", os.cpu_count(),
        int(memory.group(1)) / 1024 / 1024, os.getloadavg()[0],
    )


def table(results):
    """Rows of Markdown: command by command."""
    lines = [
        "| models | command | gdbt, s | dbt, s | times faster | CPU, s | memory, MB | statements | connections |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for count, commands in results:
        for name, by_tool in commands.items():
            ours, theirs = by_tool["gdbt"], by_tool["dbt"]
            pair = lambda form, key: form.format(getattr(ours, key)) + " / " + form.format(getattr(theirs, key))
            cells = [
                f"{count:,}" if count else "", name, f"{ours.wall:.2f}", f"{theirs.wall:.2f}",
                f"{theirs.wall / ours.wall:.0f}×", pair("{:.2f}", "cpu"), pair("{:.0f}", "memory"),
                pair("{:.0f}", "statements"), pair("{:.0f}", "connections"),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write(text):
    """Puts the results between the marks of the document."""
    whole = DOCUMENT.read_text()
    before, rest = whole.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    DOCUMENT.write_text(before + MARKS[0] + "\n" + text + "\n" + MARKS[1] + after)


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("models", type=int, nargs="+", help="how many models: 100 1000 5000")
    options.add_argument("--gdbt", default=REPOSITORY / "target/release/gdbt", type=pathlib.Path)
    options.add_argument("--dbt", type=pathlib.Path, help="dbt-core 1.11; installed if not given")
    options.add_argument(
        "--generator", type=pathlib.Path,
        default=REPOSITORY / "../shared/bench/gen_project.py", help="makes a project: N FOLDER",
    )
    options.add_argument("--rounds", type=int, default=3, help="medians of so many runs")
    options.add_argument(
        "--database-up-to", type=int, default=1000, metavar="N",
        help="no compile, seed, run, test and docs for projects of more models",
    )
    options.add_argument("--print", action="store_true", help="print the results, write nothing")
    options = options.parse_args()
    dbt = options.dbt
    if dbt is None:
        script = REPOSITORY / "tests/compat/dbt_venv.sh"
        venv = subprocess.run([script], check=True, capture_output=True, text=True).stdout.strip()
        dbt = pathlib.Path(venv) / "bin/dbt"
    for needed in (options.gdbt, dbt, options.generator):
        if not needed.exists():
            raise SystemExit(f"{needed} is missing")
    place = machine()
    started = time.monotonic()

    def note(text):
        print(f"{time.monotonic() - started:7.1f} s  {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="gdbt-bench-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        (folder / "server").mkdir()
        server = Server(folder / "server")
        try:
            tools = [
                Tool("gdbt", options.gdbt.resolve(), server), Tool("dbt", dbt.absolute(), server)
            ]
            results = []
            for count in options.models:
                note(f"{count} models")
                found = generated(count, options, server, tools, folder / str(count), note)
                results.append((count, found))
            found, psql = views(server, tools, folder, options.rounds, note)
            results.append((0, found))
            results.append((0, seeds(tools, folder, options.rounds, note)))
            version = server.psql("show server_version").stdout.strip()
            versions = [tool.version() for tool in tools]
        finally:
            server.stop()
    text = (
        f"{datetime.date.today()}: gdbt {versions[0]}, dbt-core {versions[1]}, PostgreSQL "
        f"{version}. {place}. Medians of {options.rounds}. Pairs are gdbt / dbt.\n\n"
        + table(results)
        + f"\npsql sends the 200 views on one session in {psql:.2f} s.\n"
    )
    if options.print:
        print(text)
    else:
        write(text)


if __name__ == "__main__":
    main()
