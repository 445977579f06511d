#!/usr/bin/env python3
"""Prints how many models per second of processor time dbt-core's Jinja compiles and renders.

The argument is a JSON file with "models", a list of texts, and "macros", a text. `config`,
`ref` and `source` are plain functions, so that only Jinja is measured.
"""

import json
import sys
import time
from pathlib import Path

import jinja2.nodes
from dbt.clients.jinja import MacroGenerator, MacroStack, get_rendered
from dbt_common.clients.jinja import extract_toplevel_blocks, parse


class Macro:
    def __init__(self, name, sql):
        self.name = name
        self.macro_sql = sql
        self.unique_id = f"macro.shop.{name}"
        self.package_name = "shop"
        self.original_file_path = "macros.sql"
        self.resource_type = "macro"


def main(path):
    templates = json.loads(Path(path).read_text())
    stack = MacroStack()
    context = {
        "config": lambda **kwargs: "",
        "ref": lambda *args: '"db"."s"."t"',
        "source": lambda *args: '"db"."raw"."t"',
    }
    blocks = extract_toplevel_blocks(
        templates["macros"], allowed_blocks={"macro"}, collect_raw_data=False
    )
    for block in blocks:
        node = next(parse(block.full_block).find_all(jinja2.nodes.Macro))
        name = node.name.replace("dbt_macro__", "")
        context[name] = MacroGenerator(Macro(name, block.full_block), context, stack=stack)

    models = templates["models"]
    for model in models[:10]:
        get_rendered(model, context, capture_macros=True)
    start = time.process_time()
    for model in models:
        get_rendered(model, context, capture_macros=True)
    print(len(models) / (time.process_time() - start))


if __name__ == "__main__":
    main(sys.argv[1])
