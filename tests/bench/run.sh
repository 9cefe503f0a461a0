#!/bin/sh
# Benchmarks: tests/bench/run.sh BUILD [NAME...]. Prints ratios against named peers, measured in one
# run; nothing here passes or fails.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec /usr/bin/python3 "$here/bench.py" "$@"
