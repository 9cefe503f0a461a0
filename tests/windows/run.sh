#!/bin/bash
# run.sh BUILD [SECONDS [NAME...]]: the program for Windows in BUILD/windows, which `./run windows` has
# built, under wine: the unit tests, manners.py, kills.py, then compare.py with the program in BUILD, for so
# many seconds in all (0, the default: without an end). With NAMEs, only the cases whose path holds one of them.
set -euo pipefail
top=$(realpath -- "$(dirname -- "$0")/../..")
build=$(realpath -- "${1:?usage: run.sh BUILD [SECONDS [NAME...]]}")
seconds=${2:-0}
seed=$(git -C "$top" rev-parse HEAD 2>/dev/null || echo imgval)
from=$SECONDS
wine=$(command -v wine)
wineserver=$(command -v wineserver || echo /usr/lib/wine/wineserver)

{
    cmake -S "$top" -B "$build/windows" -DIMGVAL_TESTS=ON
    cmake --build "$build/windows" --parallel "$(nproc)"
} >"$build/windows/log" 2>&1 || {
    tail -n 40 "$build/windows/log" >&2
    exit 1
}

# One server for all programs, and files of wine's own: a start takes a tenth of a second then. No
# browser, no .NET, no menu entries: nothing asks to have them installed.
mkdir -p "$build/wine"
export WINEPREFIX=$build/wine WINEARCH=win64 WINEDEBUG=-all LC_ALL=C.UTF-8
export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe='
unset DISPLAY WAYLAND_DISPLAY
trap '"$wineserver" -k' EXIT # ends the programs of this folder alone
"$wineserver" -p </dev/null >/dev/null 2>&1 # else a pipe of ours would stay open with it
"$wine" wineboot --init </dev/null >/dev/null 2>&1

status=0
[ $# -gt 2 ] || ctest --test-dir "$build/windows" --no-tests=error --parallel "$(nproc)" \
    --output-on-failure || status=1
[ $# -gt 2 ] || "$top/tests/windows/manners.py" --program="$build/imgval" --windows="$build/windows" \
    --builder="$build/tests/mkfixture" || status=1
[ $# -gt 2 ] || "$top/tests/windows/kills.py" --program="$build/imgval" --windows="$build/windows" \
    --seed="$seed" || status=1
if [ "$seconds" -gt 0 ]; then
    seconds=$((seconds - SECONDS + from))
    [ "$seconds" -gt 0 ] || seconds=1
fi
"$top/tests/windows/compare.py" --program="$build/imgval" --windows="$build/windows" \
    --builder="$build/tests/mkfixture" --seconds="$seconds" \
    --seed="$seed" "${@:3}" || status=1
exit "$status"
