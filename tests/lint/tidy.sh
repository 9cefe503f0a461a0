#!/bin/sh
# tidy.sh BUILD [FILE...]: clang-tidy over imgval, rules and cache (or the named files) with the
# checks of .clang-tidy, which says what is left out and why. Needs BUILD/compile_commands.json.
# What is for Windows needs headers that are not here. Prints each warning once and closes with a count of
# files; exit status 1 when there is one.
set -eu
build=${1:?usage: tidy.sh BUILD [FILE...]}
shift
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
[ -f "$build/compile_commands.json" ] || {
    echo "tidy.sh: $build/compile_commands.json: missing (CMAKE_EXPORT_COMPILE_COMMANDS)" >&2
    exit 2
}
command -v clang-tidy >/dev/null || {
    echo "tidy.sh: clang-tidy is not installed" >&2
    exit 77
}
build=$(CDPATH='' cd -- "$build" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

cd "$top"
[ $# -gt 0 ] || set -- $(find imgval rules cache -name '*.c' ! -path '*/base/windows/*' | sort)
for file in "$@"; do
    echo "$file"
done >"$work/files"

# One log a file: a file fails when its clang-tidy does, whatever the others say.
export build work
xargs -P "$(nproc)" -I FILE sh -c '
    log=$work/$(echo FILE | tr / _).log
    clang-tidy --quiet -p "$build" FILE >"$log" 2>"$log.stderr" || {
        grep -E "error:" "$log.stderr" >>"$log" || :
        echo FILE >>"$work/failed"
    }' <"$work/files"

cat "$work"/*.log | awk '/: (error|warning):/ { show = !seen[$0]++ } show'
total=$(wc -l <"$work/files")
failed=0
[ ! -f "$work/failed" ] || failed=$(wc -l <"$work/failed")
echo "$((total - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
