#!/usr/bin/env bash
# Builds site/dist/index.html, the page that gdbt embeds, from site/src.
#   scripts/site.sh          build it
#   scripts/site.sh check    check types, and that the committed page is what the sources give
#   scripts/site.sh test     drive built pages in a headless Chromium
#   scripts/site.sh measure  how fast a project of 5,000 nodes opens and moves
# Without npm, or without the packages and the network, check and test say so and pass.
set -euo pipefail
cd "$(dirname "$0")/../site"
task=${1:-build}

skip() {
    echo "site: $1; skipped"
    [ "$task" != build ] || exit 1
    exit 0
}

command -v npm >/dev/null || skip "npm is missing"
if [ ! -d node_modules/esbuild ] || [ package-lock.json -nt node_modules ]; then
    npm ci --no-audit --no-fund --loglevel=error || skip "the packages cannot be installed"
    touch node_modules
fi
! grep -q '"resolved"' package-lock.json || { echo "site: package-lock.json names a registry" >&2; exit 1; }

case $task in
    build)
        npx tsc --noEmit
        node build.mjs
        ;;
    check)
        npx tsc --noEmit
        committed=$(mktemp)
        trap 'rm -f "$committed"' EXIT
        cp dist/index.html "$committed"
        node build.mjs
        cmp "$committed" dist/index.html || { echo "site: dist/index.html is not what src/ gives: run scripts/site.sh" >&2; exit 1; }
        ;;
    test) node --test test/*.test.mjs ;;
    measure) node test/measure.mjs ;;
    *) echo "usage: scripts/site.sh [build|check|test|measure]" >&2; exit 2 ;;
esac
