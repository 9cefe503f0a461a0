#!/usr/bin/env python3
"""mutate.py [--count=N] [--seed=TEXT] [FILE...]: does a test see a small change of the verdict code?

Draws N small edits (a comparison turned, an "and" made "or", a truth negated) from the files that
decide a verdict, or from those named; each is built in a scratch copy, and the unit tests and cases
run until one fails. Prints each edit with what became of it, then the score of each file. An edit
that nothing notices is a gap in the tests, or makes no difference: to be looked at, so the exit
status is 0 unless the unchanged tree fails.
"""
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
FILES = ["rules/*.c", "imgval/engine/*.c", "imgval/model/*.c", "imgval/input/manifest.c",
         "imgval/input/package_file.c", "imgval/input/registry.c", "imgval/scan/scan_read.c",
         "cache/store_find.c", "cache/sets.c"]
# What stands in a line, and what is put in its place.
EDITS = [(r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "),
         (r" >= ", " > "), (r" && ", " || "), (r" \|\| ", " && "), (r"\breturn true;", "return false;"),
         (r"\breturn false;", "return true;"), (r"if \(!", "if ("), (r" \+ 1\b", " + 0"),
         (r"IV_NOT_EVALUATED", "IV_PASSED"), (r"IV_FAILED", "IV_PASSED")]
CODE = re.compile(r"^\s+[^/*#\s]")  # within a function, no comment, no directive
QUOTED = re.compile(r'"(\\.|[^"\\])*"')


def places(path):
    """Every edit that the file offers: (line, from, to of the match, replacement)."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")):
        bare = QUOTED.sub(lambda m: "_" * len(m.group()), line)
        if CODE.match(line) and "for (" not in line and "/*" not in line:
            for pattern, put in EDITS:
                found += [(number, m.start(), m.end(), put) for m in re.finditer(pattern, bare)]
    return found


class Copy:
    def __init__(self, place):
        self.place = place
        for one in TOP.iterdir():
            if one.name != ".git" and not one.name.startswith("build"):
                (shutil.copytree if one.is_dir() else shutil.copy)(one, place / one.name)
        self.ran(["cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Debug"])

    def ran(self, words, seconds=1800):
        try:
            return subprocess.run(words, cwd=self.place, timeout=seconds, capture_output=True,
                                  check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def builds(self):
        return self.ran(["cmake", "--build", "build", "--parallel", str(os.cpu_count())])

    def passes(self):
        return self.ran(["ctest", "--test-dir", "build", "--stop-on-failure", "-L", "unit", "-E",
                         "workers|property|store_kill", "--timeout", "300"]) and \
            self.ran(["ctest", "--test-dir", "build", "--stop-on-failure", "-R",
                      "case.(all|policy|history|audit|fix)|cli.cli", "--timeout", "900"])

    def tries(self, name, place):
        """Whether a test sees the edit; None: it does not compile, or warns."""
        path = self.place / name
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        number, start, end, put = place
        lines[number] = lines[number][:start] + put + lines[number][end:]
        try:
            path.write_text("\n".join(lines), encoding="utf-8")
            return not self.passes() if self.builds() else None
        finally:
            path.write_text(text, encoding="utf-8")


def main():
    options = dict(w[2:].split("=", 1) for w in sys.argv[1:] if w.startswith("--"))
    named = [w for w in sys.argv[1:] if not w.startswith("--")]
    names = named or sorted(str(p.relative_to(TOP)) for f in FILES for p in TOP.glob(f))
    edits = [(name, place) for name in names for place in places(TOP / name)]
    random.Random(options.get("seed", "imgval")).shuffle(edits)
    seen, tried = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(prefix="imgval-mutation-") as folder:
        copy = Copy(pathlib.Path(folder))
        if not copy.builds():
            sys.exit("the unchanged tree does not build")
        if not copy.passes():
            sys.exit("the unchanged tree fails its tests")
        for name, place in edits[:int(options.get("count", 10))]:
            result = copy.tries(name, place)
            line = (TOP / name).read_text(encoding="utf-8").split("\n")[place[0]].strip()
            word = {True: "noticed", False: "NOT NOTICED", None: "does not build"}[result]
            print(f"{word}: {name}:{place[0] + 1}: {line!r} with {place[3].strip()!r}", flush=True)
            if result is not None:
                tried[name] += 1
                seen[name] += result
    for name in sorted(tried):
        print(f"{seen[name]:3}/{tried[name]:<3} {name}")
    print(f"{sum(seen.values())} of {sum(tried.values())} edits were noticed; {len(edits)} are possible")


if __name__ == "__main__":
    main()
