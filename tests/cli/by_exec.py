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
        for form in ("json", "jsonl"):
            p.run("scan", "--no-wspc", f"--format={form}", "v4", stdout=p.path / f"saved.{form}")
        p.run("cache", "import", "--cache=saved.db", "v4")
        p.run("cache", "export", "--cache=saved.db", stdout=p.path / "saved.bundle")
        p.write("saved.list", b"Contoso.A.Main, 1.0.0.0\nContoso.B.Main\n")
        names = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88",
                 "--firmware-version=1.0.0.0", "--cache=new.db"]
        for words in (["audit", "--format=json", "saved.json", "saved.jsonl", "saved.bundle"],
                      ["cache", "import", "--cache=new.db", "saved.bundle"],
                      ["cache", "import", *names, "saved.list"]):
            (p.path / "new.db").unlink(missing_ok=True)
            forked = p.run(*words, FAULTY)
            (p.path / "new.db").unlink(missing_ok=True)
            done = p.run(*words, FAULTY, "--readers-by-exec")
            c.that(forked.status in (0, 1), f"{words}: read", forked.text_err)
            c.same((done.status, done.out, done.err), (forked.status, forked.out, forked.err), f"{words}")
        time.sleep(3.2)  # what was written just now is not kept
        cached = ["scan", FAULTY, "--type=partial", "--context-free", "--readers-by-exec", "--facts-cache=fc",
                  "many"]
        c.same(p.run(*cached).out, p.run(*cached).out, "with a facts cache")
        c.that((p.path / "fc").exists(), "the facts that a reader by exec found are kept")
        c.refused(p.run("--reader"), "", "a reader without a charge")
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
