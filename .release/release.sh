#!/bin/bash
# release.sh [--with-windows] [OUT]: everything that a release consists of, in the folder OUT (default:
# release), with SHA256SUMS. Built from the last commit alone, in a folder of its own; two runs anywhere
# give the same bytes. --with-windows: the archive for Windows too, whose libraries are built when they are
# not there yet. `./run release` installs what this needs.
set -euo pipefail
with_windows=false
if [ "${1:-}" = --with-windows ]; then
    with_windows=true
    shift
fi
top=$(realpath -- "$(dirname -- "$0")/..")
out=${1:-$top/release}
mkdir -p "$out"
out=$(realpath -- "$out")
[ -z "$(ls -A "$out")" ] || {
    echo "release: $out is not empty" >&2
    exit 2
}
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct)
fi
export SOURCE_DATE_EPOCH

say() { echo "release: $*" >&2; }

say "source of $(git -C "$top" describe --always --dirty)"
version=$(git -C "$top" show HEAD:imgval/version.h | sed -n 's/.*define IMGVAL_VERSION "\(.*\)".*/\1/p')
source=imgval-$version
git -C "$top" archive --format=tar --prefix="$source/" HEAD | xz -T1 -6 >"$out/$source.tar.xz"
tar -C "$work" -xf "$out/$source.tar.xz"

say "program and manual"
cmake -S "$work/$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DIMGVAL_TESTS=OFF \
    -DIMGVAL_WERROR=ON >"$work/log"
cmake --build "$work/build" --parallel "$(nproc)" >>"$work/log" 2>&1 || {
    tail -n 40 "$work/log" >&2
    exit 1
}
cp "$work/build/imgval.cdx.json" "$out/$source.cdx.json"

say "Debian package"
(cd "$work/build" && cpack -G DEB >>"$work/log" 2>&1) || {
    tail -n 20 "$work/log" >&2
    exit 1
}
mv "$work"/build/imgval_*.deb "$out"
deb=$(echo "$out"/imgval_*.deb)

this=$(. /etc/os-release && echo "$VERSION_CODENAME")
for suite in bookworm trixie; do
    [ "$suite" != "$this" ] || continue
    say "Debian package for $suite"
    status=0
    "$top/.release/deb.sh" "$suite" "$out" >/dev/null || status=$?
    case $status in
    0) ;;
    3) say "the package for $suite is left out" ;;
    *) exit "$status" ;;
    esac
done

if $with_windows; then
    say "archive for Windows"
    libraries=${XDG_CACHE_HOME:-$HOME/.cache}/imgval/windows
    "$top/.release/windows/libraries.sh" "$libraries"
    "$top/.release/windows/zip.sh" "$work/$source" "$work/build" "$libraries" "$out" >/dev/null
fi

say "archive that runs anywhere"
"$top/.release/tarball.sh" "$work/build" "$out" >/dev/null

say "container image"
libraries=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/ //g')
mmdebstrap --quiet --variant=extract --include="base-files,$libraries" \
    "$this" "$work/root" >/dev/null
dpkg-deb -x "$deb" "$work/root"
"$top/.release/image.py" --version "$version" "$work/root" \
    "$out/$source-oci-$(dpkg --print-architecture).tar" >/dev/null

cd "$out"
sha256sum -- * >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
sha256sum --quiet -c SHA256SUMS
say "$out:"
stat -c '%s %n' -- * | while read -r size name; do
    printf '%10d  %.16s...  %s\n' "$size" "$(sha256sum "$name")" "$name"
done
