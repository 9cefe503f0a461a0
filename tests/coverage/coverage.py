#!/usr/bin/env python3
"""coverage.py BUILD [--least=PERCENT]: which lines and branches the tests ran, per folder.

BUILD was configured with -DIMGVAL_COVERAGE=ON and its tests were run; its readers count, too. Prints
a line for each folder, then each file below the least part of lines (85 %). Never fails for a number:
what is low is to be looked at.
"""
import collections
import json
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def merge(files, data):
    """Adds what one object counted: a file is compiled more than once (the program for faults)."""
    for one in data["files"]:
        path = pathlib.PurePath(one["file"])
        name = str(path.relative_to(TOP)) if path.is_absolute() and path.is_relative_to(TOP) else str(path)
        if not name.startswith(("imgval/", "rules/", "cache/")) or not name.endswith(".c"):
            continue
        lines, branches = files[name]
        for line in one["lines"]:
            number = line["line_number"]
            lines[number] = lines.get(number, 0) + line["count"]
            for place, branch in enumerate(line["branches"]):
                if not branch["throw"]:
                    key = (number, place)
                    branches[key] = branches.get(key, 0) + branch["count"]


def part(counts):
    return 100 * sum(1 for c in counts if c > 0) / len(counts) if counts else 100.0


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    least = float(next((w.split("=")[1] for w in sys.argv[1:] if w.startswith("--least=")), 85))
    if len(words) != 1:
        sys.exit(__doc__)
    build = pathlib.Path(words[0]).resolve()
    notes = sorted(str(p) for p in build.rglob("*.gcda"))
    if not notes:
        sys.exit(f"{build}: no counts: configure with -DIMGVAL_COVERAGE=ON and run the tests")
    files = collections.defaultdict(lambda: ({}, {}))
    for start in range(0, len(notes), 50):
        done = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout",
                               *notes[start:start + 50]],
                              cwd=build, capture_output=True, check=True)
        for line in done.stdout.splitlines():
            merge(files, json.loads(line))
    folders = collections.defaultdict(lambda: ([], []))
    for name, (lines, branches) in files.items():
        folder = folders[name.rpartition("/")[0]]
        folder[0].extend(lines.values())
        folder[1].extend(branches.values())
    print(f"{'folder':28} {'lines':>7} {'ran':>7} {'branches':>9} {'taken':>7}")
    for name, (lines, branches) in sorted(folders.items()):
        print(f"{name:28} {len(lines):7} {part(lines):6.1f}% {len(branches):9} {part(branches):6.1f}%")
    low = [(part(list(lines.values())), name) for name, (lines, _) in files.items()]
    low = [(percent, name) for percent, name in low if percent < least]
    for percent, name in sorted(low):
        print(f"below {least:.0f} %: {name} {percent:.1f} %")


if __name__ == "__main__":
    main()
