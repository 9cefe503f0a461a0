#!/bin/bash
# run.sh BUILD SECONDS [NAME...]: builds each tests/fuzz/fuzz_NAME.c with libFuzzer, the address and
# the undefined behaviour sanitizer against the project's sources, and runs it for SECONDS from the
# seeds: the story, real files where $IMGVAL_REAL names a folder of them, testdata/crashers/NAME, and
# packages that BUILD/tests/mkfixture makes. A crash, a leak, a hang (10 s) or 2 GB of memory fails; the
# input stays in BUILD/fuzz/NAME-crash-*. The corpus is kept in BUILD/fuzz/NAME.corpus.
# The name "whole" is for whole.py: the program itself, on damaged inputs, for twice SECONDS, a minute at most.
set -u
build=$(realpath -- "${1:?usage: run.sh BUILD SECONDS [NAME...]}")
seconds=${2:?usage: run.sh BUILD SECONDS [NAME...]}
shift 2
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
command -v clang >/dev/null || { echo 'skipped: no clang'; exit 77; }
place=$build/fuzz
mkdir -p "$place"

# The core list and the libraries are those of the project: a build of its own, sanitized.
cat >"$place/fuzz.cmake" <<'END'
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_FLAGS_INIT "-fsanitize=fuzzer-no-link")
END
log=$place/build.log
{
    cmake -S "$top" -B "$place/build" -DCMAKE_TOOLCHAIN_FILE="$place/fuzz.cmake" \
        -DIMGVAL_SANITIZE=ON -DIMGVAL_TESTS=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
        cmake --build "$place/build" --parallel "$(nproc)" --target imgval_core imgval
} >"$log" 2>&1 || { tail -n 30 "$log"; echo "0 passed, 1 failed"; exit 1; }

libraries=$(pkg-config --libs libxml-2.0 sqlite3 libarchive libcrypto zlib libpcre2-8)
names=$*
[ -n "$names" ] || names="$(cd "$top/tests/fuzz" && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//') whole"

# A package of each kind and compression, for the binary readers.
seeds=$place/seeds
rm -rf "$seeds"
mkdir -p "$seeds"
if [ -x "$build/tests/mkfixture" ]; then
    for recipe in packages folders hostile images; do
        sed '/^sparse\|^deep\|^fifo\|^socket\|^chmod\|^symlink/d' "$top/tests/build/samples/$recipe.recipe" |
            "$build/tests/mkfixture" - "$seeds/$recipe" >/dev/null 2>&1
    done
fi
cp -R "$top/testdata/story" "$seeds/story"
sed -n '/^<imgval-policy/,/^<\/imgval-policy/p' "$top/man/imgval-formats.5" >"$seeds/example.policy.xml"
# A small volume of each kind, and a hive, for the disk readers.
if [ -x "$build/tests/mkvolume" ]; then
    mkdir -p "$seeds/tree/folder"
    seq 3000 >"$seeds/tree/folder/text.txt"
    echo one >"$seeds/tree/A long name with blanks.txt"
    for kind in ntfs:2M ntfs-lznt1:2M ntfs-xpress4k:2M ntfs-lzx:2M fat12:256K wim-none:0 wim-xpress:0 wim-lzx:0; do
        "$build/tests/mkvolume" "${kind%:*}" "${kind#*:}" "$seeds/tree" "$seeds/${kind%:*}.volume" >/dev/null 2>&1
    done
    # Index blocks and an attribute list.
    for number in $(seq 60); do echo "$number" >"$seeds/tree/folder/a file with a name of some length $number.txt"; done
    seq 40000 >"$seeds/tree/runs.txt"
    "$build/tests/mkvolume" --cluster 512 ntfs-fragments 2M "$seeds/tree" "$seeds/ntfs-runs.volume" >/dev/null 2>&1
    "$top/tests/disk/mkhive.py" "$seeds/system.hive" 'Platform\DeviceTargetingInfo' A=text B=dword:1 'Setup' C=1
fi

# Archives of each form, of both kinds.
number=0
for options in '' stored zip64 descriptor 'descriptor zip64' windows 'comment=text' 'link=a=../b' 'encrypt=one.txt' 'crc=one.txt'; do
    number=$((number + 1))
    mkdir -p "$seeds/zipped/folder"
    seq 30000 >"$seeds/zipped/folder/numbers.txt"
    echo one >"$seeds/zipped/one.txt"
    # shellcheck disable=SC2086
    "$top/tests/cases/mkzip.py" "$seeds/form-$number.zip" "$seeds/zipped" $options
done
for options in '' gnu old link=a=../b hard=a=one.txt record=one.txt=path=two.txt global=comment=text long=one.txt=long; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    "$top/tests/cases/mktar.py" "$seeds/form-$number.tar" "$seeds/zipped" $options
done
rm -rf "$seeds/zipped"

# Packages with catalogs, extracted.
if [ -x "$build/tests/mkfixture" ]; then
    printf '%s\n' 'spkg catalogs/a/ component=A files=2 catalog=v1' 'cbs catalogs/b/ component=B files=2 catalog=v2' \
        'cbs catalogs/c/ component=C files=1 catalog=v2 pe=true' |
        "$build/tests/mkfixture" - "$seeds/sealed" >/dev/null 2>&1
fi

# A report of each form, a bundle and a list, for the readers of saved documents.
if [ -x "$build/imgval" ]; then
    "$build/imgval" scan --no-wspc --format=json "$seeds/story/v1" >"$seeds/one.saved" 2>/dev/null
    "$build/imgval" scan --no-wspc --format=jsonl "$seeds/story/v1" "$seeds/story/v2" >"$seeds/two.saved" 2>/dev/null
    "$build/imgval" cache import --cache="$seeds/s.db" "$seeds/two.saved" >/dev/null 2>&1
    "$build/imgval" cache export --cache="$seeds/s.db" >"$seeds/bundle.saved" 2>/dev/null
    printf 'Contoso.A, 1.0.0.0, MainOS\nContoso.B\n' >"$seeds/list.saved"
fi

# seed NAME CORPUS: copies what the fuzzer can start from. The readers of documents want a first
# byte that chooses the reader (see fuzz_manifest.c), the others the file as it is.
seed() {
    local number=0 file first
    while IFS= read -r -d '' file; do
        number=$((number + 1))
        first=
        if [ "$1" = manifest ]; then
            case $file in
            *UpdateHistory.xml) first='\002' ;;
            *OEMInput.xml) first='\007' ;;
            *.mum) first='\001' ;;
            *.reg) first='\003' ;;
            *.manifest) first='\004' ;;
            *.dsm.xml) first='\000' ;;
            *) first='\005' ;;
            esac
        fi
        if [ "$1" = saved ]; then
            case $file in
            *bundle.saved) first='\001' ;;
            *list.saved) first='\002' ;;
            *) first='\000' ;;
            esac
        fi
        if [ "$1" = ffu ]; then
            case $file in
            *.ffu) first='\001' ;;
            *.vhd) first='\002' ;;
            *.img) first='\003' ;;
            *) first='\004' ;;
            esac
        fi
        { [ -z "$first" ] || printf "$first"; cat "$file"; } >"$2/seed-$number"
    done < <(find "$seeds" ${IMGVAL_REAL:+"$IMGVAL_REAL"} -type f -size -2100k ! -name '*.md' -print0 |
        sort -z |
        case $1 in
        cabinet) grep -z -E '\.(spkg|spkr|spku|cab|cbsr)$' ;;
        archive) grep -z -E '\.(zip|tar)$' ;;
        catalog) grep -z -E '\.(cat|dll|exe|sys|efi)$' ;;
        saved) grep -z -E '\.saved$' ;;
        policy) grep -z -E '\.policy\.xml$' ;;
        volume) grep -z -E '\.volume$' ;;
        ntfs) grep -z -E '/ntfs[^/]*\.volume$' ;;
        hive) grep -z -E '\.hive$' ;;
        ffu) grep -z -E '\.(ffu|vhd|img|cat)$' ;;
        manifest | xml) grep -z -E '\.(xml|mum|reg|manifest|imx|txt)$' ;;
        *) cat ;;
        esac)
    if [ -d "$top/testdata/crashers/$1" ]; then
        cp "$top/testdata/crashers/$1"/* "$2"/
    fi
}

run_one() {
    local name=$1 corpus=$place/$1.corpus
    if ! clang -std=c17 -D_GNU_SOURCE -I"$top" -g -O1 -fsanitize=fuzzer,address,undefined \
        -fno-sanitize-recover=all -fno-omit-frame-pointer "$top/tests/fuzz/fuzz_$name.c" \
        "$place/build/libimgval_core.a" $libraries -o "$place/fuzz_$name" >"$place/$name.log" 2>&1; then
        echo "FAILED $name: does not build"
        tail -n 20 "$place/$name.log"
        return 1
    fi
    mkdir -p "$corpus"
    seed "$name" "$corpus"
    # The libraries come from the distribution and are not sanitized.
    if ! (cd "$place" && ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "./fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=$(case $name in volume | ntfs) echo 2200000 ;; *) echo 262144 ;; esac) \
        -print_final_stats=1 -artifact_prefix="$name-" "$corpus" >"$name.log" 2>&1); then
        echo "FAILED $name: $(grep -m 1 -E 'ERROR|SUMMARY|runtime error|deadly' "$place/$name.log")"
        tail -n 60 "$place/$name.log"
        return 1
    fi
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$place/$name.log") inputs in" \
        "$seconds s, corpus $(find "$corpus" -type f | wc -l)"
}

passed=0
failed=0
export top place seconds seeds libraries
export -f run_one seed
# As many at a time as there are processors. The whole program takes all of them, and comes last.
results=$(printf '%s\n' $names | grep -v -x whole | xargs -P "$(nproc)" -I NAME bash -c '
    if run_one NAME >"$place/NAME.result" 2>&1; then echo passed NAME; else echo failed NAME; fi')
while read -r result name; do
    [ -n "$name" ] || continue
    cat "$place/$name.result"
    if [ "$result" = passed ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done <<<"$(sort <<<"$results")"
if grep -q -w whole <<<"$names"; then
    seed=$(git -C "$top" rev-parse HEAD 2>/dev/null || echo imgval)
    if python3 -B "$top/tests/fuzz/whole.py" "$place/build/imgval" "$build/tests/mkfixture" "$build/tests/mkvolume" \
        --seconds=$((seconds < 30 ? 2 * seconds : 60)) --seed="$seed" --keep="$place/whole"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
