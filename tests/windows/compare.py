#!/usr/bin/env python3
"""The program for Windows does what the program for Linux does.

    compare.py --program build/imgval --windows build/windows --builder build/tests/mkfixture \\
        [--seconds=N] [NAME...]

Every case of testdata/cases (run_cases.py says what a case is) is built once and judged by both programs,
the one for Windows under wine: exit status and JSON must be equal, and the text report too where the case
looks at it; standard error holds what the case asks for. So what run_cases.py finds of the one program
holds of the other. Reader processes of the program for Linux: 1; of the other one: 1, 3 and 0 in turn.

Then the commands: on the firmware of testdata/story each one prints the same on both sides; a store
written on one side is read on the other.

Wine keeps a process from no file, whatever its token, so the reports say that readers were not confined
("unconfined"); that member is left out before they are compared. So is how a reader ended that a case
makes misbehave: each system has words of its own for that.

Cases with links, FIFOs and sockets are left out: wine shows a link as what it leads to, and the others not
at all. So are folders that are too deep to be copied. The end counts them by their causes.

Now and then wine itself does not come up: status 1 without a word, which no command of ours ends with.
That is tried again, and counted.

differences.txt beside this file names the cases that may differ, each with its cause. One that does not
differ fails the run: the list is always true. With --seconds, what there was no time for is counted. The
order changes with --seed, so that each run leaves out other cases.

The environment says where wine keeps its files (WINEPREFIX); run.sh sets it up.
"""
import argparse
import collections
import concurrent.futures
import importlib.util
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
STORY = TOP / "testdata/story"


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, TOP / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = load("run_cases", "tests/cases/run_cases.py")
NOT_UP = []  # where wine did not come up


class Skip(cases.Skip):
    """With its cause."""


class Side:
    """One of the two programs, and the folder of the case that it works in."""

    def __init__(self, name, words, faulty, place):
        self.name, self.words, self.faulty, self.place = name, words, faulty, place
        self.tree = place / "tree"

    def run(self, words, env):
        program = self.faulty if any(w.startswith("--reader-fault") for w in words) else self.words
        for attempt in range(3):
            done = subprocess.run([*program, *words], cwd=self.tree, env={**env, "HOME": str(self.place)},
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
            if done.returncode != 1 or done.stdout or done.stderr:
                break
            NOT_UP.append((self.name, attempt))
        return done


def environment(extra=()):
    """LOCALAPPDATA is wine's to set: the store is named by IMGVAL_CACHE, relative, on both sides."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("CI", "NO_COLOR", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    env.update(IMGVAL_CACHE="../store/baselines.db", LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH="1480000000")
    env.update(extra)
    return env


def without_unconfined(output):
    return re.sub(rb',\s*"unconfined":\s*true', b"", output)


def without_end(output):
    """Without how a reader process ended."""
    return re.sub(rb"(killed by signal|killed by exception|exited with status) (0x)?[0-9A-Fa-f]+", b"ended", output)


def first_difference(one, other):
    """Where two outputs part, with what stands there."""
    lines = list(zip(one.split(b"\n"), other.split(b"\n")))
    for number, (a, b) in enumerate(lines, 1):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            start = max(0, at - 60)
            return f"line {number}:\n    Linux   {a[start:at + 120]!r}\n    Windows {b[start:at + 120]!r}"
    return f"{len(one)} bytes, and {len(other)}"


def must_equal(what, linux, windows, with_output=True):
    outputs = without_end(linux.stdout), without_end(without_unconfined(windows.stdout))
    if linux.returncode != windows.returncode:
        raise cases.Failure(f"{what}: exit status {linux.returncode}, and {windows.returncode} on Windows; "
                            f"{first_difference(*outputs)}\n{windows.stderr.decode(errors='replace')[-300:]}")
    if with_output and outputs[0] != outputs[1]:
        raise cases.Failure(f"{what}: {first_difference(*outputs)}")


def two_places(given, place):
    """Both sides have the same files; place/linux was filled before."""
    subprocess.run(["cp", "-a", str(place / "linux"), str(place / "windows")], check=True)
    for name in ("linux", "windows"):
        (place / name / "store").mkdir(exist_ok=True)
    return (Side("linux", [given.program], [given.faulty], place / "linux"),
            Side("windows", ["wine", f"{given.windows}/imgval.exe"],
                 ["wine", f"{given.windows}/tests/windows/imgval-faulty.exe"], place / "windows"))


def remove(place):
    for folder, _, _ in os.walk(place): # a case may have taken away a folder's permissions
        os.chmod(folder, 0o700)
    shutil.rmtree(place, ignore_errors=True)


def compare_case(path, jobs, given):
    case = cases.parse(path)
    words = shlex.split(case["scan"])
    if case["needs"] == "user" and os.geteuid() == 0:
        raise Skip("permissions do not bind root")
    special = re.search(r"^(symlink|fifo|socket|deep) ", case["recipe"], re.M)
    if special:
        raise Skip({"symlink": "wine shows a link as what it leads to",
                    "deep": "too deep a folder to be copied"}.get(special[1], "wine shows no FIFO and no socket"))
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-windows-"))
    try:
        (place / "linux").mkdir()
        cases.build(case["recipe"], given.builder, given.volumes, place / "linux")
        sides = two_places(given, place)
        env = environment(case["env"])
        for _, setup in case["setup"]:
            must_equal(f"setup {' '.join(setup)}", *(side.run(setup, env) for side in sides),
                       with_output=False)
        linux = sides[0].run(["scan", "--format=json", "-j", "1", *words], env)
        if any(w.startswith("--reader-fault") for w in words):
            jobs = "3"  # without readers it is this process that misbehaves
        windows = sides[1].run(["scan", "--format=json", "-j", jobs, *words], env)
        must_equal(f"-j {jobs}", linux, windows)
        for part in case["stderr"]:
            if part not in windows.stderr.decode(errors="replace"):
                raise cases.Failure(f"standard error lacks {part!r}" + cases.shown(windows))
        if case["text"]:
            must_equal("text", *(side.run(["scan", *words], env) for side in sides))
    finally:
        remove(place)


# ---- commands

COMMANDS = [
    "cache add --baseline v1",
    "cache add v2",
    "cache list --format=json",
    "cache export",
    "cache verify",
    "scan --baseline v4",
    "scan --format=html v4",
    "scan --format=sarif v4",
    "scan --format=junit v4",
    "scan --format=csv v4",
    "scan --verify --format=json v3",
    "inspect --format=json v3",
    "diff --format=json v1 v4",
    "rfu --format=json --source=v1 --target=v4",
    "audit --format=json .",
    "fix --output=../fixed --against=v3 v4",
    "explain STD002",
    "explain",
    "policy check nowhere.xml",
    "scan no-such-folder",
    "--help",
    "no-such-command",
]


def story_place(place, given):
    (place / "linux").mkdir()
    shutil.copytree(STORY, place / "linux/tree")
    return two_places(given, place)


def tree_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def compare_commands(given):
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-windows-"))
    try:
        sides = story_place(place, given)
        env = environment()
        for command in COMMANDS:
            must_equal(command, *(side.run(shlex.split(command), env) for side in sides))
        fixed = [tree_of(side.place / "fixed") for side in sides]
        if fixed[0] != fixed[1] or not fixed[0]:
            raise cases.Failure("fix wrote other files")
        # Each reads the store that the other has written.
        linux, windows = sides
        (linux.place / "store").rename(place / "kept")
        (windows.place / "store").rename(linux.place / "store")
        (place / "kept").rename(windows.place / "store")
        for command in ("cache verify", "cache export", "scan --format=json v3", "cache add v3",
                        "cache export"):
            must_equal(f"{command}, with the store of the other side",
                       *(side.run(shlex.split(command), env) for side in sides))
    finally:
        remove(place)


# ---- all

def read_differences():
    """Case -> cause. Lines: CASE, spaces, sentence."""
    known = {}
    for line in (HERE / "differences.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, cause = line.partition(" ")
            known[name] = cause.strip()
    return known


def attempt(work, *arguments):
    try:
        work(*arguments)
        return None
    except cases.Skip as skip:
        return skip
    except (cases.Failure, OSError, ValueError, subprocess.SubprocessError) as failure:
        return str(failure) or type(failure).__name__


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--windows", required=True)
    parser.add_argument("--builder", required=True)
    parser.add_argument("--volumes", help="mkvolume; default: beside the builder")
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--seed", default="")
    parser.add_argument("names", nargs="*", help="only cases whose path holds one of these")
    given = parser.parse_args()
    folder = os.path.dirname(given.builder)
    given.volumes = given.volumes or os.path.join(folder, "mkvolume")
    given.faulty = os.path.join(folder, "imgval-faulty")
    for name in ("program", "windows", "builder", "volumes", "faulty"):
        setattr(given, name, os.path.abspath(getattr(given, name)))
    end = time.monotonic() + given.seconds if given.seconds else float("inf")

    failed = []
    if not given.names:
        failure = attempt(compare_commands, given)
        print(f"compare_commands: {'passed' if failure is None else 'FAILED: ' + failure}", flush=True)
        failed += ["compare_commands"] if failure else []

    known = read_differences()
    paths = sorted((TOP / "testdata/cases").glob("*/*.case"))
    paths = [p for p in paths if not given.names or any(n in str(p) for n in given.names)]
    random.Random(given.seed).shuffle(paths)
    count = {"equal": 0, "known difference": 0, "skipped": 0, "no time": 0}
    skipped = collections.Counter()

    def one(numbered):
        number, path = numbered
        if time.monotonic() > end:
            return "no time"
        return attempt(compare_case, path, ("1", "3", "0")[number % 3], given)

    with concurrent.futures.ThreadPoolExecutor(max_workers=2 * os.cpu_count()) as pool:
        for path, result in zip(paths, pool.map(one, enumerate(paths))):
            name = f"{path.parent.name}/{path.stem}"
            if isinstance(result, cases.Skip):
                count["skipped"] += 1
                skipped[str(result)] += 1
            elif result == "no time":
                count["no time"] += 1
            elif result is None and name not in known:
                count["equal"] += 1
            elif result is not None and name in known:
                count["known difference"] += 1
            else:
                failed.append(name)
                result = result or f"differences.txt says that it differs ({known[name]}); it does not"
                print(f"FAILED {name}: {result}", flush=True)
    print(f"{len(paths)} cases:", ", ".join(f"{number} {word}" for word, number in count.items()) +
          f", {len(failed)} failed")
    for cause, number in skipped.most_common():
        print(f"  skipped {number}: {cause}")
    for name in sorted(n for n in known if any(f"{p.parent.name}/{p.stem}" == n for p in paths)):
        print(f"  differs: {name}: {known[name]}")
    if NOT_UP:
        print(f"  wine did not come up {len(NOT_UP)} times, and was tried again")
    return 1 if failed or count["equal"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
