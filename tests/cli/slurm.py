#!/usr/bin/env python3
"""The recipe for a Slurm array, on one node: a history scanned as an array gives the same audit, byte
for byte, as one process. Skipped (77) where slurmctld, slurmd and munged are not installed, or the
test may not run them.

    slurm.py IMGVAL"""
import os
import shutil
import socket
import subprocess
import sys
import time

import audit
import support

SKIP = 77
CONF = """ClusterName=imgval
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={port1}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={work}/munge.socket
CredType=cred/munge
StateSaveLocation={work}/state
SlurmdSpoolDir={work}/spool
SlurmctldPidFile={work}/ctld.pid
SlurmdPidFile={work}/d.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
ARRAY = """#!/bin/sh
#SBATCH --array=0-3
#SBATCH --output={work}/slurm-%a.out
cd {place} && {program} scan --no-wspc --format=jsonl --shard=auto - < list > array/$SLURM_ARRAY_TASK_ID.jsonl
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(what, check, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.3)
    print(f"skipped: {what} within {seconds} s")
    return False


class Cluster:
    """munged, slurmctld and slurmd of our own, on ports and files of our own."""

    def __init__(self, work):
        self.work = work
        self.processes = []
        self.env = dict(os.environ, SLURM_CONF=str(work / "slurm.conf"))

    def __enter__(self):
        for name in ("state", "spool"):
            (self.work / name).mkdir()
        key = self.work / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.work.chmod(0o755)
        port = free_port()
        (self.work / "slurm.conf").write_text(
            CONF.format(host=socket.gethostname().split(".")[0], port=port, port1=free_port(),
                        work=self.work))
        return self

    def start(self, *words):
        with open(self.work / f"{words[0]}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                words, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def run(self, *words):
        return subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=60,
                              check=False)

    def is_up(self):
        return "idle" in self.run("sinfo", "-h", "-o", "%t").stdout

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def main():
    needed = ("slurmctld", "slurmd", "munged", "sbatch", "sinfo", "squeue")
    if os.geteuid() != 0 or any(shutil.which(name) is None for name in needed):
        print("skipped: needs root, slurmctld, slurmd and munged")
        return SKIP
    checks = support.Checks()
    with support.Place(sys.argv[1], story=False) as place:
        place.path.chmod(0o755)
        audit.generate_history(place.path / "fleet", 200, 1)
        whole = place.run("audit", "--format=json", "fleet")
        (place.path / "list").write_bytes(place.run("audit", "--list", "fleet").out)
        (place.path / "array").mkdir()
        work = place.path / "slurm"
        work.mkdir()
        with Cluster(work) as cluster:
            cluster.start("munged", "--foreground", "--force", f"--socket={work}/munge.socket",
                          f"--key-file={work}/munge.key", f"--pid-file={work}/munge.pid",
                          f"--log-file={work}/munge.log", f"--seed-file={work}/munge.seed",
                          "--num-threads=1")
            if not wait_for("munged did not start", (work / "munge.socket").exists, 15):
                return SKIP
            cluster.start("slurmctld", "-D", "-c")
            cluster.start("slurmd", "-D")
            if not wait_for("the cluster did not come up", cluster.is_up, 60):
                return SKIP
            script = work / "array.sh"
            script.write_text(ARRAY.format(work=work, place=place.path, program=place.program))
            done = cluster.run("sbatch", "--wait", str(script))
            checks.that(done.returncode in (0, 1), "the array ran", done.stderr)
        streams = sorted(p.name for p in (place.path / "array").iterdir())
        checks.same(streams, [f"{i}.jsonl" for i in range(4)], "a stream of each part")
        checks.same(place.run("audit", "--format=json", "array").out, whole.out,
                    "a Slurm array gives the same audit, byte for byte")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
