#!/bin/sh
# no_socket.sh PROGRAM: no command opens a socket. Every network call of the program and of all its
# processes is looked for with strace; a control shows that strace would see one.
# Exit status 77 (skipped) without strace or the right to trace.
set -u
program=$(realpath -- "${1:?usage: no_socket.sh PROGRAM}")
story=$(CDPATH='' cd -- "$(dirname -- "$0")/../../testdata/story" && pwd)
command -v strace >/dev/null || { echo 'skipped: no strace'; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo 'skipped: strace may not trace here'; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -R "$story" "$work/story"
cd "$work/story" || exit 1
passed=0
failed=0
unset CI IMGVAL_CACHE
# A leak cannot be looked for in a process that is traced.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
export HOME="$work/home" LC_ALL=C.UTF-8

# A call, not the lines that tell of signals and exits.
network_calls() {
    grep -E '^[0-9]+ +(<\.\.\. )?[a-z_0-9]+[( ]' "$1" | grep -v 'resumed>' | grep -c .
}

# check STATUS WORDS...: the program ends with STATUS and makes no network call
check() {
    wanted=$1
    shift
    strace -f -e trace=%network -o "$work/trace" "$program" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    calls=$(network_calls "$work/trace")
    if [ "$status" -ne "$wanted" ]; then
        echo "FAILED imgval $*: exit status $status, expected $wanted: $(tail -n 1 "$work/err")"
        failed=$((failed + 1))
    elif [ "$calls" -ne 0 ]; then
        echo "FAILED imgval $*: $calls network calls: $(grep -m 1 -E '\(' "$work/trace")"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# The control: a program that asks for a socket is seen, in a child process too.
strace -f -e trace=%network -o "$work/trace" sh -c '/usr/bin/python3 -c "
import socket
socket.socket(socket.AF_UNIX)"; :' 2>/dev/null
if [ "$(network_calls "$work/trace")" -eq 0 ]; then
    echo 'skipped: strace does not see the socket of the control'
    exit 77
fi

check 3 scan v1
check 1 scan --no-wspc violations
check 1 scan --no-wspc -j4 --format=json violations
check 0 cache add --baseline -j2 v1
check 0 cache add v2
check 0 cache import -j2 v3
check 0 scan -j4 v2
check 0 scan -j0 v2
check 0 inspect v1
check 0 inspect --format=json -j4 v3
check 0 cache list
check 0 cache export
check 0 cache verify
check 2 scan nowhere
check 2 scan http://localhost/x.ffu
check 0 explain WSPC006
check 0 --help
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
