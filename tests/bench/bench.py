#!/usr/bin/env python3
"""Benchmarks of imgval against named peers on the same tree in the same run.

    bench.py BUILD [NAME...]        NAME: scan registry work payload memory facts cold store start
                                    reports verify ffu audit archive

Times are medians of interleaved runs; only the ratios carry over to other machines. CPU is user plus
system time of all processes; RSS is the sum over the parent and its readers, sampled, so that pages
shared between them count once for each. Sampling takes processor time of its own: where milliseconds
count, the peak is that of a run before those that are timed.

$IMGVAL_BEFORE may name another build of imgval, say of release 0.1.0, as one more peer of audit and
reports."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile


def family(pid):
    """The process and its children."""
    pids = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            pids += [int(p) for p in children.read().split()]
    except OSError:
        pass
    return pids


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * 4096
    except (OSError, IndexError):
        return 0


def tool(build, name):
    """A program of the tests."""
    return next(p for p in (build / name, build / "tests" / name) if p.exists())


def measure(words, env=None, shell=False, peak=0):
    """Wall seconds, CPU seconds, peak bytes of one command; its output is thrown away. With a `peak`
    (of a run before) nothing is sampled."""
    is_watched = peak == 0
    before = os.times()
    start = time.monotonic()
    process = subprocess.Popen(words, shell=shell, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = threading.Event()

    def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, sum(resident(p) for p in family(process.pid)))
            time.sleep(0.004)

    watcher = threading.Thread(target=watch)
    if is_watched:
        watcher.start()
    process.wait()
    wall = time.monotonic() - start
    done.set()
    if is_watched:
        watcher.join()
    after = os.times()
    cpu = (after.children_user - before.children_user) + \
          (after.children_system - before.children_system)
    return wall, cpu, peak, process.returncode


def row(name, runs, count=None):
    wall, cpu, peak = (statistics.median(r[i] for r in runs) for i in range(3))
    rate = f"{count / wall:10.0f}/s" if count else " " * 12
    print(f"  {name:<44} {wall:8.3f} s wall {cpu:8.3f} s CPU {peak / 2**20:7.1f} MiB {rate}")
    return wall, cpu, peak


def goal(what, value, limit, unit=""):
    """A figure beside what it is to be at most."""
    print(f"  {what}: {value:.3f}{unit} (goal at most {limit}{unit}: "
          f"{'met' if value <= limit else 'MISSED'})")


def before():
    """The other build of imgval, or None."""
    return os.environ.get("IMGVAL_BEFORE")


def interleaved(commands, times=3):
    """Runs of several commands by name, in turns, as a machine has better and worse times."""
    runs = {name: [] for name in commands}
    for _ in range(times):
        for name, words in commands.items():
            runs[name].append(measure(words))
            if runs[name][-1][3] != 0:
                sys.exit(f"bench: {name} exits with {runs[name][-1][3]}")
    return runs


def generate(build, tree, **options):
    words = [f"{name}={value}" for name, value in options.items()]
    subprocess.run([build / "tests/mkfixture", "--generate", *words, tree], check=True)


def instructions(words, work):
    """Instructions of a command and its children, by callgrind; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    out = work / "callgrind"
    out.mkdir(exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    subprocess.run(["valgrind", "--tool=callgrind", "--trace-children=yes", "--dump-line=no",
                    f"--callgrind-out-file={out}/%p", *words], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    total = 0
    for one in out.iterdir():
        found = re.search(r"^(?:totals|summary): (\d+)", one.read_text(errors="replace"), re.M)
        total += int(found.group(1)) if found else 0
    return total


PEER = r'''
for f in "$0"/*; do
    case $f in
    *.spkg) cabextract -q -p -F man.dsm.xml "$f" | xmllint --noout - ;;
    *.cab) cabextract -q -p -F update.mum "$f" | xmllint --noout - ;;
    esac
done
'''


def bench_scan(build, work):
    """3,000 mixed packages against cabextract | xmllint, a process pair a file."""
    tree = work / "tree"
    count = 3000
    subprocess.run([build / "tests/mkfixture", "--generate", f"packages={count}", "seed=1", tree],
                   check=True)
    os.sync()
    print(f"scan of {count} packages (stored, MSZIP, LZX; manifest mostly at the head), page cache "
          f"warm")
    scan = [build / "imgval", "scan", "--no-wspc", "--format=json"]
    ours, two, peer = [], [], []
    peak1, peak2 = (measure([*scan, jobs, tree])[2] for jobs in ("-j1", "-j2"))
    for _ in range(15):
        ours.append(measure([*scan, "-j1", tree], peak=peak1))
        two.append(measure([*scan, "-j2", tree], peak=peak2))
    for _ in range(2):
        peer.append(measure(["sh", "-c", PEER, str(tree)]))
    wall1, *_ = row("imgval scan -j1", ours, count)
    wall2, *_ = row("imgval scan -j2", two, count)
    wallp, *_ = row("cabextract -p -F | xmllint, each file", peer, count)
    goal("ratio -j1 to the peer", wall1 / wallp, 0.07)
    goal("ratio -j2 to -j1", wall2 / wall1, 0.55)


def bench_registry(build, work):
    """What it costs to look for device values in the registry files of 300 packages, which stand after
    64 KB of payload, beside 700 packages of Microsoft's that are not looked into."""
    trees = {}
    for name, files in (("without", 0), ("with", 2)):
        tree = trees[name] = work / name
        tree.mkdir()
        generate(build, tree / "oem", packages=300, seed=1, registry=files, binary=0)
        generate(build, tree / "microsoft", packages=700, first=300, seed=2, registry=2, binary=0, owner="Microsoft",
                 owner_type="Microsoft")
    os.sync()
    print("scan of 300 OEM packages with two registry files each beside 700 of Microsoft's, page cache "
          "warm")
    scan = [build / "imgval", "scan", "--no-wspc", "--format=json", "-j1"]
    runs = {name: [] for name in trees}
    peaks = {name: measure([*scan, tree])[2] for name, tree in trees.items()}
    for _ in range(9):
        for name, tree in trees.items():
            runs[name].append(measure([*scan, tree], peak=peaks[name]))
    _, base, _ = row("no registry files in the 300", runs["without"], 1000)
    _, cpu, _ = row("two registry files in each of the 300", runs["with"], 1000)
    goal("CPU time for each package that is looked into", (cpu - base) / 300 * 1000, 1, " ms")


def bench_work(build, work):
    """CPU and instructions of a scan against taking the manifests out and parsing them, nothing
    else: one process with libarchive and libxml2."""
    tree = work / "tree"
    generate(build, tree, packages=3000, seed=1)
    scan = [build / "imgval", "scan", "--no-wspc", "--format=json", "-j1", tree]
    floor = [build / "tests/floor", tree]
    print("work of scanning 3,000 packages, against extracting and parsing alone")
    peak, peak_floor = (measure(words)[2] for words in (scan, floor))
    ours, peer = [], []
    for _ in range(5):
        ours.append(measure(scan, peak=peak))
        peer.append(measure(floor, peak=peak_floor))
    _, cpu, _ = row("imgval scan -j1", ours, 3000)
    _, cpup, _ = row("floor: libarchive and SAX, one process", peer, 3000)
    goal("CPU ratio", cpu / cpup, 1.15)
    small = work / "small"
    generate(build, small, packages=300, seed=1)
    mine = instructions([*scan[:-1], "-j0", small], work)
    if mine is None:
        print("  no valgrind: instructions are not counted")
        return
    theirs = instructions([build / "tests/floor", small], work)
    goal("instruction ratio (300 packages, -j0)", mine / theirs, 1.15)


def bytes_read(words, work):
    """Bytes that a command and its children read from files, by strace."""
    trace = work / "trace"
    subprocess.run(["strace", "-f", "-qq", "-y", "-e", "trace=read,pread64", "-o", trace, *words],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    total = 0
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = re.search(r"(?:read|pread64)\(\d+<([^>]*)>.* = (\d+)$", line)
            if found and re.search(r"\.(spkg|cab)$", found.group(1)):
                total += int(found.group(2))
    return total


def bench_payload(build, work):
    """What a large payload costs when the manifest stands at the head."""
    print("a payload of 64 MB against one of 64 KB, manifest at the head")
    words = [build / "imgval", "scan", "--no-wspc", "--format=json"]
    counts = {}
    for name, size in (("64K", 65536), ("64M", 67108864)):
        tree = work / name
        generate(build, tree, packages=6, seed=3, payload=size, manifest="head")
        read = bytes_read([*words, "-j1", tree], work) / 6
        goal(f"{name}: bytes read a package", read / 1024, 128, " KiB")
        counts[name] = instructions([*words, "-j0", tree], work)
    if counts["64K"] is None:
        print("  no valgrind: instructions are not counted")
    else:
        goal("instruction ratio", counts["64M"] / counts["64K"], 1.05)


def bench_memory(build, work):
    """Peak RSS of parent and readers."""
    print("peak RSS of all processes, default jobs")
    for count, limit in ((3000, 32), (50000, 96)):
        tree = work / f"t{count}"
        generate(build, tree, packages=count, seed=1, payload=2048, subdirs=50)
        runs = [measure([build / "imgval", "scan", "--no-wspc", "--format=json", tree])
                for _ in range(3)]
        row(f"imgval scan of {count:,} packages", runs, count)
        goal("peak RSS", statistics.median(r[2] for r in runs) / 2**20, limit, " MiB")
        shutil.rmtree(tree)


def bench_facts(build, work):
    """A rescan of a tree that has not changed, with a facts cache."""
    count = 50000
    tree = work / "tree"
    generate(build, tree, packages=count, seed=1, payload=2048, subdirs=50)
    time.sleep(4)  # what was written just now is not taken in
    cache = work / "facts"
    scan = [build / "imgval", "scan", "--no-wspc", "--format=json", tree]
    cached = [*scan[:-1], f"--facts-cache={cache}", tree]
    print(f"rescan of {count:,} packages that have not changed")
    plain, first, again = [], [], []
    # The first ones bring the files into the page cache, and tell the peaks.
    peaks = [measure(words)[2] for words in (scan, cached, cached)]
    for _ in range(3):
        plain.append(measure(scan, peak=peaks[0]))
        cache.unlink(missing_ok=True)
        first.append(measure(cached, peak=peaks[1]))
        again += [measure(cached, peak=peaks[2]) for _ in range(3)]  # short ones, so more of them
    row("imgval scan", plain, count)
    wall1, *_ = row("imgval scan --facts-cache, the first", first, count)
    wall, cpu, _ = row("imgval scan --facts-cache, again", again, count)
    goal("ratio to the first scan", wall / wall1, 0.05)
    goal("wall of the rescan", wall, 0.5, " s")
    goal("peak RSS of the rescan", statistics.median(r[2] for r in again) / 2**20, 96, " MiB")
    print(f"  (CPU of the rescan {cpu:.3f} s; the cache has {cache.stat().st_size / 2**20:.1f} MiB)")


def drop(tree):
    """Takes the files out of the page cache."""
    os.sync()
    for folder, _, names in os.walk(tree):
        for name in names:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def bench_cold(build, work):
    """The files are not in the page cache: then time is queue depth."""
    tree = work / "tree"
    generate(build, tree, packages=3000, seed=1)
    scan = [build / "imgval", "scan", "--no-wspc", "--format=json"]
    print("scan of 3,000 packages that are not in the page cache (of this machine; its disk may "
          "have a cache of its own)")
    one, many = [], []
    peak1, peak = (measure([*scan, *jobs, tree])[2] for jobs in (["-j1"], []))
    for _ in range(9):
        drop(tree)
        one.append(measure([*scan, "-j1", tree], peak=peak1))
        drop(tree)
        many.append(measure([*scan, tree], peak=peak))
    wall1, *_ = row("imgval scan -j1", one, 3000)
    wall, *_ = row("imgval scan, default jobs", many, 3000)
    goal("ratio", wall / wall1, 0.45)


def bench_store(build, work):
    """A store with many baselines: one scan against it, beside a scan without comparison. Each
    baseline changes the version of one package in twenty."""
    env = dict(os.environ, IMGVAL_CACHE=str(work / "store.db"), SOURCE_DATE_EPOCH="1480000000")
    tree = work / "one"
    subprocess.run([tool(build, "mkfixture"), "--generate", "packages=20", "seed=2", "payload=4096",
                    tree], check=True)
    device = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88"]
    baselines, packages = 2000, 1000
    numbers = [0] * packages
    names = work / "list.txt"
    for version in range(baselines):
        for i in range(version % 20, packages, 20):
            numbers[i] = version
        names.write_text("".join(f"Contoso.Part{i}.MainOS.spkg,1.0.0.{numbers[i]}\n"
                                 for i in range(packages)), encoding="ascii")
        subprocess.run([build / "imgval", "cache", "import", "--baseline", *device,
                        f"--firmware-version=1.0.{version // 1000}.{version % 1000}", names],
                       env=env, check=True, stdout=subprocess.DEVNULL)
    print(f"one submission against {baselines:,} baselines of {packages:,} packages")
    scan = [build / "imgval", "scan", "--format=json", "-j1", *device,
            "--firmware-version=2.0.0.0"]
    plain, compared = [], []
    for _ in range(15):
        plain.append(measure([*scan, "--no-wspc", tree], env))
        compared.append(measure([*scan, tree], env))
    wall0, *_ = row("scan --no-wspc of 20 packages", plain)
    wall1, *_ = row("the same, compared", compared)
    goal("the comparison", (wall1 - wall0) * 1000, 5, " ms")
    size = (work / "store.db").stat().st_size / 2**20
    print(f"  the store has {size:.2f} MiB")
    goal("10,000 such sets, at that rate", size * 10000 / baselines, 64, " MiB")


def bench_ffu(build, work):
    """An FFU of 2 GiB, every chunk hashed, against a plain SHA-256 of the same file."""
    image = work / "phone.ffu"
    subprocess.run([tool(build, "mkfixture"), "--ffu", "2G:1", image], check=True)
    size = image.stat().st_size
    print(f"an FFU of {size / 2**30:.2f} GiB, page cache warm")
    ours, peer = [], []
    measure(["openssl", "dgst", "-sha256", image])
    for _ in range(7):
        ours.append(measure([build / "imgval", "scan", "--no-wspc", "--format=json", image]))
        peer.append(measure(["openssl", "dgst", "-sha256", image]))
    wall, *_ = row("imgval scan: hashes, tables, volumes", ours)
    wallp, *_ = row("openssl dgst -sha256", peer)
    rss = max(r[2] for r in ours)
    goal("ratio to the peer, on two processors", wall / wallp, 0.60)
    goal("peak RSS of all processes", rss / 2**20, 96, " MiB")


def submission_id(packages, pop, revision):
    """Of (name, version) pairs, as imgval/model/submission.c makes it."""
    lines = sorted((name.lower(), version) for name, version in packages)
    fields = ["imgval-submission/1", str(len(lines))]
    for key, version in lines:
        fields += [key, version, "mainos", "---", "oem"]
    fields += ["1", *(part.lower() for part in pop), "number", revision]
    return hashlib.sha256(b"".join(field.encode() + b"\0" for field in fields)).hexdigest()


def write_stream(path, versions, packages):
    """A stream as scan writes it: each version changes a tenth of the packages, every fiftieth one
    loses one."""
    numbers = [0] * packages
    pop = ("CONTOSO", "000-88", "CT-100")

    def line(**members):
        return json.dumps(members, separators=(",", ":")) + "\n"

    def value(text):
        return [{"value": text, "source": "option", "rank": "option"}]

    with open(path, "w", encoding="ascii") as out:
        out.write(line(record="header", schema="imgval-report/1", fail_on="error",
                       tool={"name": "imgval", "version": "0"}))
        for v in range(versions):
            revision = f"1.0.{v // 1000}.{v % 1000}"
            for k in range(v % 10, packages, 10):
                numbers[k] = v
            present = [k for k in range(packages) if v % 50 or k != v // 50 % packages]
            device = dict(zip(("PhoneManufacturer", "PhoneMobileOperatorName",
                               "PhoneManufacturerModelName"), map(value, pop)))
            device["PhoneFirmwareRevision"] = value(revision)
            own_id = submission_id([(f"Contoso.P{k}.Main", f"1.0.{numbers[k]}.0") for k in present],
                                   pop, revision)
            counts = dict.fromkeys(("error", "warning", "note", "waived", "unreadable"), 0)
            out.write(line(record="submission", index=v, path=f"firmware/v{v}", kind="directory",
                           type="image", context_free=False, baseline=False, id=own_id,
                           verdict="pass", firmware_version=revision, device=device, variants=[],
                           outcomes=[], counts={"packages": len(present), **counts}))
            out.writelines(
                f'{{"record":"package","submission":{v},"name":"Contoso.P{k}.Main",'
                f'"key":"contoso.p{k}.main","style":"spkg","version":"1.0.{numbers[k]}.0",'
                f'"partition":"MainOS","owner_type":"OEM","removal":false,"binary_partition":false,'
                f'"empty":false,"origin":"submission","path":"firmware/v{v}/Contoso.P{k}.Main.spkg",'
                f'"owner":"Contoso","component":"P{k}","sub_component":"Main",'
                f'"content":"{k:032x}{numbers[k]:032x}","file_count":20,"total_size":123456}}\n'
                for k in present)
        out.write(line(record="end", verdict="pass",
                       counts={"submissions": versions, "findings": 0, "packages":
                               versions * packages - (versions + 49) // 50}))


PARSE = "import json, sys\nfor line in open(sys.argv[1], 'rb'):\n    json.loads(line)\n"


def bench_audit(build, work):
    """An audit of streams, against what does nothing but parse their lines; ten times the versions;
    and the matrix alone, at full size."""
    packages = 250
    walls, peaks = {}, {}
    for versions in (1000, 10000):
        stream = work / f"{versions}.jsonl"
        write_stream(stream, versions, packages)
        commands = {"imgval audit": [build / "imgval", "audit", "--format=json", stream],
                    "python, json.loads of each line": [sys.executable, "-c", PARSE, stream]}
        if before():
            commands["audit of $IMGVAL_BEFORE"] = [before(), "audit", "--format=json", stream]
        print(f"audit of a stream of {versions:,} versions x {packages} packages")
        ours, parser, *older = (row(name, runs, versions)
                                for name, runs in interleaved(commands).items())
        walls[versions], peaks[versions] = ours[0], ours[2]
        goal("CPU against parsing alone, in Python", ours[1] / parser[1], 0.5)
        if older:
            goal("wall against $IMGVAL_BEFORE", ours[0] / older[0][0], 0.334)
        stream.unlink()
    print(f"  ten times the versions cost {walls[10000] / walls[1000]:.1f} times the seconds and "
          f"{peaks[10000] / peaks[1000]:.1f} times the memory")
    goal("peak RSS of all processes", peaks[10000] / 2**20, 96, " MiB")
    done = subprocess.run([build / "tests/bench_matrix", "10000", "1000"], capture_output=True,
                          text=True, check=True)
    seconds, intern, peak, *_ = done.stdout.split()
    print(f"  matrix of 10,000 versions x 1,000 packages, after {intern} s of interning")
    goal("seconds", float(seconds), 6, " s")
    goal("peak RSS", float(peak), 256, " MiB")


def bench_start(build, work):
    """Start-up, beside a process that does nothing."""
    del work
    print("start-up, median of 21")
    nothing, version, explain = [], [], []
    for _ in range(21):
        nothing.append(measure(["true"]))
        version.append(measure([build / "imgval", "--version"]))
        explain.append(measure([build / "imgval", "explain", "STD001"]))
    row("true", nothing)
    for name, runs in (("imgval --version", version), ("imgval explain STD001", explain)):
        wall, *_ = row(name, runs)
        goal("wall", wall * 1000, 10, " ms")


def saved_report(build, work, count):
    """A saved report with so many findings: those of a small tree, again and again."""
    tree = work / "failing"
    if not tree.exists():
        recipe = "".join(f"spkg failing/Contoso.P{i}.spkg component=Other{i} version=0.0.0.0 "
                         "compress=none files=1 file_size=16\n" for i in range(50))
        subprocess.run([build / "tests/mkfixture", "-", work], input=recipe.encode(), check=True)
    program = before() or build / "imgval"  # whose reports both of them read
    scan = subprocess.run([program, "scan", "--no-wspc", "--format=json", tree],
                          capture_output=True, check=False)
    report = json.loads(scan.stdout)
    submission = report["submissions"][0]
    kinds = submission["findings"]
    findings = []
    for i in range(count):
        finding = dict(kinds[i * len(kinds) // count])
        finding["path"] = f"{finding['path']}/{i}"
        findings.append(finding)
    submission["findings"] = findings
    for severity in ("error", "warning", "note"):
        submission["counts"][severity] = sum(f["severity"] == severity for f in findings)
    path = work / f"r{count}.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    return path


def bench_reports(build, work):
    """Each format through render: ten times the findings must cost ten times as much, not more."""
    few, many = 10000, 100000
    reports = {count: saved_report(build, work, count) for count in (few, many)}
    said = subprocess.run([build / "imgval", "--complete", "--", "render", "--format="],
                          capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^--format=(\w+)", said, re.M)
    print(f"render of {few:,} and {many:,} findings; the ratios are to be near {many // few}")
    for name in names:
        runs = {count: [measure([build / "imgval", "render", f"--format={name}", path])
                        for _ in range(3)] for count, path in reports.items()}
        seconds, peak = ({count: statistics.median(run[i] for run in runs[count])
                          for count in runs} for i in (1, 2))
        for count in reports:
            row(f"{name}, {count:,} findings", runs[count], count)
        print(f"  {name}: CPU ratio {seconds[many] / max(seconds[few], 0.01):.1f}, "
              f"RSS ratio {peak[many] / peak[few]:.1f}")
        goal("peak RSS of all processes", peak[many] / 2**20, 100, " MiB")
        older = [measure([before(), "render", f"--format={name}", reports[many]])
                 for _ in range(3)] if before() else [(0, 0, 0, 2)]
        if older[0][3] == 0:  # which may not have this format
            cpu = row(f"{name}, {many:,} findings, $IMGVAL_BEFORE", older, many)[1]
            goal("CPU against $IMGVAL_BEFORE", seconds[many] / cpu, 0.5)


def bench_verify(build, work):
    """Packages read whole, with a catalog each, most of 50 to 300 KB and some of 64 MB."""
    lines = []
    for i in range(3000):
        size = 12500 + i * 7919 % 62500
        kind = "cbs" if i % 2 else "spkg"
        lines.append(f"{kind} t/Contoso.P{i}.{'cab' if i % 2 else 'spkg'} component=P{i} catalog=v2 files=4 "
                     f"file_size={size} seed={i}")
    lines += [f"spkg t/Contoso.Big{i}.spkg component=Big{i} catalog=v2 files=1 file_size=67108864 seed={i}"
              for i in range(4)]
    (work / "recipe").write_text("\n".join(lines) + "\n")
    subprocess.run([tool(build, "mkfixture"), work / "recipe", work / "out"], check=True)
    tree = work / "out/t"
    words = [build / "imgval", "scan", "--type=partial", "--context-free", "--verify", "-q", tree]
    peer = f"cd '{tree}' && cabextract -t *.spkg *.cab && sha256sum *"
    ours, theirs = [], []
    for _ in range(3):
        ours.append(measure(words))
        theirs.append(measure(peer, shell=True))
    row("scan --verify", ours, len(lines))
    row("cabextract -t, sha256sum", theirs, len(lines))
    goal("wall against cabextract and sha256sum", statistics.median(r[0] for r in ours) /
         statistics.median(r[0] for r in theirs), 0.6)
    goal("peak RSS of all processes", max(r[2] for r in ours) / 2 ** 20, 64, " MiB")


def bench_archive(build, work):
    """A folder of 3,000 packages against zip archives of it."""
    count = 3000
    tree = work / "tree"
    generate(build, tree, packages=count, seed=5, payload=60000)
    paths = {"the folder": tree}
    for name, method in (("a zip archive, stored", zipfile.ZIP_STORED),
                         ("a zip archive, deflated", zipfile.ZIP_DEFLATED)):
        paths[name] = work / f"{method}.zip"
        with zipfile.ZipFile(paths[name], "w", method, compresslevel=6) as archive:
            for path in sorted(p for p in tree.rglob("*") if p.is_file()):
                archive.write(path, path.relative_to(tree))
    os.sync()
    print(f"scan of {count} packages of 30 KB in a folder and in archives, page cache warm")
    scan = [build / "imgval", "scan", "--type=partial", "--context-free", "--format=json", "-j2"]
    peaks = {name: measure([*scan, path])[2] for name, path in paths.items()}
    runs = {name: [] for name in paths}
    for _ in range(9):
        for name, path in paths.items():
            runs[name].append(measure([*scan, path], peak=peaks[name]))
    cpu = [row(name, runs[name], count)[1] for name in paths]
    goal("CPU of the stored archive to that of the folder", cpu[1] / cpu[0], 1.2)
    goal("CPU of the deflated archive to that of the folder", cpu[2] / cpu[0], 2.5)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    benches = {"scan": bench_scan, "registry": bench_registry, "work": bench_work, "payload": bench_payload,
               "memory": bench_memory, "facts": bench_facts,
               "cold": bench_cold, "store": bench_store, "start": bench_start,
               "reports": bench_reports, "verify": bench_verify, "ffu": bench_ffu, "audit": bench_audit,
               "archive": bench_archive}
    names = sys.argv[2:] or list(benches)
    for name in names:
        if name not in benches:
            sys.exit(f"bench: no benchmark {name}; there are {', '.join(benches)}")
    for name in names:
        work = pathlib.Path(tempfile.mkdtemp(prefix="imgval-bench-"))
        try:
            benches[name](build, work)
        finally:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
