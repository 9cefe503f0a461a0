#!/usr/bin/python3
"""sweep.py PROGRAM MKFIXTURE MKVOLUME SHIM [--seconds=N] [--seed=TEXT]: faults of the machine.

Calls fail in imgval and in its readers, one at a time and from one on, over every verb and some
small inputs. Each outcome is compared with that of the same command without a fault. Allowed are

  the same exit status and output;
  4, with an error on standard error;
  3, where something could not be read: no error stands in the report that is not there otherwise;
  of a store: what was recorded before or after, and a sound file.

A pass or a fail that is not the true one, a crash, a hang, a silent change, or an error without a
word is a failure. Which calls fail is drawn from the seed, so the same seed gives the same sweep;
the end says how many faults took place and what came of them.
"""
import collections
import errno
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
DEVICE = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88",
          "--firmware-version=1.0.0.2"]
INPUTS = """\
%dsm main/Windows/Packages/DsmFiles Contoso.A
%hive main/Windows/System32/config/SYSTEM 'Platform\\DeviceTargetingInfo' PhoneManufacturer=CONTOSO
%volume ntfs 8M main main.img
%volume wim-lzx 2M main image.wim
spkg tree/Contoso.A.spkg component=A
spkg tree/sub/Contoso.B.spkg component=B compress=mszip
cbs tree/sub/Contoso.C.cab name=Contoso.C
spkg bad/Contoso.A.spkg component=A version=0.0.0.0
spkg bad/Contoso.B.spkg component=B
spkg old/Contoso.A.spkg component=A
spkg old/Contoso.Gone.spkg component=Gone
%signer signer.pem
spkg signed/Contoso.L.spkg component=L compress=lzx files=2 file_size=70000 catalog=v2 signer=../signer.pem
spkg signed/Contoso.M.spkg component=M compress=mszip files=2 catalog=v1 signer=../signer.pem
%zip packed.zip packed
spkg packed/fw/Contoso.A.spkg component=A
spkg packed/fw/Contoso.B.spkg component=B compress=mszip
spkg packed/fw/Contoso.L.spkg component=L compress=mszip files=2 catalog=v1 signer=../signer.pem
%zip large.zip large zip64 descriptor
spkg large/fw/Contoso.A.spkg component=A
file large/fw/notes.txt fill=300000
ffu ffu/phone.ffu platform=Contoso.QC8960.P1 {
  store size=16M
  partition MainOS file=../parts/main.img fs=NTFS
}
vhd vhd/phone.vhd size=16M {
  partition MainOS file=../parts/main.img
}
"""
GROUPS = [("malloc", errno.ENOMEM, 4), ("open", errno.EMFILE, 2), ("open", errno.EIO, 1),
          ("read", errno.EIO, 1), ("pread", errno.EIO, 3), ("write", errno.ENOSPC, 2),
          ("fsync", errno.EIO, 1), ("rename", errno.EIO, 1), ("fork", errno.EAGAIN, 1),
          ("poll", errno.ENOMEM, 1), ("readdir", errno.EIO, 1), ("stat", errno.EIO, 1),
          ("map", errno.ENOMEM, 1), ("truncate", errno.ENOSPC, 1)]
READER_GROUPS = {"malloc", "open", "read", "pread", "write", "readdir", "stat", "map"}
# These parse nothing, or only what is the user's own.
WITHOUT_READERS = ("cache list", "cache export", "cache verify", "cache merge", "cache show", "cache path",
                   "cache remove", "explain", "policy", "doctor")
# What these say on standard output, with the status of a failure or their own, where they did not see all.
HONEST = {"fix": re.compile(rb"Not everything was checked|derived from the name"),
          "rfu": re.compile(rb"not known")}
NOTHING = re.compile(rb"(?!)")
UNCONFINED = re.compile(rb',\s*"unconfined": ?true')  # the member of a report that says so
MARK = b"[injected]\n"
# The beginning of a command, and a fault.
ONCE = [
    ("rfu --source=CONTOSO", ("malloc", 5, 0, errno.ENOMEM, "reader")),
    ("rfu --format=json", ("pread", 5, 1, errno.EIO, "reader")),
    ("cache import --manufacturer=CONTOSO", ("malloc", 36, 0, errno.ENOMEM, "reader")),
    ("policy show", ("malloc", 2, 1, errno.ENOMEM, "parent")),
    ("scan --format=json -j2 --manufacturer=CONTOSO", ("open", 3, 1, errno.EMFILE, "parent")),
    ("doctor", ("open", 1, 1, errno.EIO, "parent")),
    ("cache show", ("open", 3, 1, errno.EIO, "parent")),
    ("inspect signed", ("pread", 3, 1, errno.EIO, "reader")),
    ("inspect signed", ("stat", 3, 1, errno.EIO, "parent")),
    ("scan --format=json -j2 --manufacturer=CONTOSO --model=CT-100 --operator=000-88 "
     "--firmware-version=1.0.0.2 --against=old packed.zip", ("open", 1, 0, errno.EMFILE, "reader")),
    ("audit --format=json stream.jsonl", ("open", 6, 0, errno.EMFILE, "parent")),
]
SECONDS = 120  # no command may take so long; nor does one that waits for a poll() that fails


class Sweep:
    def __init__(self, program, builder, volumes, shim, place):
        self.program, self.builder, self.volumes, self.shim = program, builder, volumes, shim
        self.place = place
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LC_ALL": "C.UTF-8",
                    "IMGVAL_CACHE": str(place / "store.db"), "SOURCE_DATE_EPOCH": "1480000000"}
        self.failed = []
        self.counts = collections.Counter()

    def run(self, words, plan=None):
        env = dict(self.env)
        if plan is not None:
            env.update(LD_PRELOAD=self.shim, IMGVAL_INJECT=":".join(str(p) for p in plan))
        try:
            return subprocess.run([self.program, *words], cwd=self.place, env=env, timeout=SECONDS,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            return None

    def must(self, *words):
        done = self.run(list(words))
        if done.returncode not in (0, 1, 3):
            sys.exit(f"{' '.join(words)}: {done.returncode} {done.stderr.decode()}")
        return done

    def build(self):
        sys.path.insert(0, str(TOP / "tests/cases"))
        import run_cases  # pylint: disable=import-outside-toplevel
        (self.place / "made").mkdir()
        run_cases.build(INPUTS, self.builder, self.volumes, self.place / "made")
        for one in (self.place / "made/tree").iterdir():
            shutil.move(str(one), self.place / one.name)
        shutil.copy(self.place / "made/parts/image.wim", self.place)
        old = self.must("cache", "add", "--baseline", *DEVICE[:3], "--firmware-version=1.0.0.1", "old")
        self.recorded = old.stdout.decode().split()[0]
        shutil.copy(self.place / "store.db", self.place / "kept.db")
        self.must("cache", "add", "--cache=other.db", *DEVICE[:3], "--firmware-version=1.0.0.0", "tree")
        self.must("scan", "--format=json", "--report=json:report.json", *DEVICE, "bad")
        shutil.copytree(TOP / "testdata/story", self.place / "history",
                        ignore=shutil.ignore_patterns("violations"))
        (self.place / "stream.jsonl").write_bytes(
            self.must("scan", "--no-wspc", "--format=jsonl", "history/v1", "history/v2").stdout)
        (self.place / "bundle.jsonl").write_bytes(self.must("cache", "export", "--cache=other.db").stdout)
        (self.place / "list.txt").write_text("Contoso.A, 1.0.0.0\nContoso.B, 1.0.0.0, MainOS\n")
        shutil.copy(TOP / "man/examples/imgval-policy.xml", self.place / "policy.xml")
        shutil.copy(next((TOP / "testdata/story").rglob("*UpdateHistory.xml")),
                    self.place / "UpdateHistory.xml")

    def commands(self):
        """(words, whether standard output is a JSON report, whether the store may change)."""
        scan = ["scan", "--format=json", "-j2"]
        alone = [*scan, "--no-wspc", *DEVICE]
        names = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88"]
        reports = [
            [*scan, *DEVICE, "tree"], [*scan, *DEVICE, "--against=old", "tree"],
            [*scan, *DEVICE, "--policy=policy.xml", "bad"],
            [*scan, "--facts-cache=facts", *DEVICE, "tree"],
            [*alone, "bad"], [*alone, "old"], [*alone, "--verify", "signed"], [*alone, "packed.zip"],
            [*alone, "--verify", "packed.zip"], [*alone, "large.zip"],
            [*scan, *DEVICE, "--against=old", "packed.zip"], [*alone, "--verify", "tree"],
            [*alone, "--verify", "vhd/phone.vhd"], [*alone, "ffu/phone.ffu"], [*alone, "vhd/phone.vhd"], [*alone, "image.wim"],
            [*scan, "--no-wspc", "history/v1"],
            [*scan, "--type=partial", "--context-free", "tree/Contoso.A.spkg"],
        ]
        others = [
            ["scan", "-q", *DEVICE, "tree"], ["scan", "--format=jsonl", "--no-wspc", *DEVICE, "bad"],
            ["inspect", "tree"], ["inspect", "ffu/phone.ffu"], ["inspect", "--format=json", "image.wim"],
            ["inspect", "signed/Contoso.L.spkg"], ["inspect", "packed.zip"],
            ["diff", "--format=json", "packed.zip", "tree"],
            ["fix", "--no-wspc", *DEVICE, "--output=fixed", "packed.zip"],
            ["diff", "old", "tree"], ["diff", "--format=json", "ffu/phone.ffu", "vhd/phone.vhd"],
            ["rfu", "--source=CONTOSO/000-88/CT-100@1.0.0.1", "--target=history/v4"],
            ["rfu", "--format=json", "--source=history/v1", "--target=history/v2"],
            ["fix", "--no-wspc", *DEVICE, "--output=fixed", "bad"],
            ["fix", *DEVICE, "--against=old", "--output=fixed", "tree"],
            ["audit", "--format=json", "history"], ["audit", "--format=json", "stream.jsonl", "report.json"],
            ["audit", "--format=csv", "bundle.jsonl", "stream.jsonl"], ["audit", "--cache=store.db", "history"],
            ["render", "--format=text", "report.json"], ["render", "--format=html", "report.json"],
            ["render", "--format=json", "stream.jsonl"],
            ["explain", "STD001"], ["policy", "check", "policy.xml"],
            ["policy", "show", "--policy=policy.xml"], ["doctor"],
            ["cache", "list"], ["cache", "export"], ["cache", "verify"], ["cache", "path"],
            ["cache", "show", "CONTOSO/000-88/CT-100"],
        ]
        changes = [
            ["cache", "add", "--baseline", *DEVICE, "tree"],
            ["cache", "import", "--baseline", "bundle.jsonl"],
            ["cache", "import", "stream.jsonl"],
            ["cache", "import", *names, "--firmware-version=0.9.0.0", "list.txt"],
            ["cache", "import", *names, "--firmware-version=0.9.0.0", "UpdateHistory.xml"],
            ["cache", "merge", "other.db"], ["cache", "remove", self.recorded],
        ]
        return ([(words, True, False) for words in reports] + [(words, False, False) for words in others] +
                [(words, False, True) for words in changes])

    def reset(self):
        shutil.rmtree(self.place / "fixed", ignore_errors=True)
        for one in self.place.glob("store.db*"):
            one.unlink()
        shutil.copy(self.place / "kept.db", self.place / "store.db")

    def wrong(self, what, words, plan, done):
        text = f"{what}: {':'.join(str(p) for p in plan)} {' '.join(words)}"
        if done is not None:
            text += f"\n    exit {done.returncode}; {done.stderr[-300:]!r}"
        self.failed.append(text)
        self.counts["wrong"] += 1
        self.counts[what] += 1
        print("FAILED " + text, flush=True)

    def judge(self, command, plan, plain, done, exports):
        words, is_report, is_change = command
        if done is None:
            self.wrong("hang", words, plan, done)
            return
        said = done.stderr.replace(MARK, b"").strip()
        status = done.returncode
        if status < 0 or status > 4:
            self.wrong("crash", words, plan, done)
        elif status == 4:
            self.counts["trouble"] += 1
            if not said:
                self.wrong("trouble without a word", words, plan, done)
        elif status == plain.returncode and done.stdout == plain.stdout:
            self.counts["same"] += 1
        elif status == plain.returncode and b"not confined" in said and (
                UNCONFINED.sub(b"", done.stdout) == plain.stdout):
            self.counts["unconfined, and said so"] += 1
        elif status == 3 or (is_report and status == plain.returncode == 1):
            self.counts["incomplete"] += 1
            if is_report and not self.is_honest(plain, done):
                self.wrong("another verdict", words, plan, done)
        elif status in (1, plain.returncode) and (HONEST.get(words[0], NOTHING).search(done.stdout) or
                              ("--format=jsonl" in words and b'"incomplete":true' in done.stdout)):
            self.counts["incomplete"] += 1
        elif status == plain.returncode:
            self.wrong("silent change", words, plan, done)
        else:
            self.wrong("another outcome", words, plan, done)
        if is_change:
            self.judge_store(words, plan, done, exports)

    @staticmethod
    def confined(text):
        """A report without the member that says that readers were not confined."""
        return {k: v for k, v in json.loads(text).items() if k != "unconfined"}

    def is_honest(self, plain, done):
        """Incomplete, and no error that is not there without the fault."""
        try:
            now, then = json.loads(done.stdout), json.loads(plain.stdout)
        except ValueError:
            return False
        def errors(report):
            return {(f["id"], f.get("path")) for s in report["submissions"] for f in s["findings"]
                    if f["severity"] == "error"}
        return now["verdict"] != "pass" and errors(now) <= errors(then)

    def judge_store(self, words, plan, done, exports):
        check = self.run(["cache", "verify"])
        now = self.run(["cache", "export"])
        if check.returncode != 0:
            self.wrong("the store is damaged", words, plan, check)
        elif now.stdout not in exports:
            self.wrong("the store holds neither", words, plan, now)
        elif done.returncode == 0 and now.stdout != exports[1]:
            self.wrong("recorded nothing and said so not", words, plan, done)

    def once(self, plains):
        """Faults that once came out wrong, before any that are drawn."""
        for start, plan in ONCE:
            for command, plain, exports in plains:
                if " ".join(command[0]).startswith(start):
                    self.reset()
                    done = self.run(command[0], plan)
                    self.counts["faults"] += 1
                    self.judge(command, plan, plain, done, exports)

    def sweep(self, seconds, seed):
        chance = random.Random(seed)
        plains = []
        for command in self.commands():
            self.reset()
            before = self.run(["cache", "export"]).stdout
            plain = self.run(command[0])
            after = self.run(["cache", "export"]).stdout
            if plain.returncode not in (0, 1, 3):
                sys.exit(f"{' '.join(command[0])}: {plain.returncode} {plain.stderr.decode()}")
            plains.append((command, plain, (before, after)))
        lanes = [(command, plain, exports, group, number, who)
                 for command, plain, exports in plains
                 for group, number, weight in GROUPS for _ in range(weight)
                 for who in ("parent", "reader")
                 if who == "parent" or (group in READER_GROUPS and
                                        not " ".join(command[0][:2]).startswith(WITHOUT_READERS))]
        self.once(plains)
        ends = {}  # by command, group and who: a number of calls that is not reached
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            command, plain, exports, group, number, who = chance.choice(lanes)
            key = (tuple(command[0]), group, who)
            top = ends.get(key, 4096 if group in ("malloc", "pread") else 256)
            if top <= 1:
                continue
            at = min(int(2 ** chance.uniform(0, top.bit_length())), top)
            plan = (group, at, chance.choice((1, 1, 1, 0)), number, who)
            self.reset()
            done = self.run(command[0], plan)
            if done is not None and MARK not in done.stderr:
                ends[key] = min(top, at)
                continue
            self.counts["faults"] += 1
            self.judge(command, plan, plain, done, exports)

    def unconfined(self):
        """Without Landlock and seccomp: said once, in the report, and refused where that is asked."""
        plan = ("sandbox", 1, 0, 0, "reader")
        words = ["scan", "--no-wspc", "--format=json", *DEVICE, "tree", "old"]
        plain, done = self.run(words), self.run(words, plan)
        def that(holds, what):
            if not holds:
                self.wrong(what, words, plan, done)
        report = json.loads(done.stdout)
        that(plain.stderr == b"" or b"not confined" in plain.stderr, "a word where all is well")
        that(done.returncode == plain.returncode, "the status without a sandbox")
        that(done.stderr.count(b"reader processes are not confined") == 1, "one warning")
        that(report.pop("unconfined", None) is True, "a member in the report")
        that(report == self.confined(plain.stdout), "the same report else")
        (self.place / "unconfined.json").write_bytes(done.stdout)
        again = self.run(["render", "--format=json", "unconfined.json"])
        that(again.stdout == done.stdout, "rendered as it was written")
        refused = self.run([*words, "--require-sandbox"], plan)
        that(refused.returncode == 4 and b"--require-sandbox" in refused.stderr
             and refused.stdout == b"", "--require-sandbox refuses")
        version = self.run(["--version"], plan)
        that(b"Landlock no, seccomp no" in version.stdout, "--version says so")


def main():
    options = dict(w[2:].split("=", 1) for w in sys.argv[1:] if w.startswith("--"))
    program, builder, volumes, shim = (os.path.abspath(w) for w in sys.argv[1:]
                                       if not w.startswith("--"))
    seed = options.get("seed", "imgval")
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-faults-"))
    try:
        sweep = Sweep(program, builder, volumes, shim, place)
        sweep.build()
        sweep.unconfined()
        sweep.sweep(float(options.get("seconds", 60)), hashlib.sha256(seed.encode()).hexdigest())
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(f"seed {seed}: " + ", ".join(f"{v} {k}" for k, v in sorted(sweep.counts.items())))
    if sweep.counts["faults"] < 10:
        sys.exit("too few faults took place")
    sys.exit(1 if sweep.failed else 0)


if __name__ == "__main__":
    main()
