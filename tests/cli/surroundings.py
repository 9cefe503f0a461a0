#!/usr/bin/python3
"""surroundings.py PROGRAM [GROUP...]: the program where the surroundings are poor or crowded.

Many writers on one store, closed descriptors, little memory, few descriptors, no right to write,
no home. It may say clearly that it could not; it may not crash, hang, or lose what was recorded.
"""
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
import time

from support import DEVICE, export, run_groups

WRITERS = 32


def check_writers(c, p):
    """Half of them add trees, half import lists; each tries again when the store is busy."""
    for i in range(WRITERS):
        p.write(f"list{i}.txt", "".join(f"Contoso.P{i}.{k}, 1.0.{i}.{k}\n" for k in range(200)))
    results = [None] * WRITERS
    stop = threading.Event()
    reads = []

    def write(i):
        version = f"--firmware-version=2.0.0.{i}"
        words = (["cache", "add", "--cache=w.db", "-j1", version, "v1"] if i % 2 == 0 else
                 ["cache", "import", "--cache=w.db", version, *DEVICE, f"list{i}.txt"])
        for attempt in range(1, 21):
            done = p.run(*words)
            if done.status != 4:
                break
            time.sleep(0.05 * attempt)
        results[i] = (done, attempt)

    def read():
        while not stop.is_set():
            for words in (["cache", "list"], ["cache", "verify"], ["cache", "export"],
                          ["scan", "--format=json", "v2"]):
                reads.append(p.run(*words, "--cache=w.db"))

    # One record first, so that the readers always have a store.
    c.status(p.run("cache", "add", "--baseline", "--cache=w.db", "v1"), 0, "the first record")
    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(i,)) for i in range(WRITERS)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    ids = set()
    for i, (done, attempts) in enumerate(results):
        c.status(done, 0, f"writer {i} after {attempts} attempts")
        ids.add(done.text.strip())
    c.same(len(ids), WRITERS, "each writer recorded a submission of its own")
    recorded = [json.loads(x) for x in export(p, "w.db").splitlines()[1:-1]]
    c.that(ids <= {r["id"] for r in recorded}, "all that was reported as recorded is recorded")
    c.same(len(recorded), WRITERS + 1, "and nothing else")
    c.same(p.run("cache", "verify", "--cache=w.db").out, b"ok\n", "the store is whole")
    bad = [r for r in reads if r.status not in (0, 4) or (r.status == 4 and r.err == b"")]
    c.that(not bad, f"{len(reads)} readers meanwhile", bad[0].shown + str(bad[0].err) if bad else "")
    busy = [r for r in reads if r.status == 4]
    c.that(all(b"busy" in r.err or b"lock" in r.err or b"WSPC013" in r.out for r in busy),
           "a reader that gave up says that the store is busy", busy[0].err if busy else "")
    c.that(len(busy) * 4 <= len(reads), "most readers get through", f"{len(busy)} of {len(reads)}")
    c.same([x for x in os.listdir(p.path) if x.startswith("w.db")], ["w.db"], "one file is left")


def check_creators(c, p):
    """All of them at once make the store."""
    done = [None] * 16
    def create(i):
        done[i] = p.run("cache", "import", "--cache=deep/new.db", f"--firmware-version=3.0.0.{i}",
                        "-j1", "v1")
    threads = [threading.Thread(target=create, args=(i,)) for i in range(len(done))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in done:
        c.status(one, (0, 4), "one of many that make the store")
        c.that(one.status == 0 or b"busy" in one.err or b"lock" in one.err, "4 only when busy", one.err)
    recorded = {json.loads(x)["id"] for x in export(p, "deep/new.db").splitlines()[1:-1]}
    c.same(recorded, {d.text.strip() for d in done if d.status == 0}, "what was reported is what is there")
    c.same(p.run("cache", "verify", "--cache=deep/new.db").out, b"ok\n", "it is whole")


def check_busy(c, p):
    """A store that stays locked: a clear error after a while, and nothing is lost."""
    p.run("cache", "add", "--baseline", "--cache=l.db", "v1")
    before = export(p, "l.db")
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sqlite3,sys;d=sqlite3.connect(sys.argv[1]);"
         "d.execute('begin exclusive');print('held',flush=True);sys.stdin.read()",
         str(p.path / "l.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    done = {}
    def attempt(name, *words):
        started = time.monotonic()
        done[name] = (p.run(*words, "--cache=l.db", timeout=120), time.monotonic() - started)
    threads = [threading.Thread(target=attempt, args=(words[0] if len(words) == 1 else words[1], *words))
               for words in (["cache", "add", "v2"], ["cache", "list"], ["cache", "import", "v3"],
                             ["scan", "s", "v2"])]
    threads[3] = threading.Thread(target=attempt, args=("scan", "scan", "--format=json", "v2"))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holder.stdin.close()
    holder.wait()
    for name, (one, seconds) in done.items():
        c.status(one, 4, f"{name} with a locked store")
        c.that(seconds < 60, f"{name} gives up after a while", seconds)
        if name != "scan":
            c.that(b"busy" in one.err or b"lock" in one.err, f"{name} says that it is locked", one.err)
    scan = done["scan"][0]
    c.that(scan.out != b"" and scan.findings("WSPC013") != [], "a scan still prints what it can judge",
           scan.err)
    c.same(export(p, "l.db"), before, "nothing was recorded")
    c.status(p.run("cache", "add", "--cache=l.db", "v2"), 0, "a retry helps")


def check_descriptors(c, p):
    scan = ["scan", "--no-wspc", "v1"]
    wanted = p.run(*scan).out
    for mask in range(8):
        script = '"$@"' + "".join(f" {x}" for bit, x in ((1, "<&-"), (2, ">&-"), (4, "2>&-")) if mask & bit)
        done = p.shell(script, *scan)
        c.status(done, 4 if mask & 2 else 0, f"descriptors {script[4:]}")
        if not mask & 2:
            c.same(done.out, wanted, f"the same output {script[4:]}")
        name = f"c{mask}.db"
        done = p.shell(script, "cache", "add", f"--cache={name}", "--baseline", "v1")
        c.that(done.status in (0, 4), f"cache add {script[4:]}", (done.status, done.err))
        c.same(p.run("cache", "verify", f"--cache={name}").out, b"ok\n",
               f"no message in the store {script[4:]}")
        done = p.shell(script, "scan", f"--report=json:r{mask}.json", "violations")
        report = (p.path / f"r{mask}.json").read_bytes()
        c.same(json.loads(report)["verdict"], "fail", f"no message in the report {script[4:]}")
    many = "".join(f" {fd}</dev/null" for fd in range(3, 10))
    c.status(p.shell(f'exec {many}; exec "$@"', *scan), 0, "inherited descriptors")


def limited(limit, value):
    return lambda: resource.setrlimit(limit, (value, value))


def check_limits(c, p):
    shutil.copytree(p.path / "v1", p.path / "fw")
    normal = p.run("scan", "--no-wspc", "fw")
    sanitized = "asan" in subprocess.run(["ldd", p.program], capture_output=True, text=True,
                                         check=False).stdout or b"__asan_init" in open(p.program, "rb").read()
    if sanitized:
        c.skip("RLIMIT_AS", "built with sanitizers")
    else:
        for megabytes in (16, 24, 32, 48, 64, 96, 128, 256):
            for words in (["scan", "--no-wspc", "fw"], ["scan", "--no-wspc", "-j0", "fw"],
                          ["cache", "import", f"--cache=m{megabytes}.db", "fw"], ["inspect", "fw"]):
                done = p.run(*words, before=limited(resource.RLIMIT_AS, megabytes << 20))
                # 127: the loader has no room for the libraries; the program never ran
                if done.status == 127 and b"loading shared libraries" in done.err:
                    c.that(megabytes < 64, f"{megabytes} MB are enough to start")
                    continue
                what = f"{megabytes} MB: {' '.join(words)}"
                c.that(done.status in (0, 3, 4), what, (done.status, done.err[-300:]))
                c.that(done.status != 4 or done.err.startswith(b"imgval:"), f"{what}: it says why",
                       done.err[-300:])
                if done.status == 0 and words[0] == "scan":
                    c.same(done.out, normal.out, f"{what}: a pass is the normal result")
    for count in (3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64):
        for words in (["scan", "--no-wspc", "fw"], ["scan", "--no-wspc", "-j8", "fw"],
                      ["scan", "--no-wspc", "-j0", "fw"],
                      ["cache", "import", f"--cache=f{count}.db", "fw"]):
            done = p.run(*words, before=limited(resource.RLIMIT_NOFILE, count), timeout=60)
            what = f"{count} descriptors: {' '.join(words)}"
            if done.status == 127 and b"shared libraries" in done.err:
                continue
            # A tree that could not be read has no metadata either, which may fail the image rules.
            starved = done.status == 1 and "Too many open files" in " ".join(done.text.split())
            c.that(done.status in (0, 3, 4) or starved, what, (done.status, done.err[-300:]))
            c.that(done.status != 4 or done.err.startswith(b"imgval:"), f"{what}: it says why", done.err)
            if words[0] == "scan":
                c.that(done.status != 0 or done.out == normal.out, f"{what}: a pass is the normal result")
            if words == ["scan", "--no-wspc", "fw"] and count >= 16:
                c.status(done, 0, f"{count} descriptors are enough by default")
    for size in (0, 1000, 5000, 20000):
        done = p.run("cache", "import", f"--cache=z{size}.db", "fw",
                     before=limited(resource.RLIMIT_FSIZE, size))
        c.that(done.status in (0, 4), f"files of at most {size} bytes", (done.status, done.err))
        if done.status == 4:
            c.that(not (p.path / f"z{size}.db").exists(), "no half store is left")
        done = p.run("scan", "--no-wspc", f"--report=json:z{size}.json", "fw",
                     before=limited(resource.RLIMIT_FSIZE, size))
        c.that(done.status in (0, 4), f"a report of at most {size} bytes", (done.status, done.err))
        c.same(done.status == 0, (p.path / f"z{size}.json").exists(), "a report is whole or not there")
    for seconds in (1,):
        done = p.run("scan", "--no-wspc", "fw", before=limited(resource.RLIMIT_CPU, seconds))
        c.status(done, 0, "a second of processor time is plenty")
    if os.getuid() != 0: # no limit for root
        done = p.run("scan", "--no-wspc", "fw", before=limited(resource.RLIMIT_NPROC, 0))
        c.that(done.status in (0, 3, 4), "no further process", (done.status, done.err))


def as_nobody():
    """Rights do not bind root, so the program runs as somebody else then."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def check_rights(c, p):
    first = p.run("cache", "add", "--baseline", "--cache=box/s.db", "v1").text.split()[-1]
    box, store = p.path / "box", p.path / "box/s.db"
    before = store.read_bytes()
    program = p.path / "imgval-copy"
    shutil.copy(p.program, program)
    os.chmod(program, 0o755)
    for folder, folders, files in os.walk(p.path):
        os.chmod(folder, 0o755)
        for name in files:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                os.chmod(path, os.stat(path).st_mode | 0o444)
    original, p.program = p.program, str(program)
    try:
        for what, file_mode, folder_mode in (("file", 0o444, 0o777), ("folder", 0o666, 0o555),
                                             ("file and folder", 0o444, 0o555)):
            os.chmod(store, file_mode)
            os.chmod(box, folder_mode)
            done = p.run("scan", "--cache=box/s.db", "--format=json", "v2", before=as_nobody)
            c.status(done, 0, f"scan with a read-only {what}")
            for verb in ("list", "export", "verify"):
                c.status(p.run("cache", verb, "--cache=box/s.db", before=as_nobody), 0,
                         f"{verb} with a read-only {what}")
            for words in (["add", "v2"], ["import", "v2"], ["remove", first]):
                done = p.run("cache", words[0], "--cache=box/s.db", *words[1:], before=as_nobody)
                c.status(done, 4, f"{words[0]} with a read-only {what}")
                c.that(b"s.db" in done.err and done.out == b"", f"{words[0]} names the store", done.err)
            c.same(store.read_bytes(), before, f"nothing changed in a read-only {what}")
            c.same(os.listdir(box), ["s.db"], f"nothing was left in a read-only {what}")
        os.chmod(box, 0o755)
        os.chmod(store, 0o000)
        done = p.run("scan", "--cache=box/s.db", "--format=json", "v2", before=as_nobody)
        c.status(done, 4, "a store without the right to read")
        c.that(done.out and done.findings("WSPC013") != [], "WSPC013", done.err)
        os.chmod(box, 0o000)
        done = p.run("scan", "--cache=box/s.db", "--format=json", "v2", before=as_nobody)
        c.status(done, 4, "a store in a closed folder")
        c.that(done.out and done.findings("WSPC006") + done.findings("WSPC014") == [],
               "a store that cannot be seen is not a missing one", done.err)
        os.chmod(box, 0o755)
        for name in ("fw", "closed"):
            shutil.copytree(p.path / "v1", p.path / name)
            os.chmod(p.path / name, 0o755)
        os.chmod(p.path / "fw", 0o555)
        os.chmod(p.path / "closed/Contoso.Camera.Phone.MainOS/man.dsm.xml", 0o000)
        done = p.run("scan", "--no-wspc", "--format=json", "closed", before=as_nobody)
        c.that(done.status in (1, 3), "a manifest without the right to read is no pass", done.status)
        c.that(done.findings("IMG004") != [], "IMG004", [f["id"] for f in done.findings()])
        os.chmod(p.path / "closed", 0o000)
        done = p.run("scan", "--no-wspc", "closed", before=as_nobody)
        c.status(done, 3, "a tree without the right to read")
        c.that("IMG004" in done.text, "it says that the tree was not read", done.text)
        done = p.run("scan", "--no-wspc", "--report=json:fw/r.json", "v1", before=as_nobody)
        c.status(done, 4, "a report where nothing may be written")
        c.that(b"fw/r.json" in done.err, "it is named", done.err)
    finally:
        p.program = original


def check_home(c, p):
    none = {"HOME": None, "XDG_DATA_HOME": None, "IMGVAL_CACHE": None}
    c.status(p.run("scan", "--no-wspc", "v1", env=none), 0, "no HOME, no comparison")
    done = p.run("scan", "--format=json", "v1", env=none)
    c.status(done, 3, "no HOME: no store")
    c.that(done.findings("WSPC006") != [], "WSPC006")
    for words in (["cache", "list"], ["cache", "add", "v1"], ["cache", "import", "v1"], ["cache", "path"]):
        done = p.run(*words, env=none)
        c.that(done.status in (2, 4) and b"--cache" in done.err, f"{' '.join(words)} without HOME",
               (done.status, done.err))
    c.status(p.run("cache", "add", "--cache=n.db", "v1", env=none), 0, "no HOME is needed with --cache")
    for home in ("/dev/null", "/proc/nowhere", "/nonexistent"):
        done = p.run("cache", "add", "v1", env={"HOME": home})
        if os.getuid() != 0 or home != "/nonexistent":
            c.status(done, 4, f"HOME={home}")
        c.that(p.run("scan", "v1", env={"HOME": home}).status in (0, 3, 4), f"scan with HOME={home}")
        shutil.rmtree("/nonexistent/.local", ignore_errors=True)
    done = subprocess.run([p.program, "scan", "--no-wspc", "v1"], env={}, cwd=p.path, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL)
    c.same(done.returncode, 0, "an empty environment")
    gone = p.path / "gone"
    gone.mkdir()
    done = p.shell('cd gone && rmdir ../gone && exec "$@"', "scan", "--no-wspc", str(p.path / "v1"))
    c.status(done, 0, "a working directory that is gone")
    done = subprocess.run(["sh", "-c", 'ulimit -c 0; exec "$@" </dev/null', "sh", p.program],
                          env=p.env, capture_output=True, check=False)
    c.same(done.returncode, 2, "no arguments")


def check_signals(c, p):
    """Interrupted: no reader lives on, no store is half written."""
    import signal
    p.write("slow/Contoso.A.spkg", b"MSCF")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        process = subprocess.Popen([p.program_for(["--reader-fault"]), "scan", "--no-wspc", "-j4",
                                    "--reader-fault=hang:0", "v1"],
                                   env=p.env, cwd=p.path, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        time.sleep(0.2)
        process.send_signal(number)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            c.that(False, f"{number.name} ends a scan, and its readers")
            continue
        c.same(process.returncode, -number, f"{number.name} ends a scan")
        time.sleep(0.3)
        left = subprocess.run(["ps", "-o", "stat=,pid=,args=", "--sid", str(process.pid)],
                              capture_output=True, text=True, check=False).stdout
        alive = [x for x in left.splitlines() if not x.startswith("Z")] # nobody may reap in a container
        c.same(alive, [], f"{number.name}: no reader lives on")


GROUPS = (check_writers, check_creators, check_busy, check_descriptors, check_limits, check_rights,
          check_home, check_signals)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: surroundings.py PROGRAM [GROUP...]")
    return run_groups(GROUPS, sys.argv[2:], sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
