#!/bin/bash
# deb.sh SUITE OUT: the Debian package for another Debian than this one, of the same processor, built in a
# root of that suite from the last commit alone: libraries have other names there, and a package that
# depends on those of one Debian cannot be installed in the next. Prints its path.
#
# Exit status 3: no root of that suite can be made here (no right to, or no repository).
set -euo pipefail
suite=${1:?usage: deb.sh SUITE OUT}
mkdir -p "${2:?usage: deb.sh SUITE OUT}"
out=$(realpath -- "$2")
top=$(realpath -- "$(dirname -- "$0")/..")
. "$top/.release/root.sh"
root=$(mktemp -d)
log=$(mktemp)
trap 'rm -rf --one-file-system "$root" "$log"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct)}
umask 022

packages=gcc,libc6-dev,make,cmake,pkg-config,dpkg-dev,file,mandoc
packages+=,libxml2-dev,libsqlite3-dev,libpcre2-dev,libarchive-dev,libssl-dev,zlib1g-dev
if ! can_make_roots ||
    ! mmdebstrap --quiet --variant=apt --include="$packages" "$suite" "$root" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "deb.sh: no root of $suite can be made here" >&2
    exit 3
fi
mkdir "$root/src"
git -C "$top" archive HEAD | tar -C "$root/src" -xf -
# shellcheck disable=SC2016 # for the shell there
in_root "$root" 'cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DIMGVAL_TESTS=OFF &&
    cmake --build build --parallel "$(nproc)" && cd build && cpack -G DEB' \
    "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    exit 1
}
package=$(basename "$root"/src/build/imgval_*.deb)
mv "$root/src/build/$package" "$out"
echo "$out/$package"
