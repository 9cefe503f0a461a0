#!/usr/bin/python3
"""by_exec.py PROGRAM MKFIXTURE: readers that begin by exec, as they do where no process can be forked,
give the bytes of readers that were forked: for several kinds of input, for every number of readers, with
a facts cache, and when one of them dies."""
import pathlib
import subprocess
import sys
import time

from support import Checks, Place

HERE = pathlib.Path(__file__).resolve().parent
FAULTY = "--reader-fault=none:0"  # asks for the program that can be told how readers begin


def inputs(p):
    """What is scanned, with the options that it needs."""
    p.generate("many", "packages=60", "seed=5", "payload=512")
    partial = ["--type=partial", "--context-free"]
    yield [*partial, "many"]
    yield [*partial, "--verify", "many"]
    yield ["v4"]
    yield ["--no-wspc", "--type=image", "violations"]
    subprocess.run([p.builder, "--ffu", "4M", p.path / "phone.ffu"], check=True)
    yield ["--no-wspc", "phone.ffu"]
    subprocess.run([sys.executable, HERE / "../cases/mkzip.py", p.path / "many.zip", p.path / "many"], check=True)
    yield [*partial, "--verify", "many.zip"]
    p.write("archive/phone.ffu", b"\xfd7zXZ\0\0\4")
    yield ["--no-wspc", "archive"]


def main():
    c = Checks()
    with Place(sys.argv[1], sys.argv[2]) as p:
        for words in inputs(p):
            scan = ["scan", FAULTY, "--format=json", *words]
            forked = p.run(*scan, "-j2")
            c.that(len(forked.out) > 200, f"{words}: a report", forked.text_err)
            for jobs in ("-j1", "-j3"):
                done = p.run(*scan, jobs, "--readers-by-exec")
                c.same((done.status, done.out, done.err), (forked.status, forked.out, forked.err),
                       f"{words} {jobs}")
        for fault in ("crash", "exit", "nonsense", "huge", "forge"):
            scan = ["scan", f"--reader-fault={fault}:3", "--format=json", "--type=partial",
                    "--context-free", "-j2", "many"]
            c.same(p.run(*scan, "--readers-by-exec").out, p.run(*scan).out, fault)
        time.sleep(3.2)  # what was written just now is not kept
        cached = ["scan", FAULTY, "--type=partial", "--context-free", "--readers-by-exec", "--facts-cache=fc",
                  "many"]
        c.same(p.run(*cached).out, p.run(*cached).out, "with a facts cache")
        c.that((p.path / "fc").exists(), "the facts that a reader by exec found are kept")
        c.refused(p.run("--reader"), "", "a reader without a charge")
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
