#!/usr/bin/env python3
"""Benchmarks of imgval against named peers on the same tree in the same run.

    bench.py BUILD [NAME...]        NAME: scan store start ffu

Times are medians of interleaved runs; only the ratios carry over to other machines. CPU is user plus
system time of all processes; RSS is the sum over the parent and its readers, sampled, so that pages
shared between them count once for each."""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time


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


def measure(words, env=None, shell=False):
    """Wall seconds, CPU seconds, peak bytes of one command; its output is thrown away."""
    before = os.times()
    start = time.monotonic()
    process = subprocess.Popen(words, shell=shell, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    done = threading.Event()

    def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, sum(resident(p) for p in family(process.pid)))
            time.sleep(0.004)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    wall = time.monotonic() - start
    done.set()
    watcher.join()
    after = os.times()
    cpu = (after.children_user - before.children_user) + \
          (after.children_system - before.children_system)
    return wall, cpu, peak, process.returncode


def row(name, runs, count=None):
    wall, cpu, peak = (statistics.median(r[i] for r in runs) for i in range(3))
    rate = f"{count / wall:10.0f}/s" if count else " " * 12
    print(f"  {name:<44} {wall:8.3f} s wall {cpu:8.3f} s CPU {peak / 2**20:7.1f} MiB {rate}")
    return wall, cpu


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
    subprocess.run([build / "mkfixture", "--generate", f"packages={count}", "seed=1", tree],
                   check=True)
    print(f"scan of {count} packages (stored, MSZIP, LZX; manifest mostly at the head), page cache "
          f"warm")
    scan = [build / "imgval", "scan", "--no-wspc", "--format=json"]
    ours, two, peer = [], [], []
    measure([*scan, "-j1", tree])
    for _ in range(3):
        ours.append(measure([*scan, "-j1", tree]))
        two.append(measure([*scan, "-j2", tree]))
    for _ in range(2):
        peer.append(measure(["sh", "-c", PEER, str(tree)]))
    wall1, _ = row("imgval scan -j1", ours, count)
    wall2, _ = row("imgval scan -j2", two, count)
    wallp, _ = row("cabextract -p -F | xmllint, each file", peer, count)
    print(f"  ratio -j1 to the peer {wall1 / wallp:.3f} (goal at most 0.07); "
          f"-j2 to -j1 {wall2 / wall1:.2f}")


def bench_store(build, work):
    """A store with many baselines: one scan against it, beside a scan without comparison."""
    env = dict(os.environ, IMGVAL_CACHE=str(work / "store.db"), SOURCE_DATE_EPOCH="1480000000")
    tree = work / "one"
    subprocess.run([build / "mkfixture", "--generate", "packages=20", "seed=2", "payload=4096", tree],
                   check=True)
    device = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88"]
    baselines = 200
    for version in range(baselines):
        names = work / "list.txt"
        names.write_text("".join(f"Contoso.Part{i}.MainOS.spkg,1.0.0.{version}\n"
                                 for i in range(1000)), encoding="ascii")
        subprocess.run([build / "imgval", "cache", "import", "--baseline", *device,
                        f"--firmware-version=1.0.0.{version}", names], env=env, check=True,
                       stdout=subprocess.DEVNULL)
    print(f"one submission against {baselines} baselines of 1,000 packages")
    scan = [build / "imgval", "scan", "--format=json", "-j1", *device,
            "--firmware-version=2.0.0.0"]
    plain, compared = [], []
    for _ in range(7):
        plain.append(measure([*scan, "--no-wspc", tree], env))
        compared.append(measure([*scan, tree], env))
    wall0, _ = row("scan --no-wspc of 20 packages", plain)
    wall1, _ = row("the same, compared", compared)
    size = (work / "store.db").stat().st_size
    print(f"  the comparison costs {(wall1 - wall0) * 1000:.1f} ms; the store has "
          f"{size / 2**20:.2f} MiB")


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
    wall, _ = row("imgval scan: hashes, tables, volumes", ours)
    wallp, _ = row("openssl dgst -sha256", peer)
    rss = max(r[2] for r in ours)
    print(f"  ratio to the peer {wall / wallp:.2f} (goal at most 0.60 on two processors); peak memory "
          f"of all processes {rss / 2**20:.1f} MiB (goal below 96)")


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
    row("imgval --version", version)
    row("imgval explain STD001", explain)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    benches = {"scan": bench_scan, "store": bench_store, "start": bench_start,
               "ffu": bench_ffu}
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
