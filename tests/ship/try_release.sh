#!/bin/bash
# try_release.sh RELEASE: what ./run release wrote, tried where it is to be used: the Debian packages and
# the archive in roots that hold nothing else, the container image unpacked, the bill of materials
# against its schema. Needs root and mmdebstrap; the schema comes from the npm registry.
#
# Prints each artefact with size and digest, each test, and "N passed, N failed".
set -uo pipefail
release=$(realpath -- "${1:?usage: try_release.sh RELEASE}")
top=$(realpath -- "$(dirname -- "$0")/../..")
. "$top/.release/root.sh"
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
passed=0
failed=0

# check WHAT COMMAND...: the command succeeds
check() {
    local what=$1 log
    shift
    if log=$("$@" 2>&1 </dev/null); then
        passed=$((passed + 1))
        echo "ok      $what"
    else
        echo "FAILED  $what: ${log: -1200}"
        failed=$((failed + 1))
    fi
}

# make_root NAME SUITE [PACKAGES]
make_root() {
    local root=$work/$1
    mmdebstrap --quiet --variant=minbase ${3:+--include="$3"} "$2" "$root" >/dev/null || return
    git clone --quiet --no-hardlinks "$top" "$root/src"
    [ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/resolv.conf"
}

cd "$release" || exit 2
for file in *; do
    printf 'artefact %10d  %s  %s\n' "$(stat -c %s "$file")" "$(sha256sum <"$file" | cut -c1-64)" "$file"
done
tarball=$(echo imgval-*-linux-*.tar.xz)
image=$(echo imgval-*-oci-*.tar)
version=${tarball#imgval-}
version=${version%%-linux-*}

check 'the digests are right' sha256sum --quiet -c SHA256SUMS

# --- the Debian packages
scan_story='imgval scan -q --against=testdata/story/v3 testdata/story/v4'
# try_deb SUITE PACKAGE
try_deb() {
    local suite=$1 deb=$2 root=$work/package-$1
    check "$deb: lintian has nothing to say" lintian --allow-root --fail-on=error,warning "$deb"
    make_root "package-$suite" "$suite" python3
    cp "$deb" "$root/opt/"
    # A scan that goes on while the package is installed again uses the program that it started with.
    cat >"$root/opt/again.sh" <<'SH'
set -e
( for i in $(seq 40); do imgval scan --no-wspc testdata/story/v1 >/dev/null || exit 1; done ) &
dpkg -i /opt/imgval_*.deb >/dev/null
wait $!
SH
    check "$deb: apt installs it in $suite" in_root "$root" \
        "apt-get update -q && apt-get install -q -y --no-install-recommends /opt/$deb"
    check "$deb: says its version" in_root "$root" "imgval --version | grep -F 'imgval $version'"
    check "$deb: the session of README.md" in_root "$root" 'python3 tests/cli/readme.py /usr/bin/imgval'
    check "$deb: the tutorial" in_root "$root" 'python3 tests/cli/tutorial.py /usr/bin/imgval'
    check "$deb: the manual, completions and schemas are there" in_root "$root" \
        'dpkg -L imgval | grep -q man1/imgval.1.gz && test -f /usr/share/bash-completion/completions/imgval &&
         test -f /usr/share/imgval/schema/imgval-report-1.schema.json && test -f /usr/share/doc/imgval/copyright'
    check "$deb: installed again while scans run" in_root "$root" 'sh /opt/again.sh'
    # shellcheck disable=SC2016 # for the shell there
    check "$deb: removal leaves the baseline store" in_root "$root" \
        'imgval cache add --baseline testdata/story/v1 && apt-get remove -q -y imgval &&
         test -s "$HOME/.local/share"/imgval/baselines.db && ! test -e /usr/bin/imgval && ! test -e /usr/share/imgval'
    rm -rf --one-file-system "$root"
}
for deb in imgval_*.deb; do
    case $deb in
    *+deb13_*) try_deb trixie "$deb" ;;
    *_"$(dpkg --print-architecture)".deb) try_deb bookworm "$deb" ;;
    esac
done

# --- the archive, where nothing is installed
for suite in bookworm trixie; do
    make_root "bare-$suite" "$suite"
    root=$work/bare-$suite
    mkdir -p "$root/opt/a folder"
    tar -C "$root/opt/a folder" -xf "$tarball"
    chmod -R a-w "$root/opt/a folder"
    ln -s "/opt/a folder/${tarball%.tar.xz}/imgval" "$root/usr/bin/imgval"
    check "archive in $suite: runs, from a read-only folder with a blank in its name" in_root "$root" \
        "imgval --version | grep -F 'imgval $version'"
    check "archive in $suite: scans" in_root "$root" "$scan_story"
    check "archive in $suite: records and compares" in_root "$root" \
        'imgval cache add -q --baseline testdata/story/v1 &&
         imgval scan -q --baseline testdata/story/v4; test $? -eq 1'
done

# --- the container image
mkdir -p "$work/layout" "$work/container"
tar -C "$work/layout" -xf "$image"
check 'image: every blob is what its name says' sh -c \
    "cd '$work/layout/blobs/sha256' && for f in *; do echo \"\$f  \$f\"; done | sha256sum --quiet -c -"
layer=$(python3 - "$work/layout" <<'PY'
import json, pathlib, sys
top = pathlib.Path(sys.argv[1])
blob = lambda entry: top / "blobs/sha256" / entry["digest"].split(":")[1]
manifest = json.loads(blob(json.loads((top / "index.json").read_text())["manifests"][0]).read_text())
config = json.loads(blob(manifest["config"]).read_text())
assert config["config"]["Entrypoint"] == ["imgval"] and config["config"]["User"] == "65532:65532"
print(blob(manifest["layers"][0]))
PY
)
check 'image: the layer unpacks' tar -C "$work/container" --same-permissions -xzf "$layer"
cp -r "$top/testdata/story" "$work/container/data/story"
run_image() {
    chroot --userspec=65532:65532 "$work/container" /usr/bin/imgval "$@"
}
check 'image: scans as a user without rights' run_image scan -q --against=/data/story/v3 /data/story/v4

# --- the archive for Windows, where there is one: that it is whole. .ci/run windows tries the program.
for zip in imgval-*-windows-x64.zip; do
    [ -e "$zip" ] || continue
    check "$zip: whole, with program, manual and licences" sh -c "unzip -q -t '$zip' && unzip -Z1 '$zip' >'$work/names' &&
        grep -q /imgval.exe '$work/names' && grep -q /manual/index.html '$work/names' && grep -q /licenses/ '$work/names'"
done

# --- the bill of materials
bill=$(echo imgval-*.cdx.json)
# The libraries of the archive that the program names itself, by the names of their projects.
linked() {
    local name
    for name in $(readelf -d "$root/opt/a folder/${tarball%.tar.xz}/lib/imgval" |
        sed -n 's/.*NEEDED.*\[lib\([a-z0-9]*\).*/\1/p'); do
        case $name in
        c | m) continue ;;
        archive | xml2) name=lib$name ;;
        crypto) name=openssl ;;
        sqlite3) name=sqlite ;;
        z) name=zlib ;;
        esac
        grep -q "\"name\": \"$name\"" "$bill" || {
            echo "$name is not in it"
            return 1
        }
    done
}
check 'the bill of materials names every library that is linked' linked
schema() {
    (cd "$work" && npm pack --silent @cyclonedx/cyclonedx-library >/dev/null &&
        mkdir -p cyclonedx && tar -C cyclonedx -xzf cyclonedx-*.tgz) &&
        python3 "$top/tests/ship/check_sbom.py" "$bill" "$work/cyclonedx"
}
check 'the bill of materials follows its schema' schema

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
