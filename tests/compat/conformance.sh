#!/usr/bin/env bash
# Runs dbt's public adapter tests against gdbt and compares with the list of those that passed before.
#
#   tests/compat/conformance.sh [--gdbt PROGRAM] [--update] [pytest arguments, such as -k snapshot]
#
# The harness is a folder beside this repository, ../shared/conformance, or the one that GDBT_CONFORMANCE names;
# without it nothing is run. The server is gdbt's embedded one, which answers on localhost:5432 too while the tests run,
# because some of them name that port; where another program has it, those tests are not counted.
# Exits with 1 if a test of tests/compat/conformance_passing.txt does not pass. --update adds to the list what passed
# now; it takes nothing away.
set -euo pipefail
export LC_ALL=C

repository=$(cd "$(dirname "$0")/../.." && pwd)
harness=${GDBT_CONFORMANCE:-$repository/../shared/conformance}
gdbt=$repository/target/release/gdbt
passing=$repository/tests/compat/conformance_passing.txt
update=
while [ $# -gt 0 ]; do
    case $1 in
    --gdbt) gdbt=$(realpath "$2"); shift 2 ;;
    --update) update=1; shift ;;
    --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
    esac
done
if [ ! -x "$harness/run_conformance.sh" ]; then
    echo "conformance: skipped, there is no harness at ${harness#"$repository/"} (GDBT_CONFORMANCE names another folder)"
    exit 0
fi
psql=$(command -v psql || find /usr/lib/postgresql -name psql -path '*/bin/*' 2>/dev/null | sort | tail -n 1)
[ -n "$psql" ] || { echo "psql is missing: install Debian's postgresql-client" >&2; exit 2; }

venv=$repository/target/compat/conformance-venv
if [ ! -e "$venv/ready" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r "$harness/adapter_suite/requirements.txt" >&2
    touch "$venv/ready"
fi

work=$(mktemp -d)
relay=
stop() {
    [ -z "$relay" ] || kill "$relay" 2>/dev/null || true
    "$gdbt" db stop --project-dir "$work" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT
printf 'name: conformance\nprofile: conformance\nmodel-paths: [models]\n' >"$work/dbt_project.yml"
echo 'conformance: {embedded: true}' >"$work/profiles.yml"
export DBT_PROFILES_DIR=$work
unset DBT_PROFILE DBT_TARGET
"$gdbt" db start --project-dir "$work"
url=$("$gdbt" db url --project-dir "$work" | tail -n 1)
unset DBT_PROFILES_DIR
sql() { "$psql" "$url" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
sql -f "$harness/adapter_suite/setup_db.sql" >/dev/null
POSTGRES_TEST_HOST=$(sql -c "select split_part(current_setting('unix_socket_directories'), ',', 1)")
POSTGRES_TEST_PORT=$(sql -c "select current_setting('port')")
python3 "$repository/tests/compat/port_relay.py" 5432 "$POSTGRES_TEST_HOST/.s.PGSQL.$POSTGRES_TEST_PORT" \
    >"$work/relay" 2>&1 &
relay=$!
until [ -s "$work/relay" ] || ! kill -0 "$relay" 2>/dev/null; do sleep 0.1; done
need_port=
if ! grep -q ready "$work/relay"; then
    need_port=tests/test_simple_copy.py::TestPgSimpleCopyUppercase
    echo "conformance: $(cat "$work/relay"); not counted: $need_port"
fi
export POSTGRES_TEST_HOST POSTGRES_TEST_PORT DBT_CONF_VENV=$venv
export DBT_CONF_OUT=$repository/target/compat/conformance DBT_CONF_JOBS=${DBT_CONF_JOBS:-$(nproc)}
rm -rf "$DBT_CONF_OUT"
"$harness/run_conformance.sh" "$gdbt" --suite adapter "$@" || true

results=$DBT_CONF_OUT/results.tsv
[ -s "$results" ] || { echo "conformance: no results; see $DBT_CONF_OUT/adapter.log" >&2; exit 1; }
python3 - "$results" "$passing" "$update" "$need_port" "$#" <<'PY'
import sys
from pathlib import Path

results, passing, update, need_port = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
everything = sys.argv[5] == "0"
rows = [line.split("\t") for line in results.read_text().splitlines()]
passed = {row[4] for row in rows if row[1] == "passed"}
ran = {row[4] for row in rows}
before = {line for line in passing.read_text().splitlines() if line} if passing.exists() else set()
if update:
    passing.write_text("".join(f"{test}\n" for test in sorted(before | passed)))
counted = {test for test in before if not need_port or not test.startswith(need_port)}
lost = sorted(counted - passed if everything else counted & ran - passed)
for test in lost:
    print(f"no longer passes: {test}")
new = len(passed - before)
print(f"conformance: {len(passed)} pass, {len(lost)} of the {len(before)} on the list do not"
      + (f", {new} new ones are not on it (--update adds them)" if new and not update else ""))
sys.exit(1 if lost else 0)
PY
