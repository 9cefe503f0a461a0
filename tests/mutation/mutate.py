#!/usr/bin/env python3
"""mutate.py [--count=N] [--seconds=N] [--seed=TEXT] [--all] [--near] [--strict] [FILE[:LINE]...]:
which small changes of the verdict code does no test see?

Draws small edits (a comparison turned, an "and" made "or", a truth negated, a statement dropped) of
the files that decide a verdict, or of the files or lines named; --all tries every one. Each is built
in a scratch copy where the core is a shared library: one object is compiled and one library linked,
and every test program runs the edited code. Then, until one fails: the unit tests (those about the file first), the
cases of testdata/cases (each scanned once; a tree is built once, for all edits), and for some files
the tests from outside. Every step has a time limit: an edit that makes the program hang was noticed.
A test counts only where it passes on the unchanged code.

Prints each edit with what became of it, then the score of each file. An edit that nothing notices is
a gap in the tests, or makes no difference; those that make none stand in EQUIVALENT, with the reason,
and are not drawn. Stops drawing when --seconds are over. The status is 1 where a test fails on the
unchanged code, or where an edit was not noticed and --strict is given.
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
         "imgval/input/package_file.c", "imgval/input/registry.c", "imgval/input/component.c",
         "imgval/input/coverage.c", "imgval/input/verify.c", "imgval/input/zip.c",
         "imgval/input/archive.c", "imgval/input/archive_list.c", "imgval/input/packed.c",
         "imgval/input/package_registry.c", "imgval/input/tar.c",
         "imgval/input/kind_*.c", "imgval/disk/hive.c", "imgval/input/hive_values.c",
         "imgval/report/read/report_check.c", "imgval/scan/scan_read.c",
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
EQUIVALENT = {
    ("imgval/model/wspc.c",
     "if (order < 0 && (older == NULL || iv_version_compare(*number, *older) > 0)) {", ">="):
        "the same version again is the same value",
    ("imgval/model/package.c",
     "return order != 0 ? order : (x->package > y->package) - (x->package < y->package);", "<="):
        "no package is compared with itself",
    ("imgval/model/package.c",
     "const char *tilde = length > 1 ? memchr(name + 1, '~', length - 1) : NULL;", "- 0"):
        "the byte more is the end of the text",
    ("imgval/model/audit.c",
     "int order = a_size != b_size ? (a_size < b_size ? -1 : 1) : strncmp(*a, *b, a_size);", "<="):
        "they differ there",
    ("imgval/engine/verdict.c", "if (outcome > tally->worst) {", ">="): "the same value again",
    ("imgval/model/timeline.c", "if (changed.count > 0) {", ">="): "sorts nothing",
    ("imgval/model/device.c", "if (kept > 1) {", ">="): "sorts one",
    ("imgval/history/request.c", "r.source.status = IV_REQUEST_BASELINE;", ";"):
        "says that it begins with 0, which it does",
    ("imgval/history/request.c", "r.target.status = IV_REQUEST_BASELINE;", ";"):
        "says that it begins with 0, which it does",
    ("imgval/history/request.c",
     "if (k < t->variant_count && iv_pop_compare(&t->variants[k].pop, &s->variants[i].pop) == 0 &&", "<="):
        "looks one past the end, which the sanitizers see",
}

# Unit tests that are named otherwise than the file they are about, and tests from outside that know
# it: a pattern of files -> names.
UNITS = {"rules/*": ["rules", "service", "standard"], "rules/rules_image.c": ["image_rules"],
         "rules/rules_advice.c": ["image_rules"], "rules/rules_ffu.c": ["ffu_rules"],
         "rules/rules_wspc.c": ["wspc_rules"], "rules/wording.c": ["wspc_rules", "image_rules"],
         "imgval/model/wspc.c": ["wspc_property"], "imgval/model/pool.c": ["timeline", "timeline_property"],
         "imgval/model/timeline.c": ["timeline_property"], "imgval/model/assemble.c": ["device"],
         "imgval/engine/*": ["engine", "policy"], "cache/*": ["store"]}
OUTSIDE = {"imgval/history/*": ["history", "audit"], "imgval/model/timeline.c": ["audit"],
           "imgval/model/pool.c": ["audit"], "imgval/model/audit.c": ["audit"],
           "imgval/model/delta.c": ["history", "fix"], "imgval/model/fix.c": ["fix"],
           "imgval/model/request.c": ["history"], "rules/rules_rfu.c": ["history"],
           "rules/wording.c": ["history"], "imgval/engine/*": ["policy"], "rules/rules_policy.c": ["policy"],
           "cache/*": ["keys"], "imgval/report/read/*": ["audit", "cli"],
           "imgval/input/zip.c": ["entries"], "imgval/input/archive*.c": ["entries"],
           "imgval/input/packed.c": ["entries"], "imgval/input/kind_directory.c": ["entries"]}
# Run for the files that they are about alone: they take long.
SLOW = {"workers", "wspc_property", "timeline_property", "store", "store_kill", "ffu", "sandbox"}
# Folders of cases that show a file's work; others come after them.
NEAR = {"rules_standard": "STD", "rules_wspc": "WSPC compare", "rules_advice": "ADV", "rules_image": "IMG",
        "rules_ffu": "IMG", "rules_service": "SVC", "service_values": "SVC", "traits_text": "SVC",
        "rules_signature": "SIG verify", "rules_policy": "POL policy", "waive": "policy POL",
        "policy": "policy POL", "policy_read": "policy POL", "settle": "policy POL WSPC012",
        "wspc": "WSPC compare", "device": "STD006 IMG30 metadata", "assemble": "IMG001 IMG013 partial keys",
        "package": "keys compare", "submission": "STD00 IMG", "traits": "SVC001 SVC005",
        "registry": "metadata IMG303", "manifest": "hostile STD", "package_file": "hostile IMG",
        "component": "verify SIG", "coverage": "verify SIG", "verify": "verify SIG", "zip": "archive",
        "archive": "archive", "archive_list": "archive", "packed": "archive verify",
        "kind_directory": "hostile IMG", "kind_cbs": "hostile STD", "hive": "IMG305 IMG303 IMG2",
        "hive_values": "IMG305 IMG303 IMG30", "report_check": "WSPC"}
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


class Unit:
    def __init__(self, copy, program):
        self.program, self.name = program, program.name.removeprefix("test_")
        self.env = dict(os.environ, IMGVAL_VALIDATE=str(copy.place / "tests/report/validate.py"))

    def passes(self):
        return ran([self.program], self.program.parent, env=self.env)[0] == 0


class Outside:
    """A test of the program from outside, tests/cli/NAME.py."""

    def __init__(self, copy, name):
        self.name = name + ".py"
        self.words = [sys.executable, "-B", copy.place / "tests/cli" / self.name, copy.build / "imgval",
                      *(["10"] if name == "fix" else [] if name == "history" else
                        [copy.build / "tests/mkfixture"])]

    def passes(self):
        return ran(self.words, "/", 5 * LIMIT)[0] == 0


class Case:
    """A case of testdata/cases; its tree is built when it is first asked for."""

    def __init__(self, cases, path, copy):
        self.cases, self.path = cases, path
        self.name = f"{path.parent.name}/{path.stem}"
        self.place = copy.place / "trees" / path.parent.name / path.stem
        self.build = copy.build
        self.case = None
        self.built = set()

    def prepare(self):
        """False where it cannot run here."""
        if self.case is None:
            self.case = self.cases.parse(self.path)
            self.place.mkdir(parents=True)
            try:
                self.cases.build(self.case["recipe"], str(self.build / "tests/mkfixture"),
                                 str(self.build / "tests/mkvolume"), self.place)
            except self.cases.Skip:
                self.case["needs"] = "something that is not here"
            tree = self.place / "tree"
            self.built = set(tree.iterdir()) if tree.is_dir() else set()
        return self.case["needs"] is None

    def passes(self):
        if not self.prepare():
            return True
        try:
            return self.runs()
        finally:
            for one in set((self.place / "tree").iterdir()) - self.built:  # stores of the case
                (shutil.rmtree if one.is_dir() else os.unlink)(one)

    def runs(self):
        words = shlex.split(self.case["scan"])
        program = self.build / "imgval"
        if any(w.startswith("--reader-fault") for w in words):
            program = self.build / "tests/imgval-faulty"
        with tempfile.TemporaryDirectory(prefix="home-", dir=self.place) as home:
            env = {k: v for k, v in os.environ.items() if k not in ("CI", "IMGVAL_CACHE", "NO_COLOR")}
            env.update(HOME=home, XDG_DATA_HOME=home + "/data", LC_ALL="C.UTF-8",
                       SOURCE_DATE_EPOCH="1480000000")
            env.update(self.case["env"])
            for wanted, setup in self.case["setup"]:
                if ran([program, *setup], self.place / "tree", env=env)[0] != wanted:
                    return False
            status, text = ran([program, "scan", "--format=json", "-j1", *words], self.place / "tree",
                               env=env)
            if status != int(self.case["exit"]):
                return False
            if status != 2:
                try:
                    self.cases.check_report(self.case, json.loads(text))
                except (self.cases.Failure, ValueError, KeyError):
                    return False
            if self.case["text"]:
                text = ran([program, "scan", *words], self.place / "tree", env=env)[1]
                return all(part in text.decode(errors="replace") for part in self.case["text"])
            return True


class Copy:
    """A copy of the sources, built with the core as a shared library."""

    def __init__(self, place, is_near):
        self.place, self.is_near = place, is_near
        self.build = place / "build"
        self.good, self.broken = set(), set()  # names of tests, on the unchanged code
        for one in TOP.iterdir():
            if one.name != ".git" and not one.name.startswith("build"):
                (shutil.copytree if one.is_dir() else shutil.copy)(one, place / one.name)
        rooms = place / "CMakeLists.txt"
        text = rooms.read_text(encoding="utf-8")
        assert "add_library(imgval_core STATIC" in text
        rooms.write_text(text.replace("add_library(imgval_core STATIC", "add_library(imgval_core SHARED"),
                         encoding="utf-8")
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        made = ran(["cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Debug", *generator], place)
        if made[0] != 0 or \
                not self.builds("all", 1800):
            sys.exit("the unchanged tree does not build")
        self.library = self.build / "libimgval_core.so"
        shutil.copy(self.library, self.build / "unchanged.so")
        cases = load("run_cases", "tests/cases/run_cases.py")
        self.cases = [Case(cases, p, self) for p in sorted((place / "testdata/cases").glob("*/*.case"))]
        self.units = [Unit(self, p) for p in sorted((self.build / "tests").glob("test_*")) if p.is_file()]

    def builds(self, target="imgval_core", seconds=300):
        return ran(["cmake", "--build", "build", "--target", target, "--parallel", os.cpu_count()],
                   self.place, seconds)[0] == 0

    def is_good(self, test):
        """Whether a test that failed passes on the unchanged code: else it says nothing of the edit."""
        if test.name not in self.good | self.broken:
            edited = self.build / "edited.so"
            os.replace(self.library, edited)
            shutil.copy(self.build / "unchanged.so", self.library)
            (self.good if test.passes() else self.broken).add(test.name)
            os.replace(edited, self.library)
        return test.name in self.good

    def units_for(self, name):
        """Those about the file before the others."""
        stem = pathlib.PurePath(name).stem
        near = {stem, stem.removeprefix("rules_")}
        near.update(u for pattern, units in UNITS.items() if fnmatch.fnmatch(name, pattern) for u in units)
        chosen = [u for u in self.units if u.name in near or u.name not in SLOW]
        return sorted(chosen, key=lambda u: (u.name not in near, u.name in SLOW, u.name))

    def cases_for(self, name):
        """Cases about the work of the file first."""
        near = tuple(NEAR.get(pathlib.PurePath(name).stem, "-").split())
        chosen = sorted(self.cases, key=lambda c: (not c.path.parent.name.startswith(near), c.path))
        return [c for c in chosen if not self.is_near or c.path.parent.name.startswith(near)]

    def noticed_by(self, name):
        """The test that sees the edit, or None."""
        tests = self.units_for(name)
        outside = {t for p, tests in OUTSIDE.items() if fnmatch.fnmatch(name, p) for t in tests}
        tests += self.cases_for(name) + [Outside(self, t) for t in sorted(outside) if not self.is_near]
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for start in range(0, len(tests), 8):
                some = tests[start:start + 8]
                for test, passes in list(zip(some, pool.map(lambda t: t.passes(), some))):
                    if not passes and self.is_good(test):
                        return test.name
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
    wanted = collections.defaultdict(set)  # of the files named, the lines; none: all of them
    for name, _, line in (word.partition(":") for word in options.files):
        wanted[name] |= {int(line) - 1} if line else set()
    names = list(wanted) or sorted({str(p.relative_to(TOP)) for f in FILES for p in TOP.glob(f)})
    edits, excused = [], set()
    for name in names:
        lines = (TOP / name).read_text(encoding="utf-8").split("\n")
        for place in places(TOP / name):
            key = (name, lines[place[0]].strip(), place[3].strip())
            if wanted[name] and place[0] not in wanted[name] and key not in EQUIVALENT:
                continue
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
    parser.add_argument("--near", action="store_true",
                        help="only the cases about the file: quick, and too strict")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    started = time.monotonic()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # an edit may ask for all there is
    edits = draw(options)
    seen, tried = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(prefix="imgval-mutation-") as folder:
        copy = Copy(pathlib.Path(folder), options.near)
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
    if copy.broken:
        print(f"these tests fail on the unchanged code: {' '.join(sorted(copy.broken))}")
    if not tried or copy.broken or (options.strict and seen != tried):
        sys.exit(1)


if __name__ == "__main__":
    main()
