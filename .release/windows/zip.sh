#!/bin/bash
# zip.sh SOURCE NATIVE LIBRARIES OUT: the zip archive for Windows, in the folder OUT; prints its path.
#
#   SOURCE     the source tree
#   NATIVE     a folder where the program for this machine was built with its manual (target site); the
#              program for Windows is built in NATIVE/windows
#   LIBRARIES  what libraries.sh made
#
# Names sorted, times fixed, no time and no path in the program: equal sources and libraries give equal
# bytes.
set -euo pipefail
usage="usage: zip.sh SOURCE NATIVE LIBRARIES OUT"
source=$(realpath -- "${1:?$usage}")
native=$(realpath -- "${2:?$usage}")
libraries=$(realpath -- "${3:?$usage}")
out=$(realpath -- "${4:?$usage}")
export LC_ALL=C.UTF-8 TZ=UTC
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2>/dev/null || date +%s)}
umask 022

build=$native/windows
mkdir -p "$build"
{
    cmake -S "$source" -B "$build" -DCMAKE_TOOLCHAIN_FILE="$libraries/mingw.cmake" \
        -DCMAKE_BUILD_TYPE=Release -DIMGVAL_TESTS=OFF -DIMGVAL_WERROR=ON &&
        cmake --build "$build" --parallel "$(nproc)"
} >"$build/log" 2>&1 || {
    tail -n 40 "$build/log" >&2
    echo "zip.sh: the build failed; all of it is in $build/log" >&2
    exit 1
}

version=$(sed -n 's/.*define IMGVAL_VERSION "\(.*\)".*/\1/p' "$source/imgval/version.h")
name=imgval-$version-windows-x64
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/$name"
cd "$stage/$name"
cp "$build/imgval.exe" .
cp "$source"/{README.md,CHANGELOG.md,LICENSE} .
cp "$build/imgval.cdx.json" .
cp -r "$native/site" manual
cp -r "$source/man/examples" examples
mkdir schema testdata
cp -r "$source/testdata/story" testdata/story # for the commands of README.md
cp "$source"/imgval/{report,engine}/schema/* schema
cp -r "$libraries/licenses" licenses
find . -type f -exec chmod 644 {} +
find . -exec touch --no-dereference --date="@$epoch" {} +
cd "$stage"
rm -f "$out/$name.zip"
find "$name" -type f | sort | zip -q -X -9 -@ "$out/$name.zip"
echo "$out/$name.zip"
