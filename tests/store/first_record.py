#!/usr/bin/python3
"""first_record.py PROGRAM: a store that is not there yet comes with its first record or not at all.

Many processes that record at once, verbs that record nothing, and a full disk. (Kills:
kill_sweep.py.)
"""
import os
import pathlib
import resource
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from support import Checks, Place  # noqa: E402

PROCESSES = 8


def entries(p, folder):
    path = p.path / folder
    return sorted(os.listdir(path)) if path.exists() else []


def at_once(p, verbs):
    """Starts all and waits for all: their exit statuses, outputs and errors."""
    started = [subprocess.Popen([p.program, *words], env=p.environment(None), cwd=p.path,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE) for words in verbs]
    outputs = [process.communicate(timeout=120) for process in started]
    return [(process.returncode, *output) for process, output in zip(started, outputs)]


def check_adds_at_once(c, p):
    for turn in range(4):
        store = f"turn{turn}/s.db"
        done = at_once(p, [("cache", "add", "-j0", f"--cache={store}",
                            f"--firmware-version=9.0.0.{i}", "v3") for i in range(PROCESSES)])
        c.same([one[0] for one in done], [0] * PROCESSES, f"adds at once: {done}")
        listed = p.run("cache", "list", f"--cache={store}")
        for i, (_, out, _) in enumerate(done):
            c.that(out[:12].decode() in listed.text, f"adds at once: the id of add {i} is listed",
                   listed.text)
        c.same(len({line[:12] for line in listed.text.splitlines()}), PROCESSES,
               "adds at once: each once")
        c.same(p.run("cache", "verify", f"--cache={store}").out, b"ok\n", "adds at once: whole")
        c.same(entries(p, f"turn{turn}"), ["s.db"], "adds at once: nothing else is left")


def check_verbs_at_once(c, p):
    """Adds, imports and merges of the same content and of others, all into nothing."""
    p.run("cache", "add", "--baseline", "--cache=from.db", "v1")
    p.run("cache", "export", "--cache=from.db", "--output=from.jsonl")
    for turn in range(4):
        store = f"--cache=mixed{turn}/s.db"
        done = at_once(p, [("cache", "merge", store, "from.db"),
                           ("cache", "import", store, "from.jsonl"),
                           ("cache", "add", "-j0", "--baseline", store, "v1"),
                           ("cache", "add", "-j0", store, "--firmware-version=9.0.0.1", "v3")] * 2)
        c.same([one[0] for one in done], [0] * 8, f"verbs at once: {done}")
        listed = p.run("cache", "list", store).text
        c.same(len({line[:12] for line in listed.splitlines()}), 2, "verbs at once: two records")


def check_nothing_recorded(c, p):
    p.write("empty.jsonl", '{"schema":"imgval-bundle/1"}\n{"end":true,"submissions":0}\n')
    only = p.run("cache", "add", "--cache=empty.db", "v1").text.strip()
    c.status(p.run("cache", "remove", "--cache=empty.db", only), 0, "an empty store is made")
    for name, words in (("import of nothing", ("cache", "import", "empty.jsonl")),
                        ("merge of nothing", ("cache", "merge", "empty.db")),
                        ("refused add", ("cache", "add", "--model=a/b", "v1")),
                        ("merge of a missing store", ("cache", "merge", "missing.db")),
                        ("remove", ("cache", "remove", only))):
        done = p.run(*words, "--cache=none/s.db")
        c.status(done, 0 if name.endswith("nothing") else (1, 2, 4), name)
        c.same(entries(p, "none"), [], f"{name}: makes no store")
    report = p.run("scan", "--cache=none/s.db", "--format=json", "v1")
    c.same(len(report.findings("WSPC006")), 1, "after all these a scan says that there is no store")
    c.same(report.findings("WSPC014"), [], "and never that this is a first baseline")


def limit(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def check_full_disk(c, p):
    """The limit on the size of a file stands for the disk."""
    p.run("cache", "add", "--baseline", "--cache=full/s.db", "v1")
    before = p.run("cache", "export", "--cache=full/s.db").out
    device = ("--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88",
              "--firmware-version=1.2.3.4")
    p.write("list.txt", "".join(f"Contoso.L{i}, 1.0.0.{i}\n" for i in range(3000)))
    p.run("cache", "import", "--cache=large.db", *device, "list.txt")
    for size in (0, 4096, 100_000, 200_000):
        for name, words in (("import", ("cache", "import", *device, "list.txt")),
                            ("merge", ("cache", "merge", "large.db"))):
            done = p.run(*words, "--cache=full/s.db", before=limit(size))
            c.status(done, 4, f"{name} with room for {size}")
            c.that("s.db" in done.text_err, f"{name}: the message names the store", done.text_err)
            c.same(p.run("cache", "export", "--cache=full/s.db").out, before,
                   f"{name} with room for {size}: the store is as it was")
            c.same(p.run("cache", "verify", "--cache=full/s.db").out, b"ok\n", f"{name}: whole")
            c.same(entries(p, "full"), ["s.db"], f"{name}: nothing is left")
            c.status(p.run(*words, "--cache=nowhere/s.db", before=limit(size)), 4,
                     f"{name} into nothing with room for {size}")
            c.same(entries(p, "nowhere"), [], f"{name} into nothing: makes no store")
    done = p.run("cache", "add", "-j0", "--baseline", "--cache=full/s.db", "v3", before=limit(4096))
    c.status(done, 4, "add with room for 4096")
    c.same(p.run("cache", "export", "--cache=full/s.db").out, before, "add: the store is as it was")
    c.status(p.run("cache", "add", "-j0", "--cache=nowhere/s.db", "v1", before=limit(4096)), 4,
             "add into nothing with room for 4096")
    c.same(entries(p, "nowhere"), [], "add into nothing: makes no store")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: first_record.py PROGRAM")
    checks = Checks()
    with Place(sys.argv[1]) as place:
        for check in (check_adds_at_once, check_verbs_at_once, check_nothing_recorded,
                      check_full_disk):
            check(checks, place)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
