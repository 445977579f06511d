#!/usr/bin/env bash
# Times `gdbt source load` against psql's \copy: the same file, the same server, in turns, medians.
#
#   tests/compat/load_speed.sh [--gdbt PROGRAM] [--sessions N] [--rounds N] [--max-ratio R]
#
# The server is gdbt's embedded one. Both sides empty the table and fill it in one transaction.
# Exits with 1 if gdbt takes more than R times as long (without --max-ratio the figures are only printed).
set -euo pipefail
export LC_ALL=C

repository=$(cd "$(dirname "$0")/../.." && pwd)
gdbt=$repository/target/release/gdbt
sessions=1000000
rounds=5
max_ratio=
while [ $# -gt 0 ]; do
    case $1 in
    --gdbt) gdbt=$(realpath "$2") ;;
    --sessions) sessions=$2 ;;
    --rounds) rounds=$2 ;;
    --max-ratio) max_ratio=$2 ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
psql=$(command -v psql || find /usr/lib/postgresql -name psql -path '*/bin/*' 2>/dev/null | sort | tail -n 1)
[ -n "$psql" ] || { echo "psql is missing: install Debian's postgresql-client" >&2; exit 2; }

work=$(mktemp -d)
trap '"$gdbt" db stop --project-dir "$work/project" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir "$work/project"
tar -C "$repository/project" --exclude=./target --exclude=./logs --exclude=./.gdbt --exclude=./data -cf - . |
    tar -C "$work/project" -xf -
python3 "$work/project/generate_data.py" --sessions "$sessions"
file=$work/project/data/sessions.csv

# Neither the user's profiles nor their environment may lead to another server.
echo 'growth_analytics: {embedded: true}' >"$work/profiles.yml"
export DBT_PROFILES_DIR=$work
unset DBT_PROFILE DBT_TARGET
"$gdbt" db start --project-dir "$work/project"
url=$("$gdbt" db url --project-dir "$work/project" | tail -n 1)
sql() { "$psql" "$url" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

load_with_gdbt() {
    "$gdbt" source load --project-dir "$work/project" --select source:raw.sessions --full-refresh >"$work/gdbt.log" 2>&1 ||
        { cat "$work/gdbt.log" >&2; exit 2; }
}
load_with_psql() {
    sql --single-transaction -c 'truncate raw.sessions' \
        -c "\\copy raw.sessions (userid, time_started, is_paid, medium) from '$file' csv header"
}

# Milliseconds that a command takes, after checking that it loaded every row.
timed() {
    local start=$EPOCHREALTIME end rows
    "$@"
    end=$EPOCHREALTIME
    rows=$(sql -c 'select count(*) from raw.sessions')
    [ "$rows" = "$sessions" ] || { echo "$1: $rows rows in the table, not $sessions" >&2; exit 2; }
    sql -c checkpoint
    echo $(((${end/./} - ${start/./}) / 1000))
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

load_with_gdbt # makes the table and warms the caches
gdbt_times=() psql_times=()
for ((round = 1; round <= rounds; round++)); do
    psql_times+=("$(timed load_with_psql)")
    gdbt_times+=("$(timed load_with_gdbt)")
done

gdbt_median=$(median "${gdbt_times[@]}")
psql_median=$(median "${psql_times[@]}")
ratio=$(awk -v ours="$gdbt_median" -v theirs="$psql_median" 'BEGIN { printf "%.2f", ours / theirs }')
echo "rows              $sessions ($(stat -c %s "$file") bytes)"
echo "psql \\copy        $psql_median ms (${psql_times[*]})"
echo "gdbt source load  $gdbt_median ms (${gdbt_times[*]})"
echo "ratio             $ratio"
if [ -n "$max_ratio" ] && awk -v ratio="$ratio" -v limit="$max_ratio" 'BEGIN { exit !(ratio > limit) }'; then
    echo "gdbt takes more than $max_ratio times as long" >&2
    exit 1
fi
