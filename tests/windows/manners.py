#!/usr/bin/env python3
"""Windows' own manners, as far as wine has them; each check says what a user must be able to rely on.

    manners.py --program build/imgval --windows build/windows --builder build/tests/mkfixture [NAME...]

Paths: long ones, with both separators, of drives, of shares. Names: characters outside of the first
plane, names of devices. Other programs: a file that one of them shares with none, a store that one has
open for a moment, a store that is read-only. Readers: none opens a file itself, and one that dies,
hangs or lies costs its file and nothing else. Output: UTF-8, no CR.

What wine does not have is not here: links and junctions, names that are no UTF-16 (test_native.c has the
conversion), tokens and jobs that keep a process from something.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PARTIAL = ["scan", "--type=partial", "--context-free"]


def load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compare = load("compare")
Failure = compare.cases.Failure


class Place:
    """A folder in which both programs run."""

    def __init__(self, given):
        self.given = given
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="imgval-manners-"))
        self.env = compare.environment({"IMGVAL_CACHE": "baselines.db"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        compare.remove(self.path)

    def build(self, recipe, folder="."):
        (self.path / folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as made:
            (pathlib.Path(made) / "recipe").write_text(recipe)
            subprocess.run([self.given.builder, f"{made}/recipe", f"{made}/tree"], check=True)
            shutil.copytree(f"{made}/tree", self.path / folder, dirs_exist_ok=True)

    def story(self):
        shutil.copytree(compare.STORY, self.path, dirs_exist_ok=True)

    def run(self, words, *arguments, env=None):
        return subprocess.run([*words, *map(str, arguments)], cwd=self.path, env={**self.env, **(env or {})},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)

    def linux(self, *arguments, **more):
        return self.run([self.given.program], *arguments, **more)

    def windows(self, *arguments, **more):
        done = self.run(["wine", self.given.windows], *arguments, **more)
        done.stdout = compare.without_unconfined(done.stdout)
        return done

    def hold(self, name, *ms):
        """Another program that has the file open."""
        holder = subprocess.Popen(["wine", self.given.hold, name, *ms], cwd=self.path, env=self.env,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        that(holder.stdout.readline().strip() == b"held", f"{name} is held")
        return holder


def that(holds, what, *shown):
    if not holds:
        raise Failure(f"{what}: {shown}"[:900])


def same(one, other, what):
    that(one.returncode == other.returncode, f"{what}: exit status",
         one.returncode, other.returncode, other.stdout[-300:], other.stderr[-300:])
    that(one.stdout == other.stdout, f"{what}: {compare.first_difference(one.stdout, other.stdout)}")


def findings(done):
    return [(f["id"], f["path"]) for s in json.loads(done.stdout)["submissions"] for f in s["findings"]]


# ---- paths

def long_paths(p):
    """A tree, a report and a store whose paths are longer than 260 characters."""
    deep = "/".join(["a folder with a long name, as build systems make them " + "x" * 30] * 6)
    p.build("spkg Contoso.A.spkg component=A\nspkg folder/Contoso.B.spkg component=B\n", deep)
    that(len(deep) > 400, "long")
    words = [*PARTIAL, "--format=json"]
    same(p.linux(*words, deep), p.windows(*words, deep), "relative")
    same(p.linux(*words, deep), p.windows(*words, deep.replace("/", "\\")), "with backslashes")
    done = p.windows(*words, f"--report=json:{deep}/report.json", deep)
    that(compare.without_unconfined((p.path / deep / "report.json").read_bytes()) == done.stdout, "a report", done.stderr)
    p.story()
    done = p.windows("cache", "add", "--baseline", "v1", env={"IMGVAL_CACHE": f"{deep}/new/folder/b.db"})
    that(done.returncode == 0, "a store", done.stderr)
    shutil.copy(p.path / deep / "new/folder/b.db", p.path / "short.db")
    listed = p.linux("cache", "verify", env={"IMGVAL_CACHE": "short.db"})
    that(listed.returncode == 0, "that store elsewhere", listed.stderr)


def separators(p):
    r"""\ and / name the same; a report has / alone."""
    p.story()
    words = ["scan", "--no-wspc", "--format=json"]
    (p.path / "sub").mkdir()
    (p.path / "v1").rename(p.path / "sub/v1")
    slash = p.windows(*words, "sub/v1")
    for typed in ("sub\\v1", ".\\sub\\v1", "sub\\v1\\"):
        same(p.linux(*words, typed.replace("\\", "/")), p.windows(*words, typed), typed)
    that(b"\\\\" not in slash.stdout, "no backslash in a report")
    done = p.windows("sub\\v1", "--no-wspc", "--report=json:sub\\out.json")
    that(done.returncode == slash.returncode and (p.path / "sub/out.json").exists(), "a word with \\ is a path", done.stderr)


def drives_and_shares(p):
    """The same submission by its drive, by a share, and with the prefix that turns all rules off."""
    p.story()
    words = ["scan", "--no-wspc", "--format=json"]
    drive = "Z:" + str(p.path / "v1")
    share = pathlib.Path(os.environ["WINEPREFIX"]) / "dosdevices/unc/server"
    share.mkdir(parents=True, exist_ok=True)
    (share / "share").unlink(missing_ok=True)
    (share / "share").symlink_to(p.path)
    relative = json.loads(p.windows(*words, "v1").stdout)["submissions"][0]
    for typed in (drive, drive.replace("/", "\\"), "\\\\?\\" + drive.replace("/", "\\"),
                  "\\\\server\\share\\v1", "//server/share/v1", "\\\\?\\UNC\\server\\share\\v1"):
        done = p.windows(*words, typed)
        that(done.returncode in (0, 1), typed, done.stderr)
        got = json.loads(done.stdout)["submissions"][0]
        shown = typed.replace("\\", "/")
        that(got["path"] == shown and got["id"] == relative["id"], typed, got["path"], got["id"])
        that(all(k["path"].startswith(shown + "/") for k in got["packages"] if k["path"]), f"paths below {typed}")
    done = p.windows("scan", "\\\\server\\no-share\\v1")
    that(done.returncode == 2, "a share that is not there", done.returncode, done.stderr)


def letter_case(p):
    """A path in other letters is the same; what is judged and compared does not change with it."""
    p.story()
    typed = p.windows("scan", "--no-wspc", "--format=json", "V1")
    plain = p.windows("scan", "--no-wspc", "--format=json", "v1")
    that(typed.returncode == plain.returncode and typed.stdout == plain.stdout.replace(b'"v1', b'"V1'), "V1",
         compare.first_difference(typed.stdout, plain.stdout.replace(b'"v1', b'"V1')), typed.stderr)
    done = p.windows("diff", "v1", "V1")
    that(done.returncode == 0, "diff v1 V1", done.returncode, done.stdout[-300:], done.stderr)
    p.build("spkg fw/Contoso.A.spkg component=A\nspkg fw/CONTOSO.B.SPKG component=B\n"
            "file fw/UPDATEHISTORY.XML <<-END\n    <x/>\n    END\n")
    words = ["scan", "--no-wspc", "--format=json", "fw"]
    same(p.linux(*words), p.windows(*words), "names in capitals")


def names(p):
    """Characters of every plane in names and arguments; names that Windows keeps for devices."""
    p.build("spkg fw/Contoso.\u00e9\u56fa\U0001f600.spkg component=A\n"
            "spkg fw/NUL.spkg component=B\nspkg fw/COM1.cab component=C\nspkg fw/con.spkg component=D\n"
            "spkg fw/aux/Contoso.E.spkg component=E\n")
    (p.path / "fw").rename(p.path / "\u56fa \U0001f600")
    words = [*PARTIAL, "--format=json"]
    linux = p.linux(*words, "\u56fa \U0001f600")
    that(len(json.loads(linux.stdout)["submissions"][0]["packages"]) == 5, "five packages", linux.stdout[-300:])
    same(linux, p.windows(*words, "\u56fa \U0001f600"), "all of them")


def devices(p):
    """A device is never opened, and NUL takes a report."""
    p.story()
    for typed in ("con.cab", "COM1", "v1\\aux.spkg", "\\\\.\\COM1", "lpt1.spkg"):
        began = time.monotonic()
        done = p.windows(*PARTIAL, typed)
        that(done.returncode in (2, 3, 4), typed, done.returncode, done.stdout, done.stderr)
        that(b"device" in done.stdout + done.stderr or b"Invalid argument" in done.stdout + done.stderr
             or b"neither a file nor" in done.stderr or b"No such file" in done.stderr, typed, done.stdout, done.stderr)
        that(time.monotonic() - began < 60, f"{typed}: nothing was waited for")
    plain = p.windows("scan", "--no-wspc", "v1")
    done = p.windows("scan", "--no-wspc", "--report=json:NUL", "v1")
    same(plain, done, "--report=json:NUL")
    that(not any(f.name.lower() in ("nul", "con", "con.cab") for f in p.path.iterdir()), "no file of that name")
    done = p.windows("scan", "--no-wspc", "--report=json:COM1", "v1")
    that(done.returncode == 4, "a report to COM1", done.returncode, done.stderr)


# ---- other programs

def shared_with_none(p):
    """A file that another program has open for itself is one that cannot be read, and is named."""
    p.story()
    package = "v1/Contoso.Camera.Phone.MainOS"
    files = sorted(f for f in (p.path / package).iterdir() if f.name == "man.dsm.xml")
    held = files[0].relative_to(p.path)
    holder = p.hold(str(held).replace("/", "\\"))
    done = p.windows("scan", "--no-wspc", "--format=json", "v1")
    holder.stdin.close()
    holder.wait(timeout=60)
    that(done.returncode == 3, "incomplete", done.returncode, done.stderr)
    told = [f for f in json.loads(done.stdout)["submissions"][0]["findings"] if f["id"] == "IMG004"]
    that(told and package in told[0]["path"] and "another program has it open" in told[0]["message"], "IMG004", told)
    done = p.windows("scan", "--no-wspc", "v1")
    that(done.returncode in (0, 1), "then it can be read", done.stdout[-500:])


def store_in_use(p):
    """A virus scanner may have the store open for a moment: that is waited for, and not for ever."""
    p.story()
    that(p.windows("cache", "add", "--baseline", "v1").returncode == 0, "a store")
    for words in (["cache", "list"], ["cache", "add", "v2"], ["scan", "v3"]):
        plain = p.linux(*words)
        holder = p.hold("baselines.db", "900")
        done = p.windows(*words)
        holder.wait(timeout=60)
        that(done.returncode in (0, 1) and b"WSPC013" not in done.stdout, f"{words}: held for a moment",
             done.returncode, done.stdout[-300:], done.stderr)
        that(done.returncode == plain.returncode, f"{words}: as without", done.returncode, plain.returncode)
    holder = p.hold("baselines.db")
    done = p.windows("cache", "add", "v3")
    holder.stdin.close()
    holder.wait(timeout=60)
    that(done.returncode == 4 and b"baselines.db" in done.stderr, "held for ever", done.returncode, done.stderr)
    that(p.linux("cache", "verify").returncode == 0, "the store is sound")


def read_only(p):
    """A store and a report that may not be written to: said, and nothing is lost."""
    if os.geteuid() == 0: # wine asks the system, and root may write to everything
        raise compare.Skip("root may write to everything")
    p.story()
    that(p.windows("cache", "add", "--baseline", "v1").returncode == 0, "a store")
    before = (p.path / "baselines.db").read_bytes()
    (p.path / "baselines.db").chmod(stat.S_IREAD)
    done = p.windows("cache", "add", "v2")
    that(done.returncode == 4 and b"read-only" in done.stderr.lower(), "cache add", done.returncode, done.stderr)
    that(p.windows("cache", "list").stdout == p.linux("cache", "list").stdout, "it can be read")
    that((p.path / "baselines.db").read_bytes() == before, "not a byte of it has changed")
    (p.path / "report.json").write_text("old")
    (p.path / "report.json").chmod(stat.S_IREAD)
    done = p.windows("scan", "--no-wspc", "--report=json:report.json", "v1")
    that(done.returncode == 4 and b"report.json" in done.stderr, "a report", done.returncode, done.stderr)
    that((p.path / "report.json").read_text() == "old", "the old report")
    that(sorted(f.name for f in p.path.glob(".imgval-*")) == [], "nothing is left behind")


def default_store(p):
    r"""%LOCALAPPDATA%\imgval\baselines.db"""
    p.story()
    data = p.path / "data"
    env = {"IMGVAL_CACHE": "", "LOCALAPPDATA": "Z:" + str(data).replace("/", "\\")}
    data.mkdir()
    where = p.windows("cache", "path", env=env).stdout.decode().strip()
    done = p.windows("cache", "add", "--baseline", "v1", env=env)
    that(done.returncode == 0, "cache add", done.stderr)
    # wine sets the variable itself
    store = re.sub("^[A-Za-z]:", "", where)
    on_disk = [data / "imgval/baselines.db", pathlib.Path(os.environ["WINEPREFIX"]) / ("drive_c" + store)]
    made = [f for f in on_disk if f.exists()]
    that(where.endswith("/imgval/baselines.db") and made, "the store", where)
    that(p.linux("cache", "verify", env={"IMGVAL_CACHE": str(made[0])}).returncode == 0, "it is sound")
    shutil.rmtree(made[0].parent)


# ---- readers

def readers_open_nothing(p):
    """After the look whether it may open a file, a reader asks the system for none."""
    p.story()
    p.build("".join(f"spkg many/Contoso.N{i}.spkg sub=N{i}\n" for i in range(40)))
    subprocess.run([p.given.builder, "--ffu", "4M", p.path / "phone.ffu"], check=True)
    for words in (["v1"], [*PARTIAL[1:], "--verify", "many"], ["phone.ffu"]):
        done = p.run(["wine", p.given.windows], "scan", "--no-wspc", "-j2", *words,
                     env={"WINEDEBUG": "+file,+pid"})
        opened = {}
        for line in done.stderr.decode(errors="replace").splitlines():
            found = re.match(r"([0-9a-f]{4}):[0-9a-f]{4}:trace:file:(CreateFileW|NtCreateFile)\b(?! returning)(.*)", line)
            if found:
                opened.setdefault(found[1], []).append(found[3])
        readers = 0
        for calls in opened.values():
            looks = [n for n, call in enumerate(calls) if "kernel32.dll" in call and "GENERIC_READ" in call]
            if looks:
                readers += 1
                after = [call for call in calls[looks[-1] + 1:] if "kernel32.dll" not in call]
                that(after == [], f"{words}: opened by a reader", after[:3])
        that(readers >= 1, f"{words}: readers were seen", done.stderr[-500:])


def reader_faults(p):
    """A reader that dies, hangs or lies costs its file and nothing else, as on Linux."""
    p.story()
    p.build("".join(f"spkg many/Contoso.N{i:02}.spkg sub=N{i:02}\n" for i in range(12)))
    for fault in ("crash", "exit", "nonsense", "huge", "forge", "hang"):
        words = [*PARTIAL, f"--reader-fault={fault}:3", "--format=json", "-j2", "many"]
        linux = p.run([p.given.faulty], *words)
        windows = p.run(["wine", p.given.windows_faulty], *words)
        for done in (linux, windows):
            done.stdout = compare.without_end(compare.without_unconfined(done.stdout))
        that(b"IMG007" in linux.stdout, f"{fault}: a lost file", linux.stdout[-300:])
        same(linux, windows, fault)


def required(p):
    """--require-sandbox refuses where readers are not confined: wine cannot."""
    p.story()
    done = p.windows("scan", "--no-wspc", "--require-sandbox", "v1")
    offered = p.windows("--version").stdout
    whole = b"restricted token yes, job object yes" in offered
    that(done.returncode == (0 if whole else 4), "--require-sandbox", done.returncode, done.stderr, offered)


def lines(p):
    """UTF-8, and LF alone, in every format and in files."""
    p.build("spkg fw/Contoso.\u56fa.spkg component=A version=0.0.0.0\n")
    for form in ("text", "json", "jsonl", "sarif", "junit", "html", "markdown", "github", "azure", "csv"):
        done = p.windows(*PARTIAL, f"--format={form}", f"--report={form}:out.{form}", "fw")
        linux = p.linux(*PARTIAL, f"--format={form}", "fw")
        same(linux, done, form)
        that(b"\r" not in done.stdout or b"\r" in linux.stdout, f"{form}: no CR")
        that("\u56fa".encode() in done.stdout, f"{form}: UTF-8")
        that(compare.without_unconfined((p.path / f"out.{form}").read_bytes()) == done.stdout, f"{form}: as a file")


def archive(p):
    """Unpacked anywhere, the archive works: the first command of README.md, and what it names."""
    made = sorted(pathlib.Path(p.given.windows).parent.parent.glob("imgval-*-windows-x64.zip"))
    if not made:
        raise compare.Skip("no archive was made")
    with zipfile.ZipFile(made[-1]) as unpacked:
        unpacked.extractall(p.path / "a folder")
    top, = (p.path / "a folder").iterdir()
    page = (top / "README.md").read_text(encoding="utf-8").partition("```powershell\n")[2].partition("```")[0]
    first = next(line for line in page.splitlines() if line.startswith(".\\imgval.exe")).split()
    done = subprocess.run(["wine", str(top / "imgval.exe"), *first[1:]], cwd=top, env=p.env, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    that(done.returncode == 1 and b"Contoso.Camera.Phone.MainOS" in done.stdout, first, done.stdout, done.stderr)
    for name in ("manual/index.html", "examples/Imgval.psm1", "LICENSE", "licenses/openssl", "imgval.cdx.json"):
        that((top / name).is_file(), name)


CHECKS = [archive, long_paths, separators, drives_and_shares, letter_case, names, devices, shared_with_none, store_in_use, read_only,
          default_store, readers_open_nothing, reader_faults, required, lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "windows", "builder"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("names", nargs="*", help="only these checks")
    given = parser.parse_args()
    folder = os.path.abspath(given.windows)
    given.windows = f"{folder}/imgval.exe"
    given.windows_faulty = f"{folder}/tests/windows/imgval-faulty.exe"
    given.hold = f"{folder}/tests/windows/hold.exe"
    given.faulty = os.path.join(os.path.dirname(given.builder), "imgval-faulty")
    for name in ("program", "faulty", "builder"):
        setattr(given, name, os.path.abspath(getattr(given, name)))
    failed = 0
    for check in CHECKS:
        if given.names and check.__name__ not in given.names:
            continue
        with Place(given) as p:
            failure = compare.attempt(check, p)
        is_skipped = isinstance(failure, compare.Skip)
        word = "passed" if failure is None else f"{'skipped' if is_skipped else 'FAILED'}: {failure}"
        print(f"{check.__name__}: {word}", flush=True)
        failed += failure is not None and not is_skipped
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
