#!/usr/bin/env bash
# Makes the release archive for this platform: dist/gdbt-VERSION-PLATFORM.tar.gz and its checksum.
#
#   scripts/release.sh [--gdbt PROGRAM]
#
# In the archive: the program, completions, man pages, LICENSE, README.md, CHANGELOG.md, and NEEDS, which says
# what the system must have. Without --gdbt the program is built.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

gdbt=
if [ "${1:-}" = --gdbt ]; then
    gdbt=$(realpath "$2")
elif [ $# -gt 0 ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
if [ -z "$gdbt" ]; then
    cargo build --release --locked
    gdbt=${CARGO_TARGET_DIR:-target}/release/gdbt
fi

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=gdbt-$version-$(uname -m)-linux-gnu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$work/$name
mkdir -p "$folder/completions" "$folder/man" dist
install -m 755 "$gdbt" "$folder/gdbt"
strip "$folder/gdbt" 2>/dev/null || true
"$gdbt" completions bash >"$folder/completions/gdbt.bash"
"$gdbt" completions zsh >"$folder/completions/_gdbt"
"$gdbt" completions fish >"$folder/completions/gdbt.fish"
"$gdbt" man --into "$folder/man"
cp LICENSE README.md CHANGELOG.md "$folder/"

# The newest symbol that the program takes from the C library decides which systems can run it.
glibc=$(grep -aoE 'GLIBC_[0-9]+\.[0-9.]+' "$folder/gdbt" | sort -uV | tail -n 1)
{
    echo "gdbt $version for Linux on $(uname -m)"
    echo "C library: glibc ${glibc#GLIBC_} or newer"
    echo "Other libraries: $(ldd "$folder/gdbt" | awk '$2 == "=>" && $1 !~ /^libc\.so/ { printf "%s%s", sep, $1; sep = ", " }')"
    echo "Programs: git for packages from git; PostgreSQL's own for the embedded server"
} >"$folder/NEEDS"

tar -C "$work" --owner=0 --group=0 --sort=name -czf "dist/$name.tar.gz" "$name"
(cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
cat "$folder/NEEDS"
echo "dist/$name.tar.gz"
