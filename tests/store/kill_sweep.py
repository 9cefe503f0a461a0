#!/usr/bin/python3
"""kill_sweep.py PROGRAM KILLAT [SCENARIO...]: kill -9 at every call that may change a file.

Each verb that writes runs again and again and is killed as it enters its first, second, third ...
such call (tests/store/killat.c). After each kill the store is whole and holds exactly what it held
before or what it was to hold; an id that was printed is recorded; the same verb then succeeds.
Prints how many points were swept.
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from support import Checks, Done, Place  # noqa: E402

STORE = "run/s.db"
CACHE = f"--cache={STORE}"
POINTS_MAX = 2000
EMPTY = b'{"schema":"imgval-bundle/1"}\n{"end":true,"submissions":0}\n'
# Name, words, and the file that they write beside and rename.
FILES = (
    ("export-to-file", ("cache", "export", "--cache=other.db", "--output=x.jsonl"), "x.jsonl"),
    ("report", ("scan", "-j0", "--no-wspc", "--report=json:r.json", "v1"), "r.json"),
)


def setup(p):
    """The stores that the scenarios start from, and what they read."""
    def imgval(*words):
        done = p.run(*words)
        if done.status != 0:
            sys.exit(f"kill_sweep.py: {done.shown}: {done.text_err}")
    for name in ("before", "old"):
        imgval("cache", "add", "--baseline", f"--cache={name}/s.db", "v1")
    imgval("cache", "add", "--cache=before/s.db", "v2")
    for i in range(4):
        imgval("cache", "add", "--cache=other.db", f"--firmware-version=9.0.0.{i}", "v3")
    imgval("cache", "add", "--baseline", "--cache=other.db", "v3")
    imgval("cache", "export", "--cache=other.db", "--output=bundle.jsonl")
    shutil.copytree(p.path / "v1", p.path / "twin")
    shutil.copytree(p.path / "v3/Contoso.Fingerprint.Phone.MainOS",
                    p.path / "twin/Contoso.Fingerprint.Phone.MainOS")
    p.write("list.txt", "".join(f"Contoso.L{i}, 1.0.0.{i}\n" for i in range(3000)))


def scenarios(p):
    """Name, the store that it starts from (None: there is none), and the words."""
    first = p.run("cache", "list", "--cache=before/s.db").text.split()[0]
    device = ("--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88")
    return (
        ("add", "before", ("cache", "add", CACHE, "-j0", "--baseline", "v3")),
        ("add-with-readers", "before", ("cache", "add", CACHE, "-j2", "--baseline", "v3")),
        ("add-to-nothing", None, ("cache", "add", CACHE, "-j0", "--baseline", "v1")),
        ("promote", "before", ("cache", "add", CACHE, "-j0", "--baseline", "v2")),
        ("replace", "before", ("cache", "add", CACHE, "-j0", "--baseline", "--replace", "twin")),
        ("import", "before", ("cache", "import", CACHE, "bundle.jsonl")),
        ("import-large", "before", ("cache", "import", CACHE, *device, "--firmware-version=1.2.3.4",
                                    "list.txt")),
        ("import-to-nothing", None, ("cache", "import", CACHE, "bundle.jsonl")),
        ("merge", "before", ("cache", "merge", CACHE, "other.db", "old/s.db")),
        ("merge-to-nothing", None, ("cache", "merge", CACHE, "other.db")),
        ("remove", "before", ("cache", "remove", CACHE, first)),
    )


def killed_at(p, killat, point, words):
    # A sanitizer cannot look for leaks in a process that is traced.
    options = ":".join(filter(None, (p.env.get("ASAN_OPTIONS"), "detect_leaks=0")))
    process = subprocess.run([killat, str(point), p.program, *words],
                             env=p.environment({"ASAN_OPTIONS": options}),
                             cwd=p.path, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                             check=False)
    return Done([f"killat {point}", *words], process)


def fresh(p, start):
    shutil.rmtree(p.path / "run", ignore_errors=True)
    (p.path / "run").mkdir()
    if start is not None:
        shutil.copy(p.path / start / "s.db", p.path / STORE)


def export(p):
    if not (p.path / STORE).exists():
        return None # no store lists and exports as an empty one
    done = p.run("cache", "export", CACHE)
    return done.out if done.status == 0 else None


def check_after_kill(c, p, what, states, done):
    """What must hold of the store after a kill. Returns which state it is in."""
    before, after = states
    listed = p.run("cache", "list", CACHE)
    now = export(p)
    if before is None and now is None:
        c.that((listed.status, listed.out) == (0, b"") and not (p.path / STORE).exists(), f"{what}: no store at all",
               (listed.status, listed.err, os.listdir(p.path / "run")))
        scanned = p.run("scan", CACHE, "--format=json", "v1")
        c.that(scanned.findings("WSPC006") != [], f"{what}: a scan finds no store", scanned.err)
    else:
        verified = p.run("cache", "verify", CACHE)
        c.same((verified.status, verified.out), (0, b"ok\n"), f"{what}: the store is whole")
        c.same(listed.status, 0, f"{what}: it can be listed")
        if before is None and now == EMPTY:
            return "empty"
        c.that(now in states, f"{what}: it holds what it held before or what it was to hold",
               (now or b"")[:300])
        scanned = p.run("scan", CACHE, "--format=json", "v1")
        c.that(scanned.status in (0, 1), f"{what}: a scan can use it", scanned.err)
    if done.out and before != after:
        c.that(now == after, f"{what}: what was reported is there", done.out)
    return "after" if now == after else "before"


def check_scenario(c, p, killat, name, start, words):
    fresh(p, start)
    before = export(p)
    whole = p.run(*words)
    c.status(whole, 0, name)
    after = export(p)
    c.that(before != after, f"{name}: it changes the store")
    seen = {"before": 0, "empty": 0, "after": 0}
    for point in range(1, POINTS_MAX):
        what = f"{name}, killed at {point}"
        fresh(p, start)
        done = killed_at(p, killat, point, words)
        if done.status == 1:
            c.same(export(p), after, f"{name}: it finished")
            break
        if not c.same(done.status, 0, f"{what}: killat works"):
            break
        state = check_after_kill(c, p, what, (before, after), done)
        seen[state] += 1
        is_gone = name == "remove" and state == "after"
        c.status(p.run(*words), 2 if is_gone else 0, f"{what}: the next attempt")
        c.same(export(p), after, f"{what}: the next attempt succeeds")
        left = sorted(x for x in os.listdir(p.path / "run") if x != "s.db")
        c.same(left, [], f"{what}: nothing is left beside the store after the next attempt")
    else:
        c.that(False, f"{name}: ends after {POINTS_MAX} points")
    c.that(seen["before"] > 0, f"{name}: some kills came before", seen)
    # One transaction: a store without a record turns "not checked" into "first baseline".
    c.same(seen["empty"], 0, f"{name}: kills that leave an empty store where there was none")
    return seen


def check_file(c, p, killat, name, words, path):
    """A file that is written beside and renamed is the old or the new one."""
    p.write(path, "old")
    c.that(p.run(*words).status in (0, 1, 3), name)
    after = (p.path / path).read_bytes()
    seen = {"before": 0, "empty": 0, "after": 0}
    for point in range(1, POINTS_MAX):
        p.write(path, "old")
        done = killed_at(p, killat, point, words)
        if done.status == 1:
            break
        now = (p.path / path).read_bytes()
        c.that(now in (b"old", after), f"{name}, killed at {point}: old or new", now[:100])
        seen["after" if now == after else "before"] += 1
    c.that(seen["before"] > 0, f"{name}: some kills came before", seen)
    return seen


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: kill_sweep.py PROGRAM KILLAT [SCENARIO...]")
    checks = Checks()
    killat = os.path.abspath(sys.argv[2])
    swept = 0
    with Place(sys.argv[1]) as place:
        setup(place)
        probe = killed_at(place, killat, 1, ("cache", "list", "--cache=before/s.db"))
        if probe.status == 2:
            print(f"skipped: killat cannot trace: {probe.text_err.strip()}")
            return 77
        results = []
        for name, start, words in scenarios(place):
            if len(sys.argv) == 3 or name in sys.argv[3:]:
                results.append((name, check_scenario(checks, place, killat, name, start, words)))
        for name, words, path in FILES:
            if len(sys.argv) == 3 or name in sys.argv[3:]:
                results.append((name, check_file(checks, place, killat, name, words, path)))
    for name, seen in results:
        points = sum(seen.values())
        swept += points
        print(f"{name}: {points} kill points, {seen['before']} before, {seen['after']} after")
    print(f"{swept} kill points swept")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
