#!/usr/bin/python3
"""words.py PROGRAM MKFIXTURE: words that lead on: what a misspelt word was meant to be, the commands
that a message names, and what is said where there was nothing to compare with. Commands that are
printed are run."""
import re
import shlex
import sys

from support import DEVICE, Checks, Place


def check_guesses(c, p):
    for words, part in ((["scna", "v1"], "did you mean imgval scan?"), (["cache", "ad"], "did you mean imgval cache add?"),
                        (["scan", "--bseline", "v1"], "did you mean --baseline?"),
                        (["scan", "--format=jsno", "v1"], "did you mean json?"),
                        (["rfu", "--type=trail"], "did you mean trial?"),
                        (["explain", "STD02"], "did you mean STD002?"),
                        (["explain", "zero-verson"], "did you mean zero-version?")):
        c.refused(p.run(*words), part, "a misspelt word")
    for words in (["qqqqqq"], ["scan", "--qqqqqq", "v1"], ["explain", "nothing of the kind"]):
        done = p.run(*words)
        c.status(done, 2, "a word like no other")
        c.that("did you mean" not in done.text_err, "has no guess", done.text_err)
    c.same(p.run("help", "scan").out, p.run("scan", "--help").out, "help COMMAND")
    c.same(p.run("help", "cache", "add").out, p.run("cache", "add", "--help").out, "help COMMAND VERB")
    c.same(p.run("help").out, p.run("--help").out, "help")
    c.same(p.run("version").out, p.run("--version").out, "version")
    for command in ("scan", "audit"):
        c.refused(p.run(command, "v1", "--report=json:-"), "standard output", "a report to -")
    c.that(not (p.path / "-").exists(), "makes no file of that name")


def check_several(c, p):
    """A folder of several submissions is none; packages that are merely sorted into folders are one."""
    done = p.run("scan", "--no-wspc", ".")
    c.refused(done, "imgval audit .", "a folder of several submissions")
    c.that("imgval scan ./*" in done.text_err, "both commands are shown", done.text_err)
    c.refused(p.run("cache", "add", "--cache=s.db", "."), "imgval audit", "cache add of it")
    for folder in ("a", "b"):
        p.write(f"sorted/{folder}/Contoso.{folder}.spkg", "no cabinet")
    p.write("sorted/a/OEMSettings.reg", "Windows Registry Editor Version 5.00\n")
    c.status(p.run("scan", "--no-wspc", "sorted"), 1, "packages sorted into folders are one submission")
    p.write("sorted/b/OEMSettings.reg", "Windows Registry Editor Version 5.00\n")
    c.refused(p.run("scan", "--no-wspc", "sorted"), "holds 2 submissions", "each with metadata of its own")


def commands_in(text):
    """The imgval commands that a text names, as words."""
    joined = " ".join(text.split())
    return [shlex.split(m) for m in re.findall(r"imgval ((?:fix|cache add|scan) [^;()]*?(?: v[0-9]| [0-9a-f]{16}))(?=[;.,)]|$| No )", joined)]


def typed(words):
    """A command as a user completes it."""
    return ["--cache=s.db" if w == "--cache=FILE" else "--output=made" if w == "--output=DIR" else w for w in words]


def check_baselines(c, p):
    first = p.run("cache", "add", "--cache=s.db", "v1")
    c.that("First baseline of CONTOSO/000-88/CT-100" in first.text_err, "cache add says so", first.text_err)
    quiet = p.run("cache", "add", "-q", "--cache=s.db", "v1")
    c.that("imgval: was recorded" not in quiet.text_err and "First baseline" in quiet.text_err, "-q", quiet.text_err)
    told = p.run("scan", "-q", "--cache=s.db", "v2")
    c.status(told, 0, "a scan with nothing to compare")
    c.that("though 1 submission of it is recorded" in told.text, "says what is recorded", told.text)
    required = p.run("scan", "--require-baseline", "--cache=s.db", "v2")
    c.status(required, 3, "a baseline is required")
    c.that("WSPC016" in required.text, "and that is WSPC016", required.text)
    c.status(p.run("cache", "add", "--require-baseline", "--cache=s.db", "v2"), 3, "cache add too")
    c.refused(p.run("scan", "--require-baseline", "--no-wspc", "v2"), "--no-wspc", "but not without WSPC")
    named = commands_in(told.text)
    c.same(len(named), 1, "one command is named")
    for words in named:
        c.status(p.run(*typed(words)), 0, "it works as it is printed")
    c.status(p.run("scan", "--require-baseline", "--cache=s.db", "v2"), 0, "then the gate opens")
    near = p.run("scan", "-q", "--cache=s.db", *DEVICE[:2], "--operator=000-89", "v3")
    c.that("there is one of CONTOSO/000-88/CT-100" in near.text, "a POP that is nearly this one", near.text)


def check_next_steps(c, p):
    p.run("cache", "add", "--baseline", "--cache=s.db", "v1")
    lacking = p.run("scan", "--cache=s.db", "--format=json", "v4")
    remedy = lacking.findings("WSPC002")[0]["remedy"]
    named = commands_in(remedy)
    c.that(named and named[0][0] == "fix", "WSPC002 names the fix command", remedy)
    c.that("s.db" not in remedy, "not where the store is", remedy)
    for words in named:
        c.status(p.run(*typed(words)), 0, "it works as it is printed")
    c.that((p.path / "made").is_dir(), "and writes its projects")
    rfu = p.run("rfu", "--cache=s.db", "--source=v1", "--target=v4", "--format=json")
    found = {f["id"]: f for f in rfu.report["request"]["findings"]}
    c.that("would be refused" in found["RFU001"]["remedy"], "a target that is not compliant", found["RFU001"])
    p.run("cache", "add", "--baseline", "--cache=s.db", "v2")
    rfu = p.run("rfu", "--cache=s.db", "--source=v2", "--target=v1", "--format=json")
    found = {f["id"]: f for f in rfu.report["request"]["findings"]}
    if "RFU006" in found:
        c.that("fix --against=" in found["RFU006"]["remedy"], "RFU006 names the fix command", found["RFU006"])
    rfu = p.run("rfu", "--cache=s.db", "--source=v1", "--target=v3", "--format=json")
    found = {f["id"]: f for f in rfu.report["request"]["findings"]}
    c.that("cache add --baseline" in found["RFU001"]["remedy"], "a compliant one", found["RFU001"])
    wrong = p.run("scan", "--cache=/etc/passwd", "--format=json", "v1").findings("WSPC013")[0]["message"]
    c.that(wrong.startswith("The baseline store cannot be used: /etc/passwd"), "our own sentence first", wrong)


def main():
    c = Checks()
    for name, run in list(globals().items()):
        if name.startswith("check_"):
            with Place(sys.argv[1], sys.argv[2]) as place:
                run(c, place)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
