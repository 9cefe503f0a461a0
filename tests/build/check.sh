#!/bin/sh
# Checks the fixture builder from outside: what other programs read out of its cabinets must be what
# was put in. Usage: check.sh MKFIXTURE [WORKDIR]. Exit status: 0 good, 1 a mismatch, 77 skipped.
set -u

mkfixture=${1:?usage: check.sh MKFIXTURE [WORKDIR]}
case $mkfixture in
/*) ;;
*) mkfixture=$PWD/$mkfixture ;;
esac
samples=$(cd "$(dirname "$0")" && pwd)/samples
work=${2:-$(mktemp -d)}
[ $# -ge 2 ] || trap 'chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
mkdir -p "$work"
work=$(cd "$work" && pwd)
failures=0
comparisons=0

fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}

have() {
    command -v "$1" >/dev/null 2>&1
}

for tool in cabextract 7z xmllint; do
    if ! have "$tool"; then
        echo "SKIP: $tool is not installed" >&2
        exit 77
    fi
done
have bsdtar || echo "note: bsdtar is not installed, libarchive is not asked" >&2

# Compares the files that a reader extracted with the twin.
compare() {
    comparisons=$((comparisons + 1))
    diff -r "$1" "$2" >"$work/diff" 2>&1 || {
        fail "$3: $(head -n 3 "$work/diff")"
    }
}

# A cabinet and its twin through every reader.
check_cabinet() {
    cab=$1
    twin=$2
    base=$(basename "$cab")
    rm -rf "$work/x"
    cabextract -q -t "$cab" >"$work/log" 2>&1 ||
        fail "cabextract -t $base: $(tail -n 2 "$work/log")"
    cabextract -q -d "$work/x/cabextract" "$cab" >"$work/log" 2>&1 ||
        fail "cabextract $base: $(tail -n 2 "$work/log")"
    compare "$work/x/cabextract" "$twin" "cabextract $base"
    7z t "$cab" >"$work/log" 2>&1 || fail "7z t $base: $(tail -n 5 "$work/log")"
    7z x -y "-o$work/x/7z" "$cab" >"$work/log" 2>&1 || fail "7z x $base: $(tail -n 5 "$work/log")"
    compare "$work/x/7z" "$twin" "7z $base"
    if have bsdtar; then
        mkdir -p "$work/x/bsdtar"
        bsdtar -x -f "$cab" -C "$work/x/bsdtar" >"$work/log" 2>&1 ||
            fail "bsdtar $base: $(tail -n 2 "$work/log")"
        compare "$work/x/bsdtar" "$twin" "bsdtar $base"
    fi
    # cabextract -p is the way that scripts take a manifest out of a package
    for manifest in man.dsm.xml update.mum; do
        if [ -f "$twin/$manifest" ]; then
            cabextract -q -p -F "$manifest" "$cab" >"$work/manifest" 2>/dev/null
            cmp -s "$work/manifest" "$twin/$manifest" || fail "cabextract -p $base: $manifest"
            xmllint --nonet --noout "$work/manifest" || fail "xmllint $base: $manifest"
        fi
    done
}

build() {
    rm -rf "$work/out.$1" "$work/again.$1"
    "$mkfixture" "$samples/$1.recipe" "$work/out.$1" || fail "mkfixture $1.recipe"
}

# Cabinets that name a twin in the recipe.
check_recipe() {
    build "$1"
    sed -n 's/^\(spkg\|cbs\|cabinet\) \([^ ]*\) .*twin=\([^ ]*\).*/\2 \3/p' "$samples/$1.recipe" \
        >"$work/twins"
    while read -r cab twin; do
        check_cabinet "$work/out.$1/$cab" "$work/out.$1/$twin"
    done <"$work/twins"
}

for recipe in sizes folders packages; do
    check_recipe "$recipe"
    "$mkfixture" "$samples/$recipe.recipe" "$work/again.$recipe" || fail "mkfixture $recipe again"
    diff -r "$work/out.$recipe" "$work/again.$recipe" >/dev/null ||
        fail "$recipe.recipe: two runs differ"
done
find "$work/out.packages" -name man.dsm.xml -o -name update.mum -o -name '*.manifest' \
    -o -name dman.ddsm.xml >"$work/manifests"
while read -r manifest; do
    xmllint --nonet --noout "$manifest" || fail "xmllint $manifest"
done <"$work/manifests"

# Text must shrink: a compressor that only stores would pass all the rest.
size() {
    wc -c <"$1"
}
for method in mszip lzx15 lzx21; do
    [ "$(size "$work/out.sizes/exact-$method.cab")" -lt 16384 ] || fail "$method does not compress"
done

build hostile
[ -p "$work/out.hostile/pipe.spkg" ] || fail "no FIFO"
[ -S "$work/out.hostile/socket.cab" ] || fail "no socket"
[ "$(size "$work/out.hostile/truncated.cab")" -eq 100 ] || fail "truncate=100"
cabextract -q -t "$work/out.hostile/checksum.cab" >/dev/null 2>&1 && fail "checksum=bad is good"

# Generated trees: the same from any number of jobs, and readable.
rm -rf "$work/g1" "$work/g2"
"$mkfixture" --generate packages=60 payload=20000 subdirs=3 jobs=1 "$work/g1" || fail "--generate"
"$mkfixture" --generate packages=60 payload=20000 subdirs=3 jobs=4 "$work/g2" || fail "--generate"
diff -r "$work/g1" "$work/g2" >/dev/null || fail "--generate: jobs change the bytes"
for cab in "$work"/g1/set*/*; do
    cabextract -q -t "$cab" >/dev/null 2>&1 || fail "cabextract -t $cab"
    7z t "$cab" >/dev/null 2>&1 || fail "7z t $cab"
    case $cab in
    *.spkg) manifest=man.dsm.xml ;;
    *) manifest=update.mum ;;
    esac
    cabextract -q -p -F "$manifest" "$cab" 2>/dev/null | xmllint --nonet --noout - ||
        fail "xmllint $cab"
done

"$mkfixture" "$samples/packages.recipe" "$work/g1" 2>/dev/null && fail "a full OUTDIR is accepted"
printf 'file ../x\n' | "$mkfixture" - "$work/outside" 2>/dev/null && fail "a path leaves OUTDIR"

echo "$comparisons comparisons, $failures failures"
[ "$failures" -eq 0 ]
