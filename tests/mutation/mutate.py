#!/usr/bin/env python3
"""mutate.py [--count=N] [--seconds=N] [--seed=TEXT] [--all] [FILE...]: which small changes of the
verdict code does no test see?

Draws small edits (a comparison turned, an "and" made "or", a truth negated, a statement dropped) of
the files that decide a verdict, or of those named; --all tries every one. Each edit is built in a scratch copy, where
the core is a shared library: one object is compiled and one library linked, and every test program
runs the edited code. Then, until one fails: the unit tests (those named after the file first), the
cases of testdata/cases (each scanned once; their trees are built once, for all edits), and for some
files the tests from outside. Every step has a time limit: an edit that makes the program hang was noticed.

Prints each edit with what became of it, then the score of each file. An edit that nothing notices is
a gap in the tests, or makes no difference; those that make none stand in EQUIVALENT, with the reason,
and are not drawn. Stops drawing when --seconds are over. The status is 1 where the unchanged tree
fails, or where an edit was not noticed and --strict is given.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import importlib.util
import json
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
FILES = ["rules/*.c", "imgval/engine/*.c", "imgval/model/*.c", "imgval/history/audit.c",
         "imgval/history/difference.c", "imgval/history/request.c", "imgval/input/manifest.c",
         "imgval/input/package_file.c", "imgval/input/registry.c", "imgval/scan/scan_read.c",
         "imgval/scan/judge.c", "imgval/scan/look_up.c", "cache/store_find.c", "cache/sets.c"]

# What stands in a line, and what is put in its place.
EDITS = [(r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "),
         (r" >= ", " > "), (r" && ", " || "), (r" \|\| ", " && "), (r"\breturn true;", "return false;"),
         (r"\breturn false;", "return true;"), (r"if \(!", "if ("), (r" \+ 1\b", " + 0"),
         (r" - 1\b", " - 0"), (r"IV_NOT_EVALUATED", "IV_PASSED"), (r"IV_FAILED", "IV_PASSED"),
         (r"^\s+(?!return\b)[a-z_]\w*\(.*\);$", ";"),
         (r"^\s+[a-z_][\w.>\[\]-]* (=|\+=|\|=) [^{]*;$", ";")]
CODE = re.compile(r"^\s+[^/*#\s]")  # within a function, no comment, no directive
# Room that is never used up: one more or less makes no difference.
ROOM = re.compile(r"IV_NEW_ARRAY|iv_arena_alloc|iv_arena_array|malloc|calloc|iv_arena_reset")
QUOTED = re.compile(r'"(\\.|[^"\\])*"')
WHOLE = re.compile(r"[;{}:]\s*$|^\s*$|\*/\s*$")  # what stands before a line that is a whole statement

# (file, the line, what is put there): why no test can see it.
EQUIVALENT = {}

# Unit tests that are named otherwise than the file they are about, and tests from outside that know
# it; a pattern of files -> names. Other unit tests run where they take no longer than SHORT seconds.
UNITS = {"rules/*": ["rules"], "rules/rules_ffu.c": ["ffu_rules"], "rules/rules_image.c": ["image_rules"],
         "rules/rules_wspc.c": ["wspc_rules"], "imgval/model/wspc.c": ["wspc_property"],
         "imgval/model/pool.c": ["timeline_property"], "imgval/model/timeline.c": ["timeline_property"],
         "imgval/engine/*": ["policy", "engine"], "cache/*": ["store"]}
OUTSIDE = {"imgval/history/*": ["history", "audit"], "imgval/model/timeline.c": ["audit"],
           "imgval/model/pool.c": ["audit"], "imgval/model/audit.c": ["audit"],
           "imgval/model/delta.c": ["history", "fix"], "imgval/model/fix.c": ["fix"],
           "imgval/model/request.c": ["history"], "rules/rules_rfu.c": ["history"],
           "rules/wording.c": ["history"], "imgval/engine/*": ["policy"], "rules/rules_policy.c": ["policy"],
           "cache/*": ["keys"]}
SHORT = 2
LIMIT = 60  # seconds for one test program


def places(path):
    """Every edit that the file offers: (line, from, to of the match, replacement)."""
    found = []
    before = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")):
        bare = QUOTED.sub(lambda m: "_" * len(m.group()), line)
        if CODE.match(line) and "/*" not in line and "IV_CLEANUP" not in line and not ROOM.search(line):
            for pattern, put in EDITS:
                if put != ";" or WHOLE.search(before):
                    found += [(number, m.start(), m.end(), put) for m in re.finditer(pattern, bare)
                              if "for (" not in bare[:m.start()]]
        before = bare
    return found


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, TOP / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ran(words, place, seconds=LIMIT, env=None):
    """The exit status and standard output; a test that takes too long is ended with all it started."""
    with subprocess.Popen([str(w) for w in words], cwd=place, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as child:
        try:
            text = child.communicate(timeout=seconds)[0]
            return child.returncode, text
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return -signal.SIGKILL, b""


class Case:
    """A case of testdata/cases whose tree is built once."""

    def __init__(self, cases, path, build, place):
        self.cases, self.path, self.place = cases, path, place
        self.program = build / "imgval"
        self.case = cases.parse(path)
        self.words = shlex.split(self.case["scan"])
        if any(w.startswith("--reader-fault") for w in self.words):
            self.program = build / "tests/imgval-faulty"
        place.mkdir()
        cases.build(self.case["recipe"], str(build / "tests/mkfixture"), str(build / "tests/mkvolume"), place)

    def passes(self):
        with tempfile.TemporaryDirectory(prefix="home-", dir=self.place) as home:
            env = {k: v for k, v in os.environ.items() if k not in ("CI", "IMGVAL_CACHE", "NO_COLOR")}
            env.update(HOME=home, XDG_DATA_HOME=home + "/data", LC_ALL="C.UTF-8",
                       SOURCE_DATE_EPOCH="1480000000")
            env.update(self.case["env"])
            for wanted, words in self.case["setup"]:
                if ran([self.program, *words], self.place / "tree", env=env)[0] != wanted:
                    return False
            status, text = ran([self.program, "scan", "--format=json", "-j1", *self.words],
                               self.place / "tree", env=env)
            if status != int(self.case["exit"]):
                return False
            if status != 2:
                try:
                    self.cases.check_report(self.case, json.loads(text))
                except (self.cases.Failure, ValueError, KeyError):
                    return False
            if self.case["text"]:
                text = ran([self.program, "scan", *self.words], self.place / "tree", env=env)[1]
                return all(part in text.decode(errors="replace") for part in self.case["text"])
            return True


class Copy:
    """A copy of the sources with its tests, all of which pass on the unchanged code."""

    def __init__(self, place):
        self.place = place
        self.build = place / "build"
        for one in TOP.iterdir():
            if one.name != ".git" and not one.name.startswith("build"):
                (shutil.copytree if one.is_dir() else shutil.copy)(one, place / one.name)
        rooms = place / "CMakeLists.txt"
        text = rooms.read_text(encoding="utf-8")
        assert "add_library(imgval_core STATIC" in text
        rooms.write_text(text.replace("add_library(imgval_core STATIC", "add_library(imgval_core SHARED"),
                         encoding="utf-8")
        if ran(["cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Debug"], place)[0] != 0 or \
                not self.builds("all", 1200):
            sys.exit("the unchanged tree does not build")

    def builds(self, target="imgval_core", seconds=120):
        return ran(["cmake", "--build", "build", "--target", target, "--parallel", os.cpu_count()],
                   self.place, seconds)[0] == 0

    def first_run(self):
        """Runs everything once on the unchanged code: what fails here says nothing about an edit."""
        self.units = {}
        for program in sorted((self.build / "tests").glob("test_*")):
            start = time.monotonic()
            if program.is_file() and self.unit_passes(program):
                self.units[program.name[len("test_"):]] = (program, time.monotonic() - start)
            elif program.is_file():
                sys.exit(f"the unchanged tree fails {program.name}")
        cases = load("run_cases", "tests/cases/run_cases.py")
        trees = self.place / "trees"
        trees.mkdir()

        def built(numbered):
            number, path = numbered
            try:
                case = Case(cases, path, self.build, trees / str(number))
                return case if case.case["needs"] is None and case.passes() and case.passes() else None
            except cases.Skip:
                return None

        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            paths = sorted((TOP / "testdata/cases").glob("*/*.case"))
            self.cases = [case for case in pool.map(built, enumerate(paths)) if case is not None]
        print(f"{len(self.units)} unit tests and {len(self.cases)} of {len(paths)} cases stand by", flush=True)

    def unit_passes(self, program, seconds=LIMIT):
        env = dict(os.environ, IMGVAL_VALIDATE=str(self.place / "tests/report/validate.py"))
        return ran([program], self.build, seconds, env)[0] == 0

    def units_for(self, name):
        """Quickest first, those about the file before the others."""
        stem = pathlib.PurePath(name).stem
        near = {stem, stem.removeprefix("rules_")}
        near.update(u for pattern, units in UNITS.items() if fnmatch.fnmatch(name, pattern) for u in units)
        chosen = [(unit not in near, seconds, program) for unit, (program, seconds) in self.units.items()
                  if unit in near or seconds < SHORT]
        return [(program, seconds) for _, seconds, program in sorted(chosen)]

    def cases_for(self, name):
        """Cases whose folder looks like the file come first."""
        stem = pathlib.PurePath(name).stem.removeprefix("rules_")[:3].upper()
        return sorted(self.cases, key=lambda c: (not c.path.parent.name.upper().startswith(stem), c.path))

    def outside(self, test):
        words = [sys.executable, "-B", self.place / "tests/cli" / f"{test}.py", self.build / "imgval"]
        words += ["10"] if test == "fix" else [] if test == "history" else [self.build / "tests/mkfixture"]
        return ran(words, self.build, 5 * LIMIT)[0] == 0

    def noticed_by(self, name):
        """The test that sees the edit, or None."""
        for program, seconds in self.units_for(name):
            if not self.unit_passes(program, 10 * seconds + 10):
                return program.name
        cases = self.cases_for(name)
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for start in range(0, len(cases), 32):
                some = cases[start:start + 32]
                for case, passes in zip(some, pool.map(Case.passes, some)):
                    if not passes:
                        return f"{case.path.parent.name}/{case.path.stem}"
        for test in sorted({t for p, tests in OUTSIDE.items() if fnmatch.fnmatch(name, p) for t in tests}):
            if not self.outside(test):
                return f"{test}.py"
        return None

    def tries(self, name, place):
        """What saw the edit; None: nothing; False: it does not compile."""
        path = self.place / name
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        number, start, end, put = place
        lines[number] = lines[number][:start] + put + lines[number][end:]
        try:
            path.write_text("\n".join(lines), encoding="utf-8")
            return self.noticed_by(name) if self.builds() else False
        finally:
            path.write_text(text, encoding="utf-8")


def draw(options):
    names = options.files or sorted(str(p.relative_to(TOP)) for f in FILES for p in TOP.glob(f))
    edits, excused = [], set()
    for name in names:
        lines = (TOP / name).read_text(encoding="utf-8").split("\n")
        for place in places(TOP / name):
            key = (name, lines[place[0]].strip(), place[3].strip())
            if key in EQUIVALENT:
                excused.add(key)
            else:
                edits.append((name, place, key))
    gone = [key for key in EQUIVALENT if key[0] in names and key not in excused]
    if gone:
        sys.exit(f"no such line any more, in EQUIVALENT: {gone}")
    random.Random(options.seed).shuffle(edits)
    return edits


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=None)
    parser.add_argument("--seed", default="imgval")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    started = time.monotonic()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # an edit may ask for all there is
    edits = draw(options)
    seen, tried = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(prefix="imgval-mutation-") as folder:
        copy = Copy(pathlib.Path(folder))
        copy.first_run()
        for name, place, (_, line, put) in edits if options.all else edits[:options.count]:
            if options.seconds is not None and time.monotonic() - started > options.seconds:
                break
            result = copy.tries(name, place)
            word = {None: "NOT NOTICED", False: "does not build"}.get(result, f"noticed by {result}")
            print(f"{word}: {name}:{place[0] + 1}: {line!r} with {put!r}", flush=True)
            if result is not False:
                tried[name] += 1
                seen[name] += result is not None
    for name in sorted(tried):
        print(f"{seen[name]:3}/{tried[name]:<3} {name}")
    print(f"{sum(seen.values())} of {sum(tried.values())} edits were noticed; {len(edits)} are possible")
    if not tried or (options.strict and seen != tried):
        sys.exit(1)


if __name__ == "__main__":
    main()
