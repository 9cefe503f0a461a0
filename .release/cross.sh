#!/bin/bash
# cross.sh ARCHITECTURE OUT: the Debian package for another architecture (arm64), built in a root of
# Debian 12 with the cross compiler, from the last commit alone; then tried there under qemu: its report
# on the story has the bytes of the program IMGVAL (default: build/imgval of this checkout), which is
# built for this machine. Needs root and mmdebstrap. Prints the path of the package.
set -euo pipefail
architecture=${1:?usage: cross.sh ARCHITECTURE OUT}
mkdir -p "${2:?usage: cross.sh ARCHITECTURE OUT}"
out=$(realpath -- "$2")
top=$(realpath -- "$(dirname -- "$0")/..")
native=$(realpath -- "${IMGVAL:-$top/build/imgval}")
case $architecture in
arm64) machine=aarch64 ;;
*)
    echo "cross.sh: $architecture: only arm64 is known here" >&2
    exit 2
    ;;
esac
triple=$machine-linux-gnu
. "$top/.release/root.sh"
root=$(mktemp -d)
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$root" "$work"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct)}
umask 022

libraries=
for name in libxml2-dev libsqlite3-dev libpcre2-dev libarchive-dev libssl-dev zlib1g-dev libc6; do
    libraries+=,$name:$architecture
done
mmdebstrap --quiet --variant=apt --architectures="$(dpkg --print-architecture),$architecture" \
    --include="cmake,make,pkg-config,dpkg-dev,file,mandoc,qemu-user-static,gcc-$triple,libc6-dev-$architecture-cross$libraries" \
    bookworm "$root" >/dev/null
mkdir "$root/src"
git -C "$top" archive HEAD | tar -C "$root/src" -xf -

in_root "$root" "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DIMGVAL_TESTS=OFF -DIMGVAL_WERROR=ON \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$machine -DCMAKE_C_COMPILER=$triple-gcc \
    -DCMAKE_LIBRARY_ARCHITECTURE=$triple -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-$machine-static \
    -DCPACK_DEBIAN_PACKAGE_ARCHITECTURE=$architecture &&
    cmake --build build --parallel $(nproc) && cd build && cpack -G DEB" \
    "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" "PKG_CONFIG_LIBDIR=/usr/lib/$triple/pkgconfig:/usr/share/pkgconfig" \
    >"$work/log" 2>&1 || {
    tail -n 40 "$work/log" >&2
    exit 1
}
package=$(basename "$root"/src/build/imgval_*_"$architecture".deb)

# What the program writes at build time is in it.
dpkg-deb -c "$root/src/build/$package" >"$work/list"
for part in bin/imgval share/bash-completion/completions/imgval share/doc/imgval/html/rules.html; do
    grep -q " ./usr/$part\$" "$work/list" || {
        echo "cross.sh: $package: no /usr/$part in it" >&2
        exit 1
    }
done

# The package unpacked beside the libraries that it depends on. Readers are not confined under qemu,
# which has neither Landlock nor seccomp: the one line of the report that says so is left out.
dpkg-deb -x "$root/src/build/$package" "$root"
scan='scan --format=json --against=testdata/story/v3 testdata/story/v4'
same() { grep -v '"unconfined"' | sha256sum; }
theirs=$(in_root "$root" "qemu-$machine-static /usr/bin/imgval $scan" 2>"$work/log" | same)
# shellcheck disable=SC2086
ours=$(cd "$root/src" && "$native" $scan | same)
[ "$ours" = "$theirs" ] || {
    tail -n 20 "$work/log" >&2
    echo "cross.sh: the report of $package differs from that of $native" >&2
    exit 1
}
mv "$root/src/build/$package" "$out"
echo "$out/$package"
