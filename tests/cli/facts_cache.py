#!/usr/bin/python3
"""facts_cache.py PROGRAM MKFIXTURE: a scan with --facts-cache reads only what changed, never judges by
what was, and says byte for byte what a scan without it says."""
import concurrent.futures
import importlib.util
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from support import TOP, Checks, Place

SETTLED = 3.2  # seconds after which a file that was written counts as unchanged


def settle():
    time.sleep(SETTLED)


def counts(done):
    found = re.search(r"facts cache: (\d+) files recalled, (\d+) taken in", done.text_err)
    return (int(found[1]), int(found[2])) if found else None


def check_hits(c, p):
    scan = ["scan", "--type=partial", "--context-free", "--format=json", "t"]
    cached = [*scan, "-v", "--facts-cache=fc"]
    p.generate("t", "packages=60", "seed=5", "payload=512")
    fresh = p.run(*cached)
    c.same(counts(fresh), (0, 0), "what was written just now is not taken in")
    c.that(not (p.path / "fc").exists(), "then there is no file")
    settle()
    plain = p.run(*scan)
    for wanted in ((0, 60), (60, 0), (60, 0)):
        done = p.run(*cached)
        c.same((done.status, done.out == plain.out, counts(done)), (plain.status, True, wanted),
               "first and later scans")
    c.same(counts(p.run(*cached, "-j0")), (60, 0), "without reader processes")
    trace = p.path / "trace"
    if shutil.which("strace"):
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=open,openat,openat2,fork,clone,clone3",
                        "-o", trace, p.program, *cached], cwd=p.path, check=False,
                       # the search for leaks has a process of its own
                       env={**p.env, "ASAN_OPTIONS": "detect_leaks=0"},
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        text = trace.read_text()
        c.that("fc" in text and not re.search(r"\.(spkg|cab)", text) and "clone" not in text,
               "an unchanged package is not opened, and no reader started", text[-300:])
    else:
        c.skip("no package is opened", "no strace")
    return scan, cached


def check_changes(c, p, scan, cached):
    """Every way to change a file that leaves something of its identity as it was."""
    names = sorted(os.listdir(p.path / "t"))
    other = (p.path / "t" / names[7]).read_bytes()
    one = p.path / "t" / names[0]
    before = one.stat()

    def differs(what, hits):
        plain, done = p.run(*scan), p.run(*cached)
        c.same((done.out == plain.out, counts(done)[0]), (True, hits), what)
        return done

    old = p.run(*scan).out
    one.write_bytes(other)
    os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))
    c.that(differs("another content with the old mtime", 59).out != old, "it is judged anew")
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 1
    one.write_bytes(data)
    os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))
    differs("a byte changed, size and mtime did not", 59)
    one.unlink()
    differs("a file that is gone", 59)
    shutil.copy2(p.path / "t" / names[7], one)
    differs("another file in its place", 59)
    os.symlink(names[7], p.path / "t/Contoso.Link.spkg")
    differs("a link to a file that is known", 59)
    (p.path / "t/Contoso.Link.spkg").unlink()
    os.rename(p.path / "t" / names[1], p.path / "t" / ("Contoso.New." + names[1]))
    differs("another name", 58)
    os.rename(p.path / "t", p.path / "u")
    os.mkdir(p.path / "t")
    for name in os.listdir(p.path / "u"):
        shutil.copy2(p.path / "u" / name, p.path / "t" / name)
    differs("other files with the same times", 0)
    shutil.rmtree(p.path / "t")
    os.rename(p.path / "u", p.path / "t")
    settle()
    done = differs("all of it later", 58)
    c.same(counts(done)[1], 2, "what changed is taken in later")
    differs("and recalled", 60)


def check_files(c, p, scan, cached):
    """Files that are no facts cache, or no whole one."""
    plain = p.run(*scan)
    path = p.path / "fc"
    good = path.read_bytes()

    def with_content(content, what, note, recalled=0, kept=False):
        path.write_bytes(content)
        done = p.run(*cached)
        c.same((done.status, done.out == plain.out, counts(done)[0]),
               (plain.status, True, recalled), what)
        c.that(note in done.text_err if note else "facts cache: fc" not in done.text_err,
               f"{what}: the note", done.text_err)
        c.same((path.read_bytes() == content, counts(p.run(*cached))[0]),
               (True, recalled) if kept else (False, 60), f"{what}: the file afterwards")

    with_content(b"", "an empty file", None)
    with_content(b"important notes\n" * 50, "a file of somebody", "left alone", kept=True)
    with_content(good[:16], "a head", "damaged")
    with_content(good[:-1], "a part", "damaged")
    with_content(good + b"x", "more than all", "damaged")
    for at in (20, 60, 90, len(good) // 2, len(good) - 1):
        changed = bytearray(good)
        changed[at] ^= 0x20
        with_content(bytes(changed), f"byte {at} changed", "damaged")
    path.write_bytes(good)
    policy = p.write("policy.xml", '<imgval-policy version="1"><limit name="XML depth" value="60"/>'
                                   "</imgval-policy>")
    done = p.run(*cached, f"--policy={policy}")
    c.that("under other limits" in done.text_err and counts(done) == (0, 60),
           "other limits read anew", done.text_err)
    path.write_bytes(good)
    os.chmod(path, 0o666)
    done = p.run(*cached)
    c.that("not trusted" in done.text_err and counts(done) == (0, 0), "others may write to it",
           done.text_err)
    os.chmod(path, 0o600)
    c.same(counts(p.run(*cached)), (60, 0), "it may be trusted again")
    for where, what in (("t", "a directory"), ("/dev/null", "a device"),
                        ("no/such/place", "no place for it")):
        done = p.run(*scan, f"--facts-cache={where}")
        c.same((done.status, done.out == plain.out), (plain.status, True), what)
        c.that("imgval: facts cache: " in done.text_err, f"{what}: the note", done.text_err)
    c.status(p.run("diff", "--facts-cache=fc", "t", "t"), 2, "other commands have no such option")


def check_trouble(c, p, scan, cached):
    """What a reader says in a scan in which one died is not kept; faults are looked at anew."""
    path = p.path / "fc"
    path.unlink()
    for kind in ("crash", "nonsense", "exit"):
        done = p.run(*cached, f"--reader-fault={kind}:30", "-j2")
        c.same((counts(done), path.exists()), ((0, 0), False), f"{kind}: nothing is kept")
    p.run(*cached)
    names = sorted(os.listdir(p.path / "t"))
    bad = p.path / "t" / names[3]
    whole = bad.read_bytes()
    bad.write_bytes(whole[:100])
    settle()
    for _ in range(2):
        done = p.run(*cached)
        c.same((counts(done), done.out == p.run(*scan).out), ((59, 0), True),
               "a package that cannot be read is read again")
    bad.write_bytes(whole)
    # A crash at a file that is not read does not happen.
    done = p.run(*cached, "--reader-fault=crash:0")
    c.same(done.out, p.run(*scan).out, "a file that is recalled has no reader")


def check_together(c, p, scan):
    """Scans at the same time, with one cache, of trees that change."""
    for name in ("a", "b", "d"):
        p.generate(name, "packages=40", f"seed={len(name) + ord(name[0])}", "payload=256")
    settle()
    plain = {name: p.run(*scan[:-1], name).out for name in ("a", "b", "d")}
    with concurrent.futures.ThreadPoolExecutor(max_workers=6) as pool:
        jobs = [(name, pool.submit(p.run, *scan[:-1], name, "-v", "--facts-cache=together"))
                for name in ("a", "b", "d") * 8]
        for name, job in jobs:
            done = job.result()
            c.that(done.out == plain[name] and "damaged" not in done.text_err,
                   "scans at the same time", done.text_err)
    left = [n for n in os.listdir(p.path) if "together" in n and n != "together"]
    c.same(left, [], "nothing is left beside the file")
    p.run(*scan[:-1], "a", "b", "d", "--facts-cache=together")
    for name in ("a", "b", "d"):
        c.same(counts(p.run(*scan[:-1], name, "-v", "--facts-cache=together")), (40, 0),
               "one cache serves several trees")


def load_cases():
    spec = importlib.util.spec_from_file_location("run_cases", TOP / "tests/cases/run_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_cases(c, p):
    """Every case without a cache, with an empty one and with a full one: the same bytes."""
    cases = load_cases()
    volume = os.path.join(os.path.dirname(p.builder), "mkvolume")
    top = pathlib.Path(tempfile.mkdtemp(prefix="imgval-facts-"))
    ready = []

    def prepare(path):
        case = cases.parse(path)
        place = top / f"{path.parent.name}-{path.stem}"
        place.mkdir()
        if case["needs"] == "user" and os.geteuid() == 0:
            return None
        try:
            cases.build(case["recipe"], p.builder, volume, place)
        except cases.Skip:
            return None
        env = {**p.env, "HOME": str(place), "XDG_DATA_HOME": str(place / "data"), **case["env"]}
        for _, words in case["setup"]:
            cases.run(p.program, words, place / "tree", env)
        return path, place, shlex.split(case["scan"]), env

    def scan(job):
        path, place, words, env = job
        seen = []
        for extra in ([], ["-v", "--facts-cache=../fc"], ["-v", "--facts-cache=../fc"]):
            done = cases.run(p.program, ["scan", "--format=json", *extra, *words], place / "tree", env)
            err = re.sub(rb"imgval: (readers|facts cache): .*\n", b"", done.stderr)
            seen.append((done.returncode, done.stdout, err))
        found = re.search(rb"cache: (\d+) files recalled", done.stderr)
        return path, seen, int(found[1]) if found else 0

    try:
        paths = sorted((TOP / "testdata/cases").glob("*/*.case"))
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            ready = [job for job in pool.map(prepare, paths) if job is not None]
            settle()
            recalled = 0
            for path, seen, hits in pool.map(scan, ready):
                recalled += hits
                c.that(seen[0] == seen[1] == seen[2], f"{path.parent.name}/{path.name}", seen)
        c.that(len(ready) > 100 and recalled > 100, "cases that recall",
               f"{len(ready)} cases, {recalled} files")
    finally:
        for folder, _, _ in os.walk(top):
            os.chmod(folder, 0o700)
        shutil.rmtree(top, ignore_errors=True)


def main():
    c = Checks()
    with Place(sys.argv[1], sys.argv[2], story=False) as p:
        scan, cached = check_hits(c, p)
        check_changes(c, p, scan, cached)
        check_files(c, p, scan, cached)
        check_trouble(c, p, scan, cached)
        check_together(c, p, scan)
        check_cases(c, p)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
