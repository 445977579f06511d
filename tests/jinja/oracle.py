#!/usr/bin/env python3
"""Renders the cases in tests/jinja/cases with dbt-core's own Jinja environment.

    oracle.py check    compares with what the files expect; exit code 1 on a difference
    oracle.py write    writes what dbt-core gives into the files
    oracle.py cases    prints how many cases there are

Exit code 77 means that dbt-core is not installed in this Python.

A case file is a list of cases:

    ==== name
    template, up to the next line of dashes
    ---- context        optional: JSON, the variables
    ---- macros         optional: macro blocks that the template can call
    ---- mode           optional: "parse" (undefined values are permissive) or "native"
    ---- out            what is expected: the text, or the repr of a native value
    ---- error          or instead: the first line of the error
"""

import json
import re
import sys
from pathlib import Path

CASES = Path(__file__).parent / "cases"


def read(path):
    """The cases of a file: a list of (name, {section: text})."""
    cases = []
    for line in path.read_text().splitlines():
        if line.startswith("==== "):
            section, lines = "template", []
            cases.append((line[5:], {"template": lines}))
        elif line.startswith("---- "):
            section, lines = line[5:], []
            cases[-1][1][section] = lines
        else:
            lines.append(line)
    return [(name, {key: "\n".join(lines) for key, lines in parts.items()}) for name, parts in cases]


def write(path, cases):
    order = ["context", "macros", "mode", "out", "error"]
    text = ""
    for name, parts in cases:
        text += f"==== {name}\n{parts['template']}\n"
        for key in order:
            if key in parts:
                text += f"---- {key}\n{parts[key]}\n"
    path.write_text(text)


def render(parts):
    """What dbt-core makes of a case: ("out", text) or ("error", first line)."""
    from dbt.clients.jinja import MacroGenerator, MacroStack, get_rendered
    from dbt_common.clients.jinja import extract_toplevel_blocks, parse
    from dbt_common.exceptions import DbtBaseException
    from dbt_common.exceptions.macros import MacroReturn
    from dbt.context.base import get_context_modules
    import jinja2.nodes

    class Macro:
        def __init__(self, name, sql):
            self.name = name
            self.macro_sql = sql
            self.unique_id = f"macro.test.{name}"
            self.package_name = "test"
            self.original_file_path = "macros.sql"
            self.resource_type = "macro"

    def returns(data):
        raise MacroReturn(data)

    context = {"return": returns, "modules": get_context_modules()}
    context.update(json.loads(parts.get("context") or "{}"))
    stack = MacroStack()
    mode = parts.get("mode", "")
    try:
        blocks = extract_toplevel_blocks(
            parts.get("macros", ""),
            allowed_blocks={"macro", "materialization", "test"},
            collect_raw_data=False,
        )
        for block in blocks:
            node = next(parse(block.full_block).find_all(jinja2.nodes.Macro))
            name = node.name.replace("dbt_macro__", "")
            context[name] = MacroGenerator(Macro(name, block.full_block), context, stack=stack)
        out = get_rendered(
            parts["template"], context, capture_macros=mode == "parse", native=mode == "native"
        )
        return "out", repr(out) if mode == "native" else out
    except DbtBaseException as error:
        message = getattr(error, "msg", None) or str(error)
    except Exception as error:
        message = str(error)
    # Lines of the Python code that Jinja generates mean nothing to anybody.
    message = re.sub(r" \(<template>, line \d+\)$", "", message)
    lines = message.splitlines()
    return "error", lines[0] if lines else ""


def main(command):
    if command != "cases":
        try:
            import dbt.clients.jinja  # noqa: F401
        except ImportError:
            print("dbt-core is not installed: the Jinja cases were not compared with it")
            return 77
    total, different = 0, 0
    for path in sorted(CASES.glob("*.txt")):
        cases = read(path)
        total += len(cases)
        if command == "cases":
            continue
        for name, parts in cases:
            kind, text = render(parts)
            if command == "write":
                parts.pop("out", None)
                parts.pop("error", None)
                parts[kind] = text
            elif parts.get(kind) != text:
                different += 1
                print(f"{path.name}: {name}: dbt-core gives {kind} {text!r}")
        if command == "write":
            write(path, cases)
    print(f"{total} cases, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
