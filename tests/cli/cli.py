#!/usr/bin/python3
"""cli.py PROGRAM MKFIXTURE [GROUP...]: the program as people and pipelines meet it.

Every exit status, every kind of option, the verbs of the store, explain, inspect, and what may not
change the output. One line for each check that fails; GROUP names the functions below to run.
"""
import getpass
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

from support import DEVICE, EPOCH, export, run_groups

POP = "CONTOSO/000-88/CT-100"
ANSI = b"\x1b["


# --- exit status -----------------------------------------------------------------------------------

def check_status(c, p):
    c.status(p.run("scan", "--no-wspc", "v1"), 0, "a pass")
    c.status(p.run("scan", "--no-wspc", "violations"), 1, "a failure")
    c.status(p.run("scan", "--no-wspc", "--fail-on=note", "v1"), (0, 1), "a note counts on demand")
    c.refused(p.run("scan", "nowhere"), "nowhere", "a path that does not exist")
    c.refused(p.run("scan", "v1", "nowhere", "v2"), "nowhere",
              "paths are looked up before the first is judged")
    c.refused(p.run("nowhere"), "nowhere", "a word that is neither command nor path")
    c.refused(p.run("scan"), "PATH", "no path")
    c.refused(p.run(), "usage", "no word at all")
    c.refused(p.run("scan", ""), "empty", "an empty path")
    c.status(p.run("scan", "v1"), 3, "no store: incomplete")
    (p.path / "empty").mkdir()
    empty = p.run("scan", "empty")
    c.status(empty, 3, "a tree without a package")
    c.status(p.run("scan", "--no-wspc", "empty"), 3, "a tree without a package, no comparison")
    c.refused(p.run("scan", "--type=partial", "v1"), "UpdateHistory", "a partial without history")
    c.refused(p.run("scan", "--type=partial", "partial/Contoso.Camera.Phone.MainOS"),
              "--update-history=partial/", "the history in the parent is named")
    named = re.search(r"--update-history=\S+", p.run(
        "scan", "--type=partial", "partial/Contoso.Camera.Phone.MainOS").text_err)
    done = p.run("scan", "--type=partial", named.group(0), "partial/Contoso.Camera.Phone.MainOS")
    c.that(done.status in (0, 1, 3), "the option that is named can be pasted", done.err)
    c.status(p.run("scan", "--type=partial", "--context-free", "v1"), 0, "a context-free partial")
    p.build("spkg Contoso.One.spkg component=One\n", "one")
    one = p.run("scan", "--format=json", "one/Contoso.One.spkg")
    c.status(one, 0, "a single package file")
    c.same([one.report["submissions"][0][x] for x in ("type", "context_free", "kind")],
           ["partial", True, "package"], "it is a context-free partial by default")
    c.that("context-free" in p.run("scan", "one/Contoso.One.spkg").text, "the report says so")
    c.same(p.run("scan", "--format=json", "--type=image", "one/Contoso.One.spkg").report[
        "submissions"][0]["type"], "image", "unless a type is given")
    for words in (["scan", "--no-wspc", "v1"], ["scan", "--no-wspc", "violations"],
                  ["scan", "v1"], ["scan", "--no-wspc", "--format=json", "v1"],
                  ["scan", "--no-wspc", "--format=jsonl", "v1"], ["inspect", "v1"],
                  ["inspect", "--format=json", "v1"], ["explain"], ["explain", "STD002"],
                  ["--help"], ["--version"], ["scan", "--help"], ["cache", "path"],
                  ["cache", "--help"], ["--completion=bash"]):
        name = " ".join(words)
        full = p.run(*words, stdout="/dev/full")
        c.status(full, 4, "standard output is full")
        c.that(b"standard output" in full.err, f"{name} on /dev/full says so", full.err)
        closed = p.shell('"$@" >&-', *words)
        c.status(closed, 4, "standard output is closed")
        c.that(closed.err != b"", f"{name} >&- says so")
    broken = p.shell('{ trap "" PIPE; "$@"; echo $? >status; } | :; cat status', "scan",
                     "--no-wspc", "v1")
    c.that(broken.text.strip() in ("0", "4"), "a reader that went away is no crash", broken.text)
    for words, status in ((["scan", "--no-wspc", "v1"], 0), (["scan", "--no-wspc", "violations"], 1),
                          (["scan", "nowhere"], 2), (["scan", "v1"], 3)):
        c.status(p.shell('"$@" 2>&-', *words), status, "standard error is closed")
        c.status(p.shell('"$@" 2>/dev/full', *words), status, "standard error is full")
        c.status(p.shell('"$@" <&-', *words), status, "standard input is closed")
    c.status(p.shell('"$@" <&- >&- 2>&-', "scan", "--no-wspc", "v1"), 4, "all three are closed")
    c.status(p.shell('"$@" <&-', "scan", "-"), (2, 4), "a list from a closed standard input")


def check_reports(c, p):
    done = p.run("scan", "--no-wspc", "--report=json:nowhere/r.json", "--report=json:r.json",
                 "--report=jsonl:r.jsonl", "--report=text:r.txt", "violations")
    c.status(done, 4, "a report that cannot be written")
    c.that("nowhere/r.json" in done.text_err, "its path is named", done.text_err)
    c.that(b"STD002" in done.out, "standard output is written all the same")
    for name in ("r.json", "r.jsonl", "r.txt"):
        c.that((p.path / name).exists(), f"the report {name} is written all the same")
    wanted = p.run("scan", "--no-wspc", "--format=json", "violations").out
    c.same((p.path / "r.json").read_bytes(), wanted, "a report file is what --format prints")
    wanted = p.run("scan", "--no-wspc", "--format=jsonl", "violations").out
    c.same((p.path / "r.jsonl").read_bytes(), wanted, "a jsonl report is what --format prints")
    wanted = p.run("scan", "--no-wspc", "--color=always", "violations",
                   "--report=text:colour.txt").out
    c.that(ANSI in wanted and ANSI not in (p.path / "colour.txt").read_bytes(),
           "a text report has no colours, standard output may")
    p.write("kept.json", "old")
    (p.path / "folder").mkdir()
    c.status(p.run("scan", "--no-wspc", "--report=json:folder", "v1"), 4, "a report on a folder")
    for words, part in ((["folder"], "folder"), (["nowhere.json"], "nowhere.json"), ([], "name one saved report"),
                        (["r.json", "r.json"], "name one saved report"),
                        (["r.json", "--rules-url=x y"], "rules-url")):
        c.refused(p.run("render", *words), part, f"render {' '.join(words)}")
    c.status(p.shell('"$@" <&-', "render", "-"), (2, 4), "render of a closed standard input")
    c.status(p.run("scan", "--no-wspc", "--report=json:kept.json", "v1"), 0, "a report anew")
    c.that((p.path / "kept.json").read_bytes().startswith(b"{"), "an old report is replaced")
    before = set(os.listdir(p.path))
    c.status(p.run("scan", "--no-wspc", "--report=json:/dev/full", "v1"), 4, "a report on /dev/full")
    c.that(os.path.exists("/dev/full"), "/dev/full is still there")
    c.same(set(os.listdir(p.path)), before, "no file is left behind")
    done = p.run("scan", "--no-wspc", "--report=json:both.json", "v1", stdout="/dev/full")
    c.status(done, 4, "standard output full, a report beside it")
    c.that((p.path / "both.json").exists(), "the report is written though standard output is full")
    c.refused(p.run("scan", "--report=json:x.json", "nowhere"), "nowhere", "no report of nothing")
    c.that(not (p.path / "x.json").exists(), "a usage error writes no report")
    stream = [json.loads(x) for x in (p.path / "r.jsonl").read_text().splitlines()]
    c.that(len(stream) > 3 and "end" in json.dumps(stream[-1]), "a stream closes with an end record",
           stream[-1])


def check_full_disk(c, p):
    disk = p.path / "disk"
    disk.mkdir()
    if os.getuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "imgval-test", str(disk)],
            capture_output=True, check=False).returncode != 0:
        c.skip("full disk", "cannot mount")
        return
    try:
        store = f"--cache={disk}/s.db"
        c.status(p.run("cache", "add", "--baseline", store, "v1"), 0, "add while there is room")
        before = p.run("cache", "export", store).out
        p.write("disk/old.json", "old")
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"\0" * 4096) == 4096:
                    pass
            except OSError:
                pass
        done = p.run("scan", "--no-wspc", f"--report=json:{disk}/old.json", "v1")
        c.status(done, 4, "a report on a full disk")
        c.that(b"space" in done.err, "the message says why", done.err)
        c.same((disk / "old.json").read_bytes(), b"old", "the old report stands")
        for words in (["add", "--baseline", "v3"], ["import", *DEVICE, "v2"]):
            done = p.run("cache", words[0], store, *words[1:])
            c.status(done, 4, f"cache {words[0]} on a full disk")
            c.that(done.out == b"", "no id is printed for what is not recorded", done.out)
            c.status(p.run("cache", "verify", store), 0, "the store is whole after a full disk")
            c.same(p.run("cache", "export", store).out, before, "a full disk changes nothing")
        c.status(p.run("cache", "add", f"--cache={disk}/new.db", "v1"), 4, "a new store on a full disk")
        c.status(p.run("scan", f"--cache={disk}/new.db", "v1"), 3, "no half store is left")
        c.status(p.run("cache", "export", store, f"--output={disk}/x.jsonl"), 4, "export, full disk")
        c.same(sorted(os.listdir(disk)), ["filler", "old.json", "s.db"], "nothing is left behind")
        (disk / "filler").unlink()
        c.status(p.run("cache", "add", "--baseline", store, "v3"), 0, "add when there is room again")
        c.status(p.run("cache", "verify", store), 0, "verify at the end")
    finally:
        subprocess.run(["umount", str(disk)], check=False)


# --- options ---------------------------------------------------------------------------------------

def check_asked_for(c, p):
    """What was asked for and cannot be done is said, not left out."""
    c.refused(p.run("scan", "--type=partial", "--context-free", "--against=v1", "v4"), "--against",
              "a context-free partial is not compared")
    c.refused(p.run("scan", "--format=xml", "v1"), "expected text|json|jsonl|sarif|", "the words of an option")
    package = "v4/Contoso.BASE.Phone.MainOS/man.dsm.xml"
    c.refused(p.run("scan", "--against=v1", package), "--type=image", "nor a single package")
    # Its registry file is not there, so the device values are unknown.
    c.status(p.run("scan", "--against=v1", "--type=image", package), 3, "as an image it is")
    for one, two in (("x", "x"), ("x", "./x"), ("x", "link")):
        for name in ("x", "link"):
            (p.path / name).unlink(missing_ok=True)
        if two != one:
            p.write("x", "old")
            (p.path / "link").symlink_to("x")
        c.refused(p.run("scan", "--no-wspc", f"--report=json:{one}", f"--report=html:{two}", "v1"), two,
                  "two reports, one file")
    c.status(p.run("scan", "--no-wspc", "--report=json:/dev/null", "--report=html:/dev/null", "v1"), 0,
             "two reports to nowhere")


def check_store_is_no_report(c, p):
    """A name typed wrongly does not cost the baselines, nor the input."""
    manifest = next((p.path / "v1").rglob("man.dsm.xml"))
    content = manifest.read_bytes()
    p.write("set.zip", "an archive")
    c.refused(p.run("scan", "--no-wspc", "--report=json:set.zip", "v1"), "never written over", "nor an archive")
    c.refused(p.run("scan", "--no-wspc", f"--report=json:{manifest}", "v1"), "never written over",
              "a report over a manifest")
    c.same(manifest.read_bytes(), content, "a report over a manifest: it stays")
    p.run("cache", "add", "--baseline", "--cache=mine.db", "v1")
    (p.path / "also.db").symlink_to("mine.db")
    before = (p.path / "mine.db").read_bytes()
    for name in ("mine.db", "also.db"):
        for words in (["scan", "--cache=mine.db", f"--report=json:{name}", "v1"],
                      ["cache", "export", "--cache=mine.db", f"--output={name}"],
                      ["scan", "--no-wspc", "--cache=none.db", f"--report=html:{name}", "v1"]):
            done = p.run(*words)
            c.status(done, 4, f"{words[0]} over the store")
            c.that("baseline store" in done.text_err, "it says why", done.text_err)
            c.same((p.path / "mine.db").read_bytes(), before, "the store is as it was")


def check_options(c, p):
    for words, part in (
            (["--nonsense"], "--nonsense"), (["--nonsense=1"], "--nonsense"), (["-Z"], "-Z"),
            (["-qZ"], "-Z"), (["--"], "PATH"), (["--type"], "--type"), (["--type=foo"], "image|partial"),
            (["--type="], "image|partial"), (["--typ=image"], "--typ"), (["--jobs=x"], "number"),
            (["--jobs=-1"], "number"), (["--jobs="], "number"), (["--jobs=1.5"], "number"),
            (["--jobs= 1"], "number"), (["--jobs=99999"], "512"), (["--jobs=99999999999999999999"], "number"),
            (["-j"], "-j"), (["-jx"], "number"), (["--baseline=yes"], "no value"),
            (["--quiet=1"], "no value"), (["--context-free=0"], "no value"),
            (["--max-cache-age=soon"], "number"), (["--max-cache-age"], "--max-cache-age"),
            (["--report"], "--report"), (["--report=json"], "FORMAT:FILE"),
            (["--report=json:"], "FORMAT:FILE"), (["--report=nope:x"], "nope"),
            (["--report=:x"], "--report"), (["--cache="], "--cache"), (["--cache"], "--cache"),
            (["--fail-on=fatal"], "error|warning|note"), (["--color=blue"], "auto|always|never"),
            (["--format=nope"], "--format"), (["--model"], "--model"), (["--operator"], "--operator"),
            (["--context-free"], "--type=partial"), (["--baseline", "--type=partial"], "partial"),
            (["--type=image", "--context-free"], "--type=partial"),
            (["--no-wspc", "--against=v1"], "--against"),
            (["--against=nowhere"], "nowhere"), (["--update-history=nowhere"], "nowhere"),
            (["--oem-input=nowhere"], "nowhere"), (["--device-info=nowhere"], "nowhere")):
        path = [] if words[0] in ("--", "-j") or (len(words) == 1 and "=" not in words[0] and
                                                  not words[0].startswith("-q")) else ["v1"]
        if words in (["--nonsense"], ["-Z"], ["--context-free"]):
            path = ["v1"]
        c.refused(p.run("scan", *words, *path), part, f"scan {' '.join(words)}")
    for words in (["inspect"], ["inspect", "v1", "v2"], ["inspect", "--format=jsonl", "v1"],
                  ["inspect", "nowhere"], ["cache"], ["cache", "nonsense"], ["cache", "list", "x"],
                  ["cache", "list", "--nonsense"], ["cache", "show"], ["cache", "show", "a", "b"],
                  ["cache", "add"], ["cache", "add", "v1", "v2"], ["cache", "import"],
                  ["cache", "merge"], ["cache", "remove"], ["cache", "verify", "x"],
                  ["cache", "path", "x"], ["cache", "export", "x"], ["cache", "add", "nowhere"],
                  ["cache", "import", "nowhere"], ["cache", "add", "--type=partial", "partial"],
                  ["explain", "--nonsense"], ["explain", "no such rule"], ["explain", ""],
                  ["--nonsense"], ["-x"], ["--completion=tcsh"], ["--completion"]):
        done = p.run(*words)
        c.status(done, 2, "usage error")
        c.that(done.out == b"" and done.err != b"", f"{' '.join(words)}: only standard error",
               done.out[:100])
    base = p.run("scan", "--no-wspc", "v1")
    for words in (["--no-wspc", "v1"], ["scan", "v1", "--no-wspc"], ["scan", "--no-wspc", "--", "v1"],
                  ["scan", "--no-wspc", "--type", "image", "v1"], ["scan", "-j2", "--no-wspc", "v1"],
                  ["scan", "-j", "2", "--no-wspc", "v1"], ["scan", "--jobs=1", "--jobs=2", "--no-wspc", "v1"],
                  ["scan", "--fail-on", "error", "v1", "--no-wspc"]):
        done = p.run(*words)
        c.that((done.out, done.status) == (base.out, base.status), f"{' '.join(words)} is the same scan",
               done.err)
    shutil.copytree(p.path / "v1", p.path / "-v1")
    c.refused(p.run("scan", "--no-wspc", "-v1"), "-1", "a path that looks like an option")
    c.status(p.run("scan", "--no-wspc", "--", "-v1"), 0, "-- ends the options")
    c.status(p.run("scan", "--no-wspc", "./-v1"), 0, "a path that starts with ./")
    c.refused(p.run("scan", "--", "v1", "--no-wspc"), "--no-wspc", "after -- all are paths")
    bundled = p.run("scan", "--no-wspc", "-vj2", "v1")
    c.same(bundled.out, p.run("scan", "--no-wspc", "-v", "-j2", "v1").out, "bundled short options")
    c.same(p.run("scan", "--no-wspc", "-qj", "1", "v1").out,
           p.run("scan", "--no-wspc", "--quiet", "v1").out, "bundled, the last with a value")
    for words in (["--help"], ["-h"], ["help"]):
        done = p.run(*words)
        c.status(done, 0, "help")
        c.that(done.out.startswith(b"usage:") and done.err == b"", "help goes to standard output")
    for words in ("scan", "inspect", "explain", "cache list", "cache show", "cache add",
                  "cache import", "cache export", "cache merge", "cache remove", "cache verify",
                  "cache path", "diff", "rfu", "fix", "render", "policy check", "policy show"):
        done = p.run(*words.split(), "--help")
        c.status(done, 0, "help of a command")
        c.that(done.text.startswith(f"usage: imgval {words}"), f"{words} --help", done.text[:80])
        c.that(all(len(line) <= 100 for line in done.text.split("\n")), f"{words} --help fits")
        c.same(p.run(*words.split(), "--nonsense=1", "--help").status, 2, f"{words}: an error before help")
    c.status(p.run("cache", "--help"), 0, "help of cache")
    done = p.run("--version")
    c.that(re.fullmatch(r"imgval \d+\.\d+\.\d+\n"
                        r"sandbox of readers: Landlock (yes|no), seccomp (yes|no)\n", done.text) is not None, "--version", done.text)
    version = done.text.split()[1]
    c.same(p.run("scan", "--no-wspc", "--format=json", "v1").report["tool"],
           {"name": "imgval", "version": version}, "the report names the same version")


    for words in (["scan", "--\x1b[31m"], ["scan", "--type=\x1b[31m", "v1"], ["scan", "\x1b[31m"],
                  ["\x1b[31m"], ["cache", "\x1b[31m"], ["scan", "--report=\x1b[31m:x", "v1"],
                  ["cache", "show", "\x1b[31m"], ["cache", "list", "--cache=\x1b[31m"],
                  ["inspect", "--\u202e"],
                  ["scan", "--no-wspc", "--cache=\x1b[31m/\x1b", "v1"],
                  ["scan", "--no-wspc", "--report=json:\x1b[31m/x", "v1"]):
        done = p.run(*words)
        c.that(b"\x1b" not in done.out + done.err and "\u202e" not in done.text_err,
               f"arguments are escaped on the terminal: {words!r}", done.err or done.out)


def check_list(c, p):
    two = p.run("scan", "--no-wspc", "v1", "v2")
    for text in (b"v1\nv2\n", b"v1\nv2", b"\n\nv1\n\nv2\n"):
        done = p.run("scan", "--no-wspc", "-", stdin=text)
        c.same((done.status, done.out), (0, two.out), f"a list {text!r}")
    done = p.run("scan", "--no-wspc", "v1", "-", stdin=b"v2\n")
    c.same(done.out, two.out, "a path and a list")
    c.refused(p.run("scan", "--no-wspc", "-", stdin=b""), "empty", "an empty list")
    c.refused(p.run("scan", "--no-wspc", "-", stdin=b"\n\n"), "empty", "a list of empty lines")
    c.refused(p.run("scan", "--no-wspc", "-", stdin=b"v1\0v2\0"), "NUL", "a list with NUL")
    c.refused(p.run("scan", "--no-wspc", "-", stdin=b"v1\nnowhere\n"), "nowhere", "a bad path in a list")
    c.refused(p.run("scan", "--no-wspc", "-", stdin=b"--help\n"), "--help", "a list holds no options")
    shutil.copytree(p.path / "v1", p.path / "a b")
    c.status(p.run("scan", "--no-wspc", "-", stdin=b"a b\n"), 0, "a path with a blank in a list")
    done = p.run("scan", "-", "--no-wspc", "--format=json", stdin=b"v1\nviolations\nv2\n")
    c.status(done, 1, "one failure among several")
    c.same([s["path"] for s in done.report["submissions"]], ["v1", "violations", "v2"],
           "submissions stand in the order given")
    c.same([s["verdict"] for s in done.report["submissions"]], ["pass", "fail", "pass"],
           "each has its verdict")


# --- the store -------------------------------------------------------------------------------------

def add(c, p, store, *words, status=0):
    done = p.run("cache", "add", f"--cache={store}", *words)
    c.status(done, status, "cache add")
    return done


def record_count(p, store):
    return json.loads(export(p, store).splitlines()[-1])["submissions"]


def check_add(c, p):
    s = "a.db"
    done = add(c, p, s, "--baseline", "violations", status=1)
    c.that(b"STD002" in done.err and done.out == b"", "a refusal tells the findings", done.err[-200:])
    c.that(not (p.path / s).exists(), "a refusal makes no store")
    first = add(c, p, s, "--baseline", "v1")
    c.that(re.fullmatch(rb"[0-9a-f]{64}\n", first.out) is not None, "add prints the id", first.out)
    c.same((p.path / s).stat().st_mode & 0o022, 0, "nobody else may write the store")
    before = export(p, s)
    again = add(c, p, s, "--baseline", "v1")
    c.same(again.out, first.out, "the same submission has the same id")
    c.same(export(p, s), before, "a known submission changes nothing")
    c.same(add(c, p, s, "v1").out, first.out, "known without --baseline")
    c.same(export(p, s), before, "a baseline is not demoted by adding it again")
    second = add(c, p, s, "v2")
    text = p.run("cache", "list", f"--cache={s}").text
    c.that("3012.0.1610.2" in text and "recorded" in text, "v2 is recorded, no baseline", text)
    c.that(b"WSPC005" in p.run("scan", f"--cache={s}", "v2").out, "a scan uses the store")
    add(c, p, s, "violations", status=1)
    c.same(record_count(p, s), 2, "a refused submission is not recorded")
    promoted = add(c, p, s, "--baseline", "v2")
    c.same(promoted.out, second.out, "a promotion has the same id")
    c.that(p.run("cache", "list", f"--cache={s}").text.count("baseline") == 2, "v2 is a baseline now")
    fourth = add(c, p, s, "v4")
    listed = p.run("cache", "list", f"--cache={s}").text
    c.that("not compliant" in listed, "a submission that lacks packages is recorded so", listed)
    before = export(p, s)
    done = add(c, p, s, "--baseline", "v4", status=1)
    c.that(b"WSPC003" in done.err, "it cannot become a baseline", done.err[-300:])
    c.same(export(p, s), before, "a refused promotion changes nothing")
    # The same version twice
    p.build("spkg Contoso.Extra.spkg component=Extra\n", "twice")
    shutil.copytree(p.path / "v2", p.path / "twice", dirs_exist_ok=True)
    done = add(c, p, s, "--baseline", "twice", status=1)
    c.that(b"WSPC010" in done.err or b"incorrect number of baseline" in done.err,
           "a second baseline of one version is WSPC010", done.err[-400:])
    c.same(export(p, s), before, "it is not recorded")
    add(c, p, s, "--baseline", "--replace", "twice")
    rows = [json.loads(x) for x in export(p, s).splitlines()[1:-1]]
    same = [r["pops"][0]["baseline"] for r in rows if r["firmware_version"] == "3012.0.1610.2"]
    c.same(sorted(same), [False, True], "--replace demotes the old one and keeps it")
    done = add(c, p, s, "--type=partial", "partial", status=2)
    c.same(add(c, p, s, "--type=partial", "--context-free", "partial", status=2).out, b"", "nor context-free")
    # What cannot be read is not accepted
    shutil.copytree(p.path / "v3", p.path / "broken")
    p.write("broken/Contoso.Broken.spkg", b"MSCF not a cabinet")
    add(c, p, s, "broken", status=1)
    shutil.copytree(p.path / "v3", p.path / "pipe")
    os.mkfifo(p.path / "pipe/Contoso.Pipe.spkg")
    count = record_count(p, s)
    done = add(c, p, s, "pipe", status=(1, 3))
    c.same(record_count(p, s), count, "an incomplete submission is not recorded")
    done = p.run("cache", "add", f"--cache={s}", "--firmware-version=1.2.3.4", "v3")
    c.status(done, 0, "add with scan options")
    c.that("1.2.3.4" in p.run("cache", "show", f"--cache={s}", done.text.strip()).text,
           "the version given wins")
    done = p.run("cache", "add", f"--cache={s}", "--firmware-version=1.2.3.5", "--model=A",
                 "--model=B", "--operator=000-01", "--operator=000-02", "v3")
    rows = p.run("cache", "list", f"--cache={s}").text.splitlines()
    c.same(sum("1.2.3.5" in r for r in rows), 4, "variants are the cross product, a line each")
    c.status(p.run("cache", "verify", f"--cache={s}"), 0, "verify")
    # Recording is for all variants or for none
    done = p.run("cache", "add", "--baseline", f"--cache={s}", "--model=CT-100", "--model=NEW", "v4")
    c.status(done, 1, "one variant of two fails")
    c.that("NEW" not in p.run("cache", "list", f"--cache={s}").text, "then none is recorded")
    bad = p.write("notes/bad.db", b"")
    done = add(c, p, bad, "v1", status=4)
    c.same(bad.read_bytes(), b"", "a zero-byte file is no store and is left alone")
    bad = p.write("notes/bad.db", b"hello, this is no store\n" * 100)
    add(c, p, bad, "v1", status=4)
    c.same(bad.read_bytes(), b"hello, this is no store\n" * 100, "nor is any other file")
    add(c, p, "deep/er/than/this.db", "v1")
    c.that((p.path / "deep/er/than/this.db").exists(), "folders of a store are made")
    before = (p.path / s).read_bytes()
    p.run("scan", f"--cache={s}", "v1", "v2", "v4")
    p.run("cache", "list", f"--cache={s}")
    p.run("cache", "export", f"--cache={s}")
    c.same((p.path / s).read_bytes(), before, "scan, list and export leave the store's bytes alone")
    c.that(fourth.out != second.out, "other submissions have other ids")


def check_show(c, p):
    s = "s.db"
    one = add(c, p, s, "--baseline", "v1").text.strip()
    add(c, p, s, "--baseline", "v3")
    full = p.run("cache", "show", f"--cache={s}", one)
    c.status(full, 0, "show")
    c.that("Contoso.Camera.Phone.MainOS" in full.text and one in full.text, "show has the packages")
    for name in (one[:8], one[:40], one.upper()[:12], f"{POP}@3012.0.1610.1",
                 "contoso/000-88/ct-100@3012.0.1610.1"):
        c.same(p.run("cache", "show", f"--cache={s}", name).out, full.out, f"show {name}")
    for name in ("0000", "zz", "", f"{POP}@9.9.9.9", "CONTOSO/000-88@1.2.3.4", "@", "%", "_" * 64):
        done = p.run("cache", "show", f"--cache={s}", name)
        c.status(done, 2, f"show {name}: unknown")
        c.that(done.out == b"" and done.err != b"", f"show {name} says so")
    for name in (one, one[:10], f"{POP}@3012.0.1610.1"):
        done = p.run("scan", f"--cache={s}", f"--against={name}", "--format=json", "v4")
        c.status(done, 0, f"--against={name[:20]}")
        c.same([f["baseline"]["version"] for f in done.findings("WSPC002")], ["3012.0.1610.1"],
               f"--against={name[:20]} names the older one")
    done = p.run("scan", "--against=v1", "--format=json", "v4")
    c.same([f["packages"] for f in done.findings("WSPC002")],
           [["Contoso.Camera.Phone.MainOS"]], "--against=PATH needs no store")
    # An existing path wins
    shutil.copytree(p.path / "v3", p.path / one[:10])
    done = p.run("scan", f"--cache={s}", "--format=json", "--no-wspc", one[:10])
    c.same(done.report["submissions"][0]["firmware_version"], "3012.0.1610.3", "a path wins over an id")
    c.same(p.run("cache", "list", "--cache=none.db").out, b"", "cache list without a store: empty")
    for verb in ("list", "export"):
        c.status(p.run("cache", verb, "--cache=none.db"), 0, f"cache {verb} without a store")
    for verb in (["show", one], ["verify"], ["remove", one]):
        done = p.run("cache", *verb[:1], "--cache=none.db", *verb[1:])
        c.status(done, 4, f"cache {verb[0]} without a store")
        c.that(b"none.db" in done.err, f"cache {verb[0]} names the missing store", done.err)
        c.that(not (p.path / "none.db").exists(), f"cache {verb[0]} makes no store")
    c.status(p.run("cache", "remove", f"--cache={s}", f"{POP}@3012.0.1610.1"), 2, "remove wants an id")
    c.status(p.run("cache", "remove", f"--cache={s}", "ffff"), 2, "remove of an unknown id")
    done = p.run("cache", "remove", f"--cache={s}", one[:12])
    c.same((done.status, done.text.strip()), (0, one), "remove prints the id")
    c.same(record_count(p, s), 1, "one is left")
    c.status(p.run("cache", "show", f"--cache={s}", one), 2, "the removed one is unknown")
    c.status(p.run("cache", "verify", f"--cache={s}"), 0, "verify after remove")


def import_same(c, p, what, *words, store="i.db"):
    done = p.run("cache", "import", f"--cache={store}", *words)
    c.status(done, 0, f"import {what}")
    return done


def check_import(c, p):
    p.run("cache", "add", "--baseline", "--cache=o.db", "v1")
    p.run("cache", "add", "--cache=o.db", "v4")
    bundle = p.write("bundle.jsonl", export(p, "o.db"))
    done = import_same(c, p, "a bundle", "bundle.jsonl")
    c.same(export(p, "i.db"), bundle.read_bytes(), "export and import give an identical store")
    c.same(len(done.text.split()), 2, "import prints the ids")
    import_same(c, p, "a bundle twice", "bundle.jsonl")
    c.same(export(p, "i.db"), bundle.read_bytes(), "a bundle twice changes nothing")
    c.status(p.run("cache", "export", "--cache=o.db", "--output=b2.jsonl"), 0, "export --output")
    c.same((p.path / "b2.jsonl").read_bytes(), bundle.read_bytes(), "export --output is the same")
    lines = bundle.read_bytes().splitlines(keepends=True)
    for name, content in (("cut", b"".join(lines[:-1])), ("half", bundle.read_bytes()[:-400]),
                          ("head", lines[0]), ("count", b"".join([lines[0], lines[1], lines[3]])),
                          ("twice", b"".join([lines[0], lines[0], *lines[1:]])),
                          ("junk", b"".join([lines[0], b"{}\n", *lines[1:]])),
                          ("after", b"".join([*lines, lines[1]]))):
        p.write("bad.jsonl", content)
        c.status(p.run("cache", "import", "--cache=n.db", "bad.jsonl"), 2, f"a damaged bundle: {name}")
    ident = lambda path: p.run("cache", "import", "--cache=ids.db", path).text.strip()
    wanted = ident("v1")
    for fmt in ("json", "jsonl"):
        p.run("scan", "--no-wspc", f"--report={fmt}:r.{fmt}", "v1")
        done = import_same(c, p, fmt, f"r.{fmt}", store=f"{fmt}.db")
        c.same(done.text.strip(), wanted, f"a {fmt} report gives the id of the tree")
        c.that("imported" in p.run("cache", "list", f"--cache={fmt}.db").text, "it is marked as imported")
        c.that("baseline" not in p.run("cache", "list", f"--cache={fmt}.db").text,
               "no baseline without --baseline")
        p.run("cache", "import", "--baseline", f"--cache=b{fmt}.db", f"r.{fmt}")
        c.that("baseline" in p.run("cache", "list", f"--cache=b{fmt}.db").text, "a baseline with it")
    stream = (p.path / "r.jsonl").read_bytes().splitlines(keepends=True)
    p.write("cut.jsonl", b"".join(stream[:-1]))
    done = p.run("cache", "import", "--cache=cut.db", "cut.jsonl")
    c.status(done, 2, "a stream without end record")
    c.that(b"end" in done.err and not (p.path / "cut.db").exists(), "it is refused whole", done.err)
    p.write("cut.json", (p.path / "r.json").read_bytes()[:-20])
    c.status(p.run("cache", "import", "--cache=cut.db", "cut.json"), 2, "half a JSON report")
    forged = json.loads((p.path / "r.json").read_bytes())
    forged["submissions"][0]["id"] = "0" * 64
    p.write("forged.json", json.dumps(forged))
    done = p.run("cache", "import", "--cache=forged.db", "forged.json")
    c.that(done.status == 2 or done.text.strip() == wanted, "a claimed id is not believed", done.out)
    p.run("scan", "--no-wspc", "--report=json:p.json", "--type=partial", "partial")
    c.status(p.run("cache", "import", "--cache=p.db", "p.json"), 2, "a partial's report")
    history = "partial/UpdateHistory.xml"
    c.refused(p.run("cache", "import", "--cache=h.db", history), "--firmware-version",
              "a history without version")
    done = import_same(c, p, "a history", *DEVICE, "--firmware-version=3012.0.1610.4", history,
                       store="h.db")
    shown = p.run("cache", "show", "--cache=h.db", done.text.strip()).text
    c.that("Contoso" in shown and "imported" in shown, "a history's packages are there", shown)
    p.write("list.txt", "# packages\nContoso.A\nContoso.B, 1.0.0.2\r\n\nContoso.C,1.0.0.3,EFIESP\n")
    c.refused(p.run("cache", "import", "--cache=l.db", "list.txt"), "--manufacturer",
              "a list without variant")
    done = import_same(c, p, "a list", "--baseline", *DEVICE, "--firmware-version=1.0.0.1",
                       "list.txt", store="l.db")
    shown = p.run("cache", "show", "--cache=l.db", done.text.strip()).text
    c.that("packages  3" in shown and "1.0.0.3  EFIESP" in shown, "a list's packages are there", shown)
    for name, content in (("four fields", "a,1.0.0.1,MainOS,x\n"), ("bad version", "a,1.x\n"),
                          ("no name", ",1.0.0.1\n"), ("empty", ""), ("only comments", "# a\n"),
                          ("NUL", b"a\0b\n"), ("not UTF-8", b"a\xff\n")):
        p.write("bad.txt", content)
        (p.path / "bad.db").unlink(missing_ok=True)
        c.status(p.run("cache", "import", "--cache=bad.db", *DEVICE, "--firmware-version=1.0.0.1",
                       "bad.txt"), 2, f"a bad list: {name}")
        c.that(not (p.path / "bad.db").exists(), f"a bad list makes no store: {name}")
    count = record_count(p, "i.db")
    p.write("bad.txt", "a,1.x\n")
    c.status(p.run("cache", "import", "--cache=i.db", *DEVICE, "--firmware-version=1.0.0.1", "v3",
                   "bad.txt"), 2, "one bad input of two")
    c.same(record_count(p, "i.db"), count, "then none is recorded")
    done = import_same(c, p, "several", "v1", "v2", "v3", store="several.db")
    c.same(len(set(done.text.split())), 3, "three trees, three ids")
    done = p.run("cache", "import", "--cache=viol.db", "violations")
    c.status(done, 2, "a malformed version cannot be recorded")
    done = p.run("cache", "import", "--cache=viol.db", "--firmware-version=1.0.0.1", "violations")
    c.status(done, 0, "history is recorded without judging")
    done = p.run("cache", "import", "--cache=lst.db", "-", stdin=b"v1\nv2\n")
    c.status(done, 0, "import takes a list of paths")
    # WSPC011: the baseline used is an imported one
    done = p.run("scan", "--cache=bjson.db", "--format=json", "v2")
    c.that(done.findings("WSPC011") != [], "a scan tells that its baseline was imported")


def check_merge(c, p):
    p.run("cache", "add", "--baseline", "--cache=x.db", "v1")
    p.run("cache", "add", "--cache=x.db", "v2")
    p.run("cache", "add", "--baseline", "--cache=y.db", "v2")
    p.run("cache", "add", "--baseline", "--cache=y.db", "v3")
    p.run("cache", "import", "--cache=z.db", "v1", "v4")
    orders = [("x", "y", "z"), ("z", "y", "x"), ("y", "z", "x"), ("x", "z", "y")]
    exports = set()
    for i, order in enumerate(orders):
        for name in order:
            c.status(p.run("cache", "merge", f"--cache=m{i}.db", f"{name}.db"), 0, "merge")
        exports.add(export(p, f"m{i}.db"))
    c.status(p.run("cache", "merge", "--cache=m9.db", "y.db", "x.db", "z.db"), 0, "merge of three")
    exports.add(export(p, "m9.db"))
    c.same(len(exports), 1, "merge does not depend on order")
    before = export(p, "m0.db")
    for name in ("x", "z", "m9"):
        p.run("cache", "merge", "--cache=m0.db", f"{name}.db")
    c.same(export(p, "m0.db"), before, "merge is idempotent")
    p.run("cache", "merge", "--cache=m0.db", "m0.db")
    c.same(export(p, "m0.db"), before, "merge with itself")
    text = p.run("cache", "list", "--cache=m0.db").text
    c.same(text.count("baseline"), 3, "baseline flags are OR-ed")
    c.same(record_count(p, "m0.db"), 4, "each submission stands once")
    for done in (p.run("cache", "merge", "--cache=m0.db", "nowhere.db"),
                 p.run("cache", "merge", "--cache=m0.db", "x.db", "list.txt")):
        c.status(done, (2, 4), "merge of what is no store")
    c.same(export(p, "m0.db"), before, "a failed merge changes nothing")
    p.run("cache", "merge", "--cache=fresh.db", "nowhere.db")
    c.that(not (p.path / "fresh.db").exists(), "a failed merge makes no store")
    c.status(p.run("scan", "--cache=fresh.db", "v1"), 3, "so a scan after it is still incomplete")
    p.write("text.db", "no store")
    c.status(p.run("cache", "merge", "--cache=m0.db", "x.db", "text.db"), 4, "merge of a text file")
    first = json.loads(before.splitlines()[1])["id"]
    p.run("cache", "remove", "--cache=m0.db", first)
    p.run("cache", "merge", "--cache=m9.db", "m0.db")
    c.same(export(p, "m9.db"), before, "removals do not travel")
    # Two baselines of one version: seen, said, and the same whatever the order.
    p.write("one.txt", "Contoso.A\nContoso.B\n")
    p.write("two.txt", "Contoso.A\nContoso.C\n")
    for name in ("one", "two"):
        c.status(p.run("cache", "import", "--baseline", f"--cache={name}.db", "--manufacturer=C", "--model=M",
                       "--operator=000-88", "--firmware-version=1.2.3.4", f"{name}.txt"), 0, "an import")
    said = []
    for into, names in (("r1.db", ("one.db", "two.db")), ("r2.db", ("two.db", "one.db"))):
        done = p.run("cache", "merge", f"--cache={into}", *names)
        c.status(done, 0, "a merge of two baselines of one version")
        said.append(done.text_err)
    c.that("warning WSPC010: C/000-88/M has two baselines of the version 1.2.3.4" in said[0] and
           all(json.loads(line)["id"] in said[0] for line in export(p, "r1.db").splitlines()[1:-1]), "both are named", said[0])
    c.same(said[0], said[1], "in any order")
    c.same(p.run("cache", "merge", "--cache=m9.db", "x.db").text_err, "", "nothing to say otherwise")
    for name, other in (("x", "y"), ("y", "x")):
        p.run("cache", "export", f"--cache={name}.db", f"--output={name}.jsonl")
    p.run("cache", "import", "--cache=v1.db", "x.jsonl", "y.jsonl")
    p.run("cache", "import", "--cache=v2.db", "y.jsonl", "x.jsonl")
    c.same(export(p, "v1.db"), export(p, "v2.db"), "bundles do not depend on order either")
    p.run("cache", "merge", "--cache=v3.db", "x.db", "y.db")
    c.same(export(p, "v1.db"), export(p, "v3.db"), "bundles and stores merge alike")
    shutil.copy(p.path / "x.db", p.path / "copy.db")
    c.same(export(p, "copy.db"), export(p, "x.db"), "a copy of the one file is a whole store")
    for name in ("x", "y", "z", "m0", "m9", "v1"):
        done = p.run("cache", "verify", f"--cache={name}.db")
        c.same((done.status, done.out), (0, b"ok\n"), "verify")


def check_damage(c, p):
    for i in range(3):
        p.run("cache", "import", "--cache=s.db", f"--firmware-version=1.0.0.{i}", "v1", "v3")
    p.run("cache", "add", "--baseline", "--cache=s.db", "v1")
    whole = (p.path / "s.db").read_bytes()
    shown = {}
    for name, damaged in (("zero bytes", b""), ("text", b"no store at all" * 1000),
                          ("half", whole[:len(whole) // 2]), ("one page", whole[:4096]),
                          ("header", b"\0" * 100 + whole[100:]),
                          ("a directory of zeros", b"\0" * 65536)):
        p.write("d.db", damaged)
        done = p.run("scan", "--cache=d.db", "--format=json", "v2")
        c.status(done, 4, f"scan with a damaged store: {name}")
        if c.that(done.out != b"", f"what can be judged is printed: {name}", done.err):
            c.that(done.findings("WSPC013") != [], f"WSPC013: {name}", done.err)
            c.that(done.findings("WSPC014") == [], f"no first baseline: {name}")
        for verb in ("list", "verify", "export"):
            shown[verb] = p.run("cache", verb, "--cache=d.db")
            c.status(shown[verb], 4, f"cache {verb} of a damaged store: {name}")
        for verb in ("add", "import"):
            c.status(p.run("cache", verb, "--cache=d.db", "v2"), 4, f"cache {verb}: {name}")
        c.same((p.path / "d.db").read_bytes(), damaged, f"a damaged store is left alone: {name}")
    missed = 0
    pages = len(whole) // 4096
    for page in range(pages):
        damaged = bytearray(whole)
        damaged[page * 4096 + 200:page * 4096 + 4000] = b"\xa5" * 3800
        p.write("d.db", bytes(damaged))
        done = p.run("cache", "verify", "--cache=d.db")
        c.that(done.status in (0, 4), "verify of a store with a bad page", done.status)
        same = p.run("cache", "export", "--cache=d.db")
        c.that(same.status in (0, 4), "export of a store with a bad page", same.status)
        if done.status == 0 and same.out != export(p, "s.db"):
            missed += 1
        done = p.run("scan", "--cache=d.db", "v2")
        c.that(done.status in (0, 1, 3, 4), "scan with a bad page", (page, done.status, done.err))
    c.same(missed, 0, f"verify sees every damage that changes an export ({pages} pages)")
    (p.path / "folder.db").mkdir()
    c.status(p.run("cache", "list", "--cache=folder.db"), 4, "a folder is no store")
    c.status(p.run("scan", "--cache=folder.db", "v1"), 4, "a scan with a folder as store")
    newer = subprocess.run([sys.executable, "-c", "import sqlite3,sys;d=sqlite3.connect(sys.argv[1]);"
                            "v=d.execute('pragma user_version').fetchone()[0];"
                            "d.execute('pragma user_version=%d'%(v+1000));d.commit()",
                            str(p.path / "s.db")], check=False, capture_output=True)
    c.that(newer.returncode == 0, "the store is SQLite", newer.stderr)
    before = (p.path / "s.db").read_bytes()
    done = p.run("scan", "--cache=s.db", "--format=json", "v2")
    c.status(done, 4, "a newer store")
    c.that(done.out and done.findings("WSPC001") != [], "WSPC001")
    for verb in (["add", "v2"], ["import", "v2"], ["list"], ["verify"], ["export"]):
        c.status(p.run("cache", verb[0], "--cache=s.db", *verb[1:]), 4, f"{verb[0]}: newer store")
    c.same((p.path / "s.db").read_bytes(), before, "a newer store is left alone")


def check_precedence(c, p):
    env = {"HOME": "/h", "XDG_DATA_HOME": "/x", "IMGVAL_CACHE": "/i.db"}
    path = lambda changes, *words: p.run("cache", "path", *words, env=changes).text.strip()
    c.same(path(env, "--cache=/c.db"), "/c.db", "--cache comes first")
    c.same(path(env), "/i.db", "then IMGVAL_CACHE")
    c.same(path({**env, "IMGVAL_CACHE": ""}), "/x/imgval/baselines.db", "an empty one is none")
    c.same(path({**env, "IMGVAL_CACHE": None}), "/x/imgval/baselines.db", "then XDG_DATA_HOME")
    home = "/h/.local/share/imgval/baselines.db"
    c.same(path({**env, "IMGVAL_CACHE": None, "XDG_DATA_HOME": None}), home, "then HOME")
    c.same(path({**env, "IMGVAL_CACHE": None, "XDG_DATA_HOME": ""}), home, "an empty XDG_DATA_HOME")
    none = {"HOME": None, "XDG_DATA_HOME": None, "IMGVAL_CACHE": None}
    done = p.run("cache", "path", env=none)
    c.that(done.status in (2, 4) and b"HOME" in done.err, "no place at all", done.err)
    c.status(p.run("scan", "--no-wspc", "v1", env=none), 0, "a scan needs no place")
    c.status(p.run("scan", "v1", env=none), 3, "a scan without place is incomplete")
    p.run("cache", "add", "--baseline", "--cache=c.db", "v1")
    p.run("cache", "add", "--baseline", "v3", env={"IMGVAL_CACHE": "i.db"})
    done = p.run("scan", "--cache=c.db", "--format=json", "v4", env={"IMGVAL_CACHE": "i.db"})
    c.same([f["baseline"]["version"] for f in done.findings("WSPC002")], ["3012.0.1610.1"],
           "a scan uses --cache before IMGVAL_CACHE")
    p.run("cache", "add", "--baseline", "v1")
    c.that((p.path / "home/.local/share/imgval/baselines.db").exists(), "the store in HOME is made")
    c.same(p.run("cache", "list").out, p.run("cache", "list", env={
        "XDG_DATA_HOME": p.path / "home/.local/share"}).out, "and found through XDG_DATA_HOME")


# --- explain and inspect -----------------------------------------------------------------------------

# The troubleshooting table of "Windows standard package configuration".
TROUBLESHOOTING = {
    1: "The Windows Phone Ingestion Client version you are using (Version {0}) is no longer supported. Please make sure you are using the current version of the Windows Phone Ingestion Client, Version {1}.",
    2: "WSPC compliant with the baseline submission {1}. This is because the packages {0} are missing from the new submission. Since this is not a new baseline, the firmware submission is allowed. However, since this submission not WSPC compliant and is not a baseline, it will not be available for a retail servicing update. Retail servicing updates are only allowed for the following scenarios: between an RTM source submission and an RTM target submission, or between a legacy non-WSPC compliant source submission and an RTM target submission. To make this submission WSPC-compliant, please ensure the missing packages are included in the submission.",
    3: "The firmware submission is not WSPC-compliant with the baseline submission {1}. This is because the packages {0} are missing from the new submission. To make this submission WSPC-compliant, please ensure the missing packages are included in the submission.",
    4: "To be WSPC-compliant, you cannot remove a package. The following packages were removed '{0}'.",
    5: "Using a cached package list for validation because a connection to the server cannot be established. '{0}'",
    6: "Could not retrieve the baseline package list while running on the client. A WSPC compliance check cannot be performed.",
    7: "Could not retrieve the baseline package list while running on a Windows server. A WSPC compliance check cannot be performed.",
    8: "An exception was thrown while loading a package. {0} : {1}",
    9: "Could not retrieve the firmware version of the submission.",
    10: "There was an incorrect number of baseline submissions returned. Count: {0}",
    11: "No submission results were returned so a cached copy is being used.",
    12: "The following variant is not WSPC compliant. OEM: {0}, Mobile operator: {1}, OEM device name: {2}.",
    13: "Could not get baseline package lists online for validation because connection to server cannot be established. Error: '{0}'",
    14: "No baseline submission result returned, this must be the first and new baseline submission for this POP.",
    15: "Could not retrieve the latest baseline package list through partner service. Client local cache is used instead.",
}
NOT_BASELINE = "a Baseline submission, which is required for a retail servicing update. A retail servicing update is only allowed for the following scenarios: between a Baseline source submission and a Baseline target submission, or between a legacy non-WSPC compliant source submission and a Baseline target submission. "
CURRENT = "Please also make sure you are using the current version of the Windows Phone Ingestion Client, Version {0}."
ALLOWED = "Since this is a non-retail RFU, it is being allowed, however the RFU should be made WSPC compliant before submitting the retail RFU."
BODY = {
    "RFU001": ["The target firmware submission is not " + NOT_BASELINE + CURRENT + "  Submission status in this request for update: [Target submission: {1}, {2}], [Source submission: {3}, {4}].",
               "The target firmware submission is not " + NOT_BASELINE + ALLOWED + " RFU status in this request for update: [Target submission: {0}, {1}], [Source submission: {2}, {3}]."],
    "RFU002": ["The source firmware submission is WSPC compliant, however it is not " + NOT_BASELINE + " " + CURRENT,
               "The source firmware submission is WSPC compliant, however it is not " + NOT_BASELINE + ALLOWED],
    "WSPC002": ["The firmware submission is not WSPC compliant with the baseline submission {1}.  This is because the packages {0} are missing from the new submission. Since this is not a new baseline, the firmware submission is allowed.  However, since this submission not WSPC compliant and is not a baseline, it will not be available for a retail servicing update.  Retail servicing updates are only allowed for the following scenarios: between an RTM source submission and an RTM target submission, or between a legacy non-WSPC compliant source submission and an RTM target submission.  To make this submission WSPC compliant, please ensure the missing packages are included in the submission."],
    "WSPC003": ["The firmware submission is not WSPC compliant with the baseline submission {1}.  This is because the packages {0} are missing from the new submission.  To make this submission WSPC compliant, please ensure the missing packages are included in the submission."],
}
FILLED = ("Contoso.A, Contoso.B", "12345 3012.0.1610.1", "CT-100", "8a8a8a", "not compliant")


def filled(text):
    return re.sub(r"\{(\d)\}", lambda m: FILLED[int(m.group(1))], text)


def explained(p, *words):
    done = p.run("explain", *words)
    return done.text.split(" ")[0] if done.status == 0 else f"status {done.status}"


def check_explain(c, p):
    listed = p.run("explain").text.splitlines()
    names = {line.split()[0]: line.split()[1] for line in listed}
    severities = {line.split()[0]: line.split()[2] for line in listed}
    for rule, name, severity in re.findall(
            r"^\| ([A-Z]{3,4}\d{3}) \| ([a-z-]+) \| (error|warning|note)", CONTRACT_RULES, re.M):
        c.same((names.get(rule), severities.get(rule)), (name, severity), f"{rule} in the list")
    c.that({"STD001", "STD009", "WSPC001", "WSPC015"} <= set(names), "all rules are listed")
    for rule, name in names.items():
        by_id = p.run("explain", rule)
        c.status(by_id, 0, "explain by id")
        c.same(p.run("explain", name).out, by_id.out, f"explain {name}")
        c.same(p.run("explain", rule.lower()).status, 0, f"explain {rule.lower()}")
        for part in ("Must hold", "Why", "Remedy", "Passes", "Fails"):
            c.that(f"  {part}" in by_id.text, f"{rule} has {part}")
    for row, text in TROUBLESHOOTING.items():
        wanted = f"WSPC{row:03d}"
        for form, asked in (("", text), (" filled in", filled(text)),
                            (" wrapped", filled(text).replace(". ", ".\n    ")),
                            (" in capitals", text.upper()), (" first words", None)):
            if asked is not None:
                c.same(explained(p, asked), wanted, f"explain row {row}{form}")
        c.same(explained(p, *filled(text).split()), wanted, f"explain row {row} as many words")
        c.same(explained(p, "Error: " + filled(text)), wanted, f"explain row {row} after a label")
    for rule, texts in BODY.items():
        for i, text in enumerate(texts):
            c.same(explained(p, text), rule, f"explain the body's text {i} of {rule}")
            c.same(explained(p, filled(text)), rule, f"explain the filled text {i} of {rule}")
    for unknown in ("STD999", "zero-versio", "the", "xyzzy", "", "\x1b[31mred", "a" * 5000,
                    "No such message exists anywhere in this program at all"):
        done = p.run("explain", unknown)
        c.status(done, 2, "explain something unknown")
        c.that(b"\x1b" not in done.err, "control characters are escaped", done.err[:80])
    p.run("cache", "add", "--baseline", "--cache=e.db", "v1")
    seen = set()
    for words in (["violations"], ["v4"], ["v2"], ["--baseline", "v4"]):
        for finding in p.run("scan", "--cache=e.db", "--format=json", "--fail-on=note", *words).findings():
            if (finding["id"], finding["message"]) not in seen:
                seen.add((finding["id"], finding["message"]))
                c.same(explained(p, finding["message"]), finding["id"],
                       f"explain a message of {finding['id']} ({finding['message'][:60]})")


def check_inspect(c, p):
    text = p.run("inspect", "v1")
    c.status(text, 0, "inspect")
    for part in ("Contoso.Camera.Phone.MainOS", "PhoneManufacturer", "CONTOSO", "Microsoft"):
        c.that(part in text.text, f"inspect shows {part}")
    one = p.run("inspect", "v1/Contoso.Camera.Phone.MainOS")
    c.status(one, 0, "inspect of one package")
    c.that("ctcamera.sys" in one.text, "a single package shows its files", one.text)
    for manifest in ("Contoso.Recovery.UpdateOS/update.mum", "Contoso.Boot.Splash/man.dsm.xml"):
        c.status(p.run("inspect", f"violations/{manifest}"), 0, "inspect of a manifest alone")
    document = p.run("inspect", "--format=json", "v1").report
    packages = json.dumps(document)
    c.that("Contoso.Camera.Phone.MainOS" in packages and "ctcamera.sys" in packages, "inspect as JSON")
    c.status(p.run("inspect", "violations"), 0, "inspect judges nothing")
    p.write("junk.spkg", b"MSCF" + b"\xff" * 100)
    c.status(p.run("inspect", "junk.spkg"), 3, "inspect of a malformed package")
    c.status(p.run("inspect", "--format=json", "junk.spkg"), 3, "the same as JSON")
    p.build('spkg Contoso.A.spkg component=A\ncbs Contoso.B.cab component=B\n', "files")
    for name in ("files", "files/Contoso.A.spkg", "files/Contoso.B.cab", "partial"):
        done = p.run("inspect", "--format=json", name)
        c.status(done, 0, "inspect")
        json.loads(done.out)
        c.schema(done.report, "inspect", f"inspect {name}")
    for name in ("v1", "violations", "junk.spkg"):
        c.schema(p.run("inspect", "--format=json", name).report, "inspect", f"inspect {name}")
    c.schema(p.run("inspect", "--verify", "--format=json", "files").report, "inspect",
             "inspect --verify")
    p.build("spkg Contoso.A.spkg component=A catalog=v2 twin=plain\n"
            "spkg Contoso.B.spkg component=B catalog=v2 stale=man.dsm.xml\n", "sealed")
    catalog = p.run("inspect", "sealed/plain/content.cat")
    c.status(catalog, 0, "inspect of a catalog")
    digest = hashlib.sha256((p.path / "sealed/plain/2_Contoso.dll").read_bytes()).hexdigest()
    c.that(f"listed       {digest}" in catalog.text, "a catalog shows its digests", catalog.text)
    p.write("junk.cat", b"\x30\x03\x02\x01\x05")
    c.status(p.run("inspect", "junk.cat"), 3, "inspect of what is no catalog")
    judged = p.run("scan", "--type=partial", "--context-free", "--verify", "-v", "--report=html:sealed.html",
                   "sealed/Contoso.A.spkg", "sealed/Contoso.B.spkg")
    for part in ("intact, unsigned", "not covered, unsigned"):
        c.that(part in judged.text, f"the table says {part}", judged.text)
        c.that(part.encode() in (p.path / "sealed.html").read_bytes(), f"the page says {part}")
    c.that("history" in p.run("inspect", "partial").text, "a history is shown")
    c.same(p.run("inspect", "-j1", "v1").out, p.run("inspect", "-j8", "v1").out, "inspect -j")


# --- what the output may depend on -----------------------------------------------------------------

def check_doctor(c, p):
    """What the machine offers, and which store is used."""
    done = p.run("doctor", "--cache=d.db", env={"LC_ALL": "C"})
    c.status(done, 0, "doctor without a store")
    for part in ("not there yet: imgval cache add --baseline PATH makes it", "files (Landlock)",
                 "--require-sandbox", "libxml2 ", "SQLite ", f"characters{17 * ' '}ASCII",
                 "manifest                          8388608 bytes"):
        c.that(part in done.text, f"doctor says {part!r}", done.text)
    add(c, p, "d.db", "--baseline", "v1")
    c.that("readable, 1 submission" in p.run("doctor", "--cache=d.db").text, "a store with one")
    p.write("broken.db", "no store")
    done = p.run("doctor", "--cache=broken.db")
    c.status(done, 4, "doctor with a file that is no store")
    c.that("Libraries" in done.text, "the rest is shown all the same", done.text)
    c.that("broken.db" in done.text_err, "the reason on standard error, too", done.text_err)
    c.status(p.run("doctor", "x"), 2, "doctor takes no argument")


def check_color(c, p):
    scan = ["scan", "--no-wspc", "violations"]
    plain = p.run(*scan).out
    c.that(ANSI not in plain, "no colours into a pipe")
    c.that(ANSI in p.run(*scan, "--color=always").out, "--color=always")
    c.that(ANSI in p.run(*scan, "--color=always", env={"NO_COLOR": "1"}).out,
           "--color=always wins over NO_COLOR")
    c.that(ANSI not in p.run(*scan, "--color=never").out, "--color=never")
    c.same(re.sub(rb"\x1b\[[0-9;]*m", b"", p.run(*scan, "--color=always").out), plain,
           "colours add only colours")
    c.that(ANSI not in p.run(*scan, "--color=always", "--format=json").out, "JSON has no colours")
    if shutil.which("script") is None:
        c.skip("terminal", "no script(1)")
        return
    def terminal(**env):
        done = subprocess.run(["script", "-qec", " ".join([p.program, *scan]), "/dev/null"],
                              env=p.environment(env), cwd=p.path, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        return done.stdout
    c.that(ANSI in terminal(TERM="xterm"), "colours on a terminal")
    c.that(ANSI not in terminal(TERM="xterm", NO_COLOR="1"), "NO_COLOR on a terminal")
    c.that(ANSI not in terminal(TERM="dumb"), "no colours on a dumb terminal")


def check_locale(c, p):
    p.build('spkg Contoso.\u00c4nderung.spkg component=A\nspkg Contoso.\u202eevil.spkg component=B\n'
            'spkg Contoso.\u6f22\u5b57.spkg component=C\n', "u")
    p.run("cache", "import", "--baseline", "--cache=u.db", "--manufacturer=CONTOSO", "--model=CT-100",
          "--operator=000-88", "--firmware-version=1.0.0.1", "u")
    p.build('spkg "Contoso.\\u00c4nderung.spkg" component=\u00c4nderung version=0.0.0.0\n'
            'spkg "Contoso.\\x1B[31m.spkg" component=B\nspkg "Contoso.\\xFFx.spkg" component=C\n', "names")
    ident = json.loads(export(p, "u.db").splitlines()[1])["id"]
    commands = [["scan", "--no-wspc", "violations"], ["scan", "--no-wspc", "-v", "names"],
                ["scan", "--cache=u.db", *DEVICE, "--firmware-version=1.0.0.2", "v1"],
                ["inspect", "names"], ["inspect", "-v", "names"], ["explain"], ["explain", "WSPC002"],
                ["explain", "STD006"], ["cache", "list", "--cache=u.db"],
                ["cache", "show", "--cache=u.db", ident], ["scan", "n\u00f6where"],
                ["cache", "path", "--cache=\u00e4.db"], ["--help"], ["scan", "--help"],
                ["explain", "\u00e4"], ["cache", "list", "--cache=\u00e4.db"], ["--n\u00f6"],
                ["scan", "--n\u00f6"], ["scan", "--type=\u00e4", "v1"], ["n\u00f6where"]]
    for words in commands:
        name = " ".join(words)[:60]
        done = p.run(*words, env={"LC_ALL": "C"})
        if words[:2] != ["cache", "path"]:
            c.that(done.out.isascii(), f"LC_ALL=C {name}: pure ASCII on standard output",
                   [x for x in done.out.splitlines() if not x.isascii()][:2])
        c.that(done.err.isascii(), f"LC_ALL=C {name}: pure ASCII on standard error", done.err)
        c.same(p.run(*words).status, done.status, f"LC_ALL=C {name}: the same status")
        for stream in (done.out, done.err, p.run(*words).out):
            c.that(b"\x1b" not in stream, f"{name}: no control characters", stream[:200])
    for fmt in ("json", "jsonl"):
        for words in commands[:3]:
            c.same(p.run(*words, f"--format={fmt}", env={"LC_ALL": "C"}).out,
                   p.run(*words, f"--format={fmt}").out, f"{fmt} does not depend on the locale")
    c.same(p.run("cache", "export", "--cache=u.db", env={"LC_ALL": "C"}).out, export(p, "u.db"),
           "nor does export")
    for env, wanted in (({"LC_ALL": "C.UTF-8"}, "UTF-8"), ({"LC_ALL": "en_US.utf8"}, "UTF-8"),
                        ({"LC_ALL": "xx_YY.UTF-8@euro"}, "UTF-8"), ({"LC_ALL": "POSIX"}, "ASCII"),
                        ({"LC_ALL": "de_DE.ISO-8859-1"}, "ASCII"), ({"LC_ALL": ""}, "ASCII"),
                        ({"LC_ALL": "", "LANG": "C.UTF-8"}, "UTF-8"),
                        ({"LC_ALL": "", "LC_CTYPE": "C", "LANG": "C.UTF-8"}, "ASCII"),
                        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, "UTF-8"),
                        ({"LC_ALL": "C.UTF-16"}, "ASCII")):
        c.that(f"characters{17 * ' '}{wanted}" in p.run("doctor", env=env).text,
               f"{env} means {wanted}", p.run("doctor", env=env).text)
    present = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    turkish = [x for x in present.split() if x.lower().startswith("tr_tr.utf")]
    if not turkish:
        c.skip("Turkish locale", "not installed")
        return
    for words in commands + [["explain", "zero-version".upper()], ["explain", "std006"]]:
        c.same(p.run(*words, env={"LC_ALL": turkish[0]}).out, p.run(*words).out,
               f"Turkish changes nothing: {' '.join(words)[:60]}")


def check_jobs(c, p):
    p.generate("big", "packages=300", "payload=3000", "files=5", "binary=5")
    p.write("big/Contoso.Bad.spkg", b"MSCF" + b"\x01" * 200)
    p.write("big/Contoso.Worse.cab", b"")
    for fmt in ("text", "json", "jsonl"):
        first = None
        for jobs in (1, 2, 3, 4, 5, 6, 7, 8):
            done = p.run("scan", "--no-wspc", f"-j{jobs}", f"--format={fmt}", "big", "v1")
            first = first or done
            c.same((done.status, done.err), (first.status, first.err), f"{fmt} -j{jobs}: status")
            c.that(done.out == first.out, f"{fmt} -j{jobs}: the same bytes as -j1")
        c.that(p.run("scan", "--no-wspc", "-j0", f"--format={fmt}", "big", "v1").out == first.out,
               f"{fmt} -j0: the same bytes as -j1")
    c.that(p.run("inspect", "-j1", "big").out == p.run("inspect", "-j8", "big").out, "inspect -j")
    report = p.run("scan", "--no-wspc", "--format=json", "big").report["submissions"][0]
    c.same(report["counts"]["packages"], 302, "all packages are counted")
    ids = {p.run("cache", "import", f"--cache=j{j}.db", f"-j{j}", "--firmware-version=1.0.0.1", *DEVICE,
                 "v1").out for j in (1, 2, 8)}
    c.same(len(ids), 1, "ids do not depend on -j")


def check_surroundings(c, p):
    """Equal inputs give equal bytes, whoever asks, from wherever and whenever."""
    for where in ("one", "two/deeper"):
        shutil.copytree(p.path / "v4", p.path / where / "fw/v4")
    p.run("cache", "add", "--baseline", "--cache=one/s.db", "v1")
    shutil.copy(p.path / "one/s.db", p.path / "two/deeper/other.db")
    host, user = os.uname().nodename, getpass.getuser()
    today = time.strftime("%Y-%m-%d")
    outputs = {}
    for fmt in ("text", "json", "jsonl"):
        words = ["scan", f"--format={fmt}", "-v", "fw/v4"]
        first = p.run(*words, "--cache=s.db", cwd=p.path / "one")
        outputs[fmt] = first
        other = {"HOME": "/nowhere", "USER": "somebody", "TZ": "Asia/Tokyo", "HOSTNAME": "elsewhere",
                 "TERM": "xterm-256color", "COLUMNS": "40", "LINES": "5", "SOURCE_DATE_EPOCH": "1",
                 "PWD": "/", "LANG": "de_DE.UTF-8", "TMPDIR": "/nonexistent"}
        second = p.run(*words, f"--cache={p.path}/two/deeper/other.db", cwd=p.path / "two/deeper", env=other)
        c.that(first.out == second.out, f"{fmt}: another directory, store and user, the same bytes",
               [(a, b) for a, b in zip(first.out.splitlines(), second.out.splitlines()) if a != b][:1])
        c.same(first.status, second.status, f"{fmt}: the same status")
        text = first.text
        for part in ("s.db", str(p.path), today) + tuple(x for x in (host, user) if len(x) > 4):
            c.that(part not in text, f"{fmt}: does not hold {part}")
        c.that(re.search(r"\b[0-2]\d:[0-5]\d:[0-5]\d\b", text) is None, f"{fmt}: no time of day")
    time.sleep(1.1)
    for fmt, first in outputs.items():
        again = p.run("scan", f"--format={fmt}", "-v", "fw/v4", "--cache=s.db", cwd=p.path / "one")
        c.that(again.out == first.out, f"{fmt}: a second later, the same bytes")
    for given, shown in (("fw/v4", "fw/v4"), ("./fw/v4", "./fw/v4"), ("fw//v4/", None),
                         (str(p.path / "one/fw/v4"), str(p.path / "one/fw/v4"))):
        report = p.run("scan", "--no-wspc", "--format=json", given, cwd=p.path / "one").report
        if shown is not None:
            c.same(report["submissions"][0]["path"], shown, f"the path {given} as given")
    c.that(p.run("inspect", "fw/v4", cwd=p.path / "one").out ==
           p.run("inspect", "fw/v4", cwd=p.path / "two/deeper").out, "inspect from elsewhere")
    a = p.run("cache", "export", "--cache=one/s.db").out
    c.that(a == p.run("cache", "export", "--cache=two/deeper/other.db", env={"TZ": "Asia/Tokyo"}).out,
           "export from elsewhere")
    c.that(str(EPOCH).encode() in a, "SOURCE_DATE_EPOCH is the time of recording")
    for ci, rule in (("true", "WSPC007"), ("1", "WSPC007"), ("", "WSPC006"), ("0", "WSPC006"),
                     ("false", "WSPC006"), (None, "WSPC006")):
        done = p.run("scan", "--format=json", "v1", env={"CI": ci})
        c.that(done.findings(rule) != [], f"CI={ci!r}: {rule}")
    done = p.run("scan", "--format=json", "--max-cache-age=30", "--cache=one/s.db", "v2")
    c.that(done.findings("WSPC015") != [], "--max-cache-age sees an old list")
    done = p.run("scan", "--format=json", "--max-cache-age=99999", "--cache=one/s.db", "v2")
    c.same(done.findings("WSPC015"), [], "--max-cache-age allows a younger one")
    # The input is left alone
    listing = lambda: sorted((str(f), f.lstat().st_mtime_ns, f.lstat().st_size)
                             for f in (p.path / "v3").rglob("*"))
    before = listing()
    for words in (["scan"], ["scan", "--format=json", "-j4"], ["inspect"], ["cache", "add", "--cache=w.db"]):
        p.run(*words, "v3")
    c.same(listing(), before, "the input is not touched")


def check_verbosity(c, p):
    plain = p.run("scan", "--no-wspc", "violations")
    quiet = p.run("scan", "--no-wspc", "-q", "violations")
    verbose = p.run("scan", "--no-wspc", "-v", "violations")
    c.same({plain.status, quiet.status, verbose.status}, {1}, "-q and -v do not change the status")
    c.that(len(quiet.out) < len(plain.out) < len(verbose.out), "-q is shorter, -v longer",
           (len(quiet.out), len(plain.out), len(verbose.out)))
    c.that("FAIL" in quiet.text and "STD002" in quiet.text, "-q prints the verdict and what to fix", quiet.text)
    c.that(len(p.run("scan", "--no-wspc", "-q", "v1").text.splitlines()) <= 2, "-q of a pass is a line")
    c.that("Contoso.Camera.Phone.MainOS" in verbose.text, "-v lists the packages")
    for fmt in ("json", "jsonl"):
        c.same(len({p.run("scan", "--no-wspc", f"--format={fmt}", *v, "violations").out
                    for v in ([], ["-q"], ["-v"], ["-vv"])}), 1, f"-q and -v do not change {fmt}")
    c.same(plain.err, b"", "a scan is silent on standard error")
    quiet_add = p.run("cache", "add", "--cache=q.db", "v1")
    c.that(b"recorded" in quiet_add.err, "cache add tells what it did")
    both = p.run("scan", "--no-wspc", "-q", "-v", "v1")
    c.status(both, (0, 2), "-q with -v")


CONTRACT_RULES = """
| STD001 | removal-package | error | 1
| STD002 | zero-version | error | 2
| STD003 | binary-in-mainos | error |
| STD004 | binary-in-efiesp | error |
| STD005 | binary-in-updateos | error |
| STD006 | firmware-revision | error |
| STD007 | manufacturer | error |
| STD008 | model-name | error |
| STD009 | mobile-operator | error |
| WSPC001 | newer-store | error |
| WSPC002 | missing-packages | warning |
| WSPC003 | missing-packages-baseline | error |
| WSPC004 | removed-packages | warning |
| WSPC005 | cached-list | note |
| WSPC006 | no-baseline-store | warning |
| WSPC007 | no-baseline-store-ci | warning |
| WSPC008 | unreadable-package | error |
| WSPC009 | no-firmware-version | error |
| WSPC010 | several-baselines | error |
| WSPC011 | imported-baseline | note |
| WSPC013 | unreadable-store | error |
| WSPC014 | first-baseline | note |
| WSPC015 | old-list | warning |
| RFU001 | target-not-baseline | error |
| RFU002 | source-not-baseline | error |
| RFU003 | target-not-newer | error |
| RFU004 | source-not-migratable | error |
| RFU005 | no-shared-pop | error |
| RFU006 | target-lacks-packages | error |
| IMG001 | duplicate-package | warning |
| IMG002 | name-mismatch | warning |
| IMG003 | diff-package | error |
| IMG004 | unreadable-entry | warning |
| IMG005 | limit-exceeded | warning |
| IMG006 | not-a-regular-file | warning |
| IMG007 | reader-died | warning |
| IMG008 | unsupported | warning |
| IMG009 | member-missing | warning |
| IMG010 | history-package-missing | warning |
"""

GROUPS = (check_status, check_reports, check_full_disk, check_asked_for, check_store_is_no_report,
          check_options, check_list, check_add,
          check_show, check_import, check_merge, check_damage, check_precedence, check_explain,
          check_inspect, check_doctor, check_color, check_locale, check_jobs, check_surroundings, check_verbosity)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: cli.py PROGRAM MKFIXTURE [GROUP...]")
    return run_groups(GROUPS, sys.argv[3:], *sys.argv[1:3])


if __name__ == "__main__":
    sys.exit(main())
