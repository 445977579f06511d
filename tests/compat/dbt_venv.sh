#!/usr/bin/env bash
# Makes a virtual environment with the dbt that gdbt is compared with, once, and prints its folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=$PWD/target/compat/venv
if [ ! -x "$venv/bin/dbt" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet dbt-core==1.11.16 dbt-postgres==1.11.0 >&2
fi
echo "$venv"
