#!/usr/bin/env python3
"""recipes.py BUILD: performs the recipes of man/HACKING.md (a rule, a format, a kind of input), each in
a copy of the sources, with the blocks that stand there and nothing else; builds, and runs what came
out. A file more than the recipe names would make a step fail: the compiler, the lint, a unit test,
the golden files, or the words that are looked for here. BUILD is a build folder, for its compiler.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import support  # noqa: E402

TOP = support.TOP
TEXT = (TOP / "man/HACKING.md").read_text(encoding="utf-8")
# What each recipe may change: its promise.
PROMISED = {
    "Add a rule": {"rules/rules_advice.c", "testdata/cases/ADV099/fires.case",
                   "testdata/cases/ADV099/passes.case"},
    "Add a report format": {"imgval/report/sink_tally.c", "imgval/report/sink.h", "CMakeLists.txt"},
    "Add a kind of input": {"imgval/input/kind_sdi.c", "imgval/model/kinds.h", "imgval/model/kinds.c",
                            "imgval/input/kinds.h", "imgval/input/kinds.c", "CMakeLists.txt"},
}
BLOCK = re.compile(r"^(New file|At the end of the table in|In) `([^`]+)`(?:, (after|before) the line "
                   r"that starts with `([^`]+)`)?:\n\n```\w*\n(.*?)^```$", re.M | re.S)


def section(title):
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## )", TEXT, re.M | re.S).group(1)


def place_of(text, how, anchor):
    """Where in the text a block goes."""
    if how is None:
        return text.rindex("\n};\n") + 1
    lines = text.splitlines(keepends=True)
    found = [i for i, line in enumerate(lines) if line.strip().startswith(anchor)]
    assert len(found) == 1, f"{len(found)} lines start with {anchor!r}"
    return len("".join(lines[:found[0] + (how == "after")]))


def follow(tree, title):
    """Puts the blocks of a recipe into the tree; returns the files that it names."""
    named = set()
    for verb, name, how, anchor, block in BLOCK.findall(section(title)):
        path = tree / name
        named.add(name)
        if verb == "New file":
            path.parent.mkdir(parents=True, exist_ok=True)
            assert not path.exists(), f"{name} is there already"
            path.write_text(block, encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        at = place_of(text, how or None, anchor)
        path.write_text(text[:at] + block + text[at:], encoding="utf-8")
    return named


class Copy:
    """A copy of the sources, its build, and the checks of one recipe after the other."""

    def __init__(self, checks, place, build):
        self.checks = checks
        self.place = place
        self.tree = place / "tree"
        self.build = place / "build"
        self.env = dict(os.environ, HOME=str(place / "home"), LC_ALL="C.UTF-8", CCACHE_NOHASHDIR="1",
                        CCACHE_BASEDIR=str(place))
        if "CCACHE_DIR" not in os.environ and "HOME" in os.environ:
            self.env["CCACHE_DIR"] = os.path.join(os.environ["HOME"], ".cache/ccache")
        cache = (pathlib.Path(build) / "CMakeCache.txt").read_text(encoding="utf-8")
        self.compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.M).group(1)
        self.tree.mkdir()
        for part in TOP.iterdir():
            if part.name == ".git" or part.name.startswith("build"):
                continue
            copy = shutil.copytree if part.is_dir() else shutil.copy
            copy(part, self.tree / part.name)

    def run(self, what, *command, status=0):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              cwd=self.place, errors="replace", env=self.env)
        if not self.checks.that(done.returncode == status, f"{what}: status {done.returncode}"):
            print((done.stdout + done.stderr)[-2000:])
        return done.stdout + done.stderr

    def make(self, what):
        ninja = ["-G", "Ninja"] if shutil.which("ninja") else []
        launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        self.run(f"{what}: configured", "cmake", "-S", self.tree, "-B", self.build,
                 "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O0 -g0", "-DIMGVAL_WERROR=ON",
                 f"-DCMAKE_C_COMPILER={self.compiler}", *launcher, *ninja)
        self.run(f"{what}: builds", "cmake", "--build", self.build, "--parallel", "2", "--target",
                 "imgval", "test_rules", "mkfixture")
        if self.checks.failed:
            raise SystemExit(self.checks.close())

    def imgval(self, *words, status=0):
        return self.run(" ".join(map(str, words)), self.build / "imgval", *words, status=status)

    def houses(self, what):
        """What every recipe must leave whole, once the generated parts are written anew."""
        self.run(f"{what}: the manual is written", sys.executable, self.tree / "tests/lint/manual.py",
                 "--program", self.build / "imgval")
        self.run(f"{what}: the schemas are written", sys.executable,
                 self.tree / "tests/lint/schemas.py", "--write")
        self.run(f"{what}: the lint", sys.executable, self.tree / "tests/lint/lint.py", "--program",
                 self.build / "imgval", "--build", self.build)
        self.run(f"{what}: unit.rules", self.build / "tests/test_rules")
        self.run(f"{what}: golden files", sys.executable, "-B",
                 self.tree / "tests/report/check_formats.py", "--program", self.build / "imgval",
                 "--builder", self.build / "tests/mkfixture", "--goldens")


def check_rule(copy):
    copy.run("the cases of the rule", sys.executable, copy.tree / "tests/cases/run_cases.py",
             "--program", copy.build / "imgval", "--builder", copy.build / "tests/mkfixture", "ADV099")
    for asked in ("ADV099", "platform-name"):
        copy.checks.that("Tools that compare platforms" in copy.imgval("explain", asked),
                         f"explain {asked}")
    copy.checks.that("ADV099" in (copy.tree / "man/imgval-rules.7").read_text(), "in the manual")
    # A row that has no words yet: refused by the unit test, and explained as far as it goes.
    path = copy.tree / "rules/rules_advice.c"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index('.summary = "A package\'s platform'), text.index('.fails = "platform ct100",')
    path.write_text(text[:begin] + text[end + len('.fails = "platform ct100",'):], encoding="utf-8")
    copy.make("without words")
    copy.run("without words: refused", copy.build / "tests/test_rules", status=1)
    for words in (["ADV099"], [], ["--format=html"], ["--manual"]):
        copy.checks.that("(null)" not in copy.imgval("explain", *words), f"explain {words}")
    path.write_text(text, encoding="utf-8")


def check_format(copy):
    out = copy.imgval("scan", "--format=tally", "--no-wspc", TOP / "testdata/story/v1")
    copy.checks.that(re.fullmatch(r"pass \d+\n", out), "the format prints", out)
    copy.imgval("scan", "-q", "--report=tally:" + str(copy.place / "copy"), "--no-wspc",
                TOP / "testdata/story/v1")
    copy.checks.same((copy.place / "copy").read_text(), out, "--report writes the same")
    for words, status in ((["scan", "--help"], 0), (["scan", "--format=tallx", "x"], 2),
                          (["--complete", "--", "scan", "--format="], 0), (["render", "--help"], 0)):
        copy.checks.that("tally" in copy.imgval(*words, status=status), f"{words} names the format")
    copy.checks.that("tally" in (copy.tree / "man/imgval.1").read_text(), "the manual names the format")
    # 1: they differ
    copy.imgval("diff", "--format=tally", TOP / "testdata/story/v1", TOP / "testdata/story/v2", status=1)


def check_kind(copy):
    image = copy.place / "phone.sdi"
    image.write_bytes(b"$SDI0001" + bytes(4096))
    formats = re.search(r"expected (\S+)", copy.imgval("scan", "--format=?", image, status=2))
    for name in formats.group(1).split("|"):
        out = copy.imgval("scan", f"--format={name}", image, status=3)
        copy.checks.that("(null)" not in out, f"{name} has a word for the kind", out)
        if name == "json":
            report = json.loads(out)
            copy.checks.same(report["submissions"][0]["kind"], "sdi", "the kind in JSON")
            copy.checks.same(report["verdict"], "incomplete", "the verdict")
            (copy.place / "report.json").write_text(out)
    out = copy.imgval("scan", image, status=3)
    copy.checks.that("SDI" in out and "INCOMPLETE" in out, "the text names kind and verdict", out)
    schema = json.loads((copy.tree / "imgval/report/schema/imgval-report-1.schema.json").read_text())
    support_schema(copy, report, schema)
    again = copy.imgval("render", "--format=json", copy.place / "report.json")
    copy.checks.same(json.loads(again), report, "the report is read back")
    # By its name alone, and below a folder: what nobody read is never a pass.
    folder = copy.place / "set"
    shutil.copytree(TOP / "testdata/story/v1", folder)
    shutil.copy(image, folder / "phone.sdi")
    out = copy.imgval("scan", "--no-wspc", folder, status=3)
    copy.checks.that("phone.sdi" in out and "SDI" in out, "an image in a folder is named", out)
    (copy.place / "cut.sdi").write_bytes(b"")
    copy.imgval("scan", copy.place / "cut.sdi", status=3)
    history = copy.place / "history"
    history.mkdir()
    shutil.copy(image, history / "one.sdi")
    out = copy.imgval("audit", history, status=3)
    copy.checks.that("one.sdi" in out and "(null)" not in out, "an audit finds it", out)


def support_schema(copy, report, schema):
    import jsonschema
    errors = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(report)]
    copy.checks.that(not errors, "the report is as its schema says", errors)


def main():
    checks = support.Checks()
    with tempfile.TemporaryDirectory(prefix="imgval-recipes-") as place:
        copy = Copy(checks, pathlib.Path(place).resolve(), sys.argv[1])
        for title, check in (("Add a rule", check_rule), ("Add a report format", check_format),
                             ("Add a kind of input", check_kind)):
            checks.same(follow(copy.tree, title), PROMISED[title], f"{title}: files")
            copy.make(title)
            copy.houses(title)
            check(copy)
    return checks.close()


if __name__ == "__main__":
    raise SystemExit(main())
