#!/bin/bash
# tarball.sh BUILD OUT: a folder that runs on any Linux with this processor: the program with every
# library that it needs, the C library and its loader too, so that nothing of the host is used but
# its kernel and /bin/sh. Prints the path of the archive.
set -euo pipefail
build=$(realpath -- "${1:?usage: tarball.sh BUILD OUT}")
out=$(realpath -- "${2:?usage: tarball.sh BUILD OUT}")
version=$("$build/imgval" --version | head -n 1 | cut -d' ' -f2)
name=imgval-$version-linux-$(dpkg --print-architecture)
epoch=${SOURCE_DATE_EPOCH:-$(date +%s)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022

DESTDIR=$stage cmake --install "$build" --prefix "/$name" --strip >/dev/null
cd "$stage/$name"
mkdir -p lib share/licenses
mv bin/imgval lib/imgval
rmdir bin

# The libraries, by the names under which the loader looks for them, and their licences.
while read -r soname file; do
    cp -L -- "$file" "lib/$soname"
    chmod 644 "lib/$soname"
    # One of the two names is the one that the package manager knows.
    package=$({ dpkg-query -S "$file" "$(realpath -- "$file")" 2>/dev/null || true; } | sed -n '1s/:.*//p')
    cp -- "/usr/share/doc/$package/copyright" "share/licenses/$package"
done < <(ldd lib/imgval | sed -n 's/^\t\(lib[^ ]*\) => \([^ ]*\) .*/\1 \2/p')
loader=$(ldd lib/imgval | sed -n 's/^\t\(\/[^ ]*\) .*/\1/p')
cp -L -- "$loader" lib/loader
chmod 755 lib/loader

cat >imgval <<'SH'
#!/bin/sh
# Runs imgval with the libraries beside it; a link to this file works too.
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/lib/loader" --inhibit-cache --library-path "$here/lib" "$here/lib/imgval" "$@"
SH
chmod 755 imgval

cd "$stage"
find . -exec touch --no-dereference --date="@$epoch" {} +
tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$name" |
    xz -T1 -6 >"$out/$name.tar.xz"
echo "$out/$name.tar.xz"
